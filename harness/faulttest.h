/* faulttest.h - fault-injection tests for asynchronous C code.
 *
 * You write one ordinary test of code that works. Faulttest runs it again for every
 * single thing that can go wrong in it (a CASE), each in its own copy of a simulated
 * kernel, in virtual time, and judges each case: the fault was reported, or recovered
 * from, and nothing leaked, hung, crashed or was called back twice.
 *
 *   static void downloads_picture(void **state)
 *   {
 *       fit_peer_replies("origin.test:80", http_200);           // the other side
 *       struct fit_op *op = fit_op("download");                 // somebody now waits
 *       struct download *d = download_start(loop, "http://origin.test/cat", done, op);
 *       fit_on_cancel(op, download_cancel, d);                  // how users cancel it
 *       uv_run(loop, UV_RUN_DEFAULT);
 *       download_free(d);
 *       assert_int_equal(uv_loop_close(loop), 0);
 *   }
 *   static void done(struct download *d, int err, void *op)     // what they are told
 *   {
 *       if (err) fit_op_failed(op, err, download_strerror(d), NULL);
 *       else     fit_op_succeeded(op, d->body, d->size);
 *   }
 *   ... return fit_run_group_tests(tests, NULL, NULL);          // was: cmocka_run_...
 *
 * WHERE TESTS RUN
 *   ./test_x                  each test once, no fault: an ordinary CMocka program.
 *   faulttest run ./test_x    each test once per case.
 * A group started with fit_run_group_tests() runs in the simulated kernel both times: its
 * assertions must hold WHATEVER goes wrong. A group started with cmocka_run_group_tests()
 * is untouched in a plain run; `faulttest run` sweeps it too, but takes a failing
 * assertion after a fault as "the test noticed": the case ends right there, without
 * teardown, with outcome `noticed`; its leaks are not judged. Such a group needs neither
 * this header nor relinking.
 *
 * RULES FOR ALL FUNCTIONS
 * - Call them while a test, its setup or its teardown runs; from any thread or callback
 *   of it. Elsewhere they end the program with a message that names the caller.
 * - They never fail at run time, never suffer an injected fault, and never appear in the
 *   ledgers. Wrong use (a bad name, NULL where a string is due) fails the test through
 *   your test framework, with file and line.
 * - Strings are copied. Function arguments (`arg`) stay yours and must live until the
 *   test and its teardown have ended, unless said otherwise.
 * - Times are virtual. There is no function to read them: your clocks (clock_gettime,
 *   uv_now, event_base_gettimeofday_cached...) already show virtual time.
 * - Faults are injected into the test body. Setup and teardown run in the same simulated
 *   kernel and take part in the leak balance, but suffer no faults; with --include-setup
 *   the setup of a test does. That it fails then is `noticed`.
 */
#ifndef FAULTTEST_H
#define FAULTTEST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- 1. Running tests -------------------------------------------------------------------- */

struct CMUnitTest;                                  /* CMocka's, version 1.1 or 2 */

/* As cmocka_run_group_tests(): same table, same setup and teardown, same result (number
 * of failed tests). With `faulttest run` a test fails if any of its cases does. */
#define fit_run_group_tests(tests, setup, teardown) \
    fit_run_group_tests_name(#tests, tests, setup, teardown)
#define fit_run_group_tests_name(name, tests, setup, teardown) \
    fit__run_group(name, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

/* One test without CMocka: for Unity, Check, GoogleTest or a plain main(). Runs
 * `test(arg)` as a group of one. Returns 0 if it passed, 1 if not. A failure of your own
 * framework counts when it ends the test by longjmp, exit, abort or an exception; a check
 * that merely records (EXPECT_EQ) should call fit_fail(). */
int fit_run(const char *name, void (*test)(void *arg), void *arg);

/* Ends the case with verdict `assertion`. From a test, callback, peer or client; CMocka's
 * assert_*() may be used in all these places, too. Does not return. */
#define fit_fail(...) fit__fail(__FILE__, __LINE__, __VA_ARGS__)

/* Settings for this test in the words of the command line, e.g.
 *   fit_options("--mode timeout,partial,emfile --budget 500");
 * First statement of the test or of its setup. The real command line wins over it. Known here are
 * --mode (also words such as peer-gone: `faulttest help modes`), --extended, --budget, --pairs,
 * --random, --seed, --case-time, and --world=real: a test that needs the real kernel is swept by
 * `faulttest run --world=real`, and unsupported without. */
void fit_options(const char *options);

/* ---- 2. The other side ------------------------------------------------------------------- */

/* Starts a server at "host:port" (TCP), "host:port/udp" or "/path" (AF_UNIX). The name
 * resolves at once; use names under .test, or 127.0.0.1 for the host of the code under
 * test. For every connection (udp: for every client address) `session` runs as plain
 * blocking code: read, write, sleep, poll. `fd` is closed when it returns.
 * Its own calls never fail, its own memory and descriptors are never leaks; what the code
 * under test does to it (reset, silence) is real. Sessions still running when the test
 * ends are dropped silently. */
void fit_peer(const char *address, void (*session)(int fd, void *arg), void *arg);

/* The same with a ready-made session: for each row, reads until `until` has come (NULL:
 * reads nothing), waits `after_ms`, then sends `send` as a segment of its own; after the last
 * row, the one that is all zero, closes in order, or with `hold` in the row before it keeps the
 * connection open in silence. `next` ends the script of one connection: the one after it
 * starts at the row behind; the last script serves all further ones. `size` and `until_size`
 * are lengths in bytes, 0 means strlen(). A connection that the other side closes early just
 * ends. The rows and what they point to must live as long as `arg`.
 *   static const struct fit_reply noon[] = {
 *       { .until = "TIME\n", .send = "12:00:00\n" }, { 0 } }; */
struct fit_reply {
    const char *until; size_t until_size;
    const char *send;  size_t size;
    unsigned after_ms; int hold, next;
};
void fit_peer_replies(const char *address, const struct fit_reply *rows);

/* The mirror: a client at `host` (NULL: the host of the code under test) that connects to
 * `address` and for each row sends `send`, then reads until `until` has come. One operation
 * named after the address, with the bytes read as its result. */
void fit_client_asks(const char *host, const char *address, const struct fit_reply *rows);

/* Starts a client program on its own host (NULL: on the host of the code under test, where
 * 127.0.0.1 reaches it). Same rules as a peer's session, but the test is not over before
 * every client has returned: one that waits for ever is a `hang`. When the last has
 * returned, the function given to fit_on_shutdown() is called. */
void fit_client(const char *host, void (*program)(void *arg), void *arg);

/* ---- 3. What callers wait for, and what they are told ------------------------------------ */

/* Somebody starts to wait for an outcome. Call it BEFORE the call that starts the work,
 * which may complete at once, and best as the first statement after the peers: an operation
 * that begins in the run without faults, but not in a case in which no other operation
 * failed, is `swallowed`. `name` need not be unique: the second "download" is download.2 in
 * reports. Exactly one outcome must follow before the test ends: none is `callback-lost`,
 * two are `callback-twice`. The result belongs to the library, lives as long as the test,
 * and may be passed as any callback's user pointer. */
struct fit_op *fit_op(const char *name);

/* The caller was told "done" and got these bytes (NULL, 0: nothing to compare). Bytes
 * other than in the run without faults are `swallowed` if a fault fired, and `wrong-result`
 * if nothing was wrong but the order in which things happened (mode `order`: ready events,
 * threads). There a failure that the usual order does not have is `wrong-result`, too. So
 * pass what must not depend on who comes first, or allow it with its reason:
 *   fit_allow("wrong-result", "mode=order", NULL, "the first answer wins"); */
void fit_op_succeeded(struct fit_op *op, const void *result, size_t size);

/* The caller was told "failed". `code`: whatever code it got (errno, UV_*, CURLE_*,
 * EAI_*, your own enum). `text`: the message it got, or NULL. Then pairs of key and value
 * for what else it could see, ended by NULL:
 *   fit_op_failed(op, e->code, e->text, "url", e->url, "attempt", e->attempt_text, NULL);
 * A cancelled operation reports its cancellation here, too. */
void fit_op_failed(struct fit_op *op, int code, const char *text, ...)
    __attribute__((sentinel));

/* How a user cancels `op`: `cancel(arg)` is called on the thread that runs the loop,
 * between two callbacks, in cases of mode `cancel`, and only while op has no outcome, so
 * `arg` must live until then (a registration that comes after the outcome is ignored). It
 * may return anything and take any pointer type: the call `cancel(arg)` must compile. After
 * it, op must get its outcome and everything be released; when `cancel` has returned and
 * that outcome was told, one more is `callback-late`.
 * It is called at every turn of the loop, halfway through its long waits, and while a thread
 * of libuv's pool works. With --extended also at the end of each callback, others of the same
 * turn being still to come (so `cancel` must not run the loop), twice at the same place, again
 * a turn later if op still has no outcome, from inside fit_op_succeeded() and fit_op_failed()
 * themselves (so in the service's own callback), and at the first turn after the outcome:
 * there only if the block of memory that held `arg` was not released, so a cancel function
 * that follows pointers in `arg` must find them valid or NULL.
 * libuv, libevent, libev and GLib loops are known; in a loop of your own, mark the place
 * with FAULT_CANCEL_POINT() (faulttest/point.h). */
#define fit_on_cancel(op, cancel, arg) \
    ((void)sizeof((void)(cancel)(arg), 0), fit__on_cancel(op, FIT__FN(cancel), arg))

/* The same for the service as a whole: how it is told to stop. Called when the last client
 * has returned, and in mode `cancel` at every place where an operation could be cancelled;
 * with --extended also twice. */
#define fit_on_shutdown(stop, arg) \
    ((void)sizeof((void)(stop)(arg), 0), fit__on_cancel(NULL, FIT__FN(stop), arg))

/* ---- 4. More, or less, than the defaults demand ------------------------------------------ */

/* From here to the end of the test, every failed operation must carry these details. "cause"
 * is special: code or text must name the injected cause (ECONNRESET as errno, -errno, CURLE_*,
 * EAI_*..., its symbol, or its usual text). Missing: `cause-lost`, `context-missing`.
 *   fit_require_details("cause,url,attempt"); */
void fit_require_details(const char *keys);

/* `faults` selects cases by words of a case's name, in any order, with * and ? (`faulttest
 * help cases`): "accept*:error=EMFILE", "recv:in=conn_read"; or by mode: "mode=memory"; "*" is
 * every case. In these cases nothing but success with the fault-free result will do; else
 * `not-recovered`. Of several faults each must be selected, by this or another call. */
void fit_must_recover(const char *faults);

/* In these cases `verdict` is no failure. A case of several faults is selected if one of them
 * is. `where` (NULL: anywhere) is a function in the call
 * stack of the symptom. Counted in every report with the reason, which must not be empty.
 * An allowance that no case needed is reported as `stale`, so that it goes when it can.
 *   fit_allow("crash", "mode=memory", NULL, "policy: we abort when memory runs out");
 *   fit_allow("leak-memory", "*", "curl_global_init", "kept for the life of the process"); */
void fit_allow(const char *verdict, const char *faults, const char *where, const char *reason);

/* Between off and on (they nest) nothing goes wrong on any thread, and faults that last (a
 * full disk, a used-up descriptor table, a silent peer) are lifted; a connection that was
 * reset stays reset, and what is under way late stays late. For steps that are not the
 * subject of the test, and for recovery: an operation begun while faults are off must
 * succeed, else `not-recovered`. */
void fit_faults_off(void);
void fit_faults_on(void);

/* The fault that fired in this case so far, as text, or NULL. Valid until the next call.
 * For assertions that hold only without faults: assert_true(n == 3 || fit_fault()).
 * Prefer outcomes: they are compared for you. */
const char *fit_fault(void);

/* How often FAULT_MARK(name) was passed in this case. */
unsigned fit_marked(const char *name);

/* ---- Not for direct use ------------------------------------------------------------------ */

int fit__run_group(const char *name, const struct CMUnitTest *tests, size_t count,
                   int (*setup)(void **), int (*teardown)(void **));
void fit__fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
void fit__on_cancel(struct fit_op *op, void (*cancel)(void *), void *arg);
#define FIT__FN(function) ((void (*)(void *))(void (*)(void))(function))

#ifdef __cplusplus
}
#endif
#endif
