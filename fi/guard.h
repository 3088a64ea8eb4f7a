/* fi/guard.h - who is calling: the code under test, a peer, or ourselves.
 *
 * Every wrapper asks fit__passes() first. While no world is active, and while our own code
 * (libfiu included) runs, the call goes straight to the real kernel or to glibc.
 * Exactly one kernel thread exists while a world is active, so plain globals do. */
#ifndef FI_GUARD_H
#define FI_GUARD_H

#include <assert.h>
#include <stdbool.h>

struct fit__guard {
    unsigned inside;     /* > 0: our own code runs on this green thread */
    bool exempt;         /* a peer or a client of the test: simulated, never faulted or counted */
    bool signal;         /* a signal may wait for it: fi/signal.h */
    unsigned wait;       /* epoll_wait, poll or their like, which it is in (fi/catalogue.h), or 0 */
    struct {             /* pthread_cancel: fi/thread.h */
        bool asked, off;         /* called for this thread; disabled by it */
        bool ending;             /* it acts on it, or ends anyway: never again */
        bool now;                /* all of these together: the next point acts */
        bool at_point;           /* the call it makes is one */
        bool called_off;         /* ... and gave up waiting for that reason */
    } cancel;
};

extern bool fit__active;             /* a world exists and this process lives in it */
extern struct fit__guard *fit__guard;/* of the green thread that runs now; never NULL */

/* True when the call must not be simulated. */
static inline bool fit__passes(void)
{
    return !fit__active || fit__guard->inside > 0;
}

/* Our own code runs from here ... to here. They nest. */
static inline void fit__enter(void) { fit__guard->inside++; }
static inline void fit__leave(void)
{
    assert(fit__guard->inside > 0);
    fit__guard->inside--;
}

#endif
