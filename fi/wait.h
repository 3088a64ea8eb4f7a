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

/* The ways in which `count` ready things, of which those with their bit in `outside` (1: the first)
 * are timed from outside, could also be told (FIT_W_ORDER): each first, the last first, only one of
 * them. `whole`: their order is seen, and not only which of them there are. Returns how many. */
enum { FIT_ORDERS_MOST = 8 };
unsigned fit__orders_of(int64_t orders[FIT_ORDERS_MOST], unsigned count, unsigned outside,
                        bool whole);
int64_t fit__order_backwards(unsigned count);

/* What becomes of a wait that has found something, if `count` orders are possible, and with
 * `deadline` (-1: it has none, or found no stream's data).
 * Waits on: the data was taken back and comes again about the deadline: just before it, so that
 * the wait still finds it, or just after it, when the timer has won.
 * Ordered: *order says how. Late: the caller slept on, more has come by now, and what came last is
 * to be told first. One by one: so it is from here on; *order: the number of the one that always
 * comes before the others, or 0. Failed: with the error *order. */
enum fit__found { FIT_F_AS_IT_IS, FIT_F_WAITS_ON, FIT_F_ORDERED, FIT_F_LATE, FIT_F_ONE_BY_ONE,
                  FIT_F_FAILED };
enum fit__found fit__wait_found(struct fit__call *c, int64_t deadline, const int64_t *orders,
                                unsigned count, int64_t *order);

/* EPOLL* or POLL* bits as words, "IN|HUP". */
const char *fit__events_text(char *out, size_t size, uint32_t events);

#endif
