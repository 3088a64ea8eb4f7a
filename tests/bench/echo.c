/* echo.c - the program that `make bench` sweeps: a libuv client and an echo server on one loop.
 *
 * The client sends MESSAGES lines, each after the echo of the one before, so that the run grows
 * with MESSAGES and with nothing else. Whatever goes wrong, all handles are closed and the
 * caller is told: the sweep has no finding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <faulttest.h>
#include <uv.h>

#ifndef MESSAGES
#define MESSAGES 10
#endif

enum { PORT = 7007, PATIENCE_MS = 5000, BUFFER = 256 };
static const char line[] = "the quick brown fox\n";

struct pair {
    uv_loop_t loop;
    uv_tcp_t listener, server, client;
    uv_timer_t patience;
    uv_connect_t connecting;
    uv_write_t asking, answering;
    char heard[BUFFER], echoed[BUFFER];  /* what the server, what the client has read */
    size_t got;                          /* of the answer to the line that is on its way */
    unsigned answers;
    int over;
    struct fit_op *op;
};

static void close_one(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

/* The end, good or bad; only the first one counts. */
static void finish(struct pair *p, int err)
{
    if (p->over) return;
    p->over = 1;
    if (err) fit_op_failed(p->op, err, uv_strerror(err), NULL);
    else fit_op_succeeded(p->op, &p->answers, sizeof p->answers);
    uv_walk(&p->loop, close_one, NULL);
}

static void cancel(struct pair *p)
{
    finish(p, UV_ECANCELED);
}

static void on_patience(uv_timer_t *timer)
{
    finish(timer->data, UV_ETIMEDOUT);
}

/* ---- the server ---------------------------------------------------------------------------- */

static void on_question(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void give_heard(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct pair *p = handle->data;
    (void)size;
    *buf = uv_buf_init(p->heard, BUFFER);
}

static void on_answered(uv_write_t *request, int status)
{
    struct pair *p = request->handle->data;
    if (!status && !p->over) status = uv_read_start(request->handle, give_heard, on_question);
    if (status) finish(p, status);
}

/* What was heard stays where it is until it has been sent back. */
static void on_question(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pair *p = stream->data;
    uv_buf_t out = uv_buf_init(buf->base, (unsigned)(n > 0 ? n : 0));
    int err = n < 0 ? (int)n : 0;
    if (n == 0) return;
    uv_read_stop(stream);
    if (!err) err = uv_write(&p->answering, stream, &out, 1, on_answered);
    if (err) finish(p, err);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct pair *p = listener->data;
    uv_stream_t *server = (uv_stream_t *)&p->server;
    if (!status) status = uv_tcp_init(&p->loop, &p->server);
    p->server.data = p;
    if (!status) status = uv_accept(listener, server);
    if (!status) status = uv_read_start(server, give_heard, on_question);
    if (status) finish(p, status);
}

static int listen_at(struct pair *p, const struct sockaddr_in *address)
{
    int err = uv_tcp_init(&p->loop, &p->listener);
    p->listener.data = p;
    if (!err) err = uv_tcp_bind(&p->listener, (const struct sockaddr *)address, 0);
    if (!err) err = uv_listen((uv_stream_t *)&p->listener, 1, on_connection);
    return err;
}

/* ---- the client ---------------------------------------------------------------------------- */

static void on_asked(uv_write_t *request, int status)
{
    if (status) finish(request->handle->data, status);
}

static void ask(struct pair *p)
{
    uv_buf_t out = uv_buf_init((char *)(uintptr_t)line, sizeof line - 1);
    int err = uv_write(&p->asking, (uv_stream_t *)&p->client, &out, 1, on_asked);
    if (err) finish(p, err);
}

static void give_echoed(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct pair *p = handle->data;
    (void)size;
    *buf = uv_buf_init(p->echoed + p->got, (unsigned)(sizeof line - 1 - p->got));
}

static void on_answer(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pair *p = stream->data;
    (void)buf;
    if (n < 0) {
        finish(p, (int)n);
        return;
    }
    p->got += (size_t)n;
    if (p->got < sizeof line - 1) return;
    assert_memory_equal(p->echoed, line, sizeof line - 1);
    p->got = 0;
    if (++p->answers == MESSAGES) finish(p, 0);
    else ask(p);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct pair *p = request->handle->data;
    if (!status) status = uv_read_start(request->handle, give_echoed, on_answer);
    if (status) finish(p, status);
    else ask(p);
}

static int connect_to(struct pair *p, const struct sockaddr_in *address)
{
    int err = uv_tcp_init(&p->loop, &p->client);
    p->client.data = p;
    if (!err) err = uv_tcp_connect(&p->connecting, &p->client, (const struct sockaddr *)address,
                                   on_connected);
    return err;
}

/* ---- the test ------------------------------------------------------------------------------ */

static int start(struct pair *p)
{
    struct sockaddr_in address;
    int err = uv_ip4_addr("127.0.0.1", PORT, &address);
    if (!err) err = uv_timer_init(&p->loop, &p->patience);
    p->patience.data = p;
    if (!err) err = uv_timer_start(&p->patience, on_patience, PATIENCE_MS, 0);
    if (!err) err = listen_at(p, &address);
    if (!err) err = connect_to(p, &address);
    return err;
}

static void echoes(void **state)
{
    static struct pair pair;
    struct pair *p = &pair;
    int err;
    (void)state;
    fit_allow("abort", "pipe*", "uv_loop_init", "libuv 1.44 aborts without its signal pipe");
    fit_allow("leak-fd", "mode=emfile", "uv_loop_init", "libuv 1.44 keeps its epoll descriptor");
    memset(p, 0, sizeof *p);
    p->op = fit_op("echo");
    fit_on_cancel(p->op, cancel, p);
    if ((err = uv_loop_init(&p->loop)) != 0) {
        fit_op_failed(p->op, err, uv_strerror(err), NULL);
        return;
    }
    if ((err = start(p)) != 0) finish(p, err);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&p->loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(echoes) };
    return fit_run_group_tests(tests, NULL, NULL);
}
