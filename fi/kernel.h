/* fi/kernel.h - the operations a kernel offers to the wrappers.
 *
 * Two kernels implement it: the real one (fi/kernel_real.c, raw system calls) and the
 * simulated one (harness/world/kernel_sim.c). All functions return a result >= 0 or -errno
 * and never touch errno. Addresses, buffers and structures are those of the system call of
 * the same name. Blocking functions block the calling green thread (simulated) or the
 * kernel thread (real). Timeouts are in nanoseconds, -1: wait without end. */
#ifndef FI_KERNEL_H
#define FI_KERNEL_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

struct addrinfo;
struct fit__fact;

/* What a descriptor is, as far as faults depend on it. */
enum fit__class {
    FIT_C_NONE,          /* not open, or not ours */
    FIT_C_LISTENER, FIT_C_STREAM /* TCP or AF_UNIX to somebody else */,
    FIT_C_PAIR           /* pipe or socket pair, both ends held by the code under test */,
    FIT_C_DATAGRAM, FIT_C_FILE, FIT_C_WAKEUP /* eventfd */, FIT_C_TIMER, FIT_C_EPOLL,
    FIT_C_SOCKET         /* a stream socket that is not connected (yet) */,
    FIT_C_NOTICES        /* inotify */,
    FIT_C_SIGNALS        /* signalfd */
};

enum { FIT_EDGES = 3 };

struct fit__info {
    enum fit__class class;
    bool nonblocking, edge_triggered;    /* edge_triggered: some epoll watches it with EPOLLET */
    bool connecting, peer_closed, broken;
    size_t readable, writable;           /* bytes that could be moved right now */
    size_t unanswered;                   /* bytes sent since the other side sent anything */
    size_t edges[FIT_EDGES];             /* of those to be read, so many were sent by one call, by
                                            two ...; 0: nobody knows */
    char object[120];                    /* "origin.test/80", "listener/8080", "pipe", path... */
    char text[160];                      /* for people: "tcp 10.0.0.2:40001 -> origin.test:80" */
    bool waiting;                        /* a datagram, possibly an empty one, can be read */
    bool refusable;                      /* UDP: an earlier datagram may turn out to be refused */
    bool local;                          /* AF_UNIX */
    bool unconnected;                    /* UDP without another side of its own */
    bool rights;                         /* descriptors come with what can be read */
    bool mapped;                         /* a file: its content is seen as memory, too */
    bool brief;                          /* set by the caller: text may stay empty */
};

/* A change of the world that a fault stands for. */
enum fit__affliction {
    FIT_A_RESET,         /* the connection dies with `value` (errno) on our end, RST on the other */
    FIT_A_EOF,           /* the other side ends now; what it had sent and was not read is gone.
                            A datagram socket: an empty one comes before what can be read */
    FIT_A_SILENT,        /* the other side says and hears nothing more, for good */
    FIT_A_LATE,          /* what has arrived is held back for `value` ns and arrives then */
    FIT_A_FULL,          /* no room to send for `value` ns, INT64_MAX: for good */
    FIT_A_ERROR,         /* `value` (errno) is what the next call on the socket fails with */
    FIT_A_LOST,          /* what was written to a file and not flushed yet never reached the disk */
    FIT_A_UNREADABLE,    /* the block of the file at `value` cannot be read any more */
    FIT_A_CUT,           /* somebody else makes the file end at `value` */
    FIT_A_OVERFLOW       /* inotify: all but the first event that waits is lost, and it says so */
};

/* What a machine can run out of. */
enum fit__resource {
    FIT_R_DESCRIPTORS,   /* of the process: RLIMIT_NOFILE */
    FIT_R_DISK,
    FIT_R_PORTS,         /* of TCP, for connections that ask for no port of their own */
    FIT_R_WATCHES,       /* of epoll: fs.epoll.max_user_watches */
    FIT_RESOURCES
};

enum { FIT_DISK_PAGE = 4096 };           /* room on a disk is taken in units of this */

/* Is its becoming ready timed by something that the code under test does not do itself? What other
 * threads of the program do to a pipe or an eventfd is in the order of their calls. */
static inline bool fit__from_outside(const struct fit__info *info)
{
    return info->class == FIT_C_STREAM || info->class == FIT_C_DATAGRAM
        || info->class == FIT_C_LISTENER || info->class == FIT_C_TIMER || info->connecting;
}

enum {
    FIT_READY = 1,
    FIT_READY_STREAM = 2,        /* some of it at a stream: fit__kernel.hold works */
    FIT_ORDERED_MOST = 8         /* of what is ready, so many at the front are told apart */
};
/* How many are ready, at most FIT_ORDERED_MOST, and is the n-th (1: the first) from outside? 0 and
 * false where the order cannot be changed. */
static inline unsigned fit__ready_count(int ready) { return (unsigned)ready >> 4 & 15; }
static inline bool fit__ready_outside(int ready, unsigned n) { return ready >> (7 + n) & 1; }

struct fit__kernel {
    /* descriptors in general */
    int (*close)(int fd);
    int (*dup)(int fd, int lowest, bool cloexec);
    int (*dup3)(int from, int to, int flags);
    int (*fcntl)(int fd, int command, long argument);
    int (*ioctl)(int fd, unsigned long request, void *argument);
    /* A count of 0: readv or writev of nothing, for which Linux does not ask the object at all. */
    ssize_t (*readv)(int fd, const struct iovec *iov, int count, off_t offset /* -1: current */);
    ssize_t (*writev)(int fd, const struct iovec *iov, int count, off_t offset);
    ssize_t (*splice)(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size,
                      unsigned flags);
    ssize_t (*tee)(int in, int out, size_t size, unsigned flags);
    ssize_t (*sendfile)(int out, int in, off_t *offset, size_t size);
    off_t (*lseek)(int fd, off_t offset, int whence);
    int (*fstat)(int fd, struct stat *st);
    /* making descriptors */
    int (*socket)(int domain, int type, int protocol);
    int (*socketpair)(int domain, int type, int protocol, int fds[2]);
    int (*pipe)(int fds[2], int flags);
    int (*eventfd)(unsigned initial, int flags);
    int (*timerfd)(int clock, int flags);
    int (*epoll_create)(int flags);
    int (*inotify_init)(int flags);
    int (*inotify_add)(int fd, const char *path, uint32_t mask);
    int (*inotify_remove)(int fd, int watch);
    int (*open)(int dir, const char *path, int flags, mode_t mode);
    /* files by path. `dir`: a directory's descriptor, or AT_FDCWD. Where a path may be NULL the
     * call is about `dir` itself, any open file. */
    int (*stat)(int dir, const char *path, struct stat *st, int flags);
    int (*access)(int dir, const char *path, int mode, int flags);
    ssize_t (*readlink)(int dir, const char *path, char *out, size_t size);
    int (*mkdir)(int dir, const char *path, mode_t mode);
    int (*unlink)(int dir, const char *path, int flags);
    int (*rename)(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
    int (*link)(int from_dir, const char *from, int to_dir, const char *to, int flags);
    int (*symlink)(const char *target, int dir, const char *path);
    int (*chmod)(int dir, const char *path /* or NULL */, mode_t mode, int flags);
    int (*chown)(int dir, const char *path /* or NULL */, uid_t user, gid_t group, int flags);
    int (*utimens)(int dir, const char *path /* or NULL */, const struct timespec times[2],
                   int flags);
    int (*truncate)(int dir, const char *path /* or NULL */, off_t size);
    int (*chdir)(int dir, const char *path /* or NULL */);
    int (*getcwd)(char *out, size_t size);               /* length with its end */
    /* open files */
    int (*fallocate)(int fd, int mode, off_t from, off_t size);
    int (*fsync)(int fd);
    int (*flock)(int fd, int operation);
    ssize_t (*getdents)(int fd, void *out, size_t size);         /* struct dirent64 */
    long (*mmap)(void *start, size_t size, int protection, int flags, int fd, off_t offset);
    /* sockets */
    int (*bind)(int fd, const struct sockaddr *address, socklen_t size);
    int (*listen)(int fd, int backlog);
    int (*accept)(int fd, struct sockaddr *address, socklen_t *size, int flags);
    int (*connect)(int fd, const struct sockaddr *address, socklen_t size);
    int (*shutdown)(int fd, int how);
    int (*getsockname)(int fd, struct sockaddr *address, socklen_t *size);
    int (*getpeername)(int fd, struct sockaddr *address, socklen_t *size);
    int (*getsockopt)(int fd, int level, int option, void *value, socklen_t *size);
    int (*setsockopt)(int fd, int level, int option, const void *value, socklen_t size);
    ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
    ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
    /* waiting */
    int (*epoll_ctl)(int ep, int operation, int fd, struct epoll_event *event);
    /* Waits until epoll_wait would report something, and takes nothing: FIT_READY bits with the
     * count (fit__ready_count), 0 when the time is over. After that epoll_wait with timeout 0
     * harvests. */
    int (*epoll_await)(int ep, int64_t timeout_ns);
    int (*epoll_wait)(int ep, struct epoll_event *events, int most, int64_t timeout_ns);
    /* Of what is ready, those with these numbers (fi/case.h: FIT_W_ORDER) are told first, in this
     * order. NULL: it cannot do that. */
    void (*epoll_order)(int ep, int64_t order);
    /* From here on, as long as faults are on, each wait tells at most one thing that the program
     * does not know of yet; with `first` (1: of what is ready now the first) that thing comes
     * before all others. Only together with epoll_order. */
    void (*epoll_sparing)(int ep, unsigned first);
    int (*poll)(struct pollfd *fds, nfds_t count, int64_t timeout_ns);
    /* Something will happen within `ns`, whatever the caller does. NULL: nobody can tell. */
    bool (*more_soon)(int64_t ns);
    int (*timerfd_settime)(int fd, int flags, const struct itimerspec *value,
                           struct itimerspec *old);
    int (*timerfd_gettime)(int fd, struct itimerspec *value);
    /* time, entropy, names */
    int (*clock_gettime)(clockid_t clock, struct timespec *now);
    int (*sleep)(int64_t ns);
    ssize_t (*getrandom)(void *buffer, size_t size, unsigned flags);
    int (*getaddrinfo)(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **result);        /* returns 0 or EAI_*. Each row is a
        block of fit__plain_calloc with its address inside, the canonical name another: glibc's own
        freeaddrinfo releases them, or a walk with fit__plain_free. */
    int (*getnameinfo)(const struct sockaddr *address, socklen_t size, char *host,
                       socklen_t host_size, char *service, socklen_t service_size, int flags);
    /* for faults */
    int (*describe)(int fd, struct fit__info *info);      /* never blocks; 0 or -EBADF */
    int (*afflict)(int fd, enum fit__affliction affliction, int64_t value);
    /* Everything that has arrived at sockets of the code under test and was not read yet
     * (data, end, completed connects) is taken back and arrives again `ns` from now. */
    void (*hold)(int64_t ns);
    /* descriptor budget: from now on at most as many descriptors as are open, until ... */
    void (*limit_descriptors)(bool until_close);
    void (*unlimit_descriptors)(void);
    /* From now on at most so many bytes can be written to files, -1: no limit; what is removed
     * makes room. Then writes give ENOSPC. */
    void (*limit_disk)(int64_t bytes);
    /* The disk is full (ENOSPC), until something is removed or for good, or takes no changes any
     * more (EROFS). -1, and limit_disk(-1): nothing is wrong with it. */
    void (*spoil_disk)(int error, bool until_free);
    /* No more port can be had, no more watch, until further notice (relieve_after). */
    void (*exhaust)(enum fit__resource what);
    /* `ns` from now there is enough of it again, whoever had used it up, and however. That wakes
     * nobody: who needs it must ask again. */
    void (*relieve_after)(enum fit__resource what, int64_t ns);
    /* It cannot make this fault true at `fd` (-1: none), so that it must not be offered. NULL: it
     * can make every fault true. */
    bool (*lacks)(int fd, const struct fit__fact *fact);
};

/* Threads. Only the simulated kernel has them: without a world the wrappers use glibc's own. A
 * lock is glibc's own object: lock = trylock, or park until the holder unparks. Errors are
 * returned as pthread functions do (EAGAIN, positive). */
/* Why a thread sleeps in the wrappers of thread functions. */
struct fit__sleep {
    const char *what, *call;                 /* "mutex", "pthread_mutex_lock" */
    const char *alone;                       /* "a condition that nobody is left to signal" */
    bool by_signal;                          /* a handler ends it, as SA_RESTART says */
    bool limited;                            /* ... and whatever that says */
    bool starves;                            /* it was woken in vain, again and again */
    pid_t (*owner)(const void *key);         /* who has it, as glibc's locks know it; 0: unknown */
};

struct fit__threads {
    int (*create)(pthread_t *thread, const pthread_attr_t *attr,
                  void *(*start)(void *), void *arg);
    void __attribute__((noreturn)) (*exit)(void *result);
    int (*join)(pthread_t thread, void **result, int64_t timeout_ns /* -1: no end */);
    bool (*has_ended)(pthread_t thread);     /* or there is none */
    int (*detach)(pthread_t thread);
    int (*cancel)(pthread_t thread);         /* 0 or ESRCH; ends the wait that it is in */
    /* Sleeps until unpark(key) or the timeout: 0, ETIMEDOUT or EINTR. A wake-up is a hint: look
     * again. `why` must stay. */
    int (*park)(const void *key, const struct fit__sleep *why, int64_t timeout_ns);
    /* True: one of those it woke starves. Who unlocks and locks again at once should yield then. */
    bool (*unpark)(const void *key, unsigned most);
    bool (*is_parked)(const void *key, const struct fit__sleep *why);        /* is anybody? */
    /* How many sleep for `key` and could be woken; lets the n-th of them (1: the first) be the
     * next that is. */
    unsigned (*sleepers)(const void *key);
    void (*next_sleeper)(const void *key, unsigned n);
    void (*yield)(void);
    /* The processor is not given for so long: to the running thread, or to one that is new. */
    void (*starve)(int64_t ns);
    void (*starts_late)(pthread_t thread, int64_t ns);
    void (*demote)(void);                    /* from now on the caller runs only if no other thread
                                                of the code under test can; not quite for ever */
    bool (*competes)(void);                  /* another thread of the code under test could run */
    char *(*name_of)(pthread_t thread);      /* 16 bytes, its own to change; NULL: no thread */
    int (*stack_of)(pthread_t thread, void **lowest, size_t *size, bool *detached);
    bool (*is_ours)(pthread_t thread);       /* between worlds: also one that is gone */
};
extern const struct fit__threads *fit__threads;    /* valid while fit__active */

/* The code under test needs something that is not simulated. Says so, naming the function and
 * the caller, and ends the test as `unsupported`. `advice`: what to do, one clause, or NULL. */
void fit__unsupported(const char *function, const void *caller, const char *advice)
    __attribute__((noreturn));
/* The harness plugs in here; it must not return. */
extern void (*fit__on_unsupported)(const char *function, const void *caller, const char *advice);

/* Memory that glibc's functions, or the program, may free, and that no watcher hears of. The
 * program's own allocator, where AddressSanitizer has put another in front of glibc's. */
void *fit__plain_calloc(size_t count, size_t size);
void fit__plain_free(void *block);

/* The kernel of the active world, set by the world when it starts. Valid while fit__active. */
extern const struct fit__kernel *fit__kernel;
extern const struct fit__kernel fit__kernel_real;

#endif
