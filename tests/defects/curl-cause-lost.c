/* Whatever libcurl answers becomes "download failed": the caller can neither retry what is worth
 * it nor tell anybody why.
 * expect: cause-lost
 * libs: libcurl
 * options: --mode callback,reset,timeout
 * repaired: reported
 */
#include "zoo_curl.h"

static void fetches(void **state)
{
    struct body b = { .have = 0 };
    int result = CURLE_OUT_OF_MEMORY;
    (void)state;
    fit_peer_replies("10.0.0.7:80", page);
    fit_require_details("cause");
    struct fit_op *op = fit_op("fetch");
    CURLM *multi = curl_multi_init();
    CURL *easy = request("http://10.0.0.7/", &b);
    if (multi && easy) {
        curl_multi_add_handle(multi, easy);
        result = drive(multi);
        curl_multi_remove_handle(multi, easy);
    }
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
#ifdef REPAIRED
    if (result) fit_op_failed(op, result, curl_easy_strerror((CURLcode)result), NULL);
#else
    if (result) fit_op_failed(op, -1, "download failed", NULL);
#endif
    else        fit_op_succeeded(op, b.bytes, b.have);
}
ZOO_CURL_MAIN(fetches)
