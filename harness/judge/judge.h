/* harness/judge/judge.h - ledgers and verdicts (private to harness/).
 *
 * Judges only look: they never make a fault and never change the world. Everything here is
 * called "inside". The run without faults is the reference for every ledger. */
#ifndef HARNESS_JUDGE_JUDGE_H
#define HARNESS_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/explore/explore.h"

/* ---- memory.c: every block of the code under test ---------------------------------------- */

void fit__memory_start(bool stacks);     /* from here on; stacks: a call stack for each block */
void fit__memory_stop(void);
void fit__memory_want_stacks(void);
/* For fi/watch.h. */
void fit__memory_allocated(void *address, size_t size, const void *caller);
void fit__memory_released(void *address);
/* The block that `address` lies in, to ask later whether it is still there. What is not on the heap
 * of the code under test always is. */
struct fit__memory_mark { uintptr_t hidden; uint64_t serial; };
struct fit__memory_mark fit__memory_mark(const void *address);
bool fit__memory_lives(const struct fit__memory_mark *mark);
struct fit__memory_left { size_t bytes; const void *caller;
                          void *frames[FIT_STACK_MAX]; unsigned depth; };
/* What is there now, by place, into `left` (at most `most` places); returns how many. */
unsigned fit__memory_census(struct fit__left *left, unsigned most);
/* What is left beyond the reference; in *worst the place with most bytes, but if possible no more
 * than `lost` (SIZE_MAX: not known). Returns blocks. */
unsigned fit__memory_left(const struct fit__reference *reference, size_t lost,
                          struct fit__memory_left *worst, size_t *bytes);

/* ---- deadlock.c: nothing can run any more ------------------------------------------------ */

/* "main thread waits in recv, in {at ...}": what the test's thread waits for and, as far as it is
 * another thread, what that waits for; first of all, after "deadlock: ", threads that wait for each
 * other. `site`: the same by functions alone. */
void fit__deadlock_text(char *out, size_t size, char *site, size_t site_size);
unsigned fit__deadlock_stack(void **frames);     /* of the first thread told of; FIT_STACK_MAX */

/* ---- descriptors.c ----------------------------------------------------------------------- */

unsigned fit__fds_census(struct fit__left_fd *left, unsigned most);
/* A finding for the first descriptor that is open beyond the reference; false: none. */
bool fit__fds_left(const struct fit__reference *reference, struct fit__finding *finding);
/* Opened by the user's own code and open at the end without any fault. */
bool fit__fds_left_by_user(struct fit__finding *finding);
unsigned fit__handles_census(struct fit__left_handle *left, unsigned most);
bool fit__handles_left(const struct fit__reference *r, struct fit__finding *finding);

/* ---- operations.c: who waits for what, and what they were told --------------------------- */

struct fit_op;
enum { FIT_OP_WAITING, FIT_OP_SUCCEEDED, FIT_OP_FAILED };

void fit__ops_reset(void);
unsigned fit__ops_census(struct fit__op_result *ops, unsigned most);
/* The operation's verdicts: callback-lost, swallowed, wrong-result, not-recovered, cause-lost,
 * context-missing. */
bool fit__ops_judge(const struct fit__reference *reference, struct fit__finding *finding);
bool fit__ops_failed(const struct fit__reference *reference, bool *cause_named);
/* CASE: only the order of things is another (mode order), so nothing may fail that does not fail
 * in the usual one. */
bool fit__ops_nothing_failed(void);
size_t fit__ops_text(char *out, size_t size);
size_t fit__ops_waiting_text(char *out, size_t size);   /* "download.1, upload.1", or "" */
size_t fit__ops_waiting_site(char *out, size_t size);   /* "download, upload", for grouping */
void fit__ops_require(const char *keys);
/* The user has cancelled: operations begun from then on need not succeed. */
bool fit__ops_were_cancelled(void);
/* Calls `visit` for each operation that can be cancelled now; for each that had its outcome since
 * this was called last, and whose cancel function can still be called. */
void fit__ops_cancellable(void (*visit)(struct fit_op *op));
void fit__ops_late(void (*visit)(struct fit_op *op));
const char *fit__op_name(const struct fit_op *op);
bool fit__op_waits(const struct fit_op *op);
/* Calls the user's cancel function, as the user. */
void fit__op_cancel(struct fit_op *op);
/* From outside, by a signal: as after a cancel, no operation need succeed. */
void fit__ops_told_to_stop(void);
/* Around the function that tells the whole service to stop. */
void fit__ops_stop_begins(void);
void fit__ops_stop_ends(void);

/* ---- cause.c ----------------------------------------------------------------------------- */

/* Does what a caller was told name the injected cause? True also when the fault has no cause
 * that could be named (a short read). */
bool fit__cause_named(const struct fit__alternative *fault, const char *point, int code,
                      const char *text);

/* ---- words.c: faults as sentences -------------------------------------------------------- */

size_t fit__fault_text(const struct fit__point *point, const struct fit__alternative *what,
                       char *out, size_t size);

/* ---- allow.c ----------------------------------------------------------------------------- */

void fit__allow_reset(void);
/* Is this verdict allowed in this case? Returns the reason, or NULL. */
const char *fit__allowed(const char *verdict, void *const *frames, unsigned depth);
/* Did a library end the program, as it is known to do by design? Returns the reason, or NULL. */
const char *fit__library_aborts(const struct fit__finding *finding);
bool fit__must_recover(void);
/* Does a selector ("accept*:error=EMFILE", "mode=memory") fit a fault, given as words of a name? */
bool fit__selects(const char *faults, const char *text, enum fit__mode mode);
/* This case is judged: its rules are counted in the reference, once. */
void fit__rules_count(void);
/* In the parent, all points named: a record `rule` for each that the test has made. */
void fit__rules_send(const struct fit__test *test, const struct fit__reference *r);

/* ---- slow.c ------------------------------------------------------------------------------ */

void fit__slow_reset(void);
void fit__slow_told(void);               /* the user cancels, or tells the service to stop */
void fit__slow_ended(void);              /* test and teardown are over */
fit_ns fit__slow_end(void);              /* when that was */
/* A callback that the loop could not go on for, beyond the run without faults, or NULL. */
const struct fit__finding *fit__slow_blocks(void);
/* Did the service take too long to stop? */
bool fit__slow_cleanup(const struct fit__reference *reference, struct fit__finding *finding);

/* ---- memcheck.c -------------------------------------------------------------------------- */

bool fit__under_valgrind(void);
unsigned fit__memcheck_errors(void);
/* Bytes definitely and indirectly lost now; does a leak check. */
size_t fit__memcheck_lost(void);

/* ---- memlog.c ---------------------------------------------------------------------------- */

/* The first error in the log of process `pid` that does not stand in that of `reference_pid`
 * (0: none) as `memory-error`; Memcheck's own words into `text`. False: none. */
bool fit__memcheck_finding(int pid, int reference_pid, struct fit__finding *finding,
                           char *text, size_t size);
/* A case is judged: its log is not needed any more. */
void fit__memcheck_forget_log(int pid);

/* ---- verdict.c --------------------------------------------------------------------------- */

void fit__judge_start(void);             /* a test begins: plugs into fi/watch.h */
/* The first close of what was not open, or NULL. */
const struct fit__finding *fit__judge_bad_close(void);
/* TRUNK, under Valgrind: makes the cases cheaper. */
void fit__judge_warm_up(void);
/* From here on what AddressSanitizer reports, if the program has it, ends its run with a finding.
 * (UndefinedBehaviorSanitizer finds its hook by itself.) */
void fit__sanitizers_watch(void);
/* CASE: the place of the fault that came last. */
const struct fit__point *fit__last_fault(void);
/* A case begins in this process: its first fault is about to happen, or one more. */
void fit__judge_case_start(void);
void fit__judge_next_fault(void);
/* What was wrong already without any fault, as cases TEST:none. */
void fit__judge_send_findings(const struct fit__test *test, const struct fit__reference *r);
/* The same for a replay of TEST:none: the first of it, or that nothing was wrong. */
void fit__judge_send_none(const struct fit__test *test, const struct fit__reference *r);
/* The test ran to its end: fills the reference (FIRST). */
void fit__judge_reference(struct fit__reference *reference);
/* The test ran to its end in a case: writes the case's record. */
void fit__judge_case(void);
/* The run ended early with a finding, or with a word that is no finding. */
void fit__judge_early(const struct fit__finding *finding);
/* In the trunk: a case's process has ended with `status`. Sends its record on, or, when it left
 * none, makes one from how it died. `record`: NULL after a replay; `first`: the case's first fault,
 * NULL if it was to choose that itself, then a process that left nothing was no case. */
void fit__judge_forward(struct fit__slot_record *record, const struct fit__step *first,
                        const char *case_text, uint64_t sequence, int pid, int status);

#endif
