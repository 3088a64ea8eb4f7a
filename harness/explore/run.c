/* One run of one test, from setup to teardown, and how it ends in each role. */
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "fi/fault.h"
#include "fi/guard.h"
#include "fi/process.h"
#include "fi/raw.h"
#include "fi/trace.h"
#include "fi/wrap.h"
#include "harness/explore/coverage.h"
#include "harness/explore/explore.h"
#include "harness/explore/record.h"
#include "harness/judge/judge.h"
#include "harness/loops/loops.h"
#include "harness/peers.h"

enum { DRAIN_ROUNDS = 200 };
#define DRAIN_LIMIT (3600 * FIT_S)
#define DRAIN_REAL FIT_S             /* where waiting takes its time */

/* Threads that the code under test has left behind and that will still do something: a resolver
 * that waits for its answer gives its memory back by itself, and is no leak. */
static void let_threads_end(void)
{
    fit_ns limit = fit__now() + (fit__session.orders.real ? DRAIN_REAL : DRAIN_LIMIT);
    for (unsigned round = 0; round < DRAIN_ROUNDS; round++) {
        fit_ns soonest = FIT_NEVER;
        struct fit__thread *t;
        fit__yield();
        for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
            if (t->service && t->id && t->state == FIT_T_BLOCKED && t->deadline.slot >= 0
                && t->deadline.due < soonest)
                soonest = t->deadline.due;
        if (soonest == FIT_NEVER || soonest > limit) return;
        fit__kernel->sleep(soonest > fit__now() ? soonest - fit__now() : 1);
    }
}

/* The test is over: nothing goes wrong any more, and the run that cases branch from, which does not
 * come here, must not miss a question. */
static void drain(void)
{
    fit__faults_off++;
    let_threads_end();
    fit__faults_off--;
}

static void end_first(void)
{
    struct fit__reference *r = fit__session.reference;
    drain();
    fit__tracing = false;
    if (fit__session.orders.job < FIT_J_AUDIT) fit__judge_reference(r);
    r->ns = fit__now();
    r->ended = fit__slow_end();
    r->turns = fit__session.turn;
    r->calls = fit__calls_begun;
    r->named = fit__named;
    r->state = FIT_TEST_READY;
    fit__ahead_note(r);
    fit__idle_note(r);
    if (fit__session.orders.job == FIT_J_RUN) fit__coverage_dump("none");
    fit__die();
}

static void end_trunk(void)
{
    struct fit__reference *r = fit__session.reference;
    if (fit__replays_none()) {
        fit__history_send();
        fit__die();
    }
    if (fit__session.orders.real) fit__rerun_not_fired(NULL);
    fit__case_reap_all();
    if (r->trunk_state == FIT_TEST_DIED)
        r->trunk_state = fit__session.questions == r->questions ? FIT_TEST_READY
                                                                : FIT_TEST_NONDETERMINISTIC;
    if (fit__session.orders.job == FIT_J_REPLAY)
        fit__send_error(FIT_X_NO_FIT, "the run ended before the fault could be injected: this "
                        "program is not deterministic");
    fit__die();
}

static void __attribute__((noreturn)) leave_case(void)
{
    const struct fit__steps *s = &fit__session.faults;
    fit__coverage_dump(s->count > 1 ? "several" : fit__mode_name(
                           fit__point_mode(s->list[0].point, s->list[0].alternative)));
    fit__die();
}

/* A case of several faults that has not met all of them is another case. */
static void check_steps(const struct fit__finding *ended)
{
    static char why[2000];
    if (!fit__step_missing(ended, why, sizeof why)) return;
    if (fit__session.orders.job == FIT_J_REPLAY) {
        fit__send_error(FIT_X_NO_FIT, "%s", why);
        fit__die();
    }
    fit__not_fired(why);
    fit__judge_case();
    leave_case();
}

static void end_case(void)
{
    check_steps(NULL);
    drain();
    fit__judge_case();
    leave_case();
}

void fit__run_end(void)
{
    fit__slow_ended();
    switch (fit__session.run) {
    case FIT_RUN_PLAIN: return;
    case FIT_RUN_FIRST: end_first(); break;
    case FIT_RUN_SECOND:
        drain();
        if (fit__session.orders.real) fit__rerun_second_ended();
        else fit__history_end_second();
        fit__die();
    case FIT_RUN_TRUNK: end_trunk(); break;
    case FIT_RUN_CASE: end_case(); break;
    case FIT_RUN_BRANCH: fit__die();
    }
}

/* In a plain run a call that is not simulated fails its test, and the others still run. Whatever
 * else ends a run early may have happened in the middle of a wait, where CMocka's longjmp would
 * leave the scheduler's queues in pieces: it ends the program. */
static void __attribute__((noreturn)) end_plain(const struct fit__finding *f)
{
    void (*fail)(const char *, int) = (void (*)(const char *, int))dlsym(RTLD_DEFAULT, "_fail");
    bool unsupported = !strcmp(f->verdict, "unsupported");
    const char *mark = strstr(f->symptom, "{symptom}");
    const char *rest = mark ? mark + strlen("{symptom}") : "";
    char text[1000], chain[300];
    int n;
    fit__chain_of(f->frames, f->depth, NULL, chain, sizeof chain);
    n = snprintf(text, sizeof text,
                 "faulttest: %s: %.*s%.*s%s%s%s (at %lld.%06lld s of virtual time)\n", f->verdict,
                 mark ? (int)(mark - f->symptom) : (int)sizeof f->symptom, f->symptom,
                 mark ? (int)strcspn(chain, "/") : 0, chain, rest,
                 *chain ? "; called by " : "", chain,
                 (long long)(f->ns / FIT_S), (long long)(f->ns % FIT_S / 1000));
    fit__raw(SYS_write, 2, text, (size_t)n);
    if (unsupported && fit__current->id == 0 && dlsym(RTLD_NEXT, "_fail")) {
        fit__guard->inside = 0;
        fail(__FILE__, __LINE__);
    }
    fit__raw(SYS_exit_group, unsupported ? FIT_X_UNSUPPORTED : FIT_X_FINDINGS);
    __builtin_unreachable();
}

void fit__reference_broken(struct fit__reference *r, const struct fit__finding *f)
{
    r->state = !strcmp(f->verdict, "unsupported") ? FIT_TEST_UNSUPPORTED
             : !strcmp(f->verdict, "skipped") ? FIT_TEST_SKIPPED : FIT_TEST_BROKEN;
    snprintf(r->text, sizeof r->text, "%s%s%s",
             r->state == FIT_TEST_BROKEN && strcmp(f->verdict, "assertion") ? f->verdict : "",
             r->state == FIT_TEST_BROKEN && strcmp(f->verdict, "assertion") ? ": " : "",
             f->symptom);
    memcpy(r->frames, f->frames, sizeof r->frames);
    r->depth = f->depth;
    r->ns = fit__now();
}

void fit__end_finding(const struct fit__finding *finding)
{
    fit__tracing = false;
    switch (fit__session.run) {
    case FIT_RUN_PLAIN:
        if (fit__session.early) *fit__session.early = *finding;
        end_plain(finding);
    case FIT_RUN_FIRST: fit__reference_broken(fit__session.reference, finding); break;
    case FIT_RUN_SECOND:
        if (fit__session.orders.real) {
            fit__reference_broken(fit__session.reference, finding);
            break;
        }
        fit__session.reference->divergence.line = 1;
        snprintf(fit__session.reference->divergence.second,
                 sizeof fit__session.reference->divergence.second, "%s", finding->symptom);
        break;
    case FIT_RUN_TRUNK:
        if (fit__session.orders.real) fit__rerun_not_fired(finding);
        fit__session.reference->trunk_state = FIT_TEST_BROKEN;
        fit__case_reap_all();
        fit__send_error(FIT_X_INTERNAL, "the run that cases branch from ended otherwise than the "
                        "runs before it: %s: %s", finding->verdict, finding->symptom);
        break;
    case FIT_RUN_CASE:
        check_steps(finding);
        fit__judge_early(finding);
        leave_case();
    case FIT_RUN_BRANCH: break;
    }
    fit__die();
}

/* ---- exceptions ------------------------------------------------------------------------------ */

/* An exception must end in a guard inside the callback: no library can stand being left (libcurl's
 * handles can never be freed after that). What would follow says nothing about the service. */
static void on_callback_left(const char *type)
{
    struct fit__finding f;
    const struct fit__point *p = fit__last_fault();
    if (fit__session.run != FIT_RUN_CASE || strcmp(p->name, "raise")) return;
    fit__enter();
    fit__finding_make(&f, "broken-test", type, "the exception raised at %s left %s through a frame "
                      "of the library: put the guard inside the callback", p->at, type);
    fit__end_finding(&f);
}

/* In an old suite what fails after a fault only means that the test noticed; but another order is
 * no fault. In a setup it is so in each suite: that it fails is how it tells of the fault. */
const char *fit__assertion_word(void)
{
    const struct fit__session *s = &fit__session;
    bool may = s->run == FIT_RUN_CASE && (!s->test->strict || s->in_setup);
    return may && !fit__ops_nothing_failed() ? "noticed" : "assertion";
}

static int call_fixture(int (*function)(void **), void **state)
{
    int rc;
    fit__leave();
    rc = function(state);
    fit__enter();
    return rc;
}

static void __attribute__((noreturn)) fixture_failed(const char *what, int rc)
{
    struct fit__finding f;
    fit__finding_make(&f, fit__assertion_word(), what, "%s returned %d", what, rc);
    fit__end_finding(&f);
}

void (*fit__on_body_returned)(void);

static struct { const struct fit__test *test; void **state; } running;

void fit__test_finish(void)
{
    int rc;
    if (running.test->teardown && (rc = call_fixture(running.test->teardown, running.state)))
        fixture_failed("teardown", rc);
    fit__clients_wait();
    fit__faults_off = 0;
    fit__run_end();
}

/* A child that came back from the test, instead of ending where it had done its work. */
static void __attribute__((noreturn)) end_forked(void)
{
    static const char text[] = "faulttest: a child that was forked returned from the test\n";
    fit__raw(SYS_write, 2, text, sizeof text - 1);
    fit__raw(SYS_exit_group, 1);
    __builtin_unreachable();
}

/* Without --include-setup nothing goes wrong in it, but in each run it is counted what could have:
 * to ask takes its time. */
static void run_setup(const struct fit__test *test, void **state)
{
    int rc;
    fit__session.in_setup = true;
    fit__counting = !fit__session.orders.setup;
    if (test->setup && (rc = call_fixture(test->setup, state))) fixture_failed("setup", rc);
    if (fit__session.run == FIT_RUN_FIRST) fit__session.reference->setup_questions = fit__unasked;
    fit__counting = false;
    fit__faults_off = 0;
    fit__session.in_setup = false;
}

void fit__test_run(const struct fit__test *test, void **state)
{
    running.test = test;
    running.state = state;
    fit__session.loop_thread = NULL;
    fit__judge_start();
    fit__side_start();
    fit__cancel_start();
    fit__on_callback_left = on_callback_left;
    if (fit__session.run == FIT_RUN_TRUNK) fit__judge_warm_up();
    run_setup(test, state);
    fit__session.in_body = true;
    fit__leave();
    test->body(state);
    if (fit__forked) end_forked();
    fit__enter();
    /* A service that was told to stop early may leave clients in its listener's queue: they learn
     * of it when the teardown closes that. */
    if (!fit__ops_were_cancelled()) fit__clients_wait();
    fit__session.in_body = false;
    fit__faults_off = 1;
    fit__faults_lift();                      /* teardown needs room, too */
    if (fit__on_body_returned && !fit__observes_only()) fit__on_body_returned();
    fit__test_finish();
}

/* In a plain run the next test follows in the same process. */
void fit__test_leave(void)
{
    fit__memory_stop();
    fit__side_drop();
    fit__session.in_body = false;
    fit__faults_off = 0;
}
