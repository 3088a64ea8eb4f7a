/* Random runs: several faults, drawn for each run anew. Each run is a copy of the process from the
 * start of the test, and what it draws depends on the seed, its number, and how many questions it
 * has asked: so the same seed gives the same cases, however many run at once. A run is told like
 * any case, by the list of its faults, and made smaller like any other. */
#include <assert.h>
#include <string.h>

#include "harness/explore/explore.h"
#include "harness/explore/record.h"

enum strategy {
    EVENLY,                              /* any fault, at any question */
    SWARM,                               /* the same, of half of the modes */
    BURST,                               /* anywhere a first, and more while it is handled */
    SLOWLY,                              /* silence, delays, late data */
    PRIORITIES,                          /* few changes of what runs next */
    STRATEGIES
};

enum { FAULTS_AIMED = 3, BURST_LENGTH = 24, BURST_ONE_IN = 4 };

static struct {
    uint64_t run;
    enum strategy strategy;
    bool modes[FIT_MODES];
    unsigned first;                      /* BURST: the question that it begins at */
} random_run;

/* ---- numbers ----------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* The number for this purpose at this question of this run: a counter, not a state. */
static uint64_t draw(uint64_t purpose)
{
    return mix(mix(mix(fit__session.orders.seed) ^ random_run.run) ^ fit__session.questions << 8
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

static bool is_order(const struct fit__alternative *a)
{
    return a->what == FIT_W_ORDER || a->what == FIT_W_THREAD || a->what == FIT_W_SPURIOUS
        || a->what == FIT_W_TIMERS_FIRST || a->what == FIT_W_EARLY;
}

static bool allowed(const struct fit__point *p, unsigned alternative)
{
    const struct fit__alternative *a = &p->alternatives[alternative];
    if (!random_run.modes[a->mode] || !fit__alternative_wanted(a)) return false;
    if (random_run.strategy == SLOWLY) return is_slow(a);
    return random_run.strategy != PRIORITIES || is_order(a);
}

/* Questions of the reference at which this run could do something. */
static unsigned chances(void)
{
    unsigned n = 0;
    for (const struct fit__point *p = fit__session.reference->points; p; p = p->next) {
        bool any = false;
        for (unsigned a = 0; a < p->count; a++) any |= allowed(p, a);
        n += any;
    }
    return n;
}

static bool due(unsigned among)
{
    unsigned question = fit__session.questions;
    if (random_run.strategy != BURST) return one_in(among / FAULTS_AIMED, 1);
    if (!fit__session.faults.count) return question >= random_run.first;
    return question < random_run.first + BURST_LENGTH && one_in(BURST_ONE_IN, 1);
}

static int answer(struct fit__question *q)
{
    static unsigned among;
    unsigned list[FIT_ALTERNATIVES_MAX], count = 0, had = fit__session.faults.count;
    struct fit__point *p = had ? fit__step_ask(q) : fit__next_point(q);
    int chosen;
    if (had) fit__session.questions++;
    if (!p) {                            /* another way than the runs before, or too long a one */
        fit__chooser = fit__answer_nothing;
        return -1;
    }
    for (unsigned a = 0; a < p->count; a++)
        if (allowed(p, a) && fit__step_possible(p, a)) list[count++] = a;
    if (!among) among = chances();
    if (!count || !due(among)) return -1;
    chosen = (int)list[draw(2) % count];
    if (had) fit__case_another(p, (unsigned)chosen);
    else fit__case_enter(p, (unsigned)chosen);
    if (fit__session.faults.count < FIT_FAULTS_MAX) fit__expect_more(answer);
    return chosen;
}

/* ---- runs -------------------------------------------------------------------------------- */

static void choose_modes(void)
{
    for (unsigned m = 0; m < FIT_MODES; m++)
        random_run.modes[m] = fit__mode_wanted((enum fit__mode)m)
                           && (random_run.strategy != SWARM || one_in(2, 16 + m));
}

/* A strategy that can do nothing in this test gives way to the first. */
static void plan(uint64_t run)
{
    fit__session.questions = 0;
    random_run.run = run;
    random_run.strategy = (enum strategy)(run % STRATEGIES);
    choose_modes();
    if (!chances()) {
        random_run.strategy = EVENLY;
        choose_modes();
    }
    random_run.first = (unsigned)(draw(3) % (fit__session.reference->questions + 1));
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
    fit__record_add(&rec, "seed", "%llu", (unsigned long long)fit__session.orders.seed);
    fit__record_send(&rec);
}

void fit__random_sweep(const struct fit__test *test, void *state, unsigned from, unsigned to)
{
    const struct fit__orders *o = &fit__session.orders;
    unsigned runs = 0;
    for (unsigned run = from; run < to; run++) {
        uint64_t number = FIT_RANDOM_FROM + run;
        if (!fit__run_in_shard(run)) continue;
        runs++;
        if (fit__number_done(number) || !fit__free_fork(number)) continue;
        plan(run);
        fit__run_prepare(FIT_RUN_BRANCH, test, answer);
        fit__watchdog_arm(o->cpu_ms, o->wall_ms);
        fit__run_in_child(test, state);
        fit__die();
    }
    fit__case_reap_all();
    if (to > from) send_count(test, from, runs);
}
