/* uv_shutdown.h - a libuv service that ends in an orderly way when it is told to by SIGTERM: it
 * connects to a server, and stops when somebody signals, or when it could not connect. */
#ifndef TESTS_DEFECTS_UV_SHUTDOWN_H
#define TESTS_DEFECTS_UV_SHUTDOWN_H

#include "zoo_uv.h"

#include <signal.h>

struct service {
    uv_signal_t term;
    uv_tcp_t tcp;
    uv_connect_t request;
    uv_timer_t works;
    struct fit_op *op;
    int err, open;
};

static void on_closed(uv_handle_t *handle)
{
    struct service *s = handle->data;
    if (--s->open > 0) return;
    if (s->err) fit_op_failed(s->op, s->err, uv_strerror(s->err), NULL);
    else fit_op_succeeded(s->op, NULL, 0);
}

static void drop(struct service *s, uv_handle_t *handle)
{
    handle->data = s;
    uv_close(handle, on_closed);
}

static void service_end(struct service *s, int err);

static void on_term(uv_signal_t *handle, int number)
{
    (void)number;
    service_end(handle->data, 0);
}

static void on_worked(uv_timer_t *timer)
{
    (void)timer;
    kill(getpid(), SIGTERM);                 /* as its supervisor would */
}

static void on_connected(uv_connect_t *request, int status)
{
    struct service *s = request->data;
    if (status < 0) {
        service_end(s, status);
        return;
    }
    uv_timer_stop(&s->works);
    uv_timer_start(&s->works, on_worked, 200, 0);
}

static void on_no_answer(uv_timer_t *timer)
{
    service_end(timer->data, UV_ETIMEDOUT);
}

static void service_start(struct service *s)
{
    struct sockaddr_in at = ip4(SERVER, 4000);
    uv_signal_init(&loop, &s->term);
    uv_tcp_init(&loop, &s->tcp);
    uv_timer_init(&loop, &s->works);
    s->term.data = s->tcp.data = s->works.data = s->request.data = s;
    s->open = 3;
    int err = uv_signal_start(&s->term, on_term, SIGTERM);
    if (!err) err = uv_timer_start(&s->works, on_no_answer, PATIENCE_MS, 0);
    if (!err) err = uv_tcp_connect(&s->request, &s->tcp, (struct sockaddr *)&at, on_connected);
    if (err) service_end(s, err);
}

static void stops_on_term(void **state)
{
    static const struct fit_reply silent[] = { { .until = "\n" }, { 0 } };
    struct service s = { 0 };
    (void)state;
    fit_peer_replies(SERVER ":4000", silent);
    s.op = fit_op("service");
    service_start(&s);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

#endif
