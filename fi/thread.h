/* fi/thread.h - what the wrappers of thread functions have in common, and the end of a thread. */
#ifndef FI_THREAD_H
#define FI_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "fi/choice.h"

/* Green threads have kernel thread ids of their own, which no real one can have, so that
 * glibc's mutexes know their owners: thread n has FIT_TID_FIRST + n, the test its real one. */
enum { FIT_TID_FIRST = 0x10000000 };

/* Runs on the thread that ends, as code of that thread (not inside): destructors of
 * `thread_local` objects, then those of its keys, as often as POSIX demands. */
void fit__thread_destructors(void);

/* *left: nanoseconds from now (virtual) to `until` on `clock`, not negative; -1: `until` is
 * NULL. False: EINVAL, `until` is no time, or the clock none that threads can wait by. */
bool fit__time_left(clockid_t clock, const struct timespec *until, int64_t *left);

/* A world ends, and with it all threads that wait in futex(). */
void fit__futex_restart(void);

/* Asks for one thing that can go wrong in a thread function called from `caller`: an error is of
 * mode thread, all else of mode order. */
bool fit__thread_fault(const char *point, const void *caller, enum fit__what what, int code);

#endif
