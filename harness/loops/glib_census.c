/* harness/loops/glib_census.c - which sources are left in GLib's default main context.
 *
 * Facts (GLib 2.74): the context is made when first needed and never freed, so what was added to it
 * and not removed stays for good. Sources are found there by their number. A context of the
 * program's own takes its sources with it. GLib calls its own functions past our definitions, so
 * each way to add a source is defined here. Its headers are not needed. */
#include <stdint.h>

#include "fi/export.h"
#include "fi/guard.h"
#include "harness/loops/loops.h"

enum { SOURCES_MAX = 512 };

struct _GMainContext;
struct _GSource;
FIT_EXPORT struct _GMainContext *g_main_context_default(void);
struct _GSource *g_main_context_find_source_by_id(struct _GMainContext *context, unsigned id);

static struct fit__library library = { .file = "libglib-2.0.so.0" };
static struct source { const char *type; unsigned id; } sources[SOURCES_MAX];
static unsigned count;

static bool is_there(const struct source *s)
{
    return FIT__REAL(&library, g_main_context_find_source_by_id)(NULL, s->id) != NULL;
}

static void drop_gone(void)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++)
        if (is_there(&sources[i])) sources[kept++] = sources[i];
    count = kept;
}

static unsigned added(const char *type, unsigned id, const void *caller)
{
    if (!id || !fit__by_user(caller)) return id;
    fit__enter();
    if (count == SOURCES_MAX) drop_gone();
    if (count < SOURCES_MAX) sources[count++] = (struct source){ type, id };
    fit__leave();
    return id;
}

#define F ((void *)fit__glib_thunk((void *)f))
#define ADDS(function, parameters, ...)                                                       \
    FIT_EXPORT unsigned function parameters;                                                  \
    FIT_EXPORT unsigned function parameters                                                   \
    {                                                                                         \
        return added("GSource of " #function "()",                                            \
                     FIT__REAL(&library, function)(__VA_ARGS__),                              \
                     __builtin_return_address(0));                                            \
    }
typedef int source_func(void *);
typedef void once_func(void *), notify(void *);
typedef void any_func(void);

ADDS(g_timeout_add, (unsigned ms, source_func *f, void *arg), ms, F, arg)
ADDS(g_timeout_add_full, (int priority, unsigned ms, source_func *f, void *arg, notify *gone),
     priority, ms, F, arg, gone)
ADDS(g_timeout_add_once, (unsigned ms, once_func *f, void *arg), ms, F, arg)
ADDS(g_timeout_add_seconds, (unsigned s, source_func *f, void *arg), s, F, arg)
ADDS(g_timeout_add_seconds_full, (int priority, unsigned s, source_func *f, void *arg,
                                  notify *gone), priority, s, F, arg, gone)
ADDS(g_idle_add, (source_func *f, void *arg), F, arg)
ADDS(g_idle_add_full, (int priority, source_func *f, void *arg, notify *gone),
     priority, F, arg, gone)
ADDS(g_idle_add_once, (once_func *f, void *arg), F, arg)
ADDS(g_io_add_watch, (void *channel, int when, any_func *f, void *arg), channel, when, F, arg)
ADDS(g_io_add_watch_full, (void *channel, int priority, int when, any_func *f, void *arg,
                           notify *gone), channel, priority, when, F, arg, gone)
ADDS(g_child_watch_add, (int pid, any_func *f, void *arg), pid, F, arg)
ADDS(g_child_watch_add_full, (int priority, int pid, any_func *f, void *arg, notify *gone),
     priority, pid, F, arg, gone)
ADDS(g_unix_fd_add, (int fd, int when, any_func *f, void *arg), fd, when, F, arg)
ADDS(g_unix_fd_add_full, (int priority, int fd, int when, any_func *f, void *arg, notify *gone),
     priority, fd, when, F, arg, gone)
ADDS(g_unix_signal_add, (int signal, source_func *f, void *arg), signal, F, arg)
ADDS(g_unix_signal_add_full, (int priority, int signal, source_func *f, void *arg, notify *gone),
     priority, signal, F, arg, gone)

/* To ask GLib which context is the default one would make it: it is noted when it is given out. */
static const struct _GMainContext *default_context;

FIT_EXPORT struct _GMainContext *g_main_context_default(void)
{
    struct _GMainContext *context = FIT__REAL(&library, g_main_context_default)();
    default_context = context;
    return context;
}

FIT_EXPORT unsigned g_source_attach(struct _GSource *source, struct _GMainContext *context);
FIT_EXPORT unsigned g_source_attach(struct _GSource *source, struct _GMainContext *context)
{
    unsigned id = FIT__REAL(&library, g_source_attach)(source, context);
    fit__loop_sent(FIT_CALL_g_source_attach, __builtin_return_address(0));
    bool by_default = !context || context == default_context;
    if (!by_default) return id;
    return added("GSource of g_source_attach()", id, __builtin_return_address(0));
}

size_t fit__glib_census(struct fit__census_entry *entries, size_t most)
{
    size_t filled = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t k = 0;
        if (!is_there(&sources[i])) continue;
        while (k < filled && entries[k].type != sources[i].type) k++;
        if (k == most) continue;
        if (k == filled) entries[filled++] = (struct fit__census_entry){ sources[i].type, 0 };
        entries[k].count++;
    }
    return filled;
}

void fit__glib_census_reset(void)
{
    count = 0;
}
