/* The calls of a run, as text: compared between the two runs without faults, shown by replay. */
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/trace.h"
#include "harness/explore/explore.h"

enum { LAST_CALLS = 400 };

enum { FAULT_TEXT = 64 };
struct call { fit_ns ns; unsigned turn; int fd; char kind[3], text[180], fault[FAULT_TEXT]; };

static struct {
    enum fit__run run;
    bool send_all;
    unsigned count;                      /* lines so far */
    struct call *last;                   /* ring of LAST_CALLS, for a case's evidence */
    bool diverged;
    char fault[FAULT_TEXT];              /* injected just now: the next line is where it shows */
} history;

static void send_call(const struct call *c)
{
    char memory[1024];
    struct fit__record r;
    fit__record_begin(&r, memory, sizeof memory, "call");
    if (fit__observes_only()) {
        fit__record_add(&r, "test", "%s.%s", fit__session.test->group, fit__session.test->name);
        fit__record_add(&r, "thread", "%u", fit__current->id);
    }
    fit__record_add(&r, "ns", "%lld", (long long)c->ns);
    fit__record_add(&r, "turn", "%u", c->turn);
    fit__record_add(&r, "mark", "%s", c->kind);
    fit__record_add(&r, "fd", "%d", c->fd);
    fit__record_add(&r, "text", "%s", c->text);
    if (c->fault[0]) fit__record_add(&r, "fault", "%s", c->fault);
    fit__record_send(&r);
}

static void remember_first(const char *line)
{
    struct fit__reference *r = fit__session.reference;
    if (r->line_count == r->line_capacity) return;
    r->lines[r->line_count++] = strcpy(fit__shared_take(strlen(line) + 1), line);
}

static void compare_second(const char *line)
{
    struct fit__reference *r = fit__session.reference;
    struct fit__divergence *d = &r->divergence;
    const char *first = history.count < r->line_count ? r->lines[history.count] : "end of the test";
    if (history.diverged || history.count >= r->line_capacity || !strcmp(first, line)) return;
    history.diverged = true;
    d->line = history.count + 1;
    d->ns = fit__now();
    snprintf(d->first, sizeof d->first, "%s", first);
    snprintf(d->second, sizeof d->second, "%s", line);
    d->depth = fit__stack(d->frames, FIT_STACK_MAX);
}

static void take(struct call *c, const char *kind, int fd, const char *text)
{
    c->ns = fit__now();
    c->turn = fit__session.turn;
    c->fd = fd;
    snprintf(c->kind, sizeof c->kind, "%s", kind);
    snprintf(c->text, sizeof c->text, "%s", text);
    c->fault[0] = 0;
}

/* What the world does has no call of its own to show it. */
static void on_injected(const struct fit__question *q, const struct fit__alternative *what)
{
    char text[FAULT_TEXT];
    if (!fit__what_print(text, sizeof text, what)) return;
    if (q->world)
        fit__trace(">>", -1, "%s%s%s: %s", q->point, q->object ? " " : "",
                   q->object ? q->object : "", text);
    else
        snprintf(history.fault, sizeof history.fault, "%s", text);
}

/* Other threads may say something before the call that suffers the fault has come to its end. */
static bool shows_fault(const char *kind)
{
    return history.fault[0] && strcmp(kind, "pe") && strcmp(kind, "op");
}

static void remember_case(const char *kind, int fd, const char *text)
{
    struct call *c = &history.last[history.count % LAST_CALLS];
    bool fault = shows_fault(kind);
    take(c, fault ? ">>" : kind, fd, text);
    if (fault) memcpy(c->fault, history.fault, sizeof c->fault);
    if (fault) history.fault[0] = 0;
    if (history.send_all) send_call(c);
}

static void on_line(const char *kind, int fd, const char *text)
{
    struct call call;
    char line[240];
    if (fit__observes_only()) {
        take(&call, kind, fd, text);
        send_call(&call);
    } else if (history.run == FIT_RUN_CASE) {
        remember_case(kind, fd, text);
    } else {
        snprintf(line, sizeof line, "%.200s @%lld", text, (long long)fit__now());
        if (history.run == FIT_RUN_FIRST) remember_first(line);
        else compare_second(line);
    }
    history.count++;
}

void fit__history_start(enum fit__run run, bool trace)
{
    bool compared = !fit__session.orders.real && (run == FIT_RUN_FIRST || run == FIT_RUN_SECOND);
    bool wanted = compared
               || (run == FIT_RUN_CASE && fit__session.orders.job == FIT_J_REPLAY);
    history.run = run;
    history.send_all = trace;
    history.count = 0;
    history.diverged = false;
    if (run == FIT_RUN_CASE && !history.last)
        history.last = fit__alloc(LAST_CALLS * sizeof *history.last);
    history.fault[0] = 0;
    fit__on_injected = run == FIT_RUN_CASE ? on_injected : NULL;
    fit__trace_listener = on_line;
    fit__tracing = wanted && fit__session.orders.job != FIT_J_AUDIT;
}

void fit__history_send(void)
{
    unsigned from = history.count > LAST_CALLS ? history.count - LAST_CALLS : 0;
    fit__tracing = false;
    if (!history.last || history.send_all) return;
    for (unsigned i = from; i < history.count; i++) send_call(&history.last[i % LAST_CALLS]);
}

/* The second run has ended: did the first go on? */
void fit__history_end_second(void)
{
    struct fit__reference *r = fit__session.reference;
    fit__tracing = false;
    if (history.diverged || history.count >= r->line_count) return;
    history.diverged = true;
    r->divergence.line = history.count + 1;
    r->divergence.ns = fit__now();
    snprintf(r->divergence.first, sizeof r->divergence.first, "%s", r->lines[history.count]);
    snprintf(r->divergence.second, sizeof r->divergence.second, "end of the test");
}
