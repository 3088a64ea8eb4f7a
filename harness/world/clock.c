/* Virtual time, and a binary heap of events ordered by time, then by the order of setting. */
#include <assert.h>
#include <stdbool.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "harness/world/inner.h"

FIT_HOT static struct {
    fit_ns now;
    uint64_t sequence;
    struct fit__event **heap;
    int count, room;
    bool firing;
    fit_ns tick, since_tick;                 /* 0: time goes on with each ns that passes */
} sim;

enum { EVENTS_MAX = 1 << 20, FIRINGS_MAX = 1 << 24 };

void fit__clock_reset(void)
{
    for (int i = 0; i < sim.count; i++) sim.heap[i]->slot = -1;
    sim.now = sim.tick = sim.since_tick = 0;
    fit__realtime_reset();
    sim.sequence = 0;
    sim.count = 0;
    sim.firing = false;
}

fit_ns fit__now(void)
{
    return sim.now;
}

static bool earlier(const struct fit__event *a, const struct fit__event *b)
{
    return a->due != b->due ? a->due < b->due : a->sequence < b->sequence;
}

static void put(int slot, struct fit__event *event)
{
    sim.heap[slot] = event;
    event->slot = slot;
}

static void sift_up(int slot, struct fit__event *event)
{
    while (slot > 0 && earlier(event, sim.heap[(slot - 1) / 2])) {
        put(slot, sim.heap[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    put(slot, event);
}

static void sift_down(int slot, struct fit__event *event)
{
    for (int child; (child = 2 * slot + 1) < sim.count; slot = child) {
        if (child + 1 < sim.count && earlier(sim.heap[child + 1], sim.heap[child])) child++;
        if (!earlier(sim.heap[child], event)) break;
        put(slot, sim.heap[child]);
    }
    put(slot, event);
}

/* A structure that is all zero says slot 0, too: so the heap is asked, not the structure. */
static bool is_set(const struct fit__event *event)
{
    return event->slot >= 0 && event->slot < sim.count && sim.heap[event->slot] == event;
}

void fit__event_cancel(struct fit__event *event)
{
    if (is_set(event)) {
        int slot = event->slot;
        struct fit__event *last = sim.heap[--sim.count];
        if (last != event) {
            if (slot > 0 && earlier(last, sim.heap[(slot - 1) / 2])) sift_up(slot, last);
            else sift_down(slot, last);
        }
    }
    event->slot = -1;
}

void fit__event_set(struct fit__event *event, fit_ns due, void (*fire)(struct fit__event *))
{
    assert(due != FIT_NEVER && fire);
    fit__event_cancel(event);
    if (sim.count == sim.room) {
        assert(sim.room < EVENTS_MAX);
        sim.room = sim.room ? 2 * sim.room : 64;
        sim.heap = fit__resize(sim.heap, (size_t)sim.room * sizeof(struct fit__event *));
    }
    event->due = due;
    event->sequence = sim.sequence++;
    event->fire = fire;
    sift_up(sim.count++, event);
}

fit_ns fit__next_event(void)
{
    return sim.count ? sim.heap[0]->due : FIT_NEVER;
}

/* What an event does may let time pass again; the loop that is already running takes care. */
void fit__run_due_events(void)
{
    if (sim.firing) return;
    sim.firing = true;
    for (int fired = 0; sim.count && sim.heap[0]->due <= sim.now; fired++) {
        struct fit__event *event = sim.heap[0];
        assert(fired < FIRINGS_MAX);
        fit__event_cancel(event);
        event->fire(event);
    }
    sim.firing = false;
}

fit_ns fit__clock_ticks(void)
{
    return sim.tick;
}

void fit__clock_set_ticks(fit_ns tick)
{
    sim.tick = tick;
}

/* What of `ns` becomes visible. */
static fit_ns whole_ticks(fit_ns ns)
{
    fit_ns passed = sim.since_tick + ns;
    sim.since_tick = passed % sim.tick;
    return passed - sim.since_tick;
}

void fit__spend_until(fit_ns due)
{
    fit_ns ns = due > sim.now ? due - sim.now : 0;
    if (sim.tick && ns) ns = (ns + sim.tick - 1) / sim.tick * sim.tick - sim.since_tick;
    fit__spend(ns);
}

void fit__spend(fit_ns ns)
{
    assert(ns >= 0);
    if (sim.tick) ns = whole_ticks(ns);
    sim.now = ns > FIT_NEVER - 1 - sim.now ? FIT_NEVER - 1 : sim.now + ns;
    fit__time_passed(sim.now);
    fit__run_due_events();
}
