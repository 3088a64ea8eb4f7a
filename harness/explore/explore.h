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

#include "fi/behind.h"
#include "fi/case.h"
#include "fi/choice.h"
#include "fi/stack.h"
#include "harness/world/world.h"

/* ---- session.c: what was ordered, and where this process stands -------------------------- */

enum fit__job { FIT_J_PLAIN, FIT_J_RUN, FIT_J_LIST, FIT_J_REPLAY,
               /* without faults: see record.h */ FIT_J_AUDIT, FIT_J_TRACE, FIT_J_REAL };
enum fit__run { FIT_RUN_PLAIN, FIT_RUN_FIRST, FIT_RUN_SECOND, FIT_RUN_TRUNK, FIT_RUN_CASE,
               /* not judged: cases branch from it, or its first fault is yet to come */
               FIT_RUN_BRANCH };

/* What is to be tried: modes, and presets by their index in wanted.c, one bit each. */
struct fit__wanted { bool given, modes[FIT_MODES], whole[FIT_MODES]; uint32_t presets; };

struct fit__orders {
    enum fit__job job;
    int results;                         /* descriptor for records */
    struct fit__wanted wanted;
    bool extended;                       /* also what a default sweep leaves out */
    bool setup;                          /* things go wrong in a test's setup, too */
    const char *memory;                  /* whose allocations fail, as ordered; NULL: all */
    bool memcheck, trace, stacks;
    bool debugger;                       /* replay: in the first process, without limits */
    bool real;                           /* over the real kernel: see rerun.c */
    unsigned jobs;
    unsigned pairs;                      /* at most so many of each test; 0: none */
    unsigned random, from;               /* these random runs of each test, and nothing else */
    bool own;                            /* with random: only tests that have asked for them */
    bool pairs_given, random_given, seed_given, case_time_given;   /* on the command line */
    bool fill;                           /* as many of them as pairs leave of the budget */
    uint64_t seed;
    unsigned cpu_ms, wall_ms;            /* limits of one case */
    const char *coverage;                /* folder, or NULL */
    const char *logs;                    /* Memcheck's, one file a process, named by its pid */
    const char **tests; unsigned test_count;
    const char **cases; unsigned case_count;
    unsigned shard, shards;              /* only the shard-th part of all cases; 0: all */
    unsigned budget;                     /* so many cases of each test; 0: all */
    const char **done; unsigned done_count;      /* "NUMBER CASE GROUP.NAME": tried so far */
    const char **dead; unsigned dead_count;      /* "NUMBER GROUP.NAME": of these, what failed */
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
struct fit__point;
struct fit__record;

/* What goes wrong in a case, in order of time. The first is a question of the reference, the
 * others are questions of this case's own run, in memory of its own process. */
struct fit__step { const struct fit__point *point; unsigned alternative; };
struct fit__steps { unsigned count; struct fit__step list[FIT_FAULTS_MAX]; };

struct fit__session {
    struct fit__orders orders;
    enum fit__run run;
    const struct fit__test *test;        /* that runs now; NULL between tests */
    struct fit__reference *reference;    /* of this test, in shared memory; NULL in a plain run */
    struct fit__steps faults;            /* that have come in this run */
    const char *case_text;               /* their name, without the test; NULL: none has come */
    unsigned questions;                  /* asked so far in this run */
    unsigned turn;                       /* turns of the loop so far */
    bool in_body;                        /* the test's body runs (not setup or teardown) */
    bool in_setup;
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
void fit__record_shard(struct fit__record *r);      /* adds the key shard, if there are any */
void fit__records_write(const char *text, size_t size);      /* whole ones */
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
    unsigned before;                             /* cases of one fault before it: selection.c */
    unsigned count; const struct fit__alternative *alternatives;
    uint64_t left_out;                           /* alternatives that the budget has no room for */
    void *const *frames; unsigned depth;         /* equal stacks are one */
    fit_ns ns; unsigned turn; bool world;
    struct fit__point *next;
    /* Bits, by alternative: the case of this fault alone ended so that nothing can be combined
     * with it; a pair may begin with it. */
    uint64_t dead_ends, firsts;
};

struct fit__divergence { unsigned line; fit_ns ns; char first[200], second[200];
                         void *frames[FIT_STACK_MAX]; unsigned depth; };

enum fit__test_state { FIT_TEST_DIED, FIT_TEST_READY, FIT_TEST_BROKEN, FIT_TEST_UNSUPPORTED,
                       FIT_TEST_NONDETERMINISTIC, FIT_TEST_SKIPPED };

enum { FIT_OPS_MAX = 512, FIT_LEFT_MAX = 512, FIT_CENSUS_MAX = 64, FIT_FINDINGS_MAX = 16,
       FIT_MARKS_MAX = 256, FIT_BLOCKING_MAX = 16, FIT_RULES_MAX = 64, FIT_IDLE_MAX = 256,
       FIT_SYMPTOM_MAX = 1400, FIT_TEXT_MAX = 1600 };

struct fit__op_result { char name[64]; int state, code; uint64_t hash; size_t size; };
struct fit__left { uintptr_t place; unsigned blocks; size_t bytes; };
/* numbers: which descriptors below 64, a bit each. */
struct fit__left_fd { char place[120]; unsigned count; uint64_t numbers; };
struct fit__left_handle { char type[48]; unsigned count; };

struct fit__range { uintptr_t start, end; };

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
    /* fit_options(): */
    struct fit__wanted wanted;           /* --mode */
    unsigned budget;                     /* 0: none */
    bool extended;
    unsigned pairs, random; bool pairs_set, random_set;
    uint64_t seed;                       /* 0: none */
    unsigned case_ms;                    /* 0: none */
    unsigned questions, cancel_places, setup_questions, turns;
    unsigned calls;                      /* fit__calls_begun at its end */
    bool named;                          /* libfiu makes points fail by name: see fit__settled */
    unsigned pair_singles, pair_firsts, pairs_tried, pairs_possible;

    fit_ns ns;
    fit_ns ended;                        /* test and teardown; `ns` is when its threads were, too */
    const char *blocking[FIT_BLOCKING_MAX]; unsigned blocking_count;  /* callbacks that wait long */
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
    struct fit__behind_set behind;       /* what it has looked up: ahead.c */
    struct fit__bound *bound; unsigned bound_count;
    struct fit__range idle[FIT_IDLE_MAX]; unsigned idle_count;   /* idle.c */
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

/* ---- ahead.c: what the run without faults had to look up --------------------------------- */

void fit__ahead_note(struct fit__reference *r);  /* FIRST: its end */
void fit__ahead_fill(struct fit__reference *r);  /* in the parent, before the trunk */

/* ---- idle.c: libraries that no test calls ------------------------------------------------ */

void fit__idle_note(struct fit__reference *r);           /* FIRST: its end */
/* In the parent, before the first trunk: natively makes the cases cheaper. */
void fit__idle_move(const struct fit__reference *r);

/* ---- rehearsal.c ------------------------------------------------------------------------- */

/* Under Valgrind, before the world is made: makes the cases cheaper. */
void fit__rehearse(void);

/* Stores a question of the first run. */
void fit__point_record(const struct fit__question *q);
/* Fills `in`, `chain` and `when` of all points. Call in the parent. */
void fit__points_name(struct fit__reference *reference);
/* A question that is asked after a fault, in this process's own memory; all but `when` filled. */
struct fit__point *fit__point_after(const struct fit__question *q);
void fit__point_name_after(struct fit__point *point);
/* The place as words of a name, with `what`. */
void fit__point_fault(const struct fit__point *point, const struct fit__alternative *what,
                      struct fit__fault *fault);
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

/* ---- wanted.c: which cases are tried ----------------------------------------------------- */

/* Reads "timeout,peer-gone" or "all" (and cuts it up). NULL, or the word that is unknown. */
const char *fit__wanted_read(struct fit__wanted *wanted, char *list);
void fit__wanted_usual(struct fit__wanted *wanted);
bool fit__mode_wanted(enum fit__mode mode);
bool fit__alternative_wanted(const struct fit__point *point, unsigned alternative);
/* fit_options() has changed what this test is to try. */
void fit__modes_update(void);

/* ---- find.c: from the name of a case to a place ------------------------------------------ */

/* 0, the case, and the point and alternative of its first fault; else -EINVAL (no case at all) or
 * -ENOENT with text for people that says what fits. */
int fit__find_case(const struct fit__reference *reference, const char *text, struct fit__case *c,
                   struct fit__point **point, unsigned *alternative, char *error, size_t size);
/* Do the words of a name (all but `when` and what goes wrong) hold for this place? */
bool fit__fault_fits(const struct fit__fault *fault, const struct fit__point *point);
bool fit__same_what(const struct fit__alternative *a, const struct fit__alternative *b);
/* Up to three names of what could go wrong at `points`, those most like `text`, with `between`
 * them; "" if there is none. `call`: the point in `text`. */
void fit__nearest(const struct fit__point *points, const char *text, const char *call,
                  const char *between, char *out, size_t size);

/* ---- steps.c: the faults of a case, one after the other ---------------------------------- */

/* The first fault is about to happen: this process becomes a case, or a run to branch from. */
void fit__case_enter(const struct fit__point *point, unsigned alternative);
/* Further faults that this case is to have; before its first has come. They are looked for
 * among the questions asked after the fault before them. */
void fit__case_follow(const struct fit__case *c);
/* A question after a fault: remembered, and named. NULL: too many of them. */
struct fit__point *fit__step_ask(const struct fit__question *q);
/* Could this fault, too, come in reality, and is there room for it in the name? */
bool fit__step_possible(const struct fit__point *point, unsigned alternative);
/* One more fault is about to happen at the question just asked, and nothing after it. */
void fit__case_another(const struct fit__point *point, unsigned alternative);
/* That was not the last: who answers from here on. */
void fit__expect_more(int (*answers)(struct fit__question *));
int fit__answer_nothing(struct fit__question *q);
/* Has a fault that the case should have not come? Then why, for people. `ended`: NULL, or what
 * ended the run. */
bool fit__step_missing(const struct fit__finding *ended, char *why, size_t size);
/* Adds the names of smaller cases: with one fault less, then with an answer that stands further in
 * front at its question. */
void fit__steps_add_smaller(struct fit__record *record);
/* "emfile+cancel" */
size_t fit__steps_mode(const struct fit__steps *steps, char *out, size_t size);

/* ---- snapshot.c: copies of the process --------------------------------------------------- */

struct fit__slot_record {
    size_t size;
    int done;                            /* complete; else `text` holds how it began, if anything */
    bool dead_end;                       /* its run failed, or the fault did not come */
    char text[96 * 1024];
};

/* Moves a descriptor of our own out of the way of the lowest free number, which belongs to the
 * code under test. Negative numbers (errors) come back as they are. */
int fit__own_fd(long fd);

/* Copies the process and returns 0 in the copy, its pid in the parent, or -errno. */
int fit__snapshot(void);
/* The same, waits for it to end; returns the wait status. */
int fit__snapshot_and_wait(unsigned wall_ms, bool *in_child);
/* In the trunk: a case begins. True in the child. Waits while `jobs` children run. `name`: NULL, or
 * that of a case of several faults, which stays the caller's. Sequences must rise: results come in
 * their order. */
bool fit__case_fork(struct fit__point *point, unsigned alternative, const char *name,
                    uint64_t sequence);
void fit__case_reap_all(void);
/* The same, but the child is a run to branch from: what it sends is kept until its turn. */
bool fit__branch_fork(struct fit__point *point, unsigned alternative, uint64_t sequence);
/* In such a run: a case begins. True in the child; else it has ended, and its record is sent. */
bool fit__leaf_fork(uint64_t sequence);
/* In the parent: a run begins that chooses its faults itself. True in the child. */
bool fit__free_fork(uint64_t sequence);
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
/* For a case; without `wall` only its processor time is limited. */
void fit__watchdog_case(bool wall);

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
/* The number of a case of one fault, which depends on nothing but the test and the modes. */
unsigned fit__case_number(const struct fit__point *point, unsigned alternative);
/* Is this case to be run? Returns its number, or 0. */
unsigned fit__case_take(const struct fit__point *point, unsigned alternative);
/* Is this case (without its test) among those that were ordered? */
bool fit__case_ordered(const char *name);
/* Is what begins with this fault for this shard? And this random run? */
bool fit__in_shard(const struct fit__point *point, unsigned alternative);
bool fit__run_in_shard(unsigned run);
/* How many cases the budget has room for behind those of one fault; UINT_MAX: any number. */
unsigned fit__budget_left(void);

/* See record.h for these numbers. */
uint64_t fit__several_number(unsigned first, unsigned place);
/* Was it tried before? */
bool fit__number_done(uint64_t number);
/* ---- pairs.c ----------------------------------------------------------------------------- */

/* After all cases of one fault: a second fault in a window after each. Call in the parent. */
void fit__pairs_sweep(const struct fit__test *test, void *state);
/* How many there may be in this test. */
unsigned fit__pairs_limit(void);

/* ---- random.c ---------------------------------------------------------------------------- */

/* Random runs `from` to `to` - 1. Call in the parent. */
void fit__random_sweep(const struct fit__test *test, void *state, unsigned from, unsigned to);

/* ---- sweep.c ----------------------------------------------------------------------------- */

/* Sweeps (or lists, or replays in) one test. Call "inside", on green thread 0, in a world.
 * `state`: the group's. Returns 0, or 1 if it failed. */
int fit__sweep_test(const struct fit__test *test, void *state);
/* Is it the run without faults that is replayed, TEST:none? */
bool fit__replays_none(void);
/* For rerun.c, selection.c, pairs.c and random.c. */
bool fit__case_wanted(const struct fit__point *point, unsigned alternative);
/* The question of the reference that this one must be, in a run that nothing has gone wrong in yet;
 * NULL: it is another. */
struct fit__point *fit__next_point(const struct fit__question *q);
void fit__trunk_run(const struct fit__test *test, void *state,
                    int (*answers)(struct fit__question *));
/* Forks for each case of several faults that was ordered and begins with this one. True in a child,
 * which is to enter the case. */
bool fit__several_fork(struct fit__point *point, unsigned alternative);
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
