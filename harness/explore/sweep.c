/* One test, swept: two runs without faults, then the trunk with a child for each case. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "fi/raw.h"
#include "fi/symbols.h"
#include "fi/trace.h"
#include "harness/explore/audit.h"
#include "harness/explore/record.h"
#include "harness/explore/explore.h"
#include "harness/judge/judge.h"
#include "harness/marks.h"
#include "harness/peers.h"

/* The reference run is judged by its end; it gets more time than a case. */
enum { REFERENCE_FACTOR = 5 };

/* An ordered case without its prefix, TEST or GROUP.TEST; NULL: it is another test's. */
static const char *without_test(const char *text)
{
    const struct fit__test *t = fit__session.test;
    size_t group = strlen(t->group), name = strlen(t->name);
    if (!strncmp(text, t->group, group) && text[group] == '.'
        && !strncmp(text + group + 1, t->name, name) && text[group + 1 + name] == ':')
        return text + group + 1 + name + 1;
    return !strncmp(text, t->name, name) && text[name] == ':' ? text + name + 1 : NULL;
}

bool fit__case_wanted(const struct fit__point *p, unsigned alternative)
{
    const struct fit__orders *o = &fit__session.orders;
    char name[FIT_CASE_MAX];
    if (!o->case_count) return fit__alternative_wanted(p, alternative);
    if (!fit__mode_wanted(fit__point_mode(p, alternative))) return false;
    fit__point_case(p, &p->alternatives[alternative], name, sizeof name);
    return fit__case_ordered(name);
}

/* Cases of several faults that were asked for by name, by their first. */
static struct {
    struct ordered { struct fit__case c; struct fit__point *point; unsigned alternative;
                     char name[FIT_CASE_MAX]; } *list;
    unsigned count;
} ordered;

static void read_ordered(const char *text)
{
    char error[2000];
    struct ordered *one;
    ordered.list = fit__resize(ordered.list, (ordered.count + 1) * sizeof *ordered.list);
    one = &ordered.list[ordered.count];
    if (fit__find_case(fit__session.reference, text, &one->c, &one->point, &one->alternative,
                       error, sizeof error))
        return;
    fit__case_print(one->name, sizeof one->name, &one->c);
    memmove(one->name, one->name + strlen("t:"), strlen(one->name) - strlen("t:") + 1);
    ordered.count++;
}

static void read_orders(void)
{
    const struct fit__orders *o = &fit__session.orders;
    ordered.count = 0;
    for (unsigned i = 0; i < o->case_count; i++) {
        const char *rest = without_test(o->cases[i]);
        if (rest && strchr(rest, ',')) read_ordered(rest);
    }
}

bool fit__several_fork(struct fit__point *p, unsigned alternative)
{
    unsigned place = 0;
    for (unsigned i = 0; i < ordered.count; i++) {
        const struct ordered *one = &ordered.list[i];
        uint64_t number;
        if (one->point != p || one->alternative != alternative) continue;
        number = fit__several_number(fit__case_number(p, alternative), place++);
        if (fit__number_done(number) || !fit__in_shard(p, alternative)
            || !fit__case_fork(p, alternative, one->name, number))
            continue;
        fit__case_follow(&one->c);
        return true;
    }
    return false;
}

static bool several_any(void)
{
    return ordered.count > 0;
}

/* ---- who answers questions in which run -------------------------------------------------- */

static int answer_first(struct fit__question *q)
{
    fit__session.questions++;
    fit__point_record(q);
    return -1;
}

bool fit__observes_only(void)
{
    return fit__session.orders.job >= FIT_J_AUDIT;
}

struct fit__point *fit__next_point(const struct fit__question *q)
{
    FIT_HOT static struct fit__point *next;
    struct fit__point *p = fit__session.questions ? next : fit__session.reference->points;
    if (!p || strcmp(p->name, q->point) || p->count != q->count) return NULL;
    next = p->next;
    fit__session.questions++;
    return p;
}

static int answer_trunk(struct fit__question *q)
{
    struct fit__point *p = fit__next_point(q);
    if (!p) {                            /* the third run is not like the first two */
        fit__session.reference->trunk_state = FIT_TEST_NONDETERMINISTIC;
        fit__chooser = fit__answer_nothing;
        return -1;
    }
    for (unsigned a = 0; a < p->count; a++) {
        unsigned number = fit__case_take(p, a);
        if (number && fit__case_fork(p, a, NULL, number)) {
            fit__case_enter(p, a);
            return (int)a;
        }
    }
    return -1;
}

static int answer_ordered(struct fit__question *q)
{
    struct fit__point *p = fit__next_point(q);
    for (unsigned a = 0; p && a < p->count; a++)
        if (fit__several_fork(p, a)) {
            q->alternatives[a].until_ms = p->alternatives[a].until_ms;
            fit__case_enter(p, a);
            return (int)a;
        }
    return -1;
}

/* A replay: the fault comes at its question, in this very process. */
static struct { const struct fit__point *point; unsigned alternative; } wanted;

static int answer_replay(struct fit__question *q)
{
    struct fit__point *p = fit__next_point(q);
    if (!p) {
        fit__send_error(FIT_X_NO_FIT, "the run took another way before the fault could be "
                        "injected: this program is not deterministic");
        fit__die();
    }
    if (p != wanted.point) return -1;
    q->alternatives[wanted.alternative].until_ms = p->alternatives[wanted.alternative].until_ms;
    fit__case_enter(p, wanted.alternative);
    return (int)wanted.alternative;
}

bool fit__replays_none(void)
{
    const struct fit__orders *o = &fit__session.orders;
    return o->job == FIT_J_REPLAY && !strcmp(o->cases[0], "none");
}

/* ---- the runs ---------------------------------------------------------------------------- */

void fit__run_prepare(enum fit__run run, const struct fit__test *test,
                      int (*chooser)(struct fit__question *))
{
    struct fit__session *s = &fit__session;
    s->run = run;
    s->test = test;
    s->questions = s->turn = 0;
    s->faults.count = 0;
    s->case_text = NULL;
    fit__chooser = chooser;
    fit__modes_update();
    fit__history_start(run, s->orders.trace);
}

static int (*trunk_answers)(struct fit__question *);

static void prepare(enum fit__run run, const struct fit__test *test)
{
    fit__run_prepare(run, test, fit__observes_only() ? fit__answer_nothing
        : run == FIT_RUN_FIRST ? answer_first
        : run == FIT_RUN_SECOND ? fit__session.orders.real ? fit__rerun_second : fit__answer_nothing
        : run == FIT_RUN_TRUNK ? trunk_answers : answer_replay);
}

void fit__run_in_child(const struct fit__test *test, void *group_state)
{
    static void *state;                  /* outlives this frame: see fit__on_body_returned */
    state = group_state ? group_state : test->initial_state;
    fit__test_run(test, &state);
    fit__die();
}

static void run_once(enum fit__run run, const struct fit__test *test, void *state)
{
    bool in_child;
    struct fit__reference *r = fit__session.reference;
    const struct fit__orders *o = &fit__session.orders;
    unsigned wall = run == FIT_RUN_TRUNK ? 0 : o->wall_ms * REFERENCE_FACTOR;
    int status = fit__snapshot_and_wait(wall, &in_child);
    fit__reference_grown();
    if (in_child) {
        if (run == FIT_RUN_FIRST) fit__output_capture();
        prepare(run, test);
        if (run == FIT_RUN_FIRST) r->pid = (int)fit__raw(SYS_getpid);
        if (run != FIT_RUN_TRUNK)
            fit__watchdog_arm(o->cpu_ms * REFERENCE_FACTOR, wall);
        if (o->job == FIT_J_AUDIT) fit__audit_start();
        fit__run_in_child(test, state);
    }
    if (run == FIT_RUN_FIRST && r->state == FIT_TEST_DIED && !r->text[0])
        snprintf(r->text, sizeof r->text, "the program ended in the middle of the test: %s",
                 WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it exited");
}

static const char *state_word(enum fit__test_state state)
{
    switch (state) {
    case FIT_TEST_READY: return "ready";
    case FIT_TEST_UNSUPPORTED: return "unsupported";
    case FIT_TEST_NONDETERMINISTIC: return "nondeterministic";
    case FIT_TEST_SKIPPED: return "skipped";
    default: return "broken-test";
    }
}

/* The first difference, the two runs side by side. */
static void send_divergence(struct fit__record *rec, const struct fit__divergence *d)
{
    fit__record_add(rec, "text", "call %u, %lld.%06lld s\n  run 1   %s\n  run 2   %s", d->line,
                    (long long)(d->ns / FIT_S), (long long)(d->ns % FIT_S / 1000), d->first,
                    d->second);
    fit__record_stack(rec, "stack", d->frames, d->depth);
}

static void send_test(const struct fit__test *test, const struct fit__reference *r)
{
    static char memory[16384];
    struct fit__record rec;
    enum fit__test_state state = r->state;
    if (state == FIT_TEST_READY && r->divergence.line && !fit__session.orders.real)
        state = FIT_TEST_NONDETERMINISTIC;
    fit__record_begin(&rec, memory, sizeof memory, "test");
    fit__record_add(&rec, "test", "%s.%s", test->group, test->name);
    fit__record_add(&rec, "contract", "%s", test->strict ? "strict" : "old");
    fit__record_add(&rec, "state", "%s",
                    state == FIT_TEST_READY && !r->points && !fit__observes_only()
                    ? "no-calls" : state_word(state));
    if (r->text[0] && state != FIT_TEST_READY) fit__record_add(&rec, "text", "%s", r->text);
    if (state == FIT_TEST_NONDETERMINISTIC) send_divergence(&rec, &r->divergence);
    else fit__record_stack(&rec, "stack", r->frames, r->depth);
    fit__record_add(&rec, "virtual_ns", "%lld", (long long)r->ns);
    fit__record_add(&rec, "points", "%u", r->questions);
    fit__record_add(&rec, "cancel_places", "%u", r->cancel_places);
    fit__record_add(&rec, "setup_points", "%u", r->setup_questions);
    if (r->random) fit__record_add(&rec, "random", "%u", r->random);
    fit__record_send(&rec);
}

/* What is no finding, but who wrote the test should know: that an operation fails without any
 * fault (a test may be about failing), and limits of ours that were reached. */
static void send_notes(const struct fit__test *test, const struct fit__reference *r)
{
    for (unsigned i = 0; i < r->op_count; i++)
        if (r->ops[i].state == FIT_OP_FAILED)
            fit__send_note("%s.%s: %s fails in the run without faults, with %d", test->group,
                           test->name, r->ops[i].name, r->ops[i].code);
    if (r->line_count == r->line_capacity)
        fit__send_note("%s.%s: only its first %u calls were compared between the two runs without "
                       "faults", test->group, test->name, r->line_capacity);
    if (r->left_count == FIT_LEFT_MAX)
        fit__send_note("%s.%s: leaves memory of more than %d places behind without any fault; "
                       "leaks at further places are not told apart", test->group, test->name,
                       FIT_LEFT_MAX);
}

static void send_names(const struct fit__test *test, const struct fit__reference *r)
{
    char name[FIT_CASE_MAX], memory[2048];
    struct fit__record rec;
    for (struct fit__point *p = r->points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++) {
            if (!fit__case_take(p, a)) continue;
            fit__point_case(p, &p->alternatives[a], name, sizeof name);
            fit__record_begin(&rec, memory, sizeof memory, "named");
            fit__record_add(&rec, "test", "%s.%s", test->group, test->name);
            fit__record_add(&rec, "case", "%s", name);
            fit__record_add(&rec, "mode", "%s", fit__mode_name(fit__point_mode(p, a)));
            fit__record_send(&rec);
        }
}

/* The run without faults once more, for its calls: what is wrong in it is known. */
static void replay_none(const struct fit__test *test, void *state)
{
    bool here = fit__session.orders.debugger;
    if (!here) fit__snapshot_and_wait(0, &here);
    if (here) {
        if (!fit__session.orders.debugger) fit__output_capture();
        fit__run_prepare(FIT_RUN_CASE, test, fit__answer_nothing);
        fit__session.run = FIT_RUN_TRUNK;        /* there is no case to be judged */
        fit__run_in_child(test, state);
    }
    fit__judge_send_none(test, fit__session.reference);
}

static void replay(const struct fit__test *test, void *state)
{
    char error[2000];
    struct fit__point *point;
    struct fit__case c;
    const char *text = fit__session.orders.cases[0];
    bool here = fit__session.orders.debugger;
    int status = 0, rc;
    if (fit__replays_none()) {
        replay_none(test, state);
        return;
    }
    rc = fit__find_case(fit__session.reference, text, &c, &point, &wanted.alternative, error,
                        sizeof error);
    if (rc) {
        fit__send_error(rc == -EINVAL ? FIT_X_USAGE : FIT_X_NO_FIT, "%s", error);
        return;
    }
    wanted.point = point;
    fit__case_follow(&c);
    if (!here) status = fit__snapshot_and_wait(0, &here);
    if (here) {
        if (!fit__session.orders.debugger) fit__output_capture();
        if (fit__session.orders.real)
            fit__rerun_case(test, state, point, wanted.alternative);
        prepare(FIT_RUN_CASE, test);
        fit__session.run = FIT_RUN_TRUNK;        /* until the fault has come */
        fit__run_in_child(test, state);
    }
    fit__judge_forward(NULL, &(struct fit__step){ point, wanted.alternative }, text, 1, 0, status);
}

void fit__test_not_swept(const struct fit__test *test, const struct fit__finding *why)
{
    struct fit__reference *r = fit__reference_new();
    fit__reference_broken(r, why);
    send_test(test, r);
    fit__reference_drop(r);
}

static bool ready(const struct fit__reference *r)
{
    return r->state == FIT_TEST_READY && (!r->divergence.line || fit__session.orders.real);
}

/* Cases are missing if the run that they branch from was not like the two before it. */
static void check_trunk(const struct fit__test *test, const struct fit__reference *r)
{
    if (r->trunk_state == FIT_TEST_NONDETERMINISTIC)
        fit__send_error(FIT_X_NOTHING, "%s.%s is not deterministic: a third run made other calls "
                        "than the two before it, so not all of its cases were tried",
                        test->group, test->name);
    if (r->trunk_state == FIT_TEST_DIED)
        fit__send_error(FIT_X_INTERNAL, "%s.%s: the run that cases branch from ended in the middle "
                        "of the test", test->group, test->name);
}

void fit__trunk_run(const struct fit__test *test, void *state,
                    int (*answers)(struct fit__question *))
{
    trunk_answers = answers;
    fit__session.reference->trunk_state = FIT_TEST_DIED;
    run_once(FIT_RUN_TRUNK, test, state);
    check_trunk(test, fit__session.reference);
}

/* As if all pairs that it has room for had been tried: then it is the same in all shards. */
static unsigned left_of_budget(void)
{
    unsigned left = fit__budget_left();
    return left == UINT_MAX ? 0 : left - fit__pairs_limit();
}

/* Up to which random run: of the command line, or else of the test, or what the budget leaves. */
static unsigned random_runs(void)
{
    const struct fit__orders *o = &fit__session.orders;
    const struct fit__reference *r = fit__session.reference;
    if (r->random_set && !o->random_given && !o->from) return r->random;
    return o->own ? 0 : o->fill ? left_of_budget() : o->random;
}

static void sweep_cases(const struct fit__test *test, void *state)
{
    const struct fit__orders *o = &fit__session.orders;
    const struct fit__reference *r = fit__session.reference;
    read_orders();
    if (o->real) {
        fit__rerun_cases(test, state);
        return;
    }
    fit__idle_move(r);
    if (o->random) {
        fit__random_sweep(test, state, o->from, random_runs());
        return;
    }
    fit__trunk_run(test, state, answer_trunk);
    if (several_any()) fit__trunk_run(test, state, answer_ordered);
    if (!o->case_count && !o->memcheck) fit__pairs_sweep(test, state);
}

int fit__sweep_test(const struct fit__test *test, void *state)
{
    struct fit__session *s = &fit__session;
    struct fit__reference *r = fit__reference_new();
    bool failed;
    s->reference = r;
    s->test = test;
    fit__marks_know(r);
    fit__watchdog_prepare();
    run_once(FIT_RUN_FIRST, test, state);
    if (r->state == FIT_TEST_READY && s->orders.job < FIT_J_REPLAY)
        run_once(FIT_RUN_SECOND, test, state);
    send_test(test, r);
    if (ready(r) && !fit__observes_only()) {
        fit__ahead_fill(r);
        send_notes(test, r);
        if (s->orders.real) fit__rerun_notes(test, r);
        fit__points_name(r);
        fit__selection_plan(test, r);
        if (s->orders.job == FIT_J_LIST) send_names(test, r);
        if (s->orders.job == FIT_J_RUN) {
            if (!s->orders.random) fit__judge_send_findings(test, r);
            sweep_cases(test, state);
            if (!s->orders.random) {     /* they have been sent before */
                fit__marks_send(test, r);
                fit__rules_send(test, r);
            }
        }
        if (s->orders.job == FIT_J_REPLAY) replay(test, state);
    }
    failed = !ready(r);
    fit__reference_drop(r);
    s->reference = NULL;
    s->test = NULL;
    return failed;
}

void fit__finding_make(struct fit__finding *f, const char *verdict, const char *site,
                       const char *format, ...)
{
    va_list args;
    memset(f, 0, sizeof *f);
    f->fd = -1;
    f->ns = fit__now();
    snprintf(f->verdict, sizeof f->verdict, "%s", verdict);
    snprintf(f->site, sizeof f->site, "%s", site);
    va_start(args, format);
    vsnprintf(f->symptom, sizeof f->symptom, format, args);
    va_end(args);
}
