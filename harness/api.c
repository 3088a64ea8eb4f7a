/* The rest of faulttest.h and point.h: what is neither a peer nor an operation. */
#include "harness/api.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fi/allocate.h"
#include "fi/arena.h"
#include "fi/export.h"
#include "fi/fault.h"
#include "fi/guard.h"
#include "fi/raw.h"
#include "fi/stack.h"
#include "fi/symbols.h"
#include "fi/trace.h"
#include "harness/explore/explore.h"
#include "harness/explore/record.h"
#include "harness/faulttest.h"
#include "harness/group.h"
#include "harness/judge/judge.h"
#include "harness/loops/loops.h"
#include "harness/peers.h"

/* point.h is for product code, whose macros we implement here. */
FIT_EXPORT int fit__point(const char *name, const int *codes, unsigned count);
FIT_EXPORT int fit__raise(const char *name);
FIT_EXPORT void fit__cancel_point(void);

void fit__api_enter(const char *function, const void *caller)
{
    struct fit__symbol s;
    if (fit__active) {
        fit__enter();
        return;
    }
    fprintf(stderr, "faulttest: %s() was called by %s outside a test: call it while a test of a "
            "fit_run_group_tests() group, its setup or its teardown runs\n", function,
            fit__symbol_of(caller, &s) && s.function ? s.function : "?");
    exit(FIT_X_USAGE);
}

void fit__api_leave(void)
{
    fit__leave();
}

/* ---- running ----------------------------------------------------------------------------- */

/* An old suite whose teardown waits for its own server, which nobody asked anything after the
 * fault: the test hangs, not what it tests. */
static const char *hang_word(void)
{
    static const char peer[] = "end of peer";
    bool own = fit__current->id == 0 && fit__current->waiting_for
            && !strncmp(fit__current->waiting_for, peer, strlen(peer));
    return own && !fit__session.in_body && !strcmp(fit__assertion_word(), "noticed") ? "noticed"
                                                                                     : "hang";
}

static void on_deadlock(void)
{
    struct fit__finding f;
    char waiting[200], ops[200], threads[FIT_SYMPTOM_MAX - 300], chain[200], site[200];
    fit__ops_waiting_text(waiting, sizeof waiting);
    fit__ops_waiting_site(ops, sizeof ops);
    fit__deadlock_text(threads, sizeof threads, chain, sizeof chain);
    snprintf(site, sizeof site, "%.90s/%.90s", ops, chain);
    fit__finding_make(&f, hang_word(), site, "nothing can run and no timer is set, at "
                      "%lld.%03lld s; %s%s%s%s", (long long)(fit__now() / FIT_S),
                      (long long)(fit__now() % FIT_S / FIT_MS), threads,
                      waiting[0] ? "; no outcome yet for " : "", waiting,
                      fit__shutdown_is_due()
                          ? "; fit_on_shutdown() is due, but no loop came to its next turn "
                            "(FAULT_CANCEL_POINT() marks a turn of your own loop)" : "");
    f.depth = fit__deadlock_stack(f.frames);
    fit__end_finding(&f);
}

static void on_busy(const char *text)
{
    struct fit__finding f;
    char site[160];
    fit__finding_make(&f, "busy-loop", "", "%s, in {symptom}", text);
    f.depth = fit__stack(f.frames, FIT_STACK_MAX);
    fit__chain_of(f.frames, f.depth, NULL, site, sizeof site);
    snprintf(f.site, sizeof f.site, "%s", site);
    fit__end_finding(&f);
}

static void on_time_limit(void)
{
    struct fit__finding f;
    char waiting[200], ops[200];
    fit__ops_waiting_text(waiting, sizeof waiting);
    fit__ops_waiting_site(ops, sizeof ops);
    fit__finding_make(&f, "hang", ops, "still going on after %lld s of virtual time%s%s",
                      (long long)(fit__now() / FIT_S),
                      waiting[0] ? "; no outcome yet for " : "", waiting);
    fit__end_finding(&f);
}

static void on_unsupported(const char *function, const void *caller, const char *advice)
{
    struct fit__finding f;
    (void)caller;                        /* the stack says it, with those who called the caller */
    fit__finding_make(&f, "unsupported", function, "%s is not simulated%s%s", function,
                      advice ? ": " : "", advice ? advice : "");
    f.depth = fit__stack(f.frames, FIT_STACK_MAX);
    fit__end_finding(&f);
}

void fit__in_world(void (*body)(void *))
{
    static bool made;
    int rc;
    fit__stack_warm_up();
    fit__engine_start();
    fit__loops_load();
    if (!made) fit__rehearse();
    rc = made ? 0 : fit__world_new();
    made = true;
    if (rc) {
        const char *why = rc == -EBUSY ? "this program already runs more than one thread: start "
                          "threads in the setup of the group or of a test, not before"
                        : strerror(-rc);
        if (fit__session.orders.job != FIT_J_PLAIN)
            fit__send_error(FIT_X_USAGE, "the tests cannot start: %s", why);
        else fprintf(stderr, "faulttest: the tests cannot start: %s\n", why);
        exit(FIT_X_USAGE);
    }
    fit__on_deadlock = on_deadlock;
    fit__on_busy = on_busy;
    fit__on_time_limit = on_time_limit;
    fit__on_unsupported = on_unsupported;
    fit__time_limit = 4 * 3600 * FIT_S;
    fit__world_run(body, NULL);
}

static struct { void (*test)(void *); void *arg; struct fit__test as_test; void *state;
                int failed; } single;

static void single_body(void **state)
{
    (void)state;
    single.test(single.arg);
}

static void run_single(void *unused)
{
    (void)unused;
    fit__enter();
    if (fit__session.orders.job != FIT_J_PLAIN) {
        single.failed = fit__sweep_test(&single.as_test, NULL);
    } else {
        fit__test_run(&single.as_test, &single.state);
        fit__test_leave();
    }
    fit__leave();
}

FIT_EXPORT int fit_run(const char *name, void (*test)(void *arg), void *arg)
{
    const char *own = program_invocation_short_name;
    fit__session_start();
    single.test = test;
    single.arg = arg;
    single.failed = 0;
    single.as_test = (struct fit__test){
        .group = !strncmp(own, "test_", 5) ? own + 5 : own, .name = name, .strict = true,
        .body = single_body
    };
    if (fit__test_selected(&single.as_test)) fit__in_world(run_single);
    return single.failed;
}

/* ---- failing ----------------------------------------------------------------------------- */

FIT_EXPORT void fit__fail(const char *file, int line, const char *format, ...)
{
    struct fit__finding f;
    void (*fail)(const char *, int) = (void (*)(const char *, int))dlsym(RTLD_DEFAULT, "_fail");
    char text[300], site[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (fit__active && (fit__session.run != FIT_RUN_PLAIN || !dlsym(RTLD_NEXT, "_fail"))) {
        fit__guard->inside++;
        snprintf(site, sizeof site, "%s:%d", file, line);
        fit__finding_make(&f, "assertion", site, "%s:%d: %s, in {symptom}", file, line, text);
        f.depth = fit__stack(f.frames, FIT_STACK_MAX);
        fit__end_finding(&f);
    }
    fprintf(stderr, "%s:%d: %s\n", file, line, text);
    if (fit__active) fit__guard->inside = 0;     /* CMocka's longjmp leaves our frames */
    if (fit__active && fail) fail(file, line);
    exit(1);
}

/* ---- off and on --------------------------------------------------------------------------- */

FIT_EXPORT void fit_faults_off(void)
{
    fit__api_enter("fit_faults_off", __builtin_return_address(0));
    if (!fit__faults_off++) {
        fit__faults_lift();
        fit__memory_again();
    }
    fit__session.faults_off_by = fit__current;
    fit__api_leave();
}

FIT_EXPORT void fit_faults_on(void)
{
    fit__api_enter("fit_faults_on", __builtin_return_address(0));
    if (!fit__faults_off) fit__fail(__FILE__, __LINE__, "fit_faults_on without fit_faults_off");
    if (!--fit__faults_off) fit__session.faults_off_by = NULL;
    fit__api_leave();
}

FIT_EXPORT const char *fit_fault(void)
{
    const char *text;
    fit__api_enter("fit_fault", __builtin_return_address(0));
    text = fit__session.case_text;
    fit__api_leave();
    return text;
}

/* ---- what product code calls (fi/point.h) ------------------------------------------------ */

int fit__point(const char *name, const int *codes, unsigned count)
{
    struct fit__question q = { .point = "point", .at = name };
    const struct fit__alternative *given;
    if (fit__passes() || fit__guard->exempt) return 0;
    fit__enter();
    for (unsigned i = 0; i < count && i < FIT_ALTERNATIVES_MAX; i++)
        fit__offer(&q, FIT_CALLBACK, FIT_W_ERROR, FIT_S_ERRNO, codes[i], FIT_U_ONCE);
    if (!count) fit__offer(&q, FIT_CALLBACK, FIT_W_ERROR, FIT_S_NUMBER, 1, FIT_U_ONCE);
    given = fit__choose(&q);
    fit__trace("  ", -1, "point(%s) = %lld", name, given ? (long long)given->value : 0);
    fit__leave();
    return given ? (int)given->value : 0;
}

int fit__raise(const char *name)
{
    struct fit__question q = { .point = "raise", .at = name };
    bool raised;
    if (fit__passes() || fit__guard->exempt) return 0;
    fit__enter();
    fit__offer(&q, FIT_CALLBACK, FIT_W_NONE, FIT_S_ERRNO, 0, FIT_U_ONCE);
    raised = fit__choose(&q) != NULL;
    if (raised) fit__trace(">>", -1, "raise(%s)", name);
    fit__leave();
    return raised;
}

void fit__cancel_point(void)
{
    fit__turn();
}
