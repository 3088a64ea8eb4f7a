/* A socket watched by uv_poll_t: when the socket fails, the descriptor is closed and the watcher
 * only stopped, so that it stays with its loop.
 * expect: leak-handle
 * libs: libuv
 * options: --mode partial,callback,reset
 * repaired: reported
 */
#include "zoo_uv.h"

struct watch { uv_poll_t poll; int fd, err; char line[32]; size_t have; };

static void watch_end(struct watch *w, int err)
{
    w->err = err;
    uv_poll_stop(&w->poll);
    close(w->fd);
#ifndef REPAIRED
    if (err) return;
#endif
    uv_close((uv_handle_t *)&w->poll, NULL);
}
static void on_ready(uv_poll_t *p, int status, int events)
{
    struct watch *w = p->data;
    ssize_t n;
    (void)events;
    if (status < 0) {
        watch_end(w, -status);
        return;
    }
    n = recv(w->fd, w->line + w->have, sizeof w->line - w->have, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        watch_end(w, n ? errno : ECONNRESET);
        return;
    }
    w->have += (size_t)n;
    if (w->line[w->have - 1] == '\n') watch_end(w, 0);
}

static void watches(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct watch w;
    (void)state;
    memset(&w, 0, sizeof w);
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("watch");
    w.fd = dial(SERVER, 7);
    if (w.fd < 0) {
        fit_op_failed(op, -w.fd, strerror(-w.fd), NULL);
        uv_loop_close(&loop);
        return;
    }
    uv_poll_init(&loop, &w.poll, w.fd);
    w.poll.data = &w;
    uv_poll_start(&w.poll, UV_READABLE, on_ready);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    told(op, -w.err, w.line, w.have);
}
ZOO_UV_MAIN(watches)
