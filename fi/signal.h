/* fi/signal.h - signals that the program sends to itself, now or by a timer.
 *
 * Handlers are the real ones (sigaction) and the mask is the real mask, which each green thread
 * has for itself; what is pending, and who takes it, is the world's. A handler runs on the thread
 * that takes the signal, where that thread waits or at the end of its next simulated call. */
#ifndef FI_SIGNAL_H
#define FI_SIGNAL_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { FIT_TIMER_REAL = 0 /* the one of alarm() and setitimer(); others count from 1 */ };

/* All are called "inside" (fi/guard.h) and return a result >= 0 or -errno. */
struct fit__signals {
    /* To a thread of the program's, or (NULL) to the process. `code`: SI_USER, SI_QUEUE... */
    int (*send)(const pthread_t *thread, int signal, int code, union sigval value);
    void (*deliver)(void);               /* runs the handlers of what the mask lets in */
    /* A call made from `caller` is over: asks whether a handler runs now. */
    void (*between)(const void *caller);
    void (*mask_changed)(void);          /* of the running thread; delivers nothing */
    void (*action_changed)(int signal);
    void (*pending)(sigset_t *out);      /* for the running thread */
    /* Takes one of `set`, waiting for it: its number, -EAGAIN when the time is over, -EINTR. */
    int (*wait)(const sigset_t *set, siginfo_t *info, int64_t timeout_ns);
    int (*pause)(void);                  /* -EINTR, after a handler has run */
    int (*descriptor)(int fd, const sigset_t *mask, int flags);      /* signalfd */
    int (*timer_make)(clockid_t clock, const struct sigevent *event);        /* its id */
    int (*timer_set)(int id, int flags, const struct itimerspec *value, struct itimerspec *old);
    int (*timer_get)(int id, struct itimerspec *value);
    int (*timer_overrun)(int id);
    int (*timer_drop)(int id);
};
extern const struct fit__signals *fit__signals;      /* valid while fit__active */

/* The signals that others send for which the program has ever set a handler: 1 << (signal - 1). */
extern uint64_t fit__handlers_set;

/* The last handlers that ended a wait were such that a call of read's kind goes on (SA_RESTART). */
extern bool fit__signal_restarts;

/* A sweep catches crashes: their signals stay unblocked, or the kernel ends the process unheard. */
extern bool fit__crashes_caught;

/* What the program has set for a signal; what a sweep has for itself does not show. */
void fit__signal_action(int signal, struct sigaction *action);
void fit__signal_set_default(int signal);

/* A mask for the time of one call, as ppoll has it; NULL: none, and nothing happens. */
void fit__mask_begin(const sigset_t *mask, sigset_t *old);
void fit__mask_end(const sigset_t *mask, const sigset_t *old);

#endif
