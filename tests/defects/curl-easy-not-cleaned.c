/* A transfer that failed is taken out of the multi handle, and its easy handle is forgotten.
 * expect: leak-memory
 * libs: libcurl
 * options: --mode callback,emfile
 * repaired: reported
 */
#include "zoo.h"

#include <curl/curl.h>

static const struct fit_reply page[] = {
    { .until = "\r\n\r\n",
      .send = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello" }, { 0 } };

struct body { char bytes[64]; size_t have; };

static size_t on_body(char *bytes, size_t one, size_t size, void *arg)
{
    struct body *b = arg;
    (void)one;
    if (b->have + size > sizeof b->bytes) return 0;
    memcpy(b->bytes + b->have, bytes, size);
    b->have += size;
    return size;
}
static CURL *request(const char *url, struct body *b)
{
    CURL *easy = curl_easy_init();
    if (!easy) return NULL;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, b);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}
/* Drives all transfers to their end: the result of the last, or -1 if there was none. */
static int drive(CURLM *multi)
{
    int running = 1, left, result = -1;
    CURLMsg *m;
    while (running) {
        CURLMcode rc = curl_multi_perform(multi, &running);
        if (rc == CURLM_OK && running) rc = curl_multi_poll(multi, NULL, 0, 1000, NULL);
        if (rc != CURLM_OK) return CURLE_FAILED_INIT;
    }
    while ((m = curl_multi_info_read(multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE) result = (int)m->data.result;
    return result;
}

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

static int setup(void **state)
{
    (void)state;
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}
static int teardown(void **state)
{
    (void)state;
    curl_global_cleanup();
    return 0;
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
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fetches, setup, teardown) };
    return fit_run_group_tests(tests, NULL, NULL);
}
