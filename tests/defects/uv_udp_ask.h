/* uv_udp_ask.h - one question over UDP to a server that answers with a line. Everything lies in
 * the caller's memory until both handles have been closed. */
#ifndef TESTS_DEFECTS_UV_UDP_ASK_H
#define TESTS_DEFECTS_UV_UDP_ASK_H

#include "zoo_uv.h"

struct ask {
    uv_udp_t udp; uv_timer_t timer; uv_udp_send_t send;
    char line[32], chunk[64]; size_t have; int err, tries, open, sending; struct fit_op *op;
};

static void on_closed(uv_handle_t *h)
{
    struct ask *a = h->data;
    if (--a->open) return;
    if (a->err) fit_op_failed(a->op, a->err, uv_strerror(a->err), NULL);
    else        fit_op_succeeded(a->op, a->line, a->have);
}
static void ask_end(struct ask *a, int err)
{
    if (uv_is_closing((uv_handle_t *)&a->timer)) return;
    a->err = err;
    uv_close((uv_handle_t *)&a->udp, on_closed);
    uv_close((uv_handle_t *)&a->timer, on_closed);
}
static void ask_cancel(struct ask *a) { ask_end(a, UV_ECANCELED); }
static void on_sent(uv_udp_send_t *r, int status)
{
    struct ask *a = r->data;
    a->sending = 0;
    if (status) ask_end(a, status);
}
static void ask_send(struct ask *a)
{
    uv_buf_t what = uv_buf_init("TIME\n", 5);
    if (a->sending) return;
    a->sending = 1;
    int err = uv_udp_send(&a->send, &a->udp, &what, 1, NULL, on_sent);
    if (err) a->sending = 0;
    if (err) ask_end(a, err);
}
static void on_timeout(uv_timer_t *t)
{
    struct ask *a = t->data;
    if (++a->tries == 3) ask_end(a, UV_ETIMEDOUT);
    else ask_send(a);
}
static void on_alloc(uv_handle_t *h, size_t n, uv_buf_t *b)
{
    struct ask *a = h->data;
    (void)n;
    *b = uv_buf_init(a->chunk, sizeof a->chunk);
}
static void on_answer(uv_udp_t *u, ssize_t n, const uv_buf_t *b, const struct sockaddr *from,
                      unsigned flags)
{
    struct ask *a = u->data;
    if (n == 0 && !from) return;
    if (n < 0 || (flags & UV_UDP_PARTIAL) || (size_t)n > sizeof a->line) {
        ask_end(a, n < 0 ? (int)n : UV_EMSGSIZE);
        return;
    }
    memcpy(a->line, b->base, (size_t)n);
    a->have = (size_t)n;
    ask_end(a, 0);
}
static void ask_start(struct ask *a, uv_loop_t *l)
{
    struct sockaddr_in to = ip4(SERVER, 37);
    uv_udp_init(l, &a->udp);
    uv_timer_init(l, &a->timer);
    a->udp.data = a->timer.data = a->send.data = a;
    a->open = 2;
    int err = uv_udp_connect(&a->udp, (struct sockaddr *)&to);
    if (!err) err = uv_udp_recv_start(&a->udp, on_alloc, on_answer);
    if (err) {
        ask_end(a, err);
        return;
    }
#ifndef ASKS_ONCE
    uv_timer_start(&a->timer, on_timeout, 1000, 1000);
#else
    (void)on_timeout;
#endif
    ask_send(a);
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .until = "TIME\n", .send = "12:00\n" }, { 0 } };
    static struct ask a;
    (void)state;
    memset(&a, 0, sizeof a);
    fit_peer_replies(SERVER ":37/udp", noon);
    a.op = fit_op("ask");
    fit_on_cancel(a.op, ask_cancel, &a);
    ask_start(&a, &loop);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

#endif
