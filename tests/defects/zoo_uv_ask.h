/* zoo_uv_ask.h - a right client on a libuv loop: one question to the server, one line back. A
 * program with a mistake says which function is its own, OWN_ASK_END, OWN_ON_READ or
 * OWN_ASK_START, and writes that one. */
#ifndef TESTS_DEFECTS_ZOO_UV_ASK_H
#define TESTS_DEFECTS_ZOO_UV_ASK_H

#include "zoo_uv.h"

/* Everything lies in the caller's memory until both handles have been closed. */
struct ask {
    uv_tcp_t tcp; uv_timer_t timer; uv_connect_t connect;
    char line[32], chunk[32]; size_t have; int err, ended, open; struct fit_op *op;
};

static void ask_end(struct ask *a, int err);
static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b);
static void ask_start(struct ask *a, uv_loop_t *l);

static void tell(struct ask *a, int err)
{
    if (err) fit_op_failed(a->op, err, uv_strerror(err), NULL);
    else     fit_op_succeeded(a->op, a->line, a->have);
}
static void on_closed(uv_handle_t *h)
{
    struct ask *a = h->data;
    if (--a->open == 0) tell(a, a->err);
}
static void on_timeout(uv_timer_t *t) { ask_end(t->data, UV_ETIMEDOUT); }
static void on_alloc(uv_handle_t *h, size_t n, uv_buf_t *b)
{
    struct ask *a = h->data;
    (void)n;
    *b = uv_buf_init(a->chunk, sizeof a->chunk - 1);
}
static void on_connected(uv_connect_t *c, int status)
{
    struct ask *a = c->data;
    if (!status) status = uv_read_start((uv_stream_t *)&a->tcp, on_alloc, on_read);
    if (status) ask_end(a, status);
}

/* Asks a server that answers: what uv_loop_close() says in the end. */
static int ask_once(void)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct ask a;
    memset(&a, 0, sizeof a);
    fit_peer_replies(SERVER ":7", noon);
    a.op = fit_op("ask");
    ask_start(&a, &loop);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

#ifndef OWN_ASK_END
static void ask_end(struct ask *a, int err)
{
    if (a->ended) return;
    a->ended = 1;
    a->err = err;
    uv_close((uv_handle_t *)&a->tcp, on_closed);
    uv_close((uv_handle_t *)&a->timer, on_closed);
}
#endif

#ifndef OWN_ON_READ
static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct ask *a = s->data;
    if (n < 0) {
        ask_end(a, (int)n);
        return;
    }
    if (a->have + (size_t)n > sizeof a->line) {
        ask_end(a, UV_EMSGSIZE);
        return;
    }
    memcpy(a->line + a->have, b->base, (size_t)n);
    a->have += (size_t)n;
    if (a->have && a->line[a->have - 1] == '\n') ask_end(a, 0);
}
#endif

#ifndef OWN_ASK_START
static void ask_start(struct ask *a, uv_loop_t *l)
{
    struct sockaddr_in to = ip4(SERVER, 7);
    uv_tcp_init(l, &a->tcp);
    uv_timer_init(l, &a->timer);
    a->tcp.data = a->timer.data = a->connect.data = a;
    a->open = 2;
    uv_timer_start(&a->timer, on_timeout, PATIENCE_MS, 0);
    int err = uv_tcp_connect(&a->connect, &a->tcp, (struct sockaddr *)&to, on_connected);
    if (err) ask_end(a, err);
}
#endif

#endif
