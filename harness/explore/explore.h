/* harness/explore/explore.h - how one test becomes many cases (private to harness/).
 *
 * The swept program runs each test three times, each time in a snapshot of the same process:
 * FIRST records every question the run asks (with call stacks, in memory shared with the
 * parent) and is the reference for all verdicts; SECOND must ask the same; TRUNK runs it once
 * more and makes, at each question, one snapshot child per alternative: a CASE. A child
 * takes its answer, runs on with nothing going wrong to the end, is judged, and dies.
 * So N cases cost one run plus N tails. */
#ifndef HARNESS_EXPLORE_EXPLORE_H
#define HARNESS_EXPLORE_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fi/case.h"
#include "fi/choice.h"
#include "fi/stack.h"
#include "harness/world/world.h"

/* ---- session.c: what was ordered, and where this process stands -------------------------- */

enum fit__job { FIT_J_PLAIN, FIT_J_RUN, FIT_J_LIST, FIT_J_REPLAY,
               /* without faults: see record.h */ FIT_J_AUDIT, FIT_J_TRACE, FIT_J_REAL };
enum fit__run { FIT_RUN_PLAIN, FIT_RUN_FIRST, FIT_RUN_SECOND, FIT_RUN_TRUNK, FIT_RUN_CASE };

struct fit__orders {
    enum fit__job job;
    int results;                         /* descriptor for records */
    bool modes[FIT_MODES], modes_given;
    bool extended;                       /* also what a default sweep leaves out */
    bool memcheck, trace, stacks;
    bool debugger;                       /* replay: in the first process, without limits */
    bool real;                           /* over the real kernel: see rerun.c */
    unsigned jobs;
    unsigned cpu_ms, wall_ms;            /* limits of one case */
    const char *coverage;                /* folder, or NULL */
    const char *logs;                    /* Memcheck's, one file a process, named by its pid */
    const char **tests; unsigned test_count;
    const char **cases; unsigned case_count;
    unsigned shard, shards;              /* only the shard-th part of all cases; 0: all */
    unsigned budget;                     /* so many cases of each test; 0: all */
    const char **done; unsigned done_count;      /* "NUMBER CASE GROUP.NAME": tried so far */
    const char **peer_threads; unsigned peer_thread_count;   /* patterns of start routines */
};

struct fit__test {
    const char *group, *name;
    bool strict;
    int (*setup)(void **state);
    void (*body)(void **state);
    int (*teardown)(void **state);
    void *initial_state;
};

struct fit__reference;
struct fit__finding;

struct fit__session {
    struct fit__orders orders;
    enum fit__run run;
    const struct fit__test *test;        /* that runs now; NULL between tests */
    struct fit__reference *reference;    /* of this test, in shared memory; NULL in a plain run */
    const char *case_text;               /* CASE: its name, without the test */
    const struct fit__alternative *fault;/* CASE: what goes wrong */
    unsigned questions;                  /* asked so far in this run */
    unsigned turn;                       /* turns of the loop so far */
    bool in_body;                        /* the test's body runs (not setup or teardown) */
    const struct fit__thread *faults_off_by;     /* who called fit_faults_off(), last */
    struct fit__thread *loop_thread;     /* where the last turn was; NULL: none yet */
    struct fit__finding *early;          /* if set: takes what ends a group's setup */
};
extern struct fit__session fit__session;

/* Reads the orders that the command left, if any; false: a plain run. Wrong orders end the
 * program with a record `error`. Call it once, outside a world. */
bool fit__session_start(void);
bool fit__test_selected(const struct fit__test *test);
/* Nothing goes wrong in this job: its tests are only looked at. */
bool fit__observes_only(void);
/* The name of the function that is the running test, or NULL. */
const char *fit__test_function(void);

/* ---- record.c: records to the command ---------------------------------------------------- */

struct fit__record { char *text; size_t size, capacity; };   /* text in caller's memory */
void fit__record_begin(struct fit__record *r, char *memory, size_t capacity, const char *kind);
void fit__record_add(struct fit__record *r, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fit__record_stack(struct fit__record *r, const char *key, void *const *frames,
                       unsigned depth);
void fit__record_send(struct fit__record *r);    /* writes it and an empty line to results */
/* Something that people should know; no finding. Not from a case's process. */
void fit__send_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fit__send_error(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- reference.c: what the run without faults showed ------------------------------------- */

struct fit__point {
    const char *name, *on, *at, *op, *after;     /* as in struct fit__question */
    const char *in;                              /* shortest unambiguous chain; after naming */
    const char *chain;                           /* all of it */
    unsigned when;                               /* after naming */
    unsigned count; const struct fit__alternative *alternatives;
    uint64_t left_out;                           /* alternatives that the budget has no room for */
    void *const *frames; unsigned depth;         /* equal stacks are one */
    fit_ns ns; unsigned turn; bool world;
    struct fit__point *next;
};

struct fit__divergence { unsigned line; fit_ns ns; char first[200], second[200];
                         void *frames[FIT_STACK_MAX]; unsigned depth; };

enum fit__test_state { FIT_TEST_DIED, FIT_TEST_READY, FIT_TEST_BROKEN, FIT_TEST_UNSUPPORTED,
                       FIT_TEST_NONDETERMINISTIC, FIT_TEST_SKIPPED };

enum { FIT_OPS_MAX = 512, FIT_LEFT_MAX = 512, FIT_CENSUS_MAX = 64, FIT_FINDINGS_MAX = 16,
       FIT_MARKS_MAX = 256, FIT_RULES_MAX = 64,
       FIT_SYMPTOM_MAX = 1400, FIT_TEXT_MAX = 1600 };

struct fit__op_result { char name[64]; int state, code; uint64_t hash; size_t size; };
struct fit__left { uintptr_t place; unsigned blocks; size_t bytes; };
struct fit__left_fd { char place[120]; unsigned count; };
struct fit__left_handle { char type[48]; unsigned count; };

/* A verdict with what belongs to it. */
struct fit__finding {
    char verdict[24], symptom[FIT_SYMPTOM_MAX], site[200];
    void *frames[FIT_STACK_MAX]; unsigned depth;
    int fd;                              /* the descriptor it is about, or -1 */
    fit_ns ns;
};

struct fit__mark { const char *name; unsigned cases; bool without; };   /* cases that passed it */
/* What a test allows, or demands (verdict NULL): in how many cases it was looked at, and needed. */
struct fit__rule { const char *verdict, *faults, *where, *reason; unsigned selected, used; };

struct fit__reference {
    enum fit__test_state state, trunk_state;     /* of the first run, of the third */
    char text[FIT_TEXT_MAX];             /* why it is not ready */
    void *frames[FIT_STACK_MAX]; unsigned depth;
    struct fit__divergence divergence;
    bool modes[FIT_MODES], modes_set;    /* fit_options("--mode ...") */
    unsigned budget;                     /* fit_options("--budget ..."); 0: none */
    bool extended;                       /* fit_options("--extended") */
    unsigned questions, cancel_places, setup_questions, turns;
    fit_ns ns;
    struct fit__point *points; struct fit__point **last_point;
    struct fit__op_result ops[FIT_OPS_MAX]; unsigned op_count;
    struct fit__left left[FIT_LEFT_MAX]; unsigned left_count;
    struct fit__left_fd left_fds[FIT_LEFT_MAX]; unsigned left_fd_count;
    struct fit__left_handle left_handles[FIT_CENSUS_MAX]; unsigned left_handle_count;
    struct fit__mark marks[FIT_MARKS_MAX]; unsigned mark_count;
    struct fit__rule rules[FIT_RULES_MAX]; unsigned rule_count;
    size_t lost_bytes;                   /* definitely and indirectly, by Memcheck */
    unsigned errors;                     /* Memcheck's count */
    struct fit__finding findings[FIT_FINDINGS_MAX]; unsigned finding_count;
    unsigned bad_closes; char bad_close_sites[8][120];
    int pid;                             /* of the first run: names its Memcheck log */
    /* the calls of the first run, for comparing */
    char **lines; unsigned line_count, line_capacity;
};

/* A new, empty one, and memory of the same kind: shared with all snapshots, dropped with
 * the test. NULL never (running out ends the program). */
struct fit__reference *fit__reference_new(void);
void fit__reference_drop(struct fit__reference *reference);
/* A snapshot that may have added to it has ended. */
void fit__reference_grown(void);
void *fit__shared_take(size_t size);
/* A copy there; equal ones are one. NULL stays NULL. */
const void *fit__shared_bytes(const void *bytes, size_t size);
const char *fit__shared_text(const char *text);
uint64_t fit__hash(const void *bytes, size_t size);  /* the same everywhere and for ever */

/* The run without faults ended so. */
void fit__reference_broken(struct fit__reference *r, const struct fit__finding *f);

/* Stores a question of the first run. */
void fit__point_record(const struct fit__question *q);
/* Fills `in`, `chain` and `when` of all points. Call in the parent. */
void fit__points_name(struct fit__reference *reference);
/* The case's name without the test; returns its length. */
size_t fit__point_case(const struct fit__point *point, const struct fit__alternative *what,
                       char *out, size_t size);
enum fit__mode fit__point_mode(const struct fit__point *point, unsigned alternative);
/* The chain of the user's functions for a stack ("net_connect/fetch_start"), or, when there is
 * none, "library/function". */
size_t fit__chain_of(void *const *frames, unsigned depth, const char *leave_out,
                     char *out, size_t size);

/* Is `q`, asked now, asked at the place of this named point of the reference? */
bool fit__question_at(const struct fit__question *q, const struct fit__point *point);

/* ---- find.c: from the name of a case to a place ------------------------------------------ */

/* 0 and the point and alternative; else -EINVAL (no case at all) or -ENOENT with text for people
 * that says what fits. */
int fit__find_case(const struct fit__reference *reference, const char *text,
                   struct fit__point **point, unsigned *alternative, char *error, size_t size);

/* ---- snapshot.c: copies of the process --------------------------------------------------- */

struct fit__slot_record { size_t size; int done; char text[96 * 1024]; };

/* Moves a descriptor of our own out of the way of the lowest free number, which belongs to the
 * code under test. Negative numbers (errors) come back as they are. */
int fit__own_fd(long fd);

/* Copies the process and returns 0 in the copy, its pid in the parent, or -errno. */
int fit__snapshot(void);
/* The same, waits for it to end; returns the wait status. */
int fit__snapshot_and_wait(unsigned wall_ms, bool *in_child);
/* In the trunk: a case begins. True in the child. Waits while `jobs` children run. `number` is
 * that of the case: see selection.c. */
bool fit__case_fork(const struct fit__point *point, unsigned alternative, unsigned number);
void fit__case_reap_all(void);
struct fit__slot_record *fit__case_record(void);     /* the child's own */
/* What this process prints goes to a file of its own from here on; its descriptor, or -1. */
void fit__output_capture(void);
int fit__output_fd(void);
/* Ends this process at once, without any destructor. */
void fit__die(void) __attribute__((noreturn));

/* ---- watchdog.c -------------------------------------------------------------------------- */

/* Looks up what arming needs: once, before there are snapshots, and not in each of them. */
void fit__watchdog_prepare(void);
/* Crash handlers and limits for this process (they are not inherited by snapshots). */
void fit__watchdog_arm(unsigned cpu_ms, unsigned wall_ms);

/* ---- history.c: the calls, as text ------------------------------------------------------- */

void fit__history_start(enum fit__run run, bool trace);
/* The second run has ended: if the first went on, they differ there. */
void fit__history_end_second(void);
/* Adds the records `call` for the last calls to results (replay). */
void fit__history_send(void);

/* ---- rerun.c: over the real kernel, which cannot be copied ------------------------------- */

/* The second run's chooser: notes where it asks other questions than the first. */
int fit__rerun_second(struct fit__question *q);
void fit__rerun_second_ended(void);
/* Each case as a run of its own, from the beginning of the test. Call in the parent. */
void fit__rerun_cases(const struct fit__test *test, void *state);
/* This snapshot becomes the run of one case. Does not return. */
void fit__rerun_case(const struct fit__test *test, void *state, const struct fit__point *point,
                     unsigned alternative) __attribute__((noreturn));
/* That run ended, and nothing went wrong in it. `why`: NULL, or what ended it. */
void fit__rerun_not_fired(const struct fit__finding *why) __attribute__((noreturn));
/* What people should know of such a sweep. */
void fit__rerun_notes(const struct fit__test *test, const struct fit__reference *r);

/* ---- cancel.c: where a user could cancel (fit__turn: harness/loops/loops.h) --------------- */

struct fit_op;
/* A test begins. */
void fit__cancel_start(void);
/* The caller of `op` is being told how it ended, by `function`, which did not count yet. */
void fit__cancel_inside(struct fit_op *op, const char *function);

/* ---- selection.c: which of a test's cases are run here ----------------------------------- */

/* After naming, in the parent: what the budget leaves out; tells the command how many cases
 * there are. */
void fit__selection_plan(const struct fit__test *test, struct fit__reference *reference);
/* Is this case to be run? To be asked of every alternative, in order. Returns its number, which
 * depends on nothing but the test and the modes, or 0. */
unsigned fit__case_take(const struct fit__point *point, unsigned alternative);
/* Is `name` (with the test: `full`) among the cases that were ordered? */
bool fit__case_ordered(const char *name, const char *full);

/* ---- sweep.c ----------------------------------------------------------------------------- */

/* Sweeps (or lists, or replays in) one test. Call "inside", on green thread 0, in a world.
 * `state`: the group's. Returns 0, or 1 if it failed. */
int fit__sweep_test(const struct fit__test *test, void *state);
/* fit_options() has changed what this test is to try. */
void fit__modes_update(void);
/* Is it the run without faults that is replayed, TEST:none? */
bool fit__replays_none(void);
/* For rerun.c and selection.c. */
bool fit__mode_wanted(enum fit__mode mode);
bool fit__case_wanted(const struct fit__point *point, unsigned alternative);
void fit__case_enter(const struct fit__point *point, unsigned alternative);
void fit__run_prepare(enum fit__run run, const struct fit__test *test,
                      int (*chooser)(struct fit__question *));
void fit__run_in_child(const struct fit__test *test, void *group_state);
/* Says of a test that it could not be swept, and why: what ended its group's setup. */
void fit__test_not_swept(const struct fit__test *test, const struct fit__finding *why);
/* Runs setup, body and teardown and ends as this process's role demands. Does not return
 * except in a plain run. */
void fit__test_run(const struct fit__test *test, void **state);
/* The verdict for an assertion that fails now: "assertion" or "noticed". */
const char *fit__assertion_word(void);
/* If set: the body of a swept test has returned, and its runner wants a look before teardown. If it
 * does not return, it calls fit__test_finish(), on the same green thread, to go on. */
extern void (*fit__on_body_returned)(void);
void fit__test_finish(void);
/* A plain run's test is over: its peers go. */
void fit__test_leave(void);
/* The test has come to its end. Returns only in a plain run. */
void fit__run_end(void);
/* The run ends here and now with this verdict (any thread, "inside"). */
void fit__end_finding(const struct fit__finding *finding) __attribute__((noreturn));
/* Fills a finding from text. */
void fit__finding_make(struct fit__finding *f, const char *verdict, const char *site,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
