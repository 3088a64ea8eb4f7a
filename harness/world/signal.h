/* harness/world/signal.h - between signal.c, signal_timer.c and signalfd.c. */
#ifndef HARNESS_WORLD_SIGNAL_H
#define HARNESS_WORLD_SIGNAL_H

#include "harness/world/inner.h"

struct fit__timer;

/* Signals as bits: what the kernel's mask holds. */
uint64_t fit__signal_bits(const sigset_t *set);
uint64_t fit__signal_bit(int signal);

/* signal.c. To `thread`, or (NULL) to the process: 0 or -EAGAIN. *queued: somebody will take it;
 * else it is ignored, or merged with one that waits. `timer`: asked when it is taken, or NULL. */
int fit__signal_post(struct fit__thread *thread, const siginfo_t *info, struct fit__timer *timer,
                     bool *queued);
/* What waits for the running thread, and one of it: the lowest number, or 0. */
uint64_t fit__signal_waiting(void);
int fit__signal_take(uint64_t bits, siginfo_t *info);
/* Sent to the process now, the running thread would take it. */
bool fit__signal_is_for_us(int signal);
void fit__signal_disown(struct fit__timer *timer);       /* it goes; what it sent stays */

/* signal_timer.c */
int fit__signal_timer_make(clockid_t clock, const struct sigevent *event);
int fit__signal_timer_set(int id, int flags, const struct itimerspec *value,
                          struct itimerspec *old);
int fit__signal_timer_get(int id, struct itimerspec *value);
int fit__signal_timer_overrun(int id);
int fit__signal_timer_drop(int id);
void fit__signal_timer_taken(struct fit__timer *timer, siginfo_t *info);
void fit__signal_timers_restart(void);

/* signalfd.c */
int fit__signalfd(int fd, const sigset_t *mask, int flags);
void fit__signalfd_notify(void);         /* something was sent */
uint64_t fit__signalfd_bits(void);       /* what any of them reads */

/* disturb.c: the thread is about to sleep. Does something come in between? A signal may be pending
 * then. */
enum fit__disturbance { FIT_D_NOTHING, FIT_D_LOOK_AGAIN, FIT_D_ENDS_WAIT };
enum fit__disturbance fit__disturbed(const char *what);
/* The same at the end of a call that did not wait. */
void fit__disturbed_between(const void *caller);

#endif
