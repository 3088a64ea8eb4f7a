/* No mistake: a program that talks all the time, to a buffered standard output and to standard
 * error, in every callback and without a newline in between.
 * expect: none
 * libs: libuv
 * repaired: reported recovered
 */
#include "zoo_uv.h"

struct ask { uv_tcp_t tcp; uv_timer_t timer; uv_connect_t connect; char line[32]; size_t have;
             int err, ended; };

static void ask_end(struct ask *a, int err)
{
    printf("end %d, ", err);
    if (a->ended) return;
    a->ended = 1;
    a->err = err;
    uv_close((uv_handle_t *)&a->tcp, NULL);
    uv_close((uv_handle_t *)&a->timer, NULL);
}
static void on_timeout(uv_timer_t *t)
{
    fprintf(stderr, "timeout\n");
    ask_end(t->data, UV_ETIMEDOUT);
}
static void on_alloc(uv_handle_t *h, size_t n, uv_buf_t *b)
{
    struct ask *a = h->data;
    printf("alloc %zu, ", n);
    *b = uv_buf_init(a->line + a->have, (unsigned)(sizeof a->line - a->have));
}
static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct ask *a = s->data;
    (void)b;
    printf("read %zd\n", n);
    if (n < 0) {
        ask_end(a, (int)n);
        return;
    }
    a->have += (size_t)n;
    if (a->have && a->line[a->have - 1] == '\n') ask_end(a, 0);
}
static void on_connected(uv_connect_t *c, int status)
{
    printf("connected %d, ", status);
    if (!status) status = uv_read_start(c->handle, on_alloc, on_read);
    if (status) ask_end(c->data, status);
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    struct sockaddr_in to = ip4(SERVER, 7);
    static struct ask a;
    (void)state;
    memset(&a, 0, sizeof a);
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    uv_tcp_init(&loop, &a.tcp);
    uv_timer_init(&loop, &a.timer);
    a.tcp.data = a.timer.data = a.connect.data = &a;
    uv_timer_start(&a.timer, on_timeout, PATIENCE_MS, 0);
    int err = uv_tcp_connect(&a.connect, &a.tcp, (struct sockaddr *)&to, on_connected);
    if (err) ask_end(&a, err);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    fflush(stdout);
    if (a.err) fit_op_failed(op, a.err, uv_strerror(a.err), NULL);
    else       fit_op_succeeded(op, a.line, a.have);
}
ZOO_UV_MAIN(asks)
