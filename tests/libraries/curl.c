/* libcurl: transfers with the multi interface, over http and over https.
 * packages: libcurl4-openssl-dev libssl-dev
 * libs: libcurl openssl
 */
#include "library.h"

#include <curl/curl.h>

#include "tls.h"

#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n"
static const struct fit_reply web[] = {
    { .until = "\r\n\r\n", .send = REPLY "hello" }, { .after_ms = 2, .send = " world" }, { 0 } };
static const struct tls_answer secret = { "\r\n\r\n", REPLY "hello world" };

struct transfer { struct asker asker; CURLM *multi; CURL *easy; bool cancelled; };

static size_t takes(char *bytes, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    keep(&t->asker, bytes, size * count);
    return size * count;
}
static void cancel(struct transfer *t)
{
    t->cancelled = true;
    curl_multi_remove_handle(t->multi, t->easy);
    tell_failed(&t->asker, ECANCELED, "cancelled");
}
static CURLcode prepare(struct transfer *t, const char *url)
{
    struct curl_blob trusted = { (void *)(uintptr_t)certificate, sizeof certificate - 1,
                                 CURL_BLOB_NOCOPY };
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, takes);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_CAINFO_BLOB, &trusted);
    return curl_easy_setopt(t->easy, CURLOPT_TIMEOUT, (long)PATIENCE_S);
}
/* The loop of the manual: perform, poll, look whether it is over. */
static void perform(struct transfer *t)
{
    int running = 1, left;
    CURLMcode err = curl_multi_add_handle(t->multi, t->easy);
    while (!err && running && !t->cancelled) {
        FAULT_CANCEL_POINT();
        if (!t->cancelled) err = curl_multi_perform(t->multi, &running);
        if (!err && running && !t->cancelled) err = curl_multi_poll(t->multi, NULL, 0, 1000, NULL);
    }
    if (err) tell_failed(&t->asker, (int)err, curl_multi_strerror(err));
    CURLMsg *message = t->cancelled ? NULL : curl_multi_info_read(t->multi, &left);
    if (message && message->data.result)
        tell_failed(&t->asker, (int)message->data.result,
                    curl_easy_strerror(message->data.result));
    else if (message)
        tell_done(&t->asker);
}
static void fetches(const char *url)
{
    struct transfer t = { 0 };
    asks(&t.asker, "page");
    t.multi = curl_multi_init();
    t.easy = curl_easy_init();
    if (!t.multi || !t.easy || prepare(&t, url)) {
        tell_failed(&t.asker, CURLE_FAILED_INIT, "curl_easy_init");
    } else {
        fit_on_cancel(t.asker.op, cancel, &t);
        perform(&t);
        curl_multi_remove_handle(t.multi, t.easy);
    }
    curl_easy_cleanup(t.easy);
    curl_multi_cleanup(t.multi);
}

static void gets_http(void **state)
{
    (void)state;
    fit_peer_replies("web.test:80", web);
    fetches("http://web.test/");
}
static void gets_https(void **state)
{
    (void)state;
    fit_peer("tls.test:443", tls_session, (void *)(uintptr_t)&secret);
    fetches("https://tls.test/");
}

static int start(void **state)
{
    (void)state;
    return curl_global_init(CURL_GLOBAL_DEFAULT) ? -1 : 0;
}
static int end(void **state)
{
    (void)state;
    curl_global_cleanup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gets_http), cmocka_unit_test(gets_https) };
    return fit_run_group_tests(tests, start, end);
}
