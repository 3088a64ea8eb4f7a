/* harness/world/world.h - the inside of the simulated kernel (private to harness/).
 *
 * One kernel thread, many green threads. All state lives in the arena, so that a snapshot of
 * the process is a snapshot of the world. Everything here runs "inside" (fi/guard.h).
 * Virtual time is in nanoseconds since the world began. */
#ifndef HARNESS_WORLD_WORLD_H
#define HARNESS_WORLD_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <ucontext.h>

#include "fi/guard.h"
#include "fi/kernel.h"

typedef int64_t fit_ns;
#define FIT_NEVER INT64_MAX
#define FIT_MS ((fit_ns)1000000)
#define FIT_S (1000 * FIT_MS)

/* ---- clock.c: virtual time, and events that are due -------------------------------------- */

fit_ns fit__now(void);
/* Every simulated call costs this much, so that a loop that only polls cannot stop time. */
void fit__spend(fit_ns ns);
void fit__spend_until(fit_ns due);
/* From here on time goes on in steps of `tick`; 0: it does not. */
fit_ns fit__clock_ticks(void);
void fit__clock_set_ticks(fit_ns tick);

/* Something that happens by itself at a time: a segment arrives, a timer expires. The
 * structure belongs to the caller and must stay until it fired or was cancelled. `fire` is
 * called "inside", on whichever green thread lets time pass, and must not block. Events of
 * equal time fire in the order in which they were set. */
struct fit__event {
    fit_ns due;
    uint64_t sequence;
    int slot;                                     /* -1: not set; kept by clock.c */
    void (*fire)(struct fit__event *event);
};
void fit__event_set(struct fit__event *event, fit_ns due, void (*fire)(struct fit__event *));
void fit__event_cancel(struct fit__event *event); /* fine if not set (slot must have been -1 or
                                                     the structure all zero and never set) */
fit_ns fit__next_event(void);                     /* its time, or FIT_NEVER */
void fit__run_due_events(void);                   /* fires all with due <= now */

/* ---- sched.c: green threads -------------------------------------------------------------- */

struct fit__process;
struct fit__waiter;

/* Where threads wait. Embed one in anything that can become ready. All zero is not valid:
 * use fit__waitq_init. */
struct fit__waitq { TAILQ_HEAD(fit__waiters, fit__waiter) waiters; };
struct fit__waiter { TAILQ_ENTRY(fit__waiter) link; struct fit__thread *thread;
                     struct fit__waitq *queue; };

enum fit__thread_state { FIT_T_RUNNABLE, FIT_T_HELD /* could run, but is not let */,
                         FIT_T_BLOCKED, FIT_T_ENDED };

struct fit__thread {
    struct fit__guard guard;                 /* first: what wrappers look at */
    TAILQ_ENTRY(fit__thread) link;           /* in the run queue */
    TAILQ_ENTRY(fit__thread) all;
    enum fit__thread_state state;
    unsigned id;                             /* 0: the test itself; then in order of creation */
    unsigned demoted, passed_over;           /* fit__thread_demote: 0, or as the how-manieth */
    char name[32];                           /* "test", "thread 3", "peer origin.test:80" */
    struct fit__process *process;            /* host and descriptor table */
    ucontext_t context;
    void *stack; size_t stack_size; unsigned valgrind_stack;
    void *tls;                               /* thread pointer */
    void *(*start)(void *); void *arg; void *result;
    struct fit__event deadline;              /* wakes it */
    bool timed_out;
    bool service;                            /* code under test (not a peer or client) */
    bool interrupted;                        /* its wait for descriptors ends with EINTR */
    bool open;                               /* a signal ends this wait: signal.c */
    uint64_t waits_for;                      /* signals, as sigwait does */
    bool detached, joined;
    fit_ns starts_at;                        /* not before */
    struct fit__waitq joiners;
    const char *waiting_for;                 /* for evidence: "epoll_wait", "condition" */
    const struct fit__thread *joins;         /* it waits for the end of this one */
    char given[16];                          /* pthread_setname_np; or that of its maker */
    bool handle;                             /* made by pthread_create: kept until joined */
};

extern struct fit__thread *fit__current;     /* never NULL while a world is active */
void fit__waitq_init(struct fit__waitq *queue);

/* Makes a thread with its own stack and true thread-local storage; runnable, but it starts
 * only when the creator blocks. stack_size 0: 256 KiB. NULL: out of memory. */
struct fit__thread *fit__thread_new(const char *name, struct fit__process *process,
                                    void *(*start)(void *), void *arg, size_t stack_size);
/* One that could run does so before all others. */
void fit__thread_to_front(struct fit__thread *thread);
/* From now on it runs only if none can that was not demoted, or was earlier; not quite for ever. */
void fit__thread_demote(struct fit__thread *thread);
/* Ends the running thread. Does not return. */
void fit__thread_exit(void *result) __attribute__((noreturn));

/* Is a thread that the service starts here a peer all the same? Such a thread shares the service's
 * process, but nothing goes wrong in it, and what it opens is in no ledger. NULL: none is. */
extern bool (*fit__is_peer_start)(const void *start);

/* As a signal would: the wait for descriptors (epoll, poll) that the thread is in, or its next
 * one, ends with -EINTR. */
void fit__interrupt(struct fit__thread *thread);
bool fit__interrupted(void);                     /* of the running thread; asking uses it up */

/* As fit__block, but for signals that the mask lets in: their handlers run here, before the thread
 * sleeps. Then 0, "look again", or -EINTR, unless the call `goes_on` and SA_RESTART says so. */
int fit__block_open(const char *what, struct fit__waitq *const *queues, unsigned count,
                    fit_ns deadline, bool goes_on);

/* A thread that is not running never runs again (a peer whose test is over). */
void fit__thread_abandon(struct fit__thread *thread);

/* Blocks the running thread until one of the `count` queues is woken, or `deadline` (absolute;
 * FIT_NEVER) has come. Returns 0, or -ETIMEDOUT. Other threads and events run meanwhile. A
 * caller re-checks its condition in a loop: being woken is a hint. `what` is for evidence. */
int fit__block(const char *what, struct fit__waitq *const *queues, unsigned count,
               fit_ns deadline);
int fit__block_on(const char *what, struct fit__waitq *queue, fit_ns deadline);
void fit__wake_all(struct fit__waitq *queue);
bool fit__wake_one(struct fit__waitq *queue);    /* false: nobody waited */
void fit__yield(void);                           /* to the end of the run queue */

/* The whole service, not its peers, does not run until then, or until faults are off; all clocks
 * do. On one of its threads. */
void fit__service_stop(fit_ns until);
/* The running thread is not given the processor for so long; to all others it has stopped. */
void fit__starve(fit_ns ns);

/* Calls `look(arg)`, which must not block, on the stack of a thread that is blocked: to see where
 * it waits. */
void fit__look_from(struct fit__thread *thread, void (*look)(void *arg), void *arg);

/* No thread can run, and the clock is about to go on to `due`, the next event. May set events.
 * Simulated kernel only; called on any thread. */
extern void (*fit__on_idle)(fit_ns due);
/* A thread of the service has waited for longer than this, in `what`; on that thread. */
#define FIT_LONG_WAIT_NS FIT_S
extern void (*fit__on_waited)(const char *what, fit_ns waited);
/* Nothing can run and no event is due. The explorer sets it; it must not return. */
extern void (*fit__on_deadlock)(void);

/* Starts scheduling: turns the caller into green thread 0 ("test"), on a stack of its own at a
 * fixed address, runs `body(arg)` there, and returns on the caller's stack when body returns.
 * Threads that are left are dropped by fit__sched_end. */
void fit__sched_run(struct fit__process *process, void (*body)(void *arg), void *arg);
void fit__sched_end(void);
struct fit__thread *fit__thread_first(void);     /* for evidence; then TAILQ_NEXT(t, all) */
/* Memcheck's leak check would follow what dead frames left behind: tells it that the part below
 * the stack pointer of each thread that does not run holds nothing. Just before a leak check. */
void fit__sched_hide_dead_stacks(void);

/* ---- desc.c: processes, descriptor tables, open file descriptions ------------------------ */

struct fit__file;
struct fit__host { char name[64]; uint32_t address; /* network order, IPv4 */
                   struct fit__host *next; uint16_t next_port; };

struct fit__slot { struct fit__file *file; bool cloexec;
                   bool exempt;               /* opened by a peer in the service's process */
                   void *opened_stack[16]; unsigned opened_depth; const char *opened_by; };

/* A descriptor table. The service's own uses real numbers, each held by a placeholder; a
 * peer's table is only numbers. */
struct fit__process {
    struct fit__host *host; bool service;
    struct fit__slot *slots; int slot_count;     /* grows */
    int open_count, limit;                       /* RLIMIT_NOFILE as seen: 1024 */
    int exempt_count;                            /* of those open: slots with `exempt` */
    int budget;                                  /* -1, or: no more than this many open */
    bool budget_until_close;
    fit_ns budget_ends;                          /* whatever is closed; FIT_NEVER */
    fit_ns server_relieved;                      /* a server that still accepts has room again */
    struct fit__node *directory;                 /* its working directory, or NULL: files.h */
};

struct fit__epitem;
struct fit__socket_ops;
/* What an open file description can do. Functions may be NULL: then -EINVAL (or the error
 * that Linux gives for that kind). They return >= 0 or -errno and do not block: blocking is
 * done by the caller with fit__block on `file->queue`, as long as -EAGAIN comes back. */
struct fit__file_ops {
    const char *kind;                            /* "tcp", "pipe", "eventfd"... */
    ssize_t (*read)(struct fit__file *, const struct iovec *, int count, int flags /* MSG_* */);
    ssize_t (*write)(struct fit__file *, const struct iovec *, int count, int flags);
    uint32_t (*poll)(struct fit__file *);        /* EPOLL* bits that hold now */
    void (*release)(struct fit__file *);         /* last reference is gone */
    int (*describe)(struct fit__file *, struct fit__info *);
    int (*afflict)(struct fit__file *, enum fit__affliction, int64_t value);
    const struct fit__socket_ops *socket;        /* objects.h; NULL: not a socket */
};
struct fit__file {
    const struct fit__file_ops *ops;
    unsigned references;
    bool passed;                                 /* it travelled over AF_UNIX once */
    bool phantom;                                /* it says IN until the next look at what came */
    int status_flags;                            /* O_NONBLOCK, O_APPEND..., access mode */
    struct fit__waitq queue;                     /* woken by fit__file_changed */
    LIST_HEAD(, fit__epitem) watchers;
    void *object;                                /* of the kind */
};
struct fit__file *fit__file_new(const struct fit__file_ops *ops, void *object, int status_flags);
void fit__file_release(struct fit__file *file);  /* drops a reference */
/* The bits that hold for whoever watches it. */
static inline uint32_t fit__file_bits(struct fit__file *file)
{
    return file->ops->poll(file) | (file->phantom ? EPOLLIN | EPOLLRDNORM : 0);
}
/* The readiness of `file` may have changed and these bits became true: wakes waiters, tells
 * epoll (edge semantics of ep_poll_callback: each call is an edge for the bits given). */
void fit__file_changed(struct fit__file *file, uint32_t events);

struct fit__process *fit__process_new(struct fit__host *host, bool service);
/* Closes all that it has open, as when a process ends: its threads must not run any more. */
void fit__process_empty(struct fit__process *process);
struct fit__file *fit__file_of(int fd);          /* of the current process; NULL: EBADF */
/* Lowest free number >= lowest; takes over the caller's reference on success. -EMFILE. */
int fit__install(struct fit__file *file, int lowest, bool cloexec);
int fit__room_for(int count);                    /* 0 or -EMFILE */
/* As fit__install, but at exactly this number; what was there is closed first. -EBADF: `fd` is
 * negative or not below the limit; -EBUSY: a real file of the process has the number. */
int fit__install_at(struct fit__file *file, int fd, bool cloexec);
/* close(): frees the number, drops the reference, relieves a budget. 0 or -EBADF. */
int fit__uninstall(int fd);
/* Over the real kernel, where numbers are made and closed elsewhere: the current process's `fd`
 * stands for `file` from now on, and whatever it stood for before does not; or for nothing. */
void fit__note(int fd, struct fit__file *file, bool cloexec);
void fit__unnote(int fd);
struct fit__slot *fit__slot_of(int fd);          /* of the current process; NULL: EBADF */
struct fit__host *fit__host_named(const char *name, bool create);   /* "origin.test" or dotted */
struct fit__host *fit__host_at(uint32_t address);

/* datagram.c: waits for a datagram at `fd` and makes a socket of its own for whoever sent it, with
 * the same address, connected: what the sender has sent and will send is read there. Of the
 * current process; a descriptor or -errno. */
int fit__datagram_accept(int fd);

/* Files of the other units. */
extern const struct fit__kernel fit__kernel_sim; /* kernel_sim.c */
void fit__objects_reset(void);                   /* a world ended: connections without files go */
void fit__epoll_notify(struct fit__file *file, uint32_t events);  /* epoll.c, for desc.c */
void fit__epoll_forget(struct fit__file *file);  /* file is going away */

/* ---- progress.c: loops that get nowhere -------------------------------------------------- */

/* Something moved for the code under test: bytes, a connection, a timer that expired, a thread
 * that woke, time that jumped. Whoever moves it says so. */
void fit__progressed(void);
/* A call of the code under test returned at once and moved nothing (a wait that reported
 * readiness, EAGAIN, a clock read). `fd`: what it was about, or -1. After FIT_BUSY_CALLS such
 * calls in a row fit__on_busy is called, with text like "epoll_wait reports socket 7 (tcp
 * 10.0.0.2:40001 -> origin.test:80) 10000 times, and nothing moves". It must not return. */
void fit__idle_call(const char *call, int fd);
enum { FIT_BUSY_CALLS = 10000 };
extern void (*fit__on_busy)(const char *text);
/* Virtual time passed this moment (FIT_NEVER at first); called once, it must not return. */
extern fit_ns fit__time_limit;
extern void (*fit__on_time_limit)(void);

/* ---- Evidence: text blocks for people, one object a line, no addresses ------------------- */

/* Open descriptors of the code under test: "7   tcp       10.0.0.2:40001 -> origin.test:80
 * established, 1447 bytes unread". Return the length, cut at `size`. */
size_t fit__descriptors_text(char *out, size_t size);
/* Threads of the code under test and what each waits for. */
size_t fit__threads_text(char *out, size_t size);

/* waits.c: "main thread", "thread worker (worker_main)", "peer thread 3". */
void fit__thread_title(const struct fit__thread *thread, char *out, size_t size);
/* What a blocked thread waits for: the call ("pthread_mutex_lock", "recv"), the thread that has it
 * (NULL: none, or unknown), and what it is. */
struct fit__wait { const char *call; const struct fit__thread *by; char object[80]; };
void fit__wait_of(const struct fit__thread *thread, struct fit__wait *wait);

/* ---- world.c ----------------------------------------------------------------------------- */

/* Makes an empty world: clock at zero, hosts, the service's process. fit__active is false
 * until fit__world_run. Needs a process with one kernel thread; else returns -EBUSY. */
int fit__world_new(void);
void fit__world_run(void (*body)(void *), void *arg);      /* fit__active while it runs */
/* The same threads, but the calls go to the real kernel: no hosts, and peers on this machine only.
 * `swept`: in real time, with faults and a ledger of descriptors; else in virtual time, without
 * either. Call it before fit__world_run. */
void fit__world_over_real(bool swept);
bool fit__world_is_real(void);
void fit__world_drop(void);
struct fit__process *fit__service_process(void);

/* ---- children.c: processes that the code under test has made over the real kernel ----------- */

unsigned fit__children_left(void);       /* nobody has waited for them yet */
void fit__children_end(void);            /* kills those: the case that made them is over */
/* In a child that was forked, before it leaves the world. The explorer sets it. */
extern void (*fit__on_forked)(void);

#endif
