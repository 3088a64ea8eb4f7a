/* A client that tries again after a second when its connection fails. A cancel in that second tells
 * the caller, but leaves the timer: the next attempt tells it once more. It takes a fault, and a
 * cancel behind it.
 * expect: callback-late
 * faults: 2
 * libs: libuv
 * repaired: reported recovered
 */
#include "zoo_uv.h"

enum { ATTEMPTS = 2, BACK_OFF_MS = 1000 };
struct client {
    uv_tcp_t tcp; uv_timer_t timer; uv_connect_t connect;
    int attempts, waits, err, ended; struct fit_op *op;
};

static void attempt(struct client *c);

static void finish(struct client *c)
{
    uv_close((uv_handle_t *)&c->timer, NULL);
    if (c->err) fit_op_failed(c->op, c->err, uv_strerror(c->err), NULL);
    else        fit_op_succeeded(c->op, "connected", 9);
}
static void on_again(uv_timer_t *t) { attempt(t->data); }
static void on_closed(uv_handle_t *h)
{
    struct client *c = h->data;
    c->waits = c->err && c->err != UV_ECANCELED && c->attempts < ATTEMPTS;
    if (c->waits) uv_timer_start(&c->timer, on_again, BACK_OFF_MS, 0);
    else          finish(c);
}
static void end_attempt(struct client *c, int err)
{
    if (c->ended) return;
    c->ended = 1;
    c->err = err;
    uv_timer_stop(&c->timer);
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}
static void on_timeout(uv_timer_t *t) { end_attempt(t->data, UV_ETIMEDOUT); }
static void on_connected(uv_connect_t *r, int status) { end_attempt(r->data, status); }

static void attempt(struct client *c)
{
    struct sockaddr_in to = ip4(SERVER, 7);
    c->attempts++;
    c->waits = c->ended = 0;
    uv_tcp_init(&loop, &c->tcp);
    c->tcp.data = c->connect.data = c;
    uv_timer_start(&c->timer, on_timeout, PATIENCE_MS, 0);
    int err = uv_tcp_connect(&c->connect, &c->tcp, (struct sockaddr *)&to, on_connected);
    if (err) end_attempt(c, err);
}
static void client_cancel(struct client *c)
{
    if (!c->waits) {
        end_attempt(c, UV_ECANCELED);
        c->err = UV_ECANCELED;           /* also if that attempt had just ended */
        return;
    }
    c->err = UV_ECANCELED;
#ifdef REPAIRED
    finish(c);
#else
    fit_op_failed(c->op, c->err, uv_strerror(c->err), NULL);
#endif
}

static void connects(void **state)
{
    static const struct fit_reply hello[] = { { .send = "hello\n" }, { 0 } };
    static struct client c;
    (void)state;
    memset(&c, 0, sizeof c);
    fit_peer_replies(SERVER ":7", hello);
    c.op = fit_op("connect");
    fit_on_cancel(c.op, client_cancel, &c);
    uv_timer_init(&loop, &c.timer);
    c.timer.data = &c;
    attempt(&c);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(connects)
