/* harness/loops/glib_run.c - GLib's main loops: stepped turn by turn.
 *
 * Facts (GLib 2.74, glib/gmain.c): g_main_loop_run() is g_main_context_iteration(context, TRUE)
 * as long as the loop is not told to quit, by the thread that owns the context. Whether it was
 * told lies inside GMainLoop, where g_main_loop_run() overwrites it at its start: so while a loop
 * is stepped here, g_main_loop_quit() and g_main_loop_is_running() are followed. A wait that EINTR
 * ends is the end of an iteration. GLib's own threads iterate without coming by our definitions,
 * for the library binds its calls to itself. Its headers are not needed. */
#include "fi/export.h"
#include "fi/guard.h"
#include "harness/loops/loops.h"

enum { LOOPS_MAX = 16 /* stepped at the same time, each on a thread of its own */ };

struct _GMainContext;
struct _GMainLoop;

FIT_EXPORT int g_main_context_iteration(struct _GMainContext *context, int may_block);
FIT_EXPORT void g_main_loop_run(struct _GMainLoop *loop);
FIT_EXPORT void g_main_loop_quit(struct _GMainLoop *loop);
FIT_EXPORT int g_main_loop_is_running(struct _GMainLoop *loop);
int g_main_context_acquire(struct _GMainContext *context);
void g_main_context_release(struct _GMainContext *context);
struct _GMainContext *g_main_loop_get_context(struct _GMainLoop *loop);
struct _GMainLoop *g_main_loop_ref(struct _GMainLoop *loop);
void g_main_loop_unref(struct _GMainLoop *loop);

static struct fit__library library = { .file = "libglib-2.0.so.0" };
static struct { struct _GMainLoop *loop; bool told; } stepped[LOOPS_MAX];

static bool watched(void)
{
    return !fit__passes() && !fit__guard->exempt;
}

/* Its place in the table, or -1. NULL finds a free one. */
static int find(const struct _GMainLoop *loop)
{
    for (int i = 0; i < LOOPS_MAX; i++)
        if (stepped[i].loop == loop) return i;
    return -1;
}

static int iterate(struct _GMainContext *context, int may_block)
{
    fit__loop_begin("g_main_context_iteration");
    int any = FIT__REAL(&library, g_main_context_iteration)(context, may_block);
    fit__loop_end("g_main_context_iteration");
    return any;
}

FIT_EXPORT int g_main_context_iteration(struct _GMainContext *context, int may_block)
{
    if (!watched()) return FIT__REAL(&library, g_main_context_iteration)(context, may_block);
    if (fit__turn_allowed()) fit__turn();
    return iterate(context, may_block);
}

FIT_EXPORT void g_main_loop_quit(struct _GMainLoop *loop)
{
    int place = watched() && loop ? find(loop) : -1;
    if (place >= 0) stepped[place].told = true;
    FIT__REAL(&library, g_main_loop_quit)(loop);
}

FIT_EXPORT int g_main_loop_is_running(struct _GMainLoop *loop)
{
    int place = watched() && loop ? find(loop) : -1;
    return place >= 0 ? !stepped[place].told : FIT__REAL(&library, g_main_loop_is_running)(loop);
}

static void run_stepped(struct _GMainLoop *loop, struct _GMainContext *context, int place)
{
    stepped[place].loop = FIT__REAL(&library, g_main_loop_ref)(loop);
    stepped[place].told = false;
    while (!stepped[place].told) {
        fit__turn();
        if (!stepped[place].told) iterate(context, 1);
    }
    stepped[place].loop = NULL;
    FIT__REAL(&library, g_main_loop_unref)(loop);
}

/* One that another thread owns or that runs in a callback waits and nests as GLib has it. */
FIT_EXPORT void g_main_loop_run(struct _GMainLoop *loop)
{
    int place = watched() && loop && fit__turn_allowed() && find(loop) < 0 ? find(NULL) : -1;
    struct _GMainContext *context =
        place >= 0 ? FIT__REAL(&library, g_main_loop_get_context)(loop) : NULL;
    if (place >= 0 && FIT__REAL(&library, g_main_context_acquire)(context)) {
        run_stepped(loop, context, place);
        FIT__REAL(&library, g_main_context_release)(context);
        return;
    }
    if (watched()) fit__loop_begin("g_main_loop_run");
    FIT__REAL(&library, g_main_loop_run)(loop);
    if (watched()) fit__loop_end("g_main_loop_run");
}

void fit__glib_reset(void)
{
    for (int i = 0; i < LOOPS_MAX; i++) stepped[i].loop = NULL;
}
