/* Pairs: a second fault in a window after a first. The trunk runs once more; a copy of it takes the
 * first fault and becomes a run to branch from, which at each of the next questions makes a copy
 * for each second fault: a case. So a pair, too, costs no more than its tail.
 *
 * What is tried does not depend on how many run at once: each first fault has an equal share of
 * the limit, and of equal situations (the same fault at the same place, whichever time it comes
 * there) only one is tried, for firsts in the whole test, for seconds in each window. Nor does it
 * depend on shards, or on what an earlier run has tried: so first faults are chosen, and get their
 * share, before those are left out that fail alone. */
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/explore/explore.h"

enum {
    WINDOW = 64,                         /* questions after the first fault */
    SHARE_LEAST = 4,                     /* pairs of a first fault; else there are fewer firsts */
    PLACES = 8,                          /* a share should reach so many places */
    SEEN_MAX = WINDOW * FIT_ALTERNATIVES_MAX
};

static struct {
    unsigned share, place_share;
    unsigned first;                      /* number of the case that has this fault alone */
    unsigned tried, questions;
    uint64_t seen[SEEN_MAX]; unsigned seen_count;
} window;

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; text && *text; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return (hash ^ 0xff) * 1099511628211u;
}

/* Equal for what is equal but for the time it comes, the bytes that a transfer is cut to, and how
 * long it lasts. */
static uint64_t situation(const struct fit__point *p, unsigned alternative)
{
    const struct fit__alternative *what = &p->alternatives[alternative];
    struct fit__fault f;
    uint64_t hash = 14695981039346656037u;
    fit__point_fault(p, what, &f);
    hash = hash_text(hash, f.point);
    hash = hash_text(hash, f.in);
    hash = hash_text(hash, f.on);
    hash = hash_text(hash, f.at);
    hash = hash_text(hash, f.op);
    hash = hash_text(hash, f.after);
    hash = (hash ^ what->what) * 1099511628211u;
    hash = (hash ^ what->mode) * 1099511628211u;
    if (what->what == FIT_W_ERROR) hash = (hash ^ (uint64_t)what->value) * 1099511628211u;
    return hash;
}

/* ---- first faults ------------------------------------------------------------------------ */

struct known { uint64_t *list; unsigned count, capacity; };

/* False: it is known already. */
static bool note(struct known *known, uint64_t one)
{
    for (unsigned i = 0; i < known->count; i++)
        if (known->list[i] == one) return false;
    if (known->count == known->capacity) {
        known->capacity = known->capacity ? known->capacity * 2 : 256;
        known->list = fit__resize(known->list, known->capacity * sizeof *known->list);
    }
    known->list[known->count++] = one;
    return true;
}

static unsigned mark_firsts(struct fit__reference *r)
{
    struct known known = { 0 };
    for (struct fit__point *p = r->points; p; p = p->next) {
        p->firsts = 0;
        for (unsigned a = 0; a < p->count; a++) {
            if (!fit__case_wanted(p, a) || (p->left_out >> a & 1)) continue;
            r->pair_singles += fit__in_shard(p, a);
            if (note(&known, situation(p, a))) p->firsts |= UINT64_C(1) << a;
        }
    }
    fit__free(known.list);
    return known.count;
}

/* Every so manieth of `count` is left, so that `most` are. */
static void thin_firsts(struct fit__reference *r, unsigned count, unsigned most)
{
    unsigned n = 0;
    for (struct fit__point *p = r->points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++) {
            uint64_t i = n;
            if (!(p->firsts >> a & 1)) continue;
            n++;
            if (i * most / count == (i + 1) * most / count) p->firsts &= ~(UINT64_C(1) << a);
        }
}

/* A fault that fails alone says enough by itself. */
static void leave_out(struct fit__reference *r)
{
    for (struct fit__point *p = r->points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++) {
            uint64_t bit = UINT64_C(1) << a;
            if (!(p->firsts & bit)) continue;
            if ((p->dead_ends & bit) || !fit__in_shard(p, a)) p->firsts &= ~bit;
            else r->pair_firsts++;
        }
}

/* ---- second faults ----------------------------------------------------------------------- */

static bool seen(uint64_t one)
{
    for (unsigned i = 0; i < window.seen_count; i++)
        if (window.seen[i] == one) return true;
    return false;
}

static unsigned candidates(const struct fit__point *p, unsigned *list)
{
    unsigned n = 0;
    for (unsigned a = 0; a < p->count; a++)
        if (fit__alternative_wanted(p, a) && !seen(situation(p, a))
            && fit__step_possible(p, a))
            list[n++] = a;
    return n;
}

static int answer_branch(struct fit__question *q)
{
    struct fit__reference *r = fit__session.reference;
    struct fit__point *p = fit__step_ask(q);
    unsigned list[FIT_ALTERNATIVES_MAX], count, most;
    uint64_t number;
    fit__session.questions++;
    if (!p || ++window.questions > WINDOW) fit__die();
    count = candidates(p, list);
    __atomic_fetch_add(&r->pairs_possible, count, __ATOMIC_RELAXED);
    most = count < window.place_share ? count : window.place_share;
    for (unsigned i = 0; i < most && window.tried < window.share; i++, window.tried++) {
        unsigned a = list[(window.first + i) % count];
        window.seen[window.seen_count++] = situation(p, a);
        __atomic_fetch_add(&r->pairs_tried, 1, __ATOMIC_RELAXED);
        number = fit__several_number(window.first, window.tried);
        if (fit__number_done(number) || !fit__leaf_fork(number)) continue;
        fit__case_another(p, a);
        return (int)a;
    }
    return -1;
}

static int answer_trunk(struct fit__question *q)
{
    struct fit__point *p = fit__next_point(q);
    for (unsigned a = 0; p && a < p->count; a++) {
        if (!(p->firsts >> a & 1)) continue;
        window.first = fit__case_number(p, a);
        if (!fit__branch_fork(p, a, fit__several_number(window.first, 0))) continue;
        fit__case_enter(p, a);
        fit__session.run = FIT_RUN_BRANCH;
        fit__expect_more(answer_branch);
        fit__watchdog_case(false);       /* it waits for its cases */
        return (int)a;
    }
    return -1;
}

static void send_count(const struct fit__test *test, const struct fit__reference *r)
{
    char memory[1024];
    struct fit__record rec;
    fit__record_begin(&rec, memory, sizeof memory, "pairs");
    fit__record_add(&rec, "test", "%s.%s", test->group, test->name);
    fit__record_shard(&rec);
    fit__record_add(&rec, "tried", "%u", r->pairs_tried);
    fit__record_add(&rec, "possible", "%u", r->pairs_possible);
    fit__record_add(&rec, "firsts", "%u", r->pair_firsts);
    fit__record_add(&rec, "singles", "%u", r->pair_singles);
    fit__record_send(&rec);
}

/* Of a budget half of what is left at most, if random runs are to have the rest. */
unsigned fit__pairs_limit(void)
{
    const struct fit__orders *o = &fit__session.orders;
    const struct fit__reference *r = fit__session.reference;
    unsigned left = fit__budget_left();
    unsigned most = r->pairs_set && !o->pairs_given && o->pairs ? r->pairs : o->pairs;
    if (left != UINT_MAX && o->fill) left -= left / 2;
    return most < left ? most : left;
}

void fit__pairs_sweep(const struct fit__test *test, void *state)
{
    struct fit__reference *r = fit__session.reference;
    unsigned limit = fit__pairs_limit(), count, most;
    if (!limit) return;
    count = mark_firsts(r);
    if (!count) return;
    most = limit / SHARE_LEAST ? limit / SHARE_LEAST : 1;
    if (count > most) thin_firsts(r, count, most);
    window.share = limit / (count < most ? count : most);
    if (window.share > SEEN_MAX) window.share = SEEN_MAX;
    window.place_share = window.share / PLACES ? window.share / PLACES : 1;
    leave_out(r);
    if (r->pair_firsts) fit__trunk_run(test, state, answer_trunk);
    send_count(test, r);
}
