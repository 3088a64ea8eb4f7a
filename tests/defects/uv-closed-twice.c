/* The libuv echo client of the manual, without the line that makes finish() happen once: a timeout,
 * or a cancel, closes handles that are closing already, and libuv ends the program.
 * expect: abort
 * libs: libuv
 * options: --mode partial,callback,reset,cancel,timeout,emfile
 * repaired: reported recovered
 */
#include "zoo_uv.h"

struct echo {
    uv_tcp_t tcp; uv_timer_t timer; uv_connect_t connect; uv_write_t write;
    char got[64]; size_t have, want; int err, closing;
    void (*done)(struct echo *, int err, void *arg); void *arg;
};

static void on_closed(uv_handle_t *h)
{
    struct echo *e = h->data;
    if (--e->closing) return;
    e->done(e, e->err, e->arg);
    free(e);
}
static void finish(struct echo *e, int err)
{
#ifdef REPAIRED
    if (e->closing) return;
#endif
    e->err = err;
    e->closing = 2;
    uv_close((uv_handle_t *)&e->tcp, on_closed);
    uv_close((uv_handle_t *)&e->timer, on_closed);
}
static void on_timeout(uv_timer_t *t) { finish(t->data, UV_ETIMEDOUT); }
static void on_alloc(uv_handle_t *h, size_t n, uv_buf_t *b)
{
    struct echo *e = h->data;
    (void)n;
    *b = uv_buf_init(e->got + e->have, (unsigned)(sizeof e->got - e->have));
}
static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct echo *e = s->data;
    (void)b;
    if (n < 0) {
        finish(e, (int)n);
        return;
    }
    e->have += (size_t)n;
    if (e->have >= e->want) finish(e, 0);
}
static void on_written(uv_write_t *w, int status)
{
    if (status) finish(w->data, status);
}
static void on_connected(uv_connect_t *c, int status)
{
    struct echo *e = c->data;
    uv_buf_t b = uv_buf_init("hello", 5);
    if (!status) status = uv_write(&e->write, (uv_stream_t *)&e->tcp, &b, 1, on_written);
    if (!status) status = uv_read_start((uv_stream_t *)&e->tcp, on_alloc, on_read);
    if (status) finish(e, status);
}
static struct echo *echo_start(uv_loop_t *l, void (*done)(struct echo *, int, void *), void *arg)
{
    struct sockaddr_in a = ip4(SERVER, 7);
    struct echo *e = calloc(1, sizeof *e);
    if (!e) return NULL;
    e->want = 5;
    e->done = done;
    e->arg = arg;
    uv_tcp_init(l, &e->tcp);
    uv_timer_init(l, &e->timer);
    e->tcp.data = e->timer.data = e->connect.data = e->write.data = e;
    uv_timer_start(&e->timer, on_timeout, 5000, 0);
    int err = uv_tcp_connect(&e->connect, &e->tcp, (struct sockaddr *)&a, on_connected);
    if (err) finish(e, err);
    return e;
}
static void echo_cancel(struct echo *e) { finish(e, UV_ECANCELED); }

static void echo_told(struct echo *e, int err, void *op)
{
    if (err) fit_op_failed(op, err, uv_strerror(err), NULL);
    else     fit_op_succeeded(op, e->got, e->have);
}
static void echoes(void **state)
{
    static const struct fit_reply echo[] = { { .until = "hello", .send = "hello" }, { 0 } };
    (void)state;
    fit_peer_replies(SERVER ":7", echo);
    struct fit_op *op = fit_op("echo");
    struct echo *e = echo_start(&loop, echo_told, op);
    if (!e) fit_op_failed(op, UV_ENOMEM, "out of memory", NULL);
    else    fit_on_cancel(op, echo_cancel, e);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(echoes)
