/* A CMocka group taken over. cmocka_run_group_tests() is a macro over an exported function, and a
 * failing assertion calls the exported _fail(): definitions of ours come first. Nothing here
 * needs CMocka to build; a program without it never calls these functions.
 *
 * A sweep needs CMocka's own runner around it (its mock queues, its longjmp target), so the
 * group that CMocka gets to see has one test: the sweep of all tests of the real group. */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/choice.h"
#include "fi/export.h"
#include "fi/process.h"
#include "fi/raw.h"
#include "fi/stack.h"
#include "harness/api.h"
#include "harness/explore/explore.h"
#include "harness/explore/record.h"
#include "harness/faulttest.h"
#include "harness/group.h"

/* CMocka's, the same in 1.1 and 2. */
struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    int (*setup_func)(void **state);
    int (*teardown_func)(void **state);
    void *initial_state;
};

enum { GROUPS_MAX = 256 };

typedef int runner(const char *, const struct CMUnitTest *, size_t, int (*)(void **),
                   int (*)(void **));

static struct {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
    int (*setup)(void **), (*teardown)(void **);
    bool strict;
    void *state;                         /* as the group's setup left it */
    int failed;
    bool assertion;                      /* one failed; CMocka is about to say which */
    bool returned;                       /* in a snapshot: the body did; CMocka looks at mocks */
    jmp_buf out;                         /* of the sweep, back to CMocka */
    bool begun;                          /* the sweep: the group's setup is done */
    struct fit__finding finding;
} group;

static runner *real_runner(void)
{
    static runner *real;
    void *cmocka;
    if (!real) real = (runner *)dlsym(RTLD_NEXT, "_cmocka_run_group_tests");
    /* A program without a single assert_*() refers to nothing in CMocka, and a linker that was
     * told --as-needed (Debian's is) leaves it out. */
    if (!real && (cmocka = dlopen("libcmocka.so.0", RTLD_NOW | RTLD_GLOBAL)) != NULL)
        real = (runner *)dlsym(cmocka, "_cmocka_run_group_tests");
    if (real) return real;
    fprintf(stderr, "faulttest: fit_run_group_tests() needs CMocka as a shared library "
                    "(link with -lcmocka), and it was not found\n");
    exit(FIT_X_USAGE);
}

/* "tests" or "fault_tests" is what most groups are called; a program with one group is better
 * known by its own name. */
static const char *group_name(const char *given)
{
    const char *own = program_invocation_short_name;
    if (strcmp(given, "tests")) return given;
    return !strncmp(own, "test_", 5) && own[5] ? own + 5 : own;
}

/* Two groups of a program may have one name, and tests of one name: they are not the same. */
static const char *distinct_name(const char *name)
{
    static struct { const char *name; unsigned count; } seen[GROUPS_MAX];
    char other[200];
    unsigned i = 0;
    while (i < GROUPS_MAX && seen[i].name && strcmp(seen[i].name, name)) i++;
    if (i == GROUPS_MAX) return name;
    seen[i].name = name;
    if (++seen[i].count == 1) return name;
    snprintf(other, sizeof other, "%s-%u", name, seen[i].count);
    return fit__strdup(other);
}

/* One function may stand in several rows, with a state of its own in each: what happens in the
 * second is no result of the first. */
static const char *name_of(const struct CMUnitTest *t)
{
    char name[200];
    unsigned number = 1;
    for (const struct CMUnitTest *other = group.tests; other < t; other++)
        number += !strcmp(other->name, t->name);
    if (number == 1) return t->name;
    snprintf(name, sizeof name, "%s-%u", t->name, number);
    return fit__strdup(name);
}

static struct fit__test test_of(const struct CMUnitTest *t)
{
    return (struct fit__test){
        .group = group.name, .name = name_of(t), .strict = group.strict,
        .setup = t->setup_func, .body = t->test_func, .teardown = t->teardown_func,
        .initial_state = t->initial_state,
    };
}

/* After the body CMocka looks for answers of mocks that nobody asked for: a swept test of an old
 * suite must come back to it for that, out of the middle of the sweep. (In a strict group such
 * answers are no assertion of the test's, and nobody looks.) */
static void on_body_returned(void)
{
    if (group.strict || fit__session.run == FIT_RUN_PLAIN) return;
    /* What CMocka now says of a sweep that is not over is for nobody. */
    if (fit__session.run == FIT_RUN_SECOND || fit__session.run == FIT_RUN_TRUNK)
        fit__output_capture();
    group.returned = true;
    longjmp(group.out, 1);
}

static void sweep_all(void **state)
{
    static struct fit__test test;        /* still needed when CMocka has jumped out of here */
    fit__session.early = NULL;
    group.begun = true;
    fit__enter();
    fit__on_body_returned = on_body_returned;
    if (setjmp(group.out)) {
        fit__leave();
        return;
    }
    for (size_t i = 0; i < group.count; i++) {
        test = test_of(&group.tests[i]);
        if (!test.body || !fit__test_selected(&test)) continue;
        group.failed += fit__sweep_test(&test, *state);
    }
    fit__leave();
}

static int group_setup(void **state)
{
    return group.setup ? group.setup(state) : 0;
}

/* What this snapshot printed, as far as it is of interest. */
static const char *output(void)
{
    static char text[8192];
    long n;
    fflush(stdout);
    n = fit__output_fd() < 0 ? 0
      : fit__raw(SYS_pread64, fit__output_fd(), text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    return text;
}

/* What CMocka printed of the assertion, without its frame. */
static void read_assertion(char *out, size_t size)
{
    const char *error = strstr(output(), "--- ");
    out[0] = 0;
    if (error) snprintf(out, size, "%.*s", (int)strcspn(error + 4, "\n"), error + 4);
}

/* Reached in a snapshot only after an assertion failed there: CMocka has left the test and said
 * why. The user's teardown is not for this: it might free a loop that still runs. */
static int group_teardown(void **state)
{
    char said[300];
    if (group.returned) return 0;
    if (!group.assertion) return group.teardown ? group.teardown(state) : 0;
    fit__enter();
    read_assertion(said, sizeof said);
    if (said[0])
        snprintf(group.finding.symptom, sizeof group.finding.symptom, "%s, in {symptom}", said);
    fit__end_finding(&group.finding);
}

/* "suite.c:21": where the answer was given that nobody asked for. */
static void read_declared(char *out, size_t size)
{
    const char *text = output(), *note = strstr(text, ": note: remaining item"), *from = note;
    while (note && from > text && from[-1] != '/' && from[-1] != '\n') from--;
    snprintf(out, size, "%.*s", note ? (int)(note - from) : 0, from ? from : "");
}

/* In a snapshot: CMocka is done with the test, and it failed if a mock has answers left. */
static void finish(bool failed)
{
    struct fit__finding f;
    char declared[200];
    fit__enter();
    fit__watchdog_arm(fit__session.orders.cpu_ms, fit__session.orders.wall_ms);
    if (!failed) fit__test_finish();
    read_declared(declared, sizeof declared);
    fit__finding_make(&f, fit__assertion_word(), declared, "the test returned, and of what its "
                      "mocks were told to expect something is left%s%s",
                      declared[0] ? ", from " : "", declared);
    fit__end_finding(&f);
}

/* The group's setup failed: its tests are not swept, and each says why. */
static void setup_failed(void)
{
    fit__enter();
    if (!group.finding.verdict[0])
        fit__finding_make(&group.finding, "assertion", "setup", "the setup of the group failed");
    for (size_t i = 0; i < group.count; i++) {
        struct fit__test test = test_of(&group.tests[i]);
        if (test.body && fit__test_selected(&test)) fit__test_not_swept(&test, &group.finding);
    }
    fit__leave();
}

static void run_sweep(void *unused)
{
    struct CMUnitTest all = { "faulttest", sweep_all, NULL, NULL, NULL };
    (void)unused;
    group.begun = false;
    group.finding.verdict[0] = 0;
    fit__session.early = &group.finding;
    int failed = real_runner()(group.name, &all, 1, group_setup, group_teardown);
    if (group.returned) finish(failed != 0);
    if (!failed) return;
    group.failed++;
    if (!group.begun) setup_failed();
    else fit__send_error(FIT_X_INTERNAL, "the sweep of group %s broke off: its teardown failed, or "
                         "the program crashed outside its tests", group.name);
}

/* ---- a plain run: each test once, in the simulated kernel -------------------------------- */

struct plain { struct fit__test test; void *state; };

/* CMocka must not see the state of the group: it would give that to plain_body(), not ours. */
static int plain_group_setup(void **state)
{
    (void)state;
    group.state = NULL;
    return group_setup(&group.state);
}

static int plain_group_teardown(void **state)
{
    (void)state;
    return group.teardown ? group.teardown(&group.state) : 0;
}

static int plain_teardown(void **state)
{
    struct plain *p = *state;
    int rc = 0;
    if (fit__session.in_body && p->test.teardown) rc = p->test.teardown(&p->state);
    fit__enter();
    fit__test_leave();
    fit__leave();
    return rc;
}

static void plain_body(void **state)
{
    struct plain *p = *state;
    fit__enter();
    p->state = group.state ? group.state : p->test.initial_state;
    fit__test_run(&p->test, &p->state);
    fit__leave();
}

static void run_plainly(void *unused)
{
    struct CMUnitTest *tests;
    struct plain *plain;
    (void)unused;
    fit__enter();
    tests = fit__alloc(group.count * sizeof *tests);
    plain = fit__alloc(group.count * sizeof *plain);
    for (size_t i = 0; i < group.count; i++) {
        plain[i].test = test_of(&group.tests[i]);
        tests[i] = (struct CMUnitTest){ group.tests[i].name, plain_body, NULL, plain_teardown,
                                        &plain[i] };
    }
    fit__leave();
    group.failed = real_runner()(group.name, tests, group.count, plain_group_setup,
                                 plain_group_teardown);
}

static int run_group(const char *name, const struct CMUnitTest *tests, size_t count,
                     int (*setup)(void **), int (*teardown)(void **), bool strict)
{
    bool swept = fit__session_start();
    if (!swept && !strict) return real_runner()(name, tests, count, setup, teardown);
    real_runner();
    group.name = swept ? distinct_name(group_name(name)) : group_name(name);
    group.tests = tests;
    group.count = count;
    group.setup = setup;
    group.teardown = teardown;
    group.strict = strict;
    group.failed = 0;
    fit__in_world(swept ? run_sweep : run_plainly);
    return group.failed;
}

FIT_EXPORT int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests,
                                       size_t count, int (*setup)(void **),
                                       int (*teardown)(void **))
{
    return run_group(name, tests, count, setup, teardown, false);
}

FIT_EXPORT int fit__run_group(const char *name, const struct CMUnitTest *tests, size_t count,
                              int (*setup)(void **), int (*teardown)(void **))
{
    return run_group(name, tests, count, setup, teardown, true);
}

/* ---- assertions -------------------------------------------------------------------------- */

static void note_assertion(const char *word, const char *file, int line)
{
    struct fit__finding *f = &group.finding;
    char site[200];
    snprintf(site, sizeof site, "%s:%d", file, line);
    fit__finding_make(f, word, site, "%s:%d: assertion failed, in {symptom}", file, line);
    f->depth = fit__stack(f->frames, FIT_STACK_MAX);
}

static bool swept_now(void)
{
    return fit__active && fit__session.run != FIT_RUN_PLAIN && fit__session.test;
}

FIT_EXPORT void _fail(const char *file, int line)
{
    static void (*real)(const char *, int);
    if (!real) real = (void (*)(const char *, int))dlsym(RTLD_NEXT, "_fail");
    if (fit__forked) {                   /* its parent sees the status */
        fprintf(stderr, "%s:%d: an assertion failed in a child that was forked\n", file, line);
        fflush(NULL);
        fit__raw(SYS_exit_group, 1);
    }
    if (swept_now()) {
        fit__enter();
        note_assertion(fit__assertion_word(), file, line);
        /* CMocka's longjmp leads to the first green thread's stack and from no other. */
        if (fit__current->id != 0) fit__end_finding(&group.finding);
        group.assertion = true;
        fit__leave();
    } else if (fit__active && fit__session.early && fit__current->id == 0) {
        fit__enter();
        if (!group.finding.verdict[0]) note_assertion("assertion", file, line);
        fit__leave();
    } else if (fit__active && fit__current->id != 0) {
        fprintf(stderr, "%s:%d: an assertion failed in %s\n", file, line, fit__current->name);
        fflush(NULL);
        fit__raw(SYS_exit_group, 1);
    }
    if (real) real(file, line);
    abort();
}

FIT_EXPORT void _skip(const char *file, int line)
{
    static void (*real)(const char *, int);
    if (!real) real = (void (*)(const char *, int))dlsym(RTLD_NEXT, "_skip");
    if (swept_now()) {
        fit__enter();
        note_assertion(fit__session.run == FIT_RUN_CASE ? "noticed" : "skipped", file, line);
        snprintf(group.finding.symptom, sizeof group.finding.symptom, "%s:%d: skipped", file,
                 line);
        fit__end_finding(&group.finding);
    }
    if (real) real(file, line);
    abort();
}
