/* On GLib's loop, each second is noted in a table by how late it came. The loop may be busy for
 * longer than the table is.
 * expect: abort
 * libs: glib-2.0
 * options: --mode callback
 * repaired: unaffected
 */
#include "zoo.h"

#include <glib.h>

enum { TICK_MS = 1000, LATEST_S = 4, TICKS = 3 };

static struct { unsigned late[LATEST_S], ticks; int64_t due; struct fit_op *op; } a;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
/* True: it was the last one. */
static int ticks(void)
{
    int64_t late_s = (now_ms() - a.due) / 1000;
#ifdef REPAIRED
    if (late_s >= LATEST_S) late_s = LATEST_S - 1;
#endif
    assert(late_s < LATEST_S);
    a.late[late_s]++;
    a.due = now_ms() + TICK_MS;
    if (++a.ticks < TICKS) return 0;
    told(a.op, 0, "ticks", 5);
    return 1;
}
static void begins(void)
{
    memset(&a, 0, sizeof a);
    a.op = fit_op("ticks");
    a.due = now_ms() + TICK_MS;
}
static gboolean on_tick(gpointer loop)
{
    if (!ticks()) return G_SOURCE_CONTINUE;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}
static void ticks_away(void **state)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    (void)state;
    begins();
    g_timeout_add(TICK_MS, on_tick, loop);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
}
ZOO_MAIN(ticks_away)
