/* On GLib's default main context: the deadline is removed when the answer is there, and not when
 * there is none. The context is for ever, and the source with it.
 * expect: leak-handle
 * libs: glib-2.0
 * options: --mode timeout,partial,callback
 * repaired: reported
 */
#include "zoo.h"

#include <glib-unix.h>

static struct ask {
    GMainLoop *loop;
    guint io, timer;
    int fd, err;
    char line[32];
    size_t have;
} a;

static void ask_end(int err)
{
    a.err = err;
#ifdef REPAIRED
    g_source_remove(a.timer);
#else
    if (!err) g_source_remove(a.timer);
#endif
    g_main_loop_quit(a.loop);
}
static gboolean on_timer(gpointer arg)
{
    (void)arg;
    g_source_remove(a.io);
    ask_end(ETIMEDOUT);
    return G_SOURCE_CONTINUE;
}
static gboolean on_readable(gint fd, GIOCondition when, gpointer arg)
{
    ssize_t n = recv(fd, a.line + a.have, sizeof a.line - a.have, 0);
    (void)when; (void)arg;
    if (n < 0 && errno == EAGAIN) return G_SOURCE_CONTINUE;
    if (n > 0) a.have += (size_t)n;
    if (n > 0 && a.line[a.have - 1] != '\n') return G_SOURCE_CONTINUE;
    ask_end(n < 0 ? errno : n == 0 ? ECONNRESET : 0);
    return G_SOURCE_REMOVE;
}
static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    (void)state;
    memset(&a, 0, sizeof a);
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    a.fd = dial(SERVER, 7);
    if (a.fd < 0) {
        told(op, a.fd, NULL, 0);
        return;
    }
    a.loop = g_main_loop_new(NULL, FALSE);
    a.io = g_unix_fd_add(a.fd, G_IO_IN, on_readable, NULL);
    a.timer = g_timeout_add_seconds(5, on_timer, NULL);
    g_main_loop_run(a.loop);
    g_main_loop_unref(a.loop);
    close(a.fd);
    told(op, -a.err, a.line, a.have);
}
ZOO_MAIN(asks)
