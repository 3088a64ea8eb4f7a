/* GLib's main loops: stepped in a world as they run outside. */
#include <glib-unix.h>

#include "tests/unit/loops_world.h"

static GMainLoop *outer, *inner;

static gboolean on_inner(gpointer arg)
{
    (void)arg;
    tell("inner%d%d ", g_main_loop_is_running(inner), g_main_loop_is_running(outer));
    g_main_loop_quit(inner);
    return G_SOURCE_REMOVE;
}

static gboolean on_timer(gpointer arg)
{
    (void)arg;
    tell("timer%u/%d ", ++count, g_main_loop_is_running(outer));
    if (count == 2) {
        g_timeout_add(1, on_inner, NULL);
        g_main_loop_run(inner);
        tell("nested ");
    }
    if (count == 3 || count == 4) g_main_loop_quit(outer);
    return count < 4 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void run_timers(bool world, void (*turn)(unsigned))
{
    begin_world();
    fit__active = world;
    at_turn = turn;
    outer = g_main_loop_new(NULL, FALSE);
    inner = g_main_loop_new(NULL, FALSE);
    g_timeout_add(30, on_timer, NULL);
    g_main_loop_quit(outer);             /* before it runs: forgotten */
    for (int i = 0; i < 2; i++) {
        g_main_loop_run(outer);
        tell("ran/%d ", g_main_loop_is_running(outer));
    }
    while (g_main_context_pending(NULL)) g_main_context_iteration(NULL, FALSE);
    g_main_loop_unref(inner);
    g_main_loop_unref(outer);
    fit__active = false;
}

static void quit_after_first(unsigned turn)
{
    (void)turn;
    if (count == 1) g_main_loop_quit(outer);
}

static void glib_stepped_as_unstepped(void **state)
{
    (void)state;
    char unstepped[sizeof story];
    run_timers(false, NULL);
    memcpy(unstepped, story, sizeof story);
    assert_int_equal(turns, 0);
    run_timers(true, NULL);
    assert_string_equal(story, unstepped);
    assert_true(turns >= 4);
    run_timers(true, quit_after_first);
    assert_string_equal(story, "timer1/1 ran/0 ran/0 ");
}

/* A source of another kind, with more to say than the usual ones. */
static gboolean on_fd(gint fd, GIOCondition when, gpointer arg)
{
    tell("fd%d/%d/%s ", fd >= 0, (int)when, (const char *)arg);
    return G_SOURCE_REMOVE;
}

static void callbacks_come_late(void **state)
{
    static char arg[] = "arg";
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    begin_world();
    failing_point = "GSourceFunc";
    fit__kernel = &telling;
    guint id = g_unix_fd_add(ends[1], G_IO_OUT, on_fd, arg);
    g_main_context_iteration(NULL, TRUE);
    fit__active = false;
    fit__kernel = &fit__kernel_real;
    close(ends[0]);
    close(ends[1]);
    assert_string_equal(story, "slept10000 fd1/4/arg slept10000 ");
    assert_null(g_main_context_find_source_by_id(NULL, id));      /* its result came through */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glib_stepped_as_unstepped),
        cmocka_unit_test(callbacks_come_late),
    };
    return cmocka_run_group_tests_name("glib_run", tests, NULL, NULL);
}
