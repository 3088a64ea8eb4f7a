/* harness/world/inner.h - between the units clock, sched, tls, desc, progress and world.
 *
 * Nobody else includes it: what the rest of the simulated kernel needs is in world.h. */
#ifndef HARNESS_WORLD_INNER_H
#define HARNESS_WORLD_INNER_H

#include "harness/world/world.h"

enum {
    FIT_SWITCH_NS = 500,                /* what a context switch costs in virtual time */
    FIT_STACK_DEFAULT = 256 * 1024,
    FIT_STACK_MOST = 8 * 1024 * 1024,
    FIT_THREADS_MAX = 4096              /* alive at a time; then pthread_create gives EAGAIN */
};

/* clock.c: time zero, no events. */
void fit__clock_reset(void);
void fit__realtime_reset(void);         /* date.c */

/* tls.c: memory of green threads. A block of TLS is what glibc would have made for a thread. */
bool fit__tls_known(void);              /* this glibc's layout could be found out */
void *fit__tls_make(char *stack_end, unsigned id);      /* thread pointer; lies in the stack */
void fit__tls_drop(void *tp);
char *fit__tls_lowest(void *tp);        /* the stack proper ends here */
void fit__tls_begin(void);              /* first on the new thread */
void fit__tls_end(void);                /* last on it: keys' memory, robust locks */
void fit__tls_switch(void *tp);
pthread_t fit__tls_handle(void *tp);    /* what pthread_self() answers there */

struct fit__stack_memory { char *lowest; size_t size; unsigned valgrind_id; };
bool fit__stack_take(struct fit__stack_memory *stack, size_t size);
void fit__stack_give(const struct fit__stack_memory *stack);
bool fit__stack_take_test(struct fit__stack_memory *stack);      /* of thread 0; once */
/* Unmaps those that are not in use. If none is, the next world finds the same addresses. */
void fit__stacks_drop(bool any_in_use);
bool fit__is_stack_address(uintptr_t address);

/* desc.c */
int fit__desc_begin(void);              /* 0 or -errno */
void fit__desc_end(void);               /* closes everything */

/* over_real.c: the operations of a world over the real kernel. */
const struct fit__kernel *fit__kernel_over_real(bool swept);
/* real_faults.c: adds to them what a sweep needs, a ledger of descriptors and faults. */
void fit__real_faults(struct fit__kernel *over);

/* barred.c: from here on the real kernel has no io_uring either. */
void fit__bar_calls(void);

/* children.c: what fit__processes points to over the real kernel. */
extern const struct fit__processes fit__real_processes;
bool fit__children_exist(void);         /* some may still end */
bool fit__children_look(void);          /* hands on the SIGCHLDs that came; true: there were some */

/* progress.c */
void fit__progress_reset(void);
void fit__time_passed(fit_ns now);      /* asks for the limit */

/* sched.c: NULL, or lets real time pass until `due`, instead of a jump of the clock. */
extern void (*fit__wait_until)(fit_ns due);

/* sched.c: an ended thread that nobody will ask for any more. */
void fit__thread_forget(struct fit__thread *thread);
void fit__make_runnable(struct fit__thread *thread);    /* it must be blocked */
void fit__pass_on(void);                /* lets another thread run, or the caller again */

/* signal.c: what fit__signals points to in a world. */
extern const struct fit__signals fit__world_signals;
void fit__signals_forget(struct fit__thread *thread);   /* it ends */
void fit__signals_restart(void);                        /* a world ended */

/* green.c: why a thread sleeps, and for which key; NULL: it does not sleep for a key. */
const struct fit__sleep *fit__sleep_of(const struct fit__thread *thread, const void **key);

/* green.c: what fit__threads points to in a world. */
extern const struct fit__threads fit__green_threads;
bool fit__sleeps_for_key(const struct fit__thread *thread);
void fit__sleeper_forget(const struct fit__thread *thread);     /* it is about to be dropped */

#endif
