/* harness/explore/record.h - what the swept program and the command say to each other.
 *
 * The command starts the test binary with FAULTTEST_CONTROL=<fd> in its environment: a
 * readable, seekable descriptor with ORDERS. The binary answers with RECORDS on another.
 * Both are the same text: lines "key value", a backslash stands before n (newline) and
 * before a backslash in values; an empty line ends a record. Unknown keys are ignored.
 *
 * ORDERS (one record)
 *   version 1
 *   results FD       where to write records
 *   job run|list|replay|audit|trace|real
 *                    list: as run, but no case is executed, only named. The last three run each
 *                    test once, without faults: audit sends a record "bound" for each import that
 *                    is not ours, and "escape" for each system call that comes from elsewhere;
 *                    trace sends each call, real does so over the real kernel
 *   world real       run, list and replay over the real kernel: each case is a run of its own
 *   test GROUP.NAME  only this test (may be repeated; none: all). Also plain NAME
 *   modes WORD,WORD  which modes to try; default timeout,partial,emfile,callback,cancel
 *   memory WORD,WORD whose allocations fail, of service, library, framework; default all
 *   extended 1       also alternatives that a default sweep leaves out
 *   shard I/N        run only the cases whose full name's hash is I - 1, modulo N
 *   budget N         at most so many cases of each test, spread over its places
 *   done NUMBER CASE GROUP.NAME   the cases of this test up to that number, which was this case,
 *                    were tried before (- for the case: it is not compared)
 *   dead NUMBER GROUP.NAME   one of these failed, so that no pair begins with it (repeated)
 *   case TEXT        replay: this case, without its test prefix; or run: only these, with prefix
 *                    TEST: or GROUP.TEST: (repeated). It may have several faults
 *   pairs N          run: after all cases of one fault, at most N of two faults for each test
 *   random N, from M run: instead of all other cases, random runs M to N - 1 of each test
 *   fill 1           with random: as many runs as pairs leave of the budget
 *   seed S           of random runs
 *   jobs N           children at once, at least 1
 *   memcheck 0|1     runs inside Valgrind
 *   leakcheck 0|1    under memcheck: ask Memcheck about memory left over
 *   logs DIR         under memcheck: where Memcheck writes, a file for each process id
 *   debugger 1       replay: a person looks on in a debugger; the case runs in the process that was
 *                    started, without limits of time and without handlers for crashes
 *   trace 0|1        replay: send a record "call" for each simulated call
 *   cpu_ms N, wall_ms N    limits of one case
 *   coverage DIR     dump gcov counters of each case into DIR/<mode>
 *
 * RECORDS, by their key "kind"
 *   hello    pid; armed 0|1 (our definitions are the ones found first), why (if 0);
 *            version; binary (path)
 *   test     test GROUP.NAME, contract strict|old, state ready|broken-test|nondeterministic|
 *            unsupported|no-calls, text (one sentence or several lines), stack, virtual_ns,
 *            points N (questions asked), cancel_places N, setup_points N (not asked)
 *   plan     test, cases N (of the ordered modes), kept N (of these by the budget), mine N (of
 *            these in this shard)
 *   named    test, case, mode                        (job list: one for each case)
 *   case     test, case (without test prefix; "none": a finding of the run without faults),
 *            mode (of several faults "emfile+cancel"), verdict, valgrind 0|1, virtual_ns, turn,
 *            and as far as known
 *            seq        number of the case among all of the ordered modes, from 1: equal with and
 *                       without Memcheck, in every shard, and whatever `case` orders; 0 for "none".
 *                       Cases of several faults have larger ones: see below
 *            allowed    the reason given to fit_allow(), if that covers this finding
 *            fd         the descriptor that the symptom speaks of
 *            fault      what was done, for people, with {fault} for the place:
 *                       "recv in {fault} gave 1 byte"
 *            fault.stack, fault.ns, fault.turn, fault.call ("recv(7, buf, 65536, 0) = 1")
 *            fault2, fault2.stack ... fault4.turn    the same of further faults
 *            symptom    what was seen, with {symptom} for the place:
 *                       "socket 7, connected to origin.test:80, opened by {symptom}, still open"
 *                       and {at OFFSET@PATH} for places of other stacks than symptom.stack
 *            symptom.stack, symptom.ns
 *            site       key for grouping: equal findings have equal test, verdict and site
 *            left.bytes, left.blocks   memory beyond the run without faults (a suspicion)
 *            marks      names of the FAULT_MARKs that were passed, with blanks between
 *            cause_named 0|1           reported, and the cause was named
 *            descriptors, timers, operations, threads    text blocks for the evidence
 *            memcheck   what Memcheck said (text block)
 *            detail     further lines for people
 *            smaller    (replay) cases that are smaller than this one, one a line: with a fault
 *                       less, then with a simpler fault
 *   pairs    test; tried of possible cases of two faults, in the windows behind firsts of singles
 *   random   test; runs, their seed, and strategies ("evenly, swarm": those of use in this test)
 *   bound    function, object (path of who imports it), found (path of who defines it)
 *   escape   test, number (of the system call), first, second (its arguments), entry (function of
 *            libc that was called; none: the instruction is not libc's), function, object (who
 *            called it, or whose instruction it is), users 0|1 (of the code under test), stack
 *   call     (replay --trace, or the last calls; trace, real: with test and thread)
 *            ns, turn, mark ("  ", "--", "op", ">>", "pe"),
 *            fd, text; fault: what was injected into this call ("short=1")
 *   mark     test, name (of a FAULT_MARK), without 0|1 (the run without faults passes it), cases
 *            (how many did)
 *   rule     test, verdict (none: fit_must_recover), faults, where, reason; exists 0|1 (there is a
 *            case that it selects), selected, used (in how many cases it was looked at, needed)
 *   note     text: something for people, e.g. "setup: 41 points not tried"
 *   error    status (exit status for the command), text (one clear sentence)
 *   bye      (last; without it the binary died)
 *
 * A stack is frames, innermost first, separated by a blank: OFFSET@PATH, the hexadecimal
 * offset being the return address less the load address of the object file at PATH. Frames
 * of libfaulttest itself are left out. */
#ifndef HARNESS_EXPLORE_RECORD_H
#define HARNESS_EXPLORE_RECORD_H

#include <stddef.h>

#define FIT_CONTROL_VARIABLE "FAULTTEST_CONTROL"
enum { FIT_PROTOCOL_VERSION = 1, FIT_RECORD_FIELDS_MAX = 48 };

/* What comes behind the cases of one fault has a number, too: by its first fault's number and its
 * own place among what begins with that; and behind all of these the random runs. */
enum { FIT_SEVERAL_OF_FIRST = 10000 };
#define FIT_SEVERAL_FROM UINT64_C(10000000000)
#define FIT_RANDOM_FROM UINT64_C(1000000000000000)

/* Exit statuses of the command: `faulttest help exit`. */
enum fit__status {
    FIT_X_OK = 0, FIT_X_FINDINGS = 1, FIT_X_USAGE = 2, FIT_X_UNSUPPORTED = 3, FIT_X_NOTHING = 4,
    FIT_X_INTERNAL = 70, FIT_X_NO_FIT = 125, FIT_X_INTERRUPTED = 130
};

#endif
