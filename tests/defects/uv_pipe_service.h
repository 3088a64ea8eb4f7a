/* uv_pipe_service.h - a service that listens at a path and answers each line with "ok". */
#ifndef TESTS_DEFECTS_UV_PIPE_SERVICE_H
#define TESTS_DEFECTS_UV_PIPE_SERVICE_H

#include "zoo_uv.h"

#include <signal.h>

#define PLACE "/tmp/zoo-service.sock"

struct service { uv_pipe_t listener; };
struct client { uv_pipe_t pipe; uv_timer_t patience; uv_write_t write; char line[32];
                size_t have; int open; };

static void on_client_closed(uv_handle_t *h)
{
    struct client *c = h->data;
    if (--c->open == 0) free(c);
}
static void drop(struct client *c)
{
    if (uv_is_closing((uv_handle_t *)&c->pipe)) return;
    uv_close((uv_handle_t *)&c->pipe, on_client_closed);
    uv_close((uv_handle_t *)&c->patience, on_client_closed);
}
static void on_impatience(uv_timer_t *t) { drop(t->data); }
static void on_alloc(uv_handle_t *h, size_t n, uv_buf_t *b)
{
    struct client *c = h->data;
    (void)n;
    *b = uv_buf_init(c->line + c->have, sizeof c->line - (unsigned)c->have);
}
static void on_written(uv_write_t *w, int status)
{
    struct client *c = w->data;
    if (status) drop(c);
}
static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct client *c = s->data;
    uv_buf_t answer = uv_buf_init("ok\n", 3);
    (void)b;
#ifdef ONLY_END_CLOSES
    if (n < 0 && n != UV_EOF) uv_timer_stop(&c->patience);
    if (n < 0 && n != UV_EOF) return;
#endif
    if (n < 0) {
        drop(c);
        return;
    }
    c->have += (size_t)n;
    if (!c->have || c->line[c->have - 1] != '\n') return;
    c->have = 0;
    if (uv_write(&c->write, s, &answer, 1, on_written)) drop(c);
}
static void on_connection(uv_stream_t *l, int status)
{
    struct client *c;
    if (status || !(c = calloc(1, sizeof *c))) return;
    uv_pipe_init(l->loop, &c->pipe, 0);
    uv_timer_init(l->loop, &c->patience);
    c->pipe.data = c->patience.data = c->write.data = c;
    c->open = 2;
    uv_timer_start(&c->patience, on_impatience, PATIENCE_MS, 0);
    int err = uv_accept(l, (uv_stream_t *)&c->pipe);
    if (!err) err = uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
    if (err) drop(c);
}
static void stop(void *arg)
{
    struct service *s = arg;
    if (!uv_is_closing((uv_handle_t *)&s->listener)) uv_close((uv_handle_t *)&s->listener, NULL);
}

static void answers(void **state)
{
    static const struct fit_reply rows[] = { { .send = "hello\n", .until = "ok\n" }, { 0 } };
    struct service s;
    (void)state;
    signal(SIGPIPE, SIG_IGN);            /* libuv writes to pipes with write() */
    uv_pipe_init(&loop, &s.listener, 0);
    int err = uv_pipe_bind(&s.listener, PLACE);
    if (!err) err = uv_listen((uv_stream_t *)&s.listener, 8, on_connection);
    if (err) stop(&s);
    fit_on_shutdown(stop, &s);
    fit_client_asks(NULL, PLACE, rows);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

#endif
