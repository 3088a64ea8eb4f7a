/* Right: the default loops of libev and of GLib are for the life of the program, and so are a timer
 * and a source on them that the program wants to stay; a timer that has fired is gone by itself,
 * and its memory may be, too; a loop of one's own may be destroyed with a watcher on it.
 * expect: none
 * libs: glib-2.0
 * link: -lev
 * options: --mode timeout,callback
 * repaired: reported
 */
#include "zoo.h"

#include <ev.h>
#include <glib.h>

static int descriptor, err;

/* What can go wrong in each. */
static void try(void)
{
    descriptor = dial(SERVER, 7);
    err = descriptor < 0 ? -descriptor : 0;
}
static void on_life(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop; (void)timer; (void)events;
}
static void on_once(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    free(timer);
    try();
    ev_break(loop, EVBREAK_ALL);
}
static void by_libev(struct ev_loop *loop)
{
    static ev_timer life;
    ev_timer *once = malloc(sizeof *once);
    assert_non_null(once);
    ev_timer_init(&life, on_life, 100, 100);
    ev_timer_start(loop, &life);
    ev_timer_init(once, on_once, 1, 0);
    ev_timer_start(loop, once);
    ev_run(loop, 0);
}
static gboolean on_minute(gpointer arg) { (void)arg; return G_SOURCE_CONTINUE; }
static gboolean on_idle(gpointer loop)
{
    try();
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}
static void by_glib(void)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    g_timeout_add_seconds(60, on_minute, NULL);
    g_idle_add(on_idle, loop);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
}
/* A second timer is there only where there is no descriptor, and goes with its loop. */
static void destroys(void)
{
    static ev_timer retry;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    if (!loop) {
        err = EMFILE;
        return;
    }
    try();
    ev_timer_init(&retry, on_life, 1, 1);
    if (err) ev_timer_start(loop, &retry);
    ev_loop_destroy(loop);
}
static void idles(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    int errors[3];
    (void)state;
    fit_allow("blocks-loop", "*", "try", "it asks its question in a callback, and waits there");
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("idle");
    struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO);
    if (!loop) {
        told(op, -EMFILE, NULL, 0);
        return;
    }
    by_libev(loop);
    errors[0] = err;
    if (!err) close(descriptor);
    by_glib();
    errors[1] = err;
    if (!err) close(descriptor);
    destroys();
    errors[2] = err;
    if (!err) close(descriptor);
    told(op, -(errors[0] ? errors[0] : errors[1] ? errors[1] : errors[2]), NULL, 0);
}
ZOO_MAIN(idles)
