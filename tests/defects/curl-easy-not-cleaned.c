/* A transfer that failed is taken out of the multi handle, and its easy handle is forgotten.
 * expect: leak-memory
 * libs: libcurl
 * options: --mode callback,reset,emfile
 * repaired: reported
 */
#include "zoo_curl.h"

static int fetch(const char *url, struct body *b)
{
    CURLM *multi = curl_multi_init();
    CURL *easy = request(url, b);
    int result = CURLE_OUT_OF_MEMORY;
    if (multi && easy) {
        curl_multi_add_handle(multi, easy);
        result = drive(multi);
        curl_multi_remove_handle(multi, easy);
    }
#ifndef REPAIRED
    if (result == CURLE_OK)
#endif
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    return result;
}

static void fetches(void **state)
{
    struct body b = { .have = 0 };
    (void)state;
    fit_peer_replies("10.0.0.7:80", page);
    struct fit_op *op = fit_op("fetch");
    int result = fetch("http://10.0.0.7/", &b);
    if (result) fit_op_failed(op, result, curl_easy_strerror((CURLcode)result), NULL);
    else        fit_op_succeeded(op, b.bytes, b.have);
}
ZOO_CURL_MAIN(fetches)
