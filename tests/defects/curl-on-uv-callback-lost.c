/* libcurl's multi interface on a libuv loop. Only transfers that ended well are reported to their
 * owner; of the others nobody hears anything.
 * expect: callback-lost
 * libs: libuv libcurl
 * options: --mode timeout,partial
 * repaired: reported
 */
#include "zoo.h"

#include <curl/curl.h>
#include <uv.h>

struct client { uv_loop_t loop; uv_timer_t timer; CURLM *multi; struct fit_op *op; size_t have; };
struct watch { uv_poll_t poll; curl_socket_t fd; struct client *client; };

static void check(struct client *c)
{
    int left;
    CURLMsg *m;
    while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
        CURL *easy = m->easy_handle;
        CURLcode result = m->data.result;
        curl_multi_remove_handle(c->multi, easy);
        curl_easy_cleanup(easy);
        if (result == CURLE_OK) fit_op_succeeded(c->op, NULL, 0);
#ifdef REPAIRED
        else fit_op_failed(c->op, (int)result, curl_easy_strerror(result), NULL);
#endif
    }
}
static void on_watch_closed(uv_handle_t *h) { free(h->data); }
static void on_ready(uv_poll_t *p, int status, int events)
{
    struct watch *w = p->data;
    struct client *c = w->client;
    int running, bits = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE) bits |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE) bits |= CURL_CSELECT_OUT;
    curl_multi_socket_action(c->multi, w->fd, bits, &running);
    check(c);
}
static void on_timer(uv_timer_t *t)
{
    struct client *c = t->data;
    int running;
    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    check(c);
}
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct client *c = arg;
    struct watch *w = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (!w) return 0;
        uv_poll_stop(&w->poll);
        curl_multi_assign(c->multi, fd, NULL);
        uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        return 0;
    }
    if (!w) {
        if (!(w = calloc(1, sizeof *w))) return -1;
        if (uv_poll_init_socket(&c->loop, &w->poll, fd)) {
            free(w);
            return -1;
        }
        *w = (struct watch){ .poll = w->poll, .fd = fd, .client = c };
        w->poll.data = w;
        curl_multi_assign(c->multi, fd, w);
    }
    return uv_poll_start(&w->poll, (what & CURL_POLL_IN ? UV_READABLE : 0)
                                   | (what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_ready);
}
static int on_timeout_wanted(CURLM *multi, long ms, void *arg)
{
    struct client *c = arg;
    (void)multi;
    if (ms < 0) return uv_timer_stop(&c->timer);
    return uv_timer_start(&c->timer, on_timer, (uint64_t)ms, 0);
}
static size_t on_body(char *bytes, size_t one, size_t size, void *arg)
{
    struct client *c = arg;
    (void)bytes;
    c->have += one * size;
    return one * size;
}

static void fetches(void **state)
{
    static const struct fit_reply page[] = {
        { .until = "\r\n\r\n",
          .send = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello" },
        { 0 } };
    static struct client c;
    (void)state;
    memset(&c, 0, sizeof c);
    fit_peer_replies(SERVER ":80", page);
    c.op = fit_op("fetch");
    assert_int_equal(uv_loop_init(&c.loop), 0);
    uv_timer_init(&c.loop, &c.timer);
    c.timer.data = &c;
    c.multi = curl_multi_init();
    CURL *easy = curl_easy_init();
    assert_true(c.multi && easy);
    curl_multi_setopt(c.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(c.multi, CURLMOPT_SOCKETDATA, &c);
    curl_multi_setopt(c.multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
    curl_multi_setopt(c.multi, CURLMOPT_TIMERDATA, &c);
    curl_easy_setopt(easy, CURLOPT_URL, "http://" SERVER "/");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &c);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_multi_add_handle(c.multi, easy);
    uv_run(&c.loop, UV_RUN_DEFAULT);
    curl_multi_cleanup(c.multi);
    uv_close((uv_handle_t *)&c.timer, NULL);
    uv_run(&c.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&c.loop), 0);
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
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fetches, setup, teardown) };
    return fit_run_group_tests(tests, NULL, NULL);
}
