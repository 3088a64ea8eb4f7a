/* Random runs: two to four faults, drawn for each run anew. Each run is a copy of the process from
 * the start of the test, and what it draws depends on the seed, its number, and how many questions
 * it has asked: so the same seed gives the same cases, however many run at once. A run is told like
 * any case, by the list of its faults, and made smaller like any other.
 *
 * Where the first fault comes is chosen among the questions of the run without faults, so that it
 * does come; the next ones so many chances later, near ones more often: many runs end soon after a
 * fault. A run of one fault would only be what the sweep has tried. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/explore/explore.h"
#include "harness/explore/record.h"

enum strategy {
    EVENLY,                              /* any fault, at any question */
    SWARM,                               /* the same, of half of the modes */
    BURST,                               /* anywhere a first, and more while it is handled */
    DELAYS,                              /* silence, delays, late data */
    PRIORITIES,                          /* few changes of what runs next, some for good */
    STARVATION,                          /* one peer, descriptor or thread gets little */
    AGAIN,                               /* the same at the same place, each or every other time */
    STRATEGIES
};
static const char *const names[STRATEGIES] = {
    "evenly", "swarm", "burst", "delays", "priorities", "starvation", "again"
};

enum { FAULTS_LEAST = 2, BURST_CHANCES = 24, GAPS_MOST = 1 << 12 };
_Static_assert(FAULTS_LEAST + 2 <= FIT_FAULTS_MAX, "so many are drawn");

static struct {
    uint64_t run;
    enum strategy strategy;
    bool modes[FIT_MODES];
    const struct fit__point *first;      /* the question that the first fault comes at */
    const char *victim;                  /* STARVATION: the object, or NULL: a thread */
    unsigned faults;                     /* in all */
    unsigned chances;                    /* behind the first, in the run without faults */
    unsigned between;                    /* AGAIN: so many times it goes well */
    unsigned skip;                       /* of these, before the next fault */
} random_run;

/* ---- numbers ----------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint64_t seed(void)
{
    const struct fit__orders *o = &fit__session.orders;
    const struct fit__reference *r = fit__session.reference;
    return r->seed && !o->seed_given ? r->seed : o->seed;
}

/* The number for this purpose at this question of this run: a counter, not a state. */
static uint64_t draw(uint64_t purpose)
{
    return mix(mix(mix(seed()) ^ random_run.run) ^ fit__session.questions << 8
               ^ purpose);
}

static bool one_in(uint64_t n, uint64_t purpose)
{
    return n <= 1 || draw(purpose) % n == 0;
}

/* ---- what may come ----------------------------------------------------------------------- */

static bool is_slow(const struct fit__alternative *a)
{
    return a->what == FIT_W_SILENT || a->what == FIT_W_NEVER || a->what == FIT_W_DELAY
        || a->what == FIT_W_TIMERS_FIRST || (a->what == FIT_W_LATE && a->mode == FIT_TIMEOUT);
}

/* What changes who runs or what is told first. */
static bool is_order(const struct fit__alternative *a)
{
    return a->what == FIT_W_ORDER || a->what == FIT_W_THREAD || a->what == FIT_W_SPURIOUS
        || a->what == FIT_W_TIMERS_FIRST || a->what == FIT_W_EARLY;
}

static bool starves_thread(const struct fit__alternative *a)
{
    return a->what == FIT_W_THREAD && a->until == FIT_U_ONWARDS;
}

/* Gets nothing, late, little, or not now. */
static bool starves(const struct fit__alternative *a)
{
    return is_slow(a) || starves_thread(a) || a->what == FIT_W_SHORT
        || (a->what == FIT_W_ERROR && a->space == FIT_S_ERRNO && a->value == EAGAIN);
}

static bool same_text(const char *one, const char *two)
{
    return one && two && !strcmp(one, two);
}

/* What has just gone wrong, where it did, be it with another object or on another thread. */
static bool is_the_same(const struct fit__point *p, const struct fit__alternative *a)
{
    const struct fit__steps *s = &fit__session.faults;
    const struct fit__step *last = &s->list[s->count - 1];
    const struct fit__alternative *then = &last->point->alternatives[last->alternative];
    return !strcmp(p->name, last->point->name) && p->depth && last->point->depth
        && p->frames[0] == last->point->frames[0]
        && a->what == then->what && a->value == then->value && a->until == then->until;
}

static bool suits(const struct fit__point *p, const struct fit__alternative *a)
{
    switch (random_run.strategy) {
    case DELAYS: return is_slow(a);
    case PRIORITIES: return is_order(a);
    case STARVATION:
        if (!random_run.first) return starves(a) && (p->on || starves_thread(a));
        return random_run.victim ? starves(a) && same_text(p->on, random_run.victim)
                                 : starves_thread(a);
    case AGAIN: return !fit__session.faults.count || is_the_same(p, a);
    default: return true;
    }
}

/* That a thread runs last for good is for these runs, whether or not --extended was given. */
static bool allowed(const struct fit__point *p, unsigned alternative)
{
    const struct fit__alternative *a = &p->alternatives[alternative];
    if (!random_run.modes[a->mode]) return false;
    if (!fit__alternative_wanted(p, alternative) && !starves_thread(a)) return false;
    return suits(p, a);
}

static bool is_chance(const struct fit__point *p)
{
    bool any = false;
    for (unsigned a = 0; a < p->count && !any; a++) any = allowed(p, a);
    return any;
}

/* Questions from `p` on at which this run could do something. */
static unsigned chances_from(const struct fit__point *p)
{
    unsigned n = 0;
    for (; p; p = p->next) n += is_chance(p);
    return n;
}

/* Below `most`, and of each doubling as often as of any other. */
static unsigned draw_gap(unsigned most)
{
    unsigned doublings = 0, low, size;
    while (doublings < 12 && (1u << doublings) <= most) doublings++;
    if (!doublings) return 0;
    low = (1u << draw(4) % doublings) - 1;
    size = low + 1;
    return low + (unsigned)(draw(5) % size);
}

static void await_next(void)
{
    unsigned most = random_run.chances;
    if (random_run.strategy == BURST && most > BURST_CHANCES) most = BURST_CHANCES;
    if (most > GAPS_MOST) most = GAPS_MOST;
    random_run.skip = random_run.strategy == AGAIN ? random_run.between : draw_gap(most);
}

static int answer(struct fit__question *q)
{
    unsigned list[FIT_ALTERNATIVES_MAX], count = 0, had = fit__session.faults.count;
    struct fit__point *p = had ? fit__step_ask(q) : fit__next_point(q);
    int chosen;
    if (had) fit__session.questions++;
    if (!p) {                            /* another way than the runs before, or too long a one */
        fit__chooser = fit__answer_nothing;
        return -1;
    }
    if (!had && p != random_run.first) return -1;
    for (unsigned a = 0; a < p->count; a++)
        if (allowed(p, a) && fit__step_possible(p, a)) list[count++] = a;
    if (!count) return -1;
    if (had && random_run.skip) {
        random_run.skip--;
        return -1;
    }
    chosen = (int)list[draw(2) % count];
    if (had) fit__case_another(p, (unsigned)chosen);
    else fit__case_enter(p, (unsigned)chosen);
    await_next();
    if (fit__session.faults.count < random_run.faults) fit__expect_more(answer);
    return chosen;
}

/* ---- runs -------------------------------------------------------------------------------- */

static void choose_modes(void)
{
    for (unsigned m = 0; m < FIT_MODES; m++)
        random_run.modes[m] = fit__mode_wanted((enum fit__mode)m)
                           && (random_run.strategy != SWARM || one_in(2, 16 + m));
}

static bool comes_again(const struct fit__point *first)
{
    const struct fit__point *p = first->next;
    while (p && (strcmp(p->name, first->name) || !p->depth || !first->depth
                 || p->frames[0] != first->frames[0]))
        p = p->next;
    return p != NULL;
}

/* AGAIN: the next place behind it that comes more than once, if one is near. */
static const struct fit__point *repeated(const struct fit__point *first)
{
    enum { NEAR = 32 };
    const struct fit__point *p = first;
    for (unsigned n = 0; p && n < NEAR; p = p->next, n++)
        if (is_chance(p) && comes_again(p)) return p;
    return NULL;
}

/* Where a strategy finds but one place its run would be a case of one fault. */
static unsigned least_chances(void)
{
    return random_run.strategy == EVENLY ? 1 : 2;
}

static bool choose_first(void)
{
    const struct fit__point *p = fit__session.reference->points;
    unsigned count, nth;
    random_run.first = NULL;
    random_run.victim = NULL;
    count = chances_from(p);
    if (count < least_chances()) return false;
    nth = (unsigned)(draw(3) % count);
    if (draw(7) % count < nth) nth = (unsigned)(draw(7) % count);    /* early: more comes behind */
    for (; p; p = p->next)
        if (is_chance(p) && !nth--) break;
    random_run.first = random_run.strategy == AGAIN ? repeated(p) : p;
    return random_run.first != NULL;
}

/* Two are mostly what pairs have tried. */
static unsigned draw_faults(void)
{
    return draw(6) % 5 == 0 ? FAULTS_LEAST : FAULTS_LEAST + 1 + (unsigned)(draw(9) % 2);
}

/* The victim is told by the first place: an object that can be starved there, or else a thread. */
static void choose_victim(void)
{
    const struct fit__point *p = random_run.first;
    random_run.victim = p->on;
    if (!is_chance(p)) random_run.victim = NULL;
}

/* A strategy that can do nothing in this test gives way to the first. */
static void plan(uint64_t run)
{
    fit__session.questions = 0;
    random_run.run = run;
    random_run.strategy = (enum strategy)(run % STRATEGIES);
    choose_modes();
    if (!choose_first()) {
        random_run.strategy = EVENLY;
        choose_modes();
        choose_first();
    }
    if (random_run.strategy == STARVATION) choose_victim();
    random_run.faults = draw_faults();
    random_run.between = (unsigned)(draw(8) % 2);
    if (random_run.strategy == AGAIN) random_run.faults = FIT_FAULTS_MAX;
    random_run.chances = chances_from(random_run.first->next);
}

/* Could this strategy do something, if it had all modes? */
static bool is_of_use(enum strategy strategy)
{
    random_run.strategy = strategy;
    random_run.first = NULL;
    for (unsigned m = 0; m < FIT_MODES; m++)
        random_run.modes[m] = fit__mode_wanted((enum fit__mode)m);
    return chances_from(fit__session.reference->points) >= least_chances();
}

/* "evenly, swarm": those that have a turn in this test. */
static void add_strategies(struct fit__record *rec)
{
    char text[200] = "";
    size_t size = 0;
    for (unsigned s = 0; s < STRATEGIES; s++)
        if (is_of_use((enum strategy)s))
            size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", size ? ", " : "",
                                     names[s]);
    fit__record_add(rec, "strategies", "%s", text);
}

static void send_count(const struct fit__test *test, unsigned from, unsigned runs)
{
    char memory[1024];
    struct fit__record rec;
    fit__record_begin(&rec, memory, sizeof memory, "random");
    fit__record_add(&rec, "test", "%s.%s", test->group, test->name);
    fit__record_shard(&rec);
    fit__record_add(&rec, "from", "%u", from);
    fit__record_add(&rec, "runs", "%u", runs);
    fit__record_add(&rec, "seed", "%llu", (unsigned long long)seed());
    add_strategies(&rec);
    fit__record_send(&rec);
}

void fit__random_sweep(const struct fit__test *test, void *state, unsigned from, unsigned to)
{
    unsigned runs = 0;
    if (!is_of_use(EVENLY)) to = from;
    for (unsigned run = from; run < to; run++) {
        uint64_t number = FIT_RANDOM_FROM + run;
        if (!fit__run_in_shard(run)) continue;
        runs++;
        if (fit__number_done(number) || !fit__free_fork(number)) continue;
        plan(run);
        fit__run_prepare(FIT_RUN_BRANCH, test, answer);
        fit__watchdog_case(true);
        fit__run_in_child(test, state);
        fit__die();
    }
    fit__case_reap_all();
    if (to > from) send_count(test, from, runs);
}
