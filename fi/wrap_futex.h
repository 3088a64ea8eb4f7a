/* fi/wrap_futex.h - futex(), which only syscall() reaches (private to fi/wrap_*.c). */
#ifndef FI_WRAP_FUTEX_H
#define FI_WRAP_FUTEX_H

#include "fi/wrap.h"

/* *result as syscall() returns it. False: an operation that is not simulated, and nothing was
 * done: only waiting and waking are. */
bool fit__futex(const long arguments[6], long *result);

#endif
