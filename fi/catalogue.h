/* fi/catalogue.h - which calls there are, and which faults each may suffer.
 *
 * The only place that knows. A wrapper names its call; the catalogue says to which family it
 * belongs, and the facts of that family say what can go wrong, in which state of the descriptor,
 * and what has to happen in the world so that the fault is true. */
#ifndef FI_CATALOGUE_H
#define FI_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "fi/choice.h"
#include "fi/kernel.h"

enum fit__family {
    FIT_NO_FAULTS, FIT_READ, FIT_WRITE, FIT_MAKE /* a descriptor */, FIT_OPEN /* a file, by path */,
    FIT_ACCEPT, FIT_CONNECT, FIT_SHUTDOWN, FIT_WAIT, FIT_RESOLVE, FIT_RESOLVE_BACK, FIT_BIND,
    FIT_LISTEN, FIT_OPTION, FIT_PEER_NAME, FIT_WATCH /* epoll_ctl */, FIT_NOTIFY,
    FIT_SOCKET, FIT_OPTION_OF /* getsockopt */, FIT_SENDFILE,
    FIT_COUNTER /* reading an eventfd or timerfd */,
    /* of files */
    FIT_FILE_READ, FIT_FILE_WRITE, FIT_FILE_SIZE, FIT_FLUSH, FIT_LOOK, FIT_NEW_NAME, FIT_RENAME,
    FIT_REMOVE, FIT_LIST, FIT_CLOSE, FIT_CHANGE /* mode, owner, times */, FIT_ASK /* fstat */,
    FIT_LOCK, FIT_COPY /* from file to file */, FIT_RENUMBER /* dup2 */, FIT_NOTICES,
    /* of memory */
    FIT_PROTECT, FIT_PIN,
    FIT_ALLOCATE,
    /* of threads */
    FIT_START, FIT_INIT /* a lock or its like */, FIT_KEY, FIT_MUTEX, FIT_MUTEX_TRY,
    FIT_MUTEX_TIMED, FIT_TAKE /* another lock or its like */, FIT_UNLOCK, FIT_CONDITION,
    FIT_SEMAPHORE, FIT_WAKE, FIT_AFFINITY,
    /* of time, chance and what else a machine has; what comes from outside */
    FIT_CLOCKS, FIT_SLEEP, FIT_RANDOM, FIT_USERS, FIT_HOST_NAME, FIT_INTERFACE, FIT_SIGNALLED,
    FIT_HANDLED,
    /* of loop libraries */
    FIT_CALLED,              /* a function of the user's, by a loop */
    FIT_POOLED,              /* a job for a pool of threads */
    FIT_TIMED,               /* a timer, by the time that the loop remembers */
    FIT_SENT,                /* to a loop, by another thread */
    /* of processes, over the real kernel */
    FIT_FORK, FIT_SPAWN, FIT_BECOME, FIT_REAP, FIT_KILL,
    FIT_FAMILIES
};

/* Every call that is simulated: X(family, name). */
#define FIT_CALLS(X)                                                                          \
    X(FIT_READ, read) X(FIT_READ, readv) X(FIT_READ, recv) X(FIT_READ, recvfrom)              \
    X(FIT_READ, recvmsg) X(FIT_READ, recvmmsg) X(FIT_FILE_READ, pread)                        \
    X(FIT_FILE_READ, preadv)                                                                  \
    X(FIT_WRITE, write) X(FIT_WRITE, writev) X(FIT_WRITE, send) X(FIT_WRITE, sendto)          \
    X(FIT_WRITE, sendmsg) X(FIT_WRITE, sendmmsg) X(FIT_FILE_WRITE, pwrite)                    \
    X(FIT_FILE_WRITE, pwritev)                                                                \
    X(FIT_SENDFILE, sendfile) X(FIT_SENDFILE, splice) X(FIT_NO_FAULTS, tee)                   \
    X(FIT_SOCKET, socket) X(FIT_MAKE, socketpair) X(FIT_MAKE, pipe) X(FIT_MAKE, pipe2)        \
    X(FIT_MAKE, eventfd) X(FIT_MAKE, timerfd_create) X(FIT_MAKE, epoll_create)                \
    X(FIT_MAKE, epoll_create1) X(FIT_OPEN, open) X(FIT_OPEN, openat) X(FIT_OPEN, creat)       \
    X(FIT_MAKE, dup) X(FIT_OPEN, fopen) X(FIT_OPEN, opendir)                                  \
    X(FIT_RENUMBER, dup2) X(FIT_RENUMBER, dup3) X(FIT_CLOSE, close)                           \
    X(FIT_MAKE, fcntl) X(FIT_NO_FAULTS, ioctl) X(FIT_NO_FAULTS, lseek)                        \
    X(FIT_ASK, fstat) X(FIT_FLUSH, fsync) X(FIT_NO_FAULTS, isatty)                            \
    X(FIT_BIND, bind) X(FIT_LISTEN, listen) X(FIT_ACCEPT, accept)                             \
    X(FIT_ACCEPT, accept4) X(FIT_CONNECT, connect) X(FIT_SHUTDOWN, shutdown)                  \
    X(FIT_NO_FAULTS, getsockname) X(FIT_PEER_NAME, getpeername)                               \
    X(FIT_OPTION_OF, getsockopt) X(FIT_OPTION, setsockopt)                                    \
    X(FIT_WATCH, epoll_ctl) X(FIT_WAIT, epoll_wait) X(FIT_WAIT, epoll_pwait)                  \
    X(FIT_WAIT, epoll_pwait2) X(FIT_WAIT, poll) X(FIT_WAIT, ppoll) X(FIT_WAIT, select)        \
    X(FIT_WAIT, pselect) X(FIT_NO_FAULTS, timerfd_settime) X(FIT_NO_FAULTS, timerfd_gettime)  \
    X(FIT_NO_FAULTS, clock_gettime) X(FIT_SLEEP, nanosleep)                                   \
    X(FIT_SLEEP, clock_nanosleep) X(FIT_SLEEP, usleep) X(FIT_SLEEP, sleep)                    \
    X(FIT_RANDOM, getrandom) X(FIT_RESOLVE, getaddrinfo) X(FIT_RESOLVE_BACK, getnameinfo)  \
    X(FIT_NO_FAULTS, fdopen) X(FIT_REMOVE, unlink) X(FIT_KILL, kill)                          \
    X(FIT_MAKE, signalfd) X(FIT_NO_FAULTS, alarm) X(FIT_NO_FAULTS, setitimer)                 \
    X(FIT_NO_FAULTS, timer_settime) X(FIT_NO_FAULTS, pause) X(FIT_NO_FAULTS, sigsuspend)      \
    X(FIT_NO_FAULTS, sigtimedwait) X(FIT_NO_FAULTS, pthread_kill)                             \
    X(FIT_OPEN, mkstemp) X(FIT_OPEN, tmpfile) X(FIT_OPEN, scandir)                            \
    X(FIT_OPEN, freopen) X(FIT_NEW_NAME, mkdtemp) X(FIT_NO_FAULTS, fdopendir)                 \
    X(FIT_LOOK, stat) X(FIT_LOOK, lstat) X(FIT_LOOK, fstatat)                                 \
    X(FIT_LOOK, statx) X(FIT_LOOK, access) X(FIT_LOOK, readlink)                              \
    X(FIT_NO_FAULTS, realpath) X(FIT_NO_FAULTS, getcwd) X(FIT_NO_FAULTS, chdir)               \
    X(FIT_NO_FAULTS, fchdir) X(FIT_NEW_NAME, mkdir) X(FIT_NEW_NAME, mkdirat)                  \
    X(FIT_REMOVE, rmdir) X(FIT_REMOVE, unlinkat) X(FIT_NEW_NAME, link)                        \
    X(FIT_NEW_NAME, linkat) X(FIT_NEW_NAME, symlink) X(FIT_NEW_NAME, symlinkat)               \
    X(FIT_RENAME, rename) X(FIT_RENAME, renameat) X(FIT_RENAME, renameat2)                    \
    X(FIT_CHANGE, chmod) X(FIT_CHANGE, fchmod) X(FIT_CHANGE, fchmodat)                        \
    X(FIT_CHANGE, chown) X(FIT_CHANGE, lchown) X(FIT_CHANGE, fchown)                          \
    X(FIT_CHANGE, fchownat) X(FIT_CHANGE, utimensat) X(FIT_CHANGE, futimens)                  \
    X(FIT_FILE_SIZE, truncate) X(FIT_FILE_SIZE, ftruncate) X(FIT_FILE_SIZE, fallocate)        \
    X(FIT_NO_FAULTS, posix_fadvise) X(FIT_LOCK, flock)                                        \
    X(FIT_COPY, copy_file_range) X(FIT_ALLOCATE, mmap) X(FIT_RESOLVE, gethostbyname)          \
    X(FIT_REAP, waitpid) X(FIT_NO_FAULTS, waitid)                                             \
    X(FIT_MAKE, inotify_init) X(FIT_MAKE, inotify_init1)                                      \
    X(FIT_NOTIFY, inotify_add_watch) X(FIT_NO_FAULTS, inotify_rm_watch)                       \
    X(FIT_FLUSH, sync_file_range) X(FIT_FLUSH, syncfs) X(FIT_CLOSE, fclose)                   \
    X(FIT_LOCK, lockf) X(FIT_NOTICES, inotify)                                                \
    X(FIT_LIST, readdir)                                                                      \
    X(FIT_ALLOCATE, mremap) X(FIT_PROTECT, mprotect) X(FIT_PIN, madvise)                      \
    X(FIT_PIN, mlock) X(FIT_PIN, mlock2) X(FIT_PIN, mlockall)                                 \
    X(FIT_ALLOCATE, malloc) X(FIT_ALLOCATE, calloc) X(FIT_ALLOCATE, realloc)                  \
    X(FIT_ALLOCATE, reallocarray) X(FIT_ALLOCATE, strdup) X(FIT_ALLOCATE, strndup)            \
    X(FIT_ALLOCATE, memalign) X(FIT_ALLOCATE, aligned_alloc) X(FIT_ALLOCATE, posix_memalign)  \
    X(FIT_ALLOCATE, valloc) X(FIT_ALLOCATE, pvalloc) X(FIT_ALLOCATE, asprintf)                \
    X(FIT_ALLOCATE, getdelim) X(FIT_ALLOCATE, open_memstream)                                 \
    FIT_THREAD_CALLS(X) FIT_OUTER_CALLS(X) FIT_CALLBACKS(X)

/* Not all of them are calls: `clock` and `signal` come while a thread is about to wait, `handler`
 * is one that runs in between. */
#define FIT_OUTER_CALLS(X)                                                                    \
    X(FIT_CLOCKS, clock) X(FIT_SIGNALLED, signal) X(FIT_HANDLED, handler)                     \
    X(FIT_USERS, getpwnam) X(FIT_USERS, getpwuid) X(FIT_USERS, getpwnam_r)                    \
    X(FIT_USERS, getpwuid_r) X(FIT_HOST_NAME, gethostname)                                    \
    X(FIT_INTERFACE, if_nametoindex) X(FIT_INTERFACE, if_indextoname)                         \
    X(FIT_FORK, fork) X(FIT_FORK, system) X(FIT_FORK, popen) X(FIT_SPAWN, posix_spawn)        \
    X(FIT_SPAWN, posix_spawnp) X(FIT_BECOME, execve)

#define FIT_THREAD_CALLS(X)                                                                   \
    X(FIT_START, pthread_create) X(FIT_INIT, pthread_mutex_init)                              \
    X(FIT_INIT, pthread_rwlock_init) X(FIT_INIT, pthread_cond_init)                           \
    X(FIT_INIT, pthread_barrier_init) X(FIT_KEY, pthread_key_create)                          \
    X(FIT_MUTEX, pthread_mutex_lock) X(FIT_MUTEX_TRY, pthread_mutex_trylock)                  \
    X(FIT_MUTEX_TIMED, pthread_mutex_timedlock) X(FIT_UNLOCK, pthread_mutex_unlock)           \
    X(FIT_CONDITION, pthread_cond_wait) X(FIT_CONDITION, pthread_cond_timedwait)              \
    X(FIT_CONDITION, pthread_cond_clockwait) X(FIT_SEMAPHORE, sem_timedwait)                  \
    X(FIT_WAKE, pthread_cond_signal) X(FIT_WAKE, pthread_cond_broadcast)                      \
    X(FIT_WAKE, sem_post) X(FIT_AFFINITY, pthread_setaffinity_np)                             \
    X(FIT_TAKE, pthread_rwlock_rdlock) X(FIT_TAKE, pthread_rwlock_wrlock)                     \
    X(FIT_TAKE, pthread_spin_lock) X(FIT_TAKE, sem_wait) X(FIT_TAKE, pthread_once)            \
    X(FIT_UNLOCK, pthread_rwlock_unlock) X(FIT_UNLOCK, pthread_spin_unlock)                   \
    X(FIT_UNLOCK, wake) /* a write to an eventfd, a pipe or a socket pair */

/* Callbacks, by their types: what the loop libraries call, and libcurl. And the functions of these
 * libraries at which more can go wrong than in the calls of libc's that they make. */
#define FIT_CALLBACKS(X)                                                                      \
    X(FIT_CALLED, uv_timer_cb) X(FIT_CALLED, uv_poll_cb) X(FIT_CALLED, uv_read_cb)            \
    X(FIT_CALLED, uv_write_cb) X(FIT_CALLED, uv_connect_cb) X(FIT_CALLED, uv_shutdown_cb)     \
    X(FIT_CALLED, uv_connection_cb) X(FIT_CALLED, uv_close_cb) X(FIT_CALLED, uv_async_cb)     \
    X(FIT_CALLED, uv_idle_cb) X(FIT_CALLED, uv_prepare_cb) X(FIT_CALLED, uv_check_cb)         \
    X(FIT_CALLED, uv_signal_cb) X(FIT_CALLED, uv_getaddrinfo_cb)                              \
    X(FIT_CALLED, uv_getnameinfo_cb) X(FIT_CALLED, uv_random_cb) X(FIT_CALLED, uv_fs_cb)      \
    X(FIT_CALLED, uv_fs_event_cb) X(FIT_CALLED, uv_fs_poll_cb) X(FIT_CALLED, uv_udp_send_cb)  \
    X(FIT_CALLED, uv_udp_recv_cb) X(FIT_NO_FAULTS, uv_alloc_cb) X(FIT_CALLED, uv_work_cb)     \
    X(FIT_CALLED, uv_after_work_cb)                                                           \
    X(FIT_POOLED, uv_queue_work) X(FIT_POOLED, uv_getaddrinfo) X(FIT_POOLED, uv_getnameinfo)  \
    X(FIT_POOLED, uv_random) X(FIT_POOLED, uv_fs)                                             \
    X(FIT_TIMED, uv_timer_start) X(FIT_TIMED, event_add) X(FIT_TIMED, ev_timer_start)         \
    X(FIT_SENT, uv_async_send) X(FIT_SENT, ev_async_send) X(FIT_SENT, event_active)           \
    X(FIT_SENT, g_main_context_wakeup) X(FIT_SENT, g_source_attach) X(FIT_SENT, g_idle_add)   \
    X(FIT_CALLED, event_callback_fn) X(FIT_CALLED, bufferevent_data_cb)                       \
    X(FIT_CALLED, bufferevent_event_cb) X(FIT_CALLED, evconnlistener_cb)                      \
    X(FIT_CALLED, evconnlistener_errorcb) X(FIT_CALLED, evhttp_cb)                            \
    X(FIT_CALLED, evhttp_connection_cb) X(FIT_CALLED, evdns_callback_type)                    \
    X(FIT_CALLED, evdns_getaddrinfo_cb) X(FIT_NO_FAULTS, evhttp_header_cb)                    \
    X(FIT_CALLED, ev_io) X(FIT_CALLED, ev_timer) X(FIT_CALLED, ev_periodic)                   \
    X(FIT_CALLED, ev_signal) X(FIT_CALLED, ev_child) X(FIT_CALLED, ev_stat)                   \
    X(FIT_CALLED, ev_idle) X(FIT_CALLED, ev_prepare) X(FIT_CALLED, ev_check)                  \
    X(FIT_CALLED, ev_embed) X(FIT_CALLED, ev_fork) X(FIT_CALLED, ev_cleanup)                  \
    X(FIT_CALLED, ev_async) X(FIT_CALLED, ev_once)                                            \
    X(FIT_CALLED, GSourceFunc) X(FIT_CALLED, GAsyncReadyCallback)                             \
    X(FIT_CALLED, curl_write_callback) X(FIT_CALLED, curl_header_callback)                    \
    X(FIT_CALLED, curl_read_callback) X(FIT_CALLED, curl_xferinfo_callback)                   \
    X(FIT_CALLED, curl_progress_callback) X(FIT_CALLED, curl_seek_callback)                   \
    X(FIT_CALLED, curl_sockopt_callback) X(FIT_CALLED, curl_opensocket_callback)              \
    X(FIT_CALLED, curl_ssl_ctx_callback) X(FIT_CALLED, curl_socket_callback)                  \
    X(FIT_CALLED, curl_multi_timer_callback) X(FIT_CALLED, curl_closesocket_callback)         \
    X(FIT_CALLED, curl_debug_callback) X(FIT_CALLED, curl_resolver_start_callback)            \
    X(FIT_CALLED, curl_prereq_callback)

enum fit__call_id {
#define FIT__ID(family, name) FIT_CALL_##name,
    FIT_CALLS(FIT__ID)
#undef FIT__ID
    FIT_CALL_COUNT
};

/* What has to hold for a fact to be offered. */
enum fit__need {
    FIT_N_DATA = 1,          /* at least one byte can be moved now */
    FIT_N_READY = 2,         /* data, or the end of it */
    FIT_N_NONBLOCKING = 4,
    FIT_N_PEER_OPEN = 8, FIT_N_PEER_CLOSED = 16,
    FIT_N_DIVISIBLE = 32,    /* a short count is legal: not MSG_WAITALL, not MSG_PEEK */
    FIT_N_INET = 64,
    FIT_N_LOCAL = 128,       /* AF_UNIX */
    FIT_N_REFUSABLE = 256,   /* UDP: the other side may turn out not to be there */
    FIT_N_DIRECT = 1 << 11,  /* called by the code under test, not from inside libc */
    FIT_N_MORE = 1 << 12,    /* a wait has found something, and more will come soon */
    FIT_N_TIMER = 1 << 13,   /* a wait with a deadline has found a stream's data before it */
    FIT_N_SEVERAL = 1 << 14, /* several things are ready: c->orders says how they can come */
    /* of sockets */
    FIT_N_SIX = 1 << 23,     /* IPv6 */
    /* Of bind and connect only: an address that this host could have lost, or that was given. */
    FIT_N_ADDRESS = 1 << 24,
    FIT_N_MUCH = 1 << 24,    /* of writes only: the other side may have read nothing of so much */
    FIT_N_PRIVILEGED = 1 << 25,  /* a port below 1024 */
    FIT_N_PATH = 1 << 26,    /* AF_UNIX, with a name in the file system */
    FIT_N_RIGHTS = 1 << 27,  /* descriptors are passed on */
    FIT_N_UDP = 1 << 28,
    FIT_N_WHOLE = 1 << 29,   /* too large for some networks, and may not come in fragments */
    FIT_N_SOURCE = 1 << 30,  /* what is sent is read from a file */
    /* of files */
    FIT_N_NAMED = 1 << 16, /* the caller has chosen the name, which must not be there yet */
    FIT_N_THERE = 1 << 17, /* the path leads to a file; an open file: others can get at it */
    FIT_N_MORTAL = 1 << 22,  /* and it is none that must stay: no directory */
    FIT_N_NEW = 1 << 18, /* the call would make one */
    FIT_N_CHANGES = 1 << 19, /* the call could change what is on the disk */
    FIT_N_GROWS = 1 << 20, /* room on the disk is needed */
    FIT_N_APART = 1 << 21,   /* from one directory to another, which may be another disk */
    /* Bits from here on mean something else of each kind of calls: no family is of two. */
    FIT_N_REPLACES = 8,      /* the call would make a file, or take one that is there */
    FIT_N_DRAWN = 16,        /* libc draws the name, and tries until one is free */
    FIT_N_BELOW = 32,        /* the path leads through a folder that others could change */
    FIT_N_LONG = 64,         /* a name longer than some file systems take */
    FIT_N_PROGRAM = 128,     /* the file can be run */
    FIT_N_MANY = 1 << 11,    /* it would be one more name of its kind, of which there is a limit */
    FIT_N_FOLDER = 256,      /* a folder is there, and to be removed */
    FIT_N_WAITS = 1 << 9,    /* for a lock of a record */
    FIT_N_INTERRUPTED = 1 << 10, /* while it lasts a signal can come that the program handles */
    FIT_N_LARGER = 1 << 12,  /* than ulimit -f lets files be; the program lives with SIGXFSZ */
    FIT_N_RECENT = 1 << 13,  /* a call that old kernels and sandboxes do not have */
    FIT_N_BLOCK = 1 << 14,   /* libc takes memory for the result */
    FIT_N_PRIVILEGE = 1 << 16, /* of memory: more than the program may need not be allowed */
    /* of names */
    FIT_N_SERVICE = 1,       /* a service by its name, which /etc/services may lack */
    FIT_N_EITHER = 2,        /* addresses of IPv4 and IPv6 are asked for, and both are welcome */
    FIT_N_MUST = 4,          /* NI_NAMEREQD */
    FIT_N_CRAMPED = 8,       /* less room than the longest result takes */
    FIT_N_BY_NAME = 16, FIT_N_BY_NUMBER = 32, /* an interface */
    /* of threads */
    FIT_N_SCHEDULED = 1,     /* with a priority of its own */
    FIT_N_SHARED = 2,        /* other processes may have the lock */
    FIT_N_ROBUST = 4,        /* and tells when they died with it */
    FIT_N_SOON = 8,          /* a wait with a deadline that is near */
    FIT_N_DEADLINE = 16,     /* a wait with one at all */
    FIT_N_OTHERS = 32,       /* another thread could run, or waits */
    FIT_N_TWO = 64, FIT_N_THREE = 128, FIT_N_FOUR = 256, /* so many wait */
    /* of time and chance */
    FIT_N_DATE = 1,          /* the wall clock */
    FIT_N_UPTIME = 2,        /* the other one */
    FIT_N_TICKS = 4,         /* how finely both of them go */
    FIT_N_PIECES = 8,         /* more than comes in one piece, while a signal can be handled */
    FIT_N_UNREADY = 16,      /* GRND_NONBLOCK: a machine that has just started has no chance yet */
    FIT_N_OFTEN_SENT = 32, FIT_N_SELDOM_SENT = 64, /* a signal */
    FIT_N_WITH_HANDLER = 128,
    FIT_N_STRANGER = 1,      /* a process that is no child of this one */
    /* of waits and what they wait for, too */
    FIT_N_POLLS = 1,         /* poll or select */
    FIT_N_AHEAD = 2,         /* FIT_N_TIMER, and the deadline is more than two ticks away */
    FIT_N_PARTED = 16,       /* FIT_N_SEVERAL at an epoll, and one could have come alone */
    FIT_N_IDLE = 32,         /* the wait sleeps now: for UDP or a listener that do not block */
    FIT_N_DOUBTFUL = 64,     /* ... for what is only read empty by somebody who shares it */
    FIT_N_PERIODIC = 128,    /* a timer that comes again within a second */
    FIT_N_UNKNOWN = 1 << 9,  /* this call was never made before: the kernel may not have it */
    FIT_N_EXTENDED = 1 << 15 /* always holds; the fact is only tried with --extended */
};

/* A thread that is woken comes to run so much later, where that makes a difference. */
enum { FIT_LATE_MS = 2, FIT_BUSY_MS = 20 /* a new thread */, FIT_TICK_MS = 4,
       FIT_CHANCE_PIECE = 256 /* bytes */ };

/* What makes the fault true. */
enum fit__effect {
    FIT_E_RESULT,            /* nothing but the result: the call is not carried out */
    FIT_E_AFFLICT,           /* the world changes, then the call is carried out and feels it */
    FIT_E_LIMIT,             /* the descriptor table is full from here, then as above */
    FIT_E_EXHAUST,           /* `affliction`, a resource, is used up from here, then as above */
    FIT_E_CUT,               /* at most `value` bytes are moved */
    FIT_E_UNDO,              /* as FIT_E_RESULT; a connection that has begun never did */
    FIT_E_DISK,              /* the disk is full or read-only from here, until ...; then as above */
    FIT_E_TWICE,             /* somebody else has just done the same */
    FIT_E_GONE,              /* somebody else has just removed it */
    FIT_E_MADE,              /* somebody else has just made a file there */
    FIT_E_FILLED,            /* somebody else has just put something into the folder */
    FIT_E_LACKING,           /* this machine does not have the call: never again, then as RESULT */
    FIT_E_SIGNAL,            /* as RESULT, and SIGXFSZ */
    FIT_E_INTERRUPTED,       /* as RESULT, and the signal that is handled */
    FIT_E_SPECIAL            /* the wrapper of this call knows */
};

struct fit__fact {
    uint8_t family;
    uint32_t needs;
    uint8_t mode, what, space, until;
    /* FIT_W_SHORT: bytes if > 0; 0: half; -1: all but one; -2 and less: up to the edge of what the
     * other side has sent by one call, by two ... Otherwise as in an alternative. */
    int64_t value;
    uint8_t effect, affliction;
    /* errno or ns. Of FIT_U_TIME: how many ns it usually lasts, whole milliseconds. */
    int64_t affliction_value;
};

/* The table. The facts of a family stand together. */
extern const struct fit__fact fit__facts[];
extern const unsigned fit__fact_count;

/* Those of one family. Sets *count. */
const struct fit__fact *fit__facts_of(enum fit__family family, size_t *count);

const char *fit__call_name(enum fit__call_id id);
enum fit__family fit__call_family(enum fit__call_id id);

#endif
