/* fi/thread.h - what the wrappers of thread functions have in common, and the end of a thread. */
#ifndef FI_THREAD_H
#define FI_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "fi/catalogue.h"
#include "fi/guard.h"

/* Green threads have kernel thread ids of their own, which no real one can have, so that
 * glibc's mutexes know their owners: thread n has FIT_TID_FIRST + n, the test its real one. */
enum { FIT_TID_FIRST = 0x10000000 };

/* Runs on the thread that ends, as code of that thread (not inside): destructors of
 * `thread_local` objects, then those of its keys, as often as POSIX demands. */
void fit__thread_destructors(void);

/* *left: nanoseconds from now (virtual) to `until` on `clock`, not negative; -1: `until` is
 * NULL. False: EINVAL, `until` is no time, or the clock none that threads can wait by. */
bool fit__time_left(clockid_t clock, const struct timespec *until, int64_t *left);

/* Why a thread sleeps for a lock: [1] after it was woken more than FIT_IN_VAIN times and found that
 * somebody else had it again. */
#define FIT_SLEEP(...) { { __VA_ARGS__ }, { __VA_ARGS__, .starves = true } }
enum { FIT_IN_VAIN = 4 };

/* Wakes those who wait for what was unlocked. Nothing here preempts a thread, so one that locks
 * again and again would keep a lock from all others for ever, which no Linux does: it yields. */
void fit__unpark_fairly(const void *key, unsigned most);

/* A world ends, and with it all threads that wait in futex(). */
void fit__futex_restart(void);

/* ---- Cancelling (wrap_cancel.c). It acts where a call begins that is a cancellation point, and
 * where such a call waits: that wait ends with -EINTR, `called_off` is set, and at its end the call
 * acts. So no frame of the world's is ever unwound. */

/* Unwinds the stack of the running thread; not inside. */
void fit__cancelled(void) __attribute__((noreturn));
/* After asked, off or ending have changed. */
static inline void fit__cancel_changed(struct fit__guard *guard)
{
    guard->cancel.now = guard->cancel.asked && !guard->cancel.off && !guard->cancel.ending;
}

/* Around a call that is a cancellation point or not; what `begin` gives is for `end`. */
static inline bool fit__point_begin(bool is_point)
{
    bool outer = fit__guard->cancel.at_point;        /* a handler runs while a call waits */
    if (is_point && fit__guard->cancel.now && !fit__guard->inside) fit__cancelled();
    fit__guard->cancel.at_point = is_point;
    return outer;
}
static inline void fit__point_end(bool outer)
{
    fit__guard->cancel.at_point = outer;
    if (fit__guard->cancel.called_off && !fit__guard->inside) fit__cancelled();
}
/* The running thread must not go on to wait: its call is to be ended. */
static inline bool fit__called_off(void)
{
    return fit__guard->cancel.now && fit__guard->cancel.at_point;
}

/* Locks it again behind a wait of `caller`: to come late there is nothing new. "Inside". */
int fit__mutex_take(pthread_mutex_t *mutex, const void *caller);

/* ---- */

/* Asks for the error of what makes a lock or its like, which only fails with --extended: 0, or
 * that error. Not "inside". */
int fit__init_fault(enum fit__call_id id, const void *caller);

/* Asks whether the caller loses the processor now to another thread that could run (thread=1), or
 * to all others from here on: before a call that takes something (a lock that is free, a
 * semaphore), after one that gives something (unlocks, wakes). */
void fit__thread_preempt(enum fit__call_id id, const void *caller);
/* The same after a write to `fd`, if that is how threads of one program wake each other (eventfd,
 * pipe, socket pair): the point "wake". */
void fit__thread_woke(int fd, const void *caller);
/* What was answered: another thread runs. */
void fit__thread_switch(const struct fit__fact *fact);

#endif
