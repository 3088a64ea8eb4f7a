/* harness/loops/loops.h - what differs by loop library.
 *
 * An adapter defines the library's public functions (found before the library's own), steps
 * its run function turn by turn, names the callbacks it delivers, and takes the census of
 * its handles. It asks the rest of the harness through these few functions. All may be called
 * in or out of a world: outside they do nothing. */
#ifndef HARNESS_LOOPS_LOOPS_H
#define HARNESS_LOOPS_LOOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fi/behind.h"
#include "fi/catalogue.h"

/* A turn of a loop is about to begin, between two callbacks, on the loop's own thread: asks
 * whether the user cancels now, and calls the test's cancel function if so. */
void fit__turn(void);

/* ---- loops.c: callbacks that run --------------------------------------------------------- */

/* Around each callback that the library delivers to code of the user's. `callback` is its type
 * (FIT_CALL_uv_timer_cb), `function` the user's function. Each thread has its own stack of them.
 * A callback that was left by longjmp is forgotten when the next begins or is asked for. One that
 * the loop itself calls may come late, or take long (mode callback; case
 * "uv_timer_cb:in=on_time:delay=10s", and with ":at=end" behind "in"). */
void fit__callback_begin(enum fit__call_id callback, void *function);
void fit__callback_end(enum fit__call_id callback, void *function);

/* A callback did not return to the library: it was left by longjmp or an exception. Called when
 * that is noticed. The explorer sets it. */
extern void (*fit__on_callback_left)(const char *type);

/* A pool thread has begun a job: the user's function (uv_work_cb) of this name, or what libuv does
 * there itself ("uv_fs"). NULL: it has no name. The explorer sets it. */
extern void (*fit__on_job)(const char *name);

/* The same around the library's own run function ("uv_run"). */
void fit__loop_begin(const char *type);
void fit__loop_end(const char *type);

/* May a turn begin here: in a world, by code under test, and neither a callback nor another
 * loop is on this thread's stack? */
bool fit__turn_allowed(void);

/* The loop that began the last turn is that of this thread, which lives; it is a library's, and
 * runs no callback now. On any thread. */
struct fit__guard;
bool fit__library_loop_waits(const struct fit__guard *thread);

/* The run function of the innermost loop that runs on this thread ("uv_run"); NULL: none. */
const char *fit__loop_running(void);

/* The name of the callback that ended last (symbol of the user's function), or NULL: for
 * `after=`. Callbacks on pool threads (uv_work_cb) do not count, nor do those of libevent, libev
 * and GLib: names of cases have always done without them. */
const char *fit__last_callback(void);
/* The symbol of a function of the user's, or NULL. */
const char *fit__name_of(void *function);

/* The callback `function` of type `type` could return `value` to say that it failed: asks
 * whether it does so now (mode callback; case "curl_write_callback:in=on_body:return=0").
 * Returns true if so. Ask before the user's function runs, and do not call it then. */
bool fit__callback_fails(enum fit__call_id callback, void *function, long value);

/* Does a callback run on this thread? Only in a world, and not for peers. */
bool fit__in_callback(void);

/* Puts the facts of `call` to the question, whose place is filled in, and asks. Returns what is to
 * happen, or NULL. */
const struct fit__alternative *fit__loop_asks(enum fit__call_id call, struct fit__question *q);
/* The running thread computes for so long. */
void fit__loop_sleeps(int64_t ms);
/* Code at `caller` has sent something to a loop: asks whether that comes to run now. */
void fit__loop_sent(enum fit__call_id call, const void *caller);
/* Code at `caller` is about to start a timer by the time that the loop remembers: asks whether it
 * did so a tick after that. */
void fit__loop_timed(enum fit__call_id call, const void *caller);

/* A callback that the loop itself has called is over, the next one of the same batch is still to
 * come. `name`: of the user's function, or NULL. The explorer sets it. */
extern void (*fit__on_callback_ended)(const char *name);

/* `function` as fit__symbol_of and fit__question.caller want it: they take return addresses,
 * and a function's first byte taken for one would lie in the function before it. */
static inline const void *fit__as_caller(void *function) { return (const char *)function + 1; }

/* ---- loops.c: the library behind our definitions ----------------------------------------- */

/* A library whose functions we define. It is never linked: found when first needed. */
struct fit__library {
    const char *file;            /* "libuv.so.1" */
    uintptr_t low, high;         /* where it is mapped; 0, 0 until the first look-up */
};

/* Loads those that the program will need and that are not there. Not in a world. */
void fit__loops_load(void);

/* The library's own function `name`. Ends the test as unsupported if there is none. */
void *fit__real_of(struct fit__library *library, const char *name);
#define FIT__REAL(library, name)                                                       \
    (__extension__({ FIT_BEHIND(found, #name, library);                                 \
        if (!found.address) found.address = fit__real_of((library), #name);            \
        (__typeof__(&name))found.address; }))
/* For fit__behind_fill: as far as it can be found without loading anything. */
void *fit__real_ahead(const struct fit__behind *function);

/* Is a callback passed by the code at `caller` one of the user's? Not if the library itself
 * passes it, nor a peer. Call FIT__REAL first. */
bool fit__users_callback(const struct fit__library *library, const void *caller);

/* The same where a library's own calls cannot be told from those of its user's: is `function` part
 * of the program, or of a library of the program's own? Only in a world, and not for peers. */
bool fit__is_users(void *function);

/* ---- Census ------------------------------------------------------------------------------ */

/* Handles that are still there ("uv_timer_t", 2), to be compared with the run without faults.
 * Texts are static. Loops that were made outside this test do not count. */
struct fit__census_entry { const char *type; unsigned count; };
/* Fills up to `most` entries for all loops that were not closed; returns how many. Each such
 * loop is itself an entry ("uv_loop_t", 1). Memory of a loop that is gone is not touched. */
size_t fit__uv_census(struct fit__census_entry *entries, size_t most);
/* libevent: bases that were not freed. */
size_t fit__event_census(struct fit__census_entry *entries, size_t most);
/* libev: loops of ev_loop_new() that were not destroyed, and watchers that are active on any loop
 * that is there, the default one as well ("ev_timer", 1). That one itself is for ever. */
size_t fit__ev_census(struct fit__census_entry *entries, size_t most);
/* GLib: sources that the program added to the default context, which is for ever, and that are
 * still there, by how they were added ("GSource of g_timeout_add()", 1). Those of other contexts go
 * with them, and a context that is left holds descriptors. */
size_t fit__glib_census(struct fit__census_entry *entries, size_t most);
/* What GLib is to call instead of `callback`, a function for a source. */
void *fit__glib_thunk(void *callback);
/* Does code of the user's call, not GIO or another library? */
bool fit__by_user(const void *caller);
/* All libraries together. */
size_t fit__loops_census(struct fit__census_entry *entries, size_t most);
/* Copies memory that may be gone by now, a stack or a freed block: false if it is. By a system
 * call, which fails where a load would crash, and is no matter for Memcheck. */
bool fit__peek(void *out, const void *address, size_t size);
/* uv_loop_close() returned UV_EBUSY since the test began: how often. */
unsigned fit__uv_busy_closes(void);

/* Something is due on the loop's thread (the service is to be told to stop): makes the loops that
 * run begin a new turn. Called on any thread, "inside", with the service's descriptors. True: they
 * wake by themselves; false: the thread's wait must be interrupted, too. */
bool fit__loops_wake(void);
bool fit__uv_wake(void);         /* its parts */
void fit__event_wake(void);

/* Forgets everything about loops: a new test begins. Call it on the test's own thread. */
void fit__loops_reset(void);
void fit__uv_reset(void);        /* its parts */
void fit__uv_pool_reset(void);
void fit__event_reset(void);
void fit__ev_reset(void);
void fit__ev_census_reset(void);
void fit__glib_reset(void);
void fit__glib_census_reset(void);

/* From here on OpenSSL, if the program has it, draws its random numbers from the world. */
void fit__openssl_start(void);

#endif
