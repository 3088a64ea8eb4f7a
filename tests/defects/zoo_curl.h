/* zoo_curl.h - zoo.h for programs on libcurl's multi interface: one request for one page. */
#ifndef TESTS_DEFECTS_ZOO_CURL_H
#define TESTS_DEFECTS_ZOO_CURL_H

#include "zoo.h"

#include <curl/curl.h>

static const struct fit_reply page[] = {
    { .until = "\r\n\r\n",
      .send = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello" }, { 0 } };

struct body { char bytes[64]; size_t have; };

static inline size_t on_body(char *bytes, size_t one, size_t size, void *arg)
{
    struct body *b = arg;
    (void)one;
    if (b->have + size > sizeof b->bytes) return 0;
    memcpy(b->bytes + b->have, bytes, size);
    b->have += size;
    return size;
}
static inline CURL *request(const char *url, struct body *b)
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
static inline int drive(CURLM *multi)
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

static inline int setup(void **state)
{
    (void)state;
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}
static inline int teardown(void **state)
{
    (void)state;
    curl_global_cleanup();
    return 0;
}

#define ZOO_CURL_MAIN(test)                                                          \
    int main(void)                                                                   \
    {                                                                                \
        const struct CMUnitTest tests[] = {                                          \
            cmocka_unit_test_setup_teardown(test, setup, teardown) };                \
        return fit_run_group_tests(tests, NULL, NULL);                               \
    }

#endif
