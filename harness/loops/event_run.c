/* harness/loops/event_run.c - libevent's loops: stepped turn by turn, and counted.
 *
 * Facts (libevent 2.1.12, event.c): event_base_loop() forgets at its start that a break or exit
 * was asked for, so one that the user's cancel function asks for between two steps would be
 * lost: event_base_loopbreak() is watched during the turn. (event_base_loopexit() goes by a
 * timer and survives.) EVLOOP_ONCE returns after the callbacks of one dispatch; a loop without
 * events returns 1. event_base_dispatch(), event_dispatch() and event_loop() all come by
 * event_base_loop(), through the PLT; event_base_new() by event_base_new_with_config(). */
#include <event2/event.h>

#include "fi/arena.h"
#include "fi/export.h"
#include "fi/guard.h"
#include "harness/loops/loops.h"

struct base { struct event_base *event; struct base *next; };

static struct fit__library library = { .file = "libevent-2.1.so.7" };
static struct base *bases;               /* made in this test and not freed */
static struct event_base *in_turn;       /* its loop is between two steps */
static bool broken;                      /* and was asked to end there */
static struct event_base *running;       /* its loop is in a step */
static bool woken;                       /* and was broken by us, to begin a turn */

static bool watched(void)
{
    return !fit__passes() && !fit__guard->exempt;
}

FIT_EXPORT int event_base_loopbreak(struct event_base *event)
{
    if (watched() && event && event == in_turn) broken = true;
    return FIT__REAL(&library, event_base_loopbreak)(event);
}

/* True if the loop was asked to end. A turn may start another loop's turn. */
static bool turn_ends(struct event_base *event)
{
    struct event_base *outer = in_turn;
    bool outer_broken = broken;
    in_turn = event;
    broken = false;
    fit__turn();
    bool ends = broken;
    in_turn = outer;
    broken = outer_broken;
    return ends;
}

static int loop_really(struct event_base *event, int flags)
{
    struct event_base *outer = running;
    running = event;
    fit__loop_begin("event_base_loop");
    int result = FIT__REAL(&library, event_base_loop)(event, flags);
    fit__loop_end("event_base_loop");
    running = outer;
    return result;
}

/* Asked to end by the user, and not only by us to begin a turn. */
static bool asked_to_end(struct event_base *event)
{
    bool ours = woken;
    woken = false;
    if (FIT__REAL(&library, event_base_got_exit)(event)) return true;
    return !ours && FIT__REAL(&library, event_base_got_break)(event);
}

void fit__event_wake(void)
{
    if (!running) return;
    woken = true;
    FIT__REAL(&library, event_base_loopbreak)(running);
}

FIT_EXPORT int event_base_loop(struct event_base *event, int flags)
{
    bool once = flags & (EVLOOP_ONCE | EVLOOP_NONBLOCK);
    int result;
    if (!watched()) return FIT__REAL(&library, event_base_loop)(event, flags);
    if (!fit__turn_allowed()) return loop_really(event, flags);
    do {
        if (turn_ends(event)) return 0;
        result = loop_really(event, once ? flags : flags | EVLOOP_ONCE);
    } while (!once && result == 0 && !asked_to_end(event));
    return result;
}

/* ---- Census ------------------------------------------------------------------------------ */

FIT_EXPORT struct event_base *event_base_new_with_config(const struct event_config *config)
{
    struct event_base *event = FIT__REAL(&library, event_base_new_with_config)(config);
    if (!event || !watched()) return event;
    struct base *base = fit__alloc(sizeof *base);
    base->event = event;
    base->next = bases;
    bases = base;
    return event;
}

/* Events that are still pending then are no leak: event_base_free() takes them out, and evhttp
 * leaves some behind on purpose. Whoever made them still has to free them, and the ledger of
 * memory sees whether they do. */
static void forget(struct event_base *event)
{
    for (struct base **link = &bases; event && *link; link = &(*link)->next) {
        struct base *base = *link;
        if (base->event != event) continue;
        *link = base->next;
        fit__free(base);
        return;
    }
}

FIT_EXPORT void event_base_free(struct event_base *event)
{
    if (watched()) forget(event);
    FIT__REAL(&library, event_base_free)(event);
}

FIT_EXPORT void event_base_free_nofinalize(struct event_base *event)
{
    if (watched()) forget(event);
    FIT__REAL(&library, event_base_free_nofinalize)(event);
}

size_t fit__event_census(struct fit__census_entry *entries, size_t most)
{
    size_t filled = 0;
    unsigned open = 0;
    for (struct base *base = bases; base; base = base->next) open++;
    if (open && filled < most)
        entries[filled++] = (struct fit__census_entry){ "event_base", open };
    return filled;
}

void fit__event_reset(void)
{
    while (bases) {
        struct base *base = bases;
        bases = base->next;
        fit__free(base);
    }
    in_turn = running = NULL;
    broken = woken = false;
}
