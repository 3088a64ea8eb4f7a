/* fi/wait.h - what epoll, poll and select have in common (private to fi/wrap_*.c). All but the
 * conversions are called between fit__begin and fit__end. */
#ifndef FI_WAIT_H
#define FI_WAIT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "fi/signal.h"
#include "fi/wrap.h"

enum { SIGSET_SIZE = _NSIG / 8, LISTED_MAX = 8 /* descriptors in a line of the trace */ };

/* Nanoseconds; -1: wait without end. `bad`: not a time. */
int64_t fit__ns_of_ms(int timeout_ms);
int64_t fit__ns_of(const struct timespec *timeout, bool *bad);

int64_t fit__monotonic(void);

/* A wait with a deadline found data at a stream before it: asks whether the timer wins all the
 * same. If so, the data was taken back and arrives just after the deadline. */
bool fit__timers_first(struct fit__call *c, int64_t deadline);

/* EPOLL* or POLL* bits as words, "IN|HUP". */
const char *fit__events_text(char *out, size_t size, uint32_t events);

#endif
