/* Cases over the real kernel. A connection to a real server cannot be copied with the process, so
 * each case is a run of the whole test, and its question is found by name: real runs differ in
 * order, and in how often they ask. */
#include <stdio.h>
#include <string.h>

#include "harness/explore/explore.h"
#include "harness/judge/judge.h"

static struct {
    const struct fit__point *point;
    unsigned alternative;
    unsigned met;                        /* questions at its place so far */
    bool came;                           /* its question did, but not with this answer */
} wanted;

/* ---- the second run without faults ------------------------------------------------------- */

static const char *text_of(const char *point, const char *on, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", point, on ? " on " : "", on ? on : "");
    return out;
}

static struct fit__point *next;          /* of the first run's questions, in the second */

int fit__rerun_second(struct fit__question *q)
{
    struct fit__reference *r = fit__session.reference;
    struct fit__divergence *d = &r->divergence;
    struct fit__point *p = fit__session.questions++ ? next : r->points;
    next = p ? p->next : NULL;
    if (d->line) return -1;
    text_of(q->point, q->object, d->second, sizeof d->second);
    if (p) text_of(p->name, p->on, d->first, sizeof d->first);
    else snprintf(d->first, sizeof d->first, "end of the test");
    if (strcmp(d->first, d->second)) d->line = fit__session.questions;
    return -1;
}

void fit__rerun_second_ended(void)
{
    struct fit__reference *r = fit__session.reference;
    struct fit__divergence *d = &r->divergence;
    if (d->line || fit__session.questions >= r->questions) return;
    if (!fit__session.questions) next = r->points;
    d->line = fit__session.questions + 1;
    text_of(next->name, next->on, d->first, sizeof d->first);
    snprintf(d->second, sizeof d->second, "end of the test");
}

void fit__rerun_notes(const struct fit__test *test, const struct fit__reference *r)
{
    static bool said;
    const struct fit__divergence *d = &r->divergence;
    if (!said)
        fit__send_note("not tried over the real kernel: a server that never answers or falls "
                       "silent, timers before data, names that nobody resolves; resets and an "
                       "early end of AF_UNIX and UDP sockets; short counts and EAGAIN where epoll "
                       "watches with EPOLLET");
    said = true;
    if (!d->line) return;
    fit__send_note("%s.%s: two runs over the real kernel do not ask the same: question %u was %s, "
                   "then %s; a case whose question does not come is not-fired", test->group,
                   test->name, d->line, d->first, d->second);
}

/* ---- one case ---------------------------------------------------------------------------- */

static bool same_answer(const struct fit__alternative *a, const struct fit__alternative *b)
{
    return a->mode == b->mode && a->what == b->what && a->space == b->space
        && a->until == b->until && a->value == b->value;
}

static int answer(struct fit__question *q)
{
    const struct fit__point *p = wanted.point;
    fit__session.questions++;
    if (wanted.came || !fit__question_at(q, p) || ++wanted.met != p->when) return -1;
    wanted.came = true;
    for (unsigned a = 0; a < q->count; a++)
        if (same_answer(&q->alternatives[a], &p->alternatives[wanted.alternative])) {
            q->alternatives[a].until_ms = p->alternatives[wanted.alternative].until_ms;
            fit__case_enter(p, wanted.alternative);
            return (int)a;
        }
    return -1;
}

void fit__rerun_case(const struct fit__test *test, void *state, const struct fit__point *point,
                     unsigned alternative)
{
    wanted.point = point;
    wanted.alternative = alternative;
    fit__run_prepare(FIT_RUN_CASE, test, answer);
    fit__session.run = FIT_RUN_TRUNK;    /* until the fault has come */
    fit__watchdog_case(true);
    fit__run_in_child(test, state);
    fit__die();
}

void fit__rerun_not_fired(const struct fit__finding *why)
{
    static char text[FIT_SYMPTOM_MAX + 200];
    if (why)
        snprintf(text, sizeof text, "the test ended before its question came: %s: %s",
                 why->verdict, why->symptom);
    else if (wanted.came)
        snprintf(text, sizeof text, "its question came, but in this run of the test that could "
                 "not go wrong there");
    else
        snprintf(text, sizeof text, "its question did not come in this run of the test");
    fit__case_enter(wanted.point, wanted.alternative);
    fit__not_fired(text);
    fit__judge_case();
    fit__die();
}

void fit__rerun_cases(const struct fit__test *test, void *state)
{
    struct fit__point *const points = fit__session.reference->points;
    for (struct fit__point *p = points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++) {
            unsigned number = fit__case_take(p, a);
            if (number && fit__case_fork(p, a, NULL, number)) fit__rerun_case(test, state, p, a);
        }
    for (struct fit__point *p = points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++)
            if (fit__several_fork(p, a)) fit__rerun_case(test, state, p, a);
    fit__case_reap_all();
}
