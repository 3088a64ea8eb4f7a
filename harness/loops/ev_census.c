/* harness/loops/ev_census.c - libev's watchers: which are still active, on which loops; their
 * callbacks.
 *
 * Facts (libev 4.33): a watcher is the user's memory, which begins with two ints, active and
 * pending; active is 0 when it was stopped or when a timer that does not repeat has fired, else 1
 * or its place in a heap. ev_loop_destroy() leaves it as it is, and there is nothing wrong with
 * that. The default loop lives as long as the program. libev binds no calls to itself, so its own
 * watchers come by here, too.
 *
 * A callback is set by a macro of libev's header, in the user's memory: when the watcher is
 * started, our thunk takes its place. Whoever sets it anew while the watcher is active has it as
 * it is until the next start. */
#include <string.h>

#include "fi/arena.h"
#include "fi/export.h"
#include "fi/guard.h"
#include "harness/loops/loops.h"
#include "harness/loops/thunk.h"

enum { PLACE_MOST = 1 << 20 /* no heap is larger: else it is something else by now */ };

struct ev_loop;
struct head { int active, pending, priority; void *data, *callback; };   /* Debian's ev_watcher */
struct timer { struct head head; double at; };

struct watcher {
    const char *type;
    const struct ev_loop *loop;
    const struct head *at;
    void *callback;                      /* when it was started */
    struct watcher *next;
};
struct made { const struct ev_loop *loop; struct made *next; };

static struct fit__library library = { .file = "libev.so.4" };
static struct watcher *watchers;
static struct made *loops;               /* of ev_loop_new(), in this test */

static bool watched(void)
{
    return !fit__passes() && !fit__guard->exempt;
}

/* ---- watchers ---------------------------------------------------------------------------- */

static void forget_watcher(const void *at)
{
    for (struct watcher **link = &watchers; *link; link = &(*link)->next)
        if ((*link)->at == at) {
            struct watcher *w = *link;
            *link = w->next;
            fit__free(w);
            return;
        }
}

static bool is_active(const struct watcher *w)
{
    struct head now;
    return fit__peek(&now, w->at, sizeof now) && now.callback == w->callback
           && now.active > 0 && now.active < PLACE_MOST
           && now.pending >= 0 && now.pending < PLACE_MOST;
}

/* Called after the library has started it. */
static void started(const char *type, const struct ev_loop *loop, const struct head *at,
                    const void *caller)
{
    if (!watched() || !fit__users_callback(&library, caller)) return;
    forget_watcher(at);
    if (!at->active) return;
    struct watcher *w = fit__alloc(sizeof *w);
    *w = (struct watcher){ type, loop, at, at->callback, watchers };
    watchers = w;
}

static void stopped(const void *at)
{
    if (watched()) forget_watcher(at);
}

typedef void (*watcher_cb)(struct ev_loop *, struct head *, int);
#define WATCHER(type)                                                                         \
    FIT__LOOSE_POOL(type, watcher_cb, (struct ev_loop *loop, struct head *w, int events),     \
                    (loop, w, events))
WATCHER(ev_io) WATCHER(ev_timer) WATCHER(ev_periodic) WATCHER(ev_signal) WATCHER(ev_child)
WATCHER(ev_stat) WATCHER(ev_idle) WATCHER(ev_prepare) WATCHER(ev_check) WATCHER(ev_embed)
WATCHER(ev_fork) WATCHER(ev_cleanup) WATCHER(ev_async)

/* Not those of libev's own watchers, nor of another library's. */
static bool is_users(const struct fit__pool *pool, void *callback)
{
    return fit__user_of(pool, callback) == callback && fit__is_users(callback);
}

/* Timers go by the time that ev_run() remembers, also outside of it. */
static void timed(const struct head *w, const void *caller)
{
    if (((const struct timer *)w)->at > 0) fit__loop_timed(FIT_CALL_ev_timer_start, caller);
}

#define STARTS(function, type)                                                                \
    FIT_EXPORT void function(struct ev_loop *loop, struct head *w);                           \
    FIT_EXPORT void function(struct ev_loop *loop, struct head *w)                            \
    {                                                                                         \
        if (is_users(&type##_pool, w->callback))                                              \
            w->callback = (void *)type##_for((watcher_cb)w->callback);                        \
        if (FIT_CALL_##type == FIT_CALL_ev_timer)                                             \
            timed(w, __builtin_return_address(0));                                            \
        FIT__REAL(&library, function)(loop, w);                                               \
        started(#type, loop, w, __builtin_return_address(0));                                  \
    }
#define STOPS(function)                                                                       \
    FIT_EXPORT void function(struct ev_loop *loop, struct head *w);                           \
    FIT_EXPORT void function(struct ev_loop *loop, struct head *w)                            \
    {                                                                                         \
        stopped(w);                                                                           \
        FIT__REAL(&library, function)(loop, w);                                               \
    }

STARTS(ev_io_start, ev_io) STOPS(ev_io_stop)
STARTS(ev_timer_start, ev_timer) STOPS(ev_timer_stop)
STARTS(ev_timer_again, ev_timer)
STARTS(ev_periodic_start, ev_periodic) STOPS(ev_periodic_stop)
STARTS(ev_periodic_again, ev_periodic)
STARTS(ev_signal_start, ev_signal) STOPS(ev_signal_stop)
STARTS(ev_child_start, ev_child) STOPS(ev_child_stop)
STARTS(ev_stat_start, ev_stat) STOPS(ev_stat_stop)
STARTS(ev_idle_start, ev_idle) STOPS(ev_idle_stop)
STARTS(ev_prepare_start, ev_prepare) STOPS(ev_prepare_stop)
STARTS(ev_check_start, ev_check) STOPS(ev_check_stop)
STARTS(ev_embed_start, ev_embed) STOPS(ev_embed_stop)
STARTS(ev_fork_start, ev_fork) STOPS(ev_fork_stop)
STARTS(ev_cleanup_start, ev_cleanup) STOPS(ev_cleanup_stop)
STARTS(ev_async_start, ev_async) STOPS(ev_async_stop)

typedef void (*once_cb)(int events, void *arg);
FIT__LOOSE_POOL(ev_once, once_cb, (int events, void *arg), (events, arg))

FIT_EXPORT void ev_once(struct ev_loop *loop, int fd, int events, double after, once_cb callback,
                        void *arg);
FIT_EXPORT void ev_once(struct ev_loop *loop, int fd, int events, double after, once_cb callback,
                        void *arg)
{
    if (fit__is_users((void *)callback)) callback = ev_once_for(callback);
    FIT__REAL(&library, ev_once)(loop, fd, events, after, callback, arg);
}

FIT_EXPORT void ev_async_send(struct ev_loop *loop, struct head *w);
FIT_EXPORT void ev_async_send(struct ev_loop *loop, struct head *w)
{
    FIT__REAL(&library, ev_async_send)(loop, w);
    fit__loop_sent(FIT_CALL_ev_async_send, __builtin_return_address(0));
}

/* ---- loops ------------------------------------------------------------------------------- */

static void forget_loop(const struct ev_loop *loop)
{
    for (struct watcher **link = &watchers; *link; ) {
        struct watcher *w = *link;
        if (w->loop != loop) {
            link = &w->next;
            continue;
        }
        *link = w->next;
        fit__free(w);
    }
    for (struct made **link = &loops; *link; link = &(*link)->next)
        if ((*link)->loop == loop) {
            struct made *m = *link;
            *link = m->next;
            fit__free(m);
            return;
        }
}

FIT_EXPORT struct ev_loop *ev_loop_new(unsigned flags);
FIT_EXPORT struct ev_loop *ev_loop_new(unsigned flags)
{
    struct ev_loop *loop = FIT__REAL(&library, ev_loop_new)(flags);
    if (!loop || !watched()) return loop;
    struct made *m = fit__alloc(sizeof *m);
    *m = (struct made){ loop, loops };
    loops = m;
    return loop;
}

FIT_EXPORT void ev_loop_destroy(struct ev_loop *loop);
FIT_EXPORT void ev_loop_destroy(struct ev_loop *loop)
{
    if (watched()) forget_loop(loop);
    FIT__REAL(&library, ev_loop_destroy)(loop);
}

/* ---- Census ------------------------------------------------------------------------------ */

static size_t count_in(struct fit__census_entry *entries, size_t filled, size_t most,
                       const char *type)
{
    for (size_t i = 0; i < filled; i++)
        if (!strcmp(entries[i].type, type)) {
            entries[i].count++;
            return filled;
        }
    if (filled < most) entries[filled++] = (struct fit__census_entry){ type, 1 };
    return filled;
}

size_t fit__ev_census(struct fit__census_entry *entries, size_t most)
{
    size_t filled = 0;
    for (struct made *m = loops; m; m = m->next)
        filled = count_in(entries, filled, most, "ev_loop");
    for (struct watcher *w = watchers; w; w = w->next)
        if (is_active(w)) filled = count_in(entries, filled, most, w->type);
    return filled;
}

void fit__ev_census_reset(void)
{
    while (loops) forget_loop(loops->loop);
    while (watchers) forget_watcher(watchers->at);
}
