/* A question that was cancelled is over at once for its caller, but its timer of 30 s still keeps
 * the loop.
 * expect: slow-cleanup
 * symptom: told to stop at
 * symptom: the longest wait: epoll_wait
 * libs: libuv
 * options: --mode cancel --pairs no
 * repaired: reported
 */
#include "zoo.h"

#include <uv.h>

struct ask {
    uv_tcp_t tcp; uv_timer_t patience; uv_connect_t connect;
    struct fit_op *op;
    char line[32]; size_t have; int closing;
};

static void finish(struct ask *a, int err)
{
    if (a->closing++) return;
    uv_close((uv_handle_t *)&a->tcp, NULL);
#ifndef REPAIRED
    if (err == UV_ECANCELED) uv_timer_again(&a->patience);
    else
#endif
    uv_close((uv_handle_t *)&a->patience, NULL);
    if (err) fit_op_failed(a->op, err, uv_strerror(err), NULL);
    else     fit_op_succeeded(a->op, a->line, a->have);
}
static void ask_cancel(struct ask *a) { finish(a, UV_ECANCELED); }
static void on_patience(uv_timer_t *t)
{
    struct ask *a = t->data;
    if (a->closing) uv_close((uv_handle_t *)t, NULL);
    else            finish(a, UV_ETIMEDOUT);
}
static void on_space(uv_handle_t *h, size_t size, uv_buf_t *b)
{
    struct ask *a = h->data;
    (void)size;
    *b = uv_buf_init(a->line + a->have, (unsigned)(sizeof a->line - a->have));
}
static void on_data(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct ask *a = s->data;
    (void)b;
    if (n < 0) {
        finish(a, (int)n);
        return;
    }
    a->have += (size_t)n;
    if (a->have && a->line[a->have - 1] == '\n') finish(a, 0);
}
static void on_connected(uv_connect_t *c, int status)
{
    struct ask *a = c->data;
    if (!status) status = uv_read_start((uv_stream_t *)&a->tcp, on_space, on_data);
    if (status) finish(a, status);
}

static void hears_the_greeting(void **state)
{
    static const struct fit_reply greeting[] = { { .send = "hello\n", .after_ms = 20 }, { 0 } };
    struct sockaddr_in server = ip4(SERVER, 7);
    struct ask a = { 0 };
    uv_loop_t loop;
    (void)state;
    fit_peer_replies(SERVER ":7", greeting);
    a.op = fit_op("greeting");
    assert_int_equal(uv_loop_init(&loop), 0);
    a.tcp.data = a.patience.data = a.connect.data = &a;
    uv_tcp_init(&loop, &a.tcp);
    uv_timer_init(&loop, &a.patience);
    uv_timer_start(&a.patience, on_patience, 30000, 30000);
    uv_tcp_connect(&a.connect, &a.tcp, (struct sockaddr *)&server, on_connected);
    fit_on_cancel(a.op, ask_cancel, &a);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_MAIN(hears_the_greeting)
