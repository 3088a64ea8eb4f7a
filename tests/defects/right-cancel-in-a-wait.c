/* No mistake: a long timer, cancelled at every turn and halfway through the wait for it, on loops
 * of libevent and of GLib. Both come to a turn in the middle of their wait and end there.
 * expect: none
 * libs: libevent glib-2.0
 * repaired: reported
 */
#include "zoo.h"

#include <event2/event.h>
#include <glib.h>

struct nap { struct event *timer; GMainLoop *loop; guint source; struct fit_op *op; };

static void on_event(evutil_socket_t fd, short events, void *arg)
{
    struct nap *n = arg;
    (void)fd; (void)events;
    fit_op_succeeded(n->op, NULL, 0);
}
static void event_cancel(struct nap *n)
{
    event_del(n->timer);
    fit_op_failed(n->op, ECANCELED, strerror(ECANCELED), NULL);
}
static void naps_in_libevent(void **state)
{
    struct timeval hour = { 3600, 0 };
    struct nap n = { .op = fit_op("nap") };
    n.timer = evtimer_new(*state, on_event, &n);
    assert_non_null(n.timer);
    evtimer_add(n.timer, &hour);
    fit_on_cancel(n.op, event_cancel, &n);
    event_base_dispatch(*state);
    event_free(n.timer);
}

static gboolean on_source(gpointer arg)
{
    struct nap *n = arg;
    fit_op_succeeded(n->op, NULL, 0);
    g_main_loop_quit(n->loop);
    return G_SOURCE_REMOVE;
}
static void source_cancel(struct nap *n)
{
    g_source_remove(n->source);
    fit_op_failed(n->op, ECANCELED, strerror(ECANCELED), NULL);
    g_main_loop_quit(n->loop);
}
static void naps_in_glib(void **state)
{
    struct nap n = { .op = fit_op("nap"), .loop = g_main_loop_new(NULL, FALSE) };
    (void)state;
    n.source = g_timeout_add_seconds(3600, on_source, &n);
    fit_on_cancel(n.op, source_cancel, &n);
    g_main_loop_run(n.loop);
    g_main_loop_unref(n.loop);
}

static int make_base(void **state)
{
    *state = event_base_new();
    g_main_context_default();
    return *state ? 0 : -1;
}
static int free_base(void **state)
{
    event_base_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(naps_in_libevent, make_base, free_base),
        cmocka_unit_test_setup_teardown(naps_in_glib, make_base, free_base),
    };
    return fit_run_group_tests(tests, NULL, NULL);
}
