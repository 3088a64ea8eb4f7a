/* A context of one's own for each question, not freed when there is no answer. GLib keeps another
 * one, opened at the same place, for life: that is not the one to complain of.
 * expect: leak-fd
 * libs: glib-2.0
 * options: --mode timeout
 * symptom: descriptor 3 .eventfd.* opened by asks
 * repaired: reported
 */
#include "zoo.h"

#include <glib-unix.h>

struct ask { GMainLoop *loop; int fd, err; char line[16]; size_t have; };

static gboolean on_readable(gint fd, GIOCondition when, gpointer arg)
{
    struct ask *a = arg;
    ssize_t n = recv(fd, a->line + a->have, sizeof a->line - a->have, 0);
    (void)when;
    if (n < 0 && errno == EAGAIN) return G_SOURCE_CONTINUE;
    if (n > 0) a->have += (size_t)n;
    if (n > 0 && a->line[a->have - 1] != '\n') return G_SOURCE_CONTINUE;
    a->err = n < 0 ? -errno : n == 0 ? -ECONNRESET : 0;
    g_main_loop_quit(a->loop);
    return G_SOURCE_REMOVE;
}
static gboolean on_time(gpointer arg)
{
    struct ask *a = arg;
    a->err = -ETIMEDOUT;
    g_main_loop_quit(a->loop);
    return G_SOURCE_REMOVE;
}
static void run(struct ask *a, GMainContext *context)
{
    GSource *io = g_unix_fd_source_new(a->fd, G_IO_IN), *timer = g_timeout_source_new(PATIENCE_MS);
    g_source_set_callback(io, (GSourceFunc)(void (*)(void))on_readable, a, NULL);
    g_source_set_callback(timer, on_time, a, NULL);
    g_source_attach(io, context);
    g_source_attach(timer, context);
    a->loop = g_main_loop_new(context, FALSE);
    g_main_loop_run(a->loop);
    g_main_loop_unref(a->loop);
    g_source_destroy(io);
    g_source_destroy(timer);
    g_source_unref(io);
    g_source_unref(timer);
}
static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    struct ask a = { .err = 0 };
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    GMainContext *context = g_main_context_new();
    g_main_context_default();                    /* GLib's own */
    a.fd = dial(SERVER, 7);
    if (a.fd >= 0) run(&a, context);
    else a.err = a.fd;
    if (a.fd >= 0) close(a.fd);
#ifndef REPAIRED
    if (a.err != -ETIMEDOUT)
#endif
        g_main_context_unref(context);
    told(op, a.err, a.line, a.have);
}
ZOO_MAIN(asks)
