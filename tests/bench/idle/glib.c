/* libs: glib-2.0 */
#include "idle.h"

#include <glib.h>

static GMainContext *context;
static GMainLoop *loop;

static gboolean on_tick(gpointer arg)
{
    (void)arg;
    if (++ticks < TICKS) return G_SOURCE_CONTINUE;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void start(void)
{
    GSource *timer = g_timeout_source_new(TICK_MS);
    context = g_main_context_new();
    loop = g_main_loop_new(context, FALSE);
    g_source_set_callback(timer, on_tick, NULL, NULL);
    g_source_attach(timer, context);
    g_source_unref(timer);
}

static void idle(void) { g_main_loop_run(loop); }

static void end(void)
{
    g_main_loop_unref(loop);
    g_main_context_unref(context);
}
