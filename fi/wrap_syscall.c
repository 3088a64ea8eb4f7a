/* syscall(): the main door of libuv, which closes every descriptor through it. In a world each
 * number goes to the wrapper of the function of that name, so that both ways are one. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fi/wrap_futex.h"

enum { ARGUMENTS = 6 };
#define P(n) ((void *)a[n])
#define I(n) ((int)a[n])

/* Each returns true if the number is one of its family; *result as syscall() returns it. */
static bool transfers(long number, const long a[ARGUMENTS], long *result)
{
    switch (number) {
    case SYS_read: *result = read(I(0), P(1), (size_t)a[2]); return true;
    case SYS_write: *result = write(I(0), P(1), (size_t)a[2]); return true;
    case SYS_readv: *result = readv(I(0), P(1), I(2)); return true;
    case SYS_writev: *result = writev(I(0), P(1), I(2)); return true;
    case SYS_pread64: *result = pread(I(0), P(1), (size_t)a[2], a[3]); return true;
    case SYS_pwrite64: *result = pwrite(I(0), P(1), (size_t)a[2], a[3]); return true;
    case SYS_preadv: *result = preadv(I(0), P(1), I(2), a[3]); return true;
    case SYS_pwritev: *result = pwritev(I(0), P(1), I(2), a[3]); return true;
    case SYS_sendfile: *result = sendfile(I(0), I(1), P(2), (size_t)a[3]); return true;
    case SYS_lseek: *result = lseek(I(0), a[1], I(2)); return true;
    case SYS_splice: *result = splice(I(0), P(1), I(2), P(3), (size_t)a[4], (unsigned)a[5]);
        return true;
    case SYS_tee: *result = tee(I(0), I(1), (size_t)a[2], (unsigned)a[3]); return true;
    case SYS_copy_file_range:
        *result = copy_file_range(I(0), P(1), I(2), P(3), (size_t)a[4], (unsigned)a[5]);
        return true;
    default: return false;
    }
}

static bool descriptors(long number, const long a[ARGUMENTS], long *result)
{
    switch (number) {
    case SYS_close: *result = close(I(0)); return true;
    case SYS_close_range: *result = close_range((unsigned)a[0], (unsigned)a[1], I(2)); return true;
    case SYS_dup: *result = dup(I(0)); return true;
    case SYS_dup3: *result = dup3(I(0), I(1), I(2)); return true;
    case SYS_fcntl: *result = fcntl(I(0), I(1), a[2]); return true;
    case SYS_ioctl: *result = ioctl(I(0), (unsigned long)a[1], P(2)); return true;
    case SYS_pipe2: *result = pipe2(P(0), I(1)); return true;
    case SYS_eventfd2: *result = eventfd((unsigned)a[0], I(1)); return true;
    case SYS_timerfd_create: *result = timerfd_create(I(0), I(1)); return true;
    case SYS_timerfd_settime: *result = timerfd_settime(I(0), I(1), P(2), P(3)); return true;
    case SYS_timerfd_gettime: *result = timerfd_gettime(I(0), P(1)); return true;
    case SYS_openat: *result = openat(I(0), P(1), I(2), (mode_t)a[3]); return true;
    case SYS_fstat: *result = fstat(I(0), P(1)); return true;
    case SYS_statx: *result = statx(I(0), P(1), I(2), (unsigned)a[3], P(4)); return true;
    case SYS_fsync: *result = fsync(I(0)); return true;
    case SYS_fdatasync: *result = fdatasync(I(0)); return true;
    case SYS_inotify_init1: *result = inotify_init1(I(0)); return true;
    case SYS_inotify_add_watch:
        *result = inotify_add_watch(I(0), P(1), (uint32_t)a[2]);
        return true;
    case SYS_inotify_rm_watch: *result = inotify_rm_watch(I(0), I(1)); return true;
#ifdef SYS_inotify_init
    case SYS_inotify_init: *result = inotify_init(); return true;
#endif
#ifdef SYS_dup2
    case SYS_dup2: *result = dup2(I(0), I(1)); return true;
    case SYS_pipe: *result = pipe(P(0)); return true;
    case SYS_eventfd: *result = eventfd((unsigned)a[0], 0); return true;
    case SYS_open: *result = open(P(0), I(1), (mode_t)a[2]); return true;
#endif
    default: return false;
    }
}

static bool paths(long number, const long a[ARGUMENTS], long *result)
{
    switch (number) {
    case SYS_newfstatat: *result = fstatat(I(0), P(1), P(2), I(3)); return true;
    case SYS_faccessat: *result = faccessat(I(0), P(1), I(2), 0); return true;
    case SYS_faccessat2: *result = faccessat(I(0), P(1), I(2), I(3)); return true;
    case SYS_readlinkat: *result = readlinkat(I(0), P(1), P(2), (size_t)a[3]); return true;
    case SYS_mkdirat: *result = mkdirat(I(0), P(1), (mode_t)a[2]); return true;
    case SYS_unlinkat: *result = unlinkat(I(0), P(1), I(2)); return true;
    case SYS_linkat: *result = linkat(I(0), P(1), I(2), P(3), I(4)); return true;
    case SYS_symlinkat: *result = symlinkat(P(0), I(1), P(2)); return true;
    case SYS_renameat2: *result = renameat2(I(0), P(1), I(2), P(3), (unsigned)a[4]); return true;
    case SYS_fchmod: *result = fchmod(I(0), (mode_t)a[1]); return true;
    case SYS_fchmodat: *result = fchmodat(I(0), P(1), (mode_t)a[2], 0); return true;
    case SYS_fchown: *result = fchown(I(0), (uid_t)a[1], (gid_t)a[2]); return true;
    case SYS_fchownat: *result = fchownat(I(0), P(1), (uid_t)a[2], (gid_t)a[3], I(4)); return true;
    case SYS_ftruncate: *result = ftruncate(I(0), a[1]); return true;
    case SYS_truncate: *result = truncate(P(0), a[1]); return true;
    case SYS_fallocate: *result = fallocate(I(0), I(1), a[2], a[3]); return true;
    case SYS_flock: *result = flock(I(0), I(1)); return true;
    case SYS_chdir: *result = chdir(P(0)); return true;
    case SYS_fchdir: *result = fchdir(I(0)); return true;
    case SYS_utimensat:
        *result = P(1) ? utimensat(I(0), P(1), P(2), I(3)) : futimens(I(0), P(2));
        return true;
    default: return false;
    }
}

static bool sockets(long number, const long a[ARGUMENTS], long *result)
{
    switch (number) {
    case SYS_socket: *result = socket(I(0), I(1), I(2)); return true;
    case SYS_socketpair: *result = socketpair(I(0), I(1), I(2), P(3)); return true;
    case SYS_bind: *result = bind(I(0), P(1), (socklen_t)a[2]); return true;
    case SYS_listen: *result = listen(I(0), I(1)); return true;
    case SYS_accept: *result = accept(I(0), P(1), P(2)); return true;
    case SYS_accept4: *result = accept4(I(0), P(1), P(2), I(3)); return true;
    case SYS_connect: *result = connect(I(0), P(1), (socklen_t)a[2]); return true;
    case SYS_shutdown: *result = shutdown(I(0), I(1)); return true;
    case SYS_getsockname: *result = getsockname(I(0), P(1), P(2)); return true;
    case SYS_getpeername: *result = getpeername(I(0), P(1), P(2)); return true;
    case SYS_getsockopt: *result = getsockopt(I(0), I(1), I(2), P(3), P(4)); return true;
    case SYS_setsockopt:
        *result = setsockopt(I(0), I(1), I(2), P(3), (socklen_t)a[4]);
        return true;
    case SYS_sendto:
        *result = sendto(I(0), P(1), (size_t)a[2], I(3), P(4), (socklen_t)a[5]);
        return true;
    case SYS_recvfrom: *result = recvfrom(I(0), P(1), (size_t)a[2], I(3), P(4), P(5)); return true;
    case SYS_sendmsg: *result = sendmsg(I(0), P(1), I(2)); return true;
    case SYS_recvmsg: *result = recvmsg(I(0), P(1), I(2)); return true;
    case SYS_sendmmsg: *result = sendmmsg(I(0), P(1), (unsigned)a[2], I(3)); return true;
    case SYS_recvmmsg: *result = recvmmsg(I(0), P(1), (unsigned)a[2], I(3), P(4)); return true;
    default: return false;
    }
}

static bool waits(long number, const long a[ARGUMENTS], long *result)
{
    switch (number) {
    case SYS_epoll_create1: *result = epoll_create1(I(0)); return true;
    case SYS_epoll_ctl: *result = epoll_ctl(I(0), I(1), I(2), P(3)); return true;
    case SYS_epoll_pwait: *result = epoll_pwait(I(0), P(1), I(2), I(3), P(4)); return true;
    case SYS_epoll_pwait2: *result = epoll_pwait2(I(0), P(1), I(2), P(3), P(4)); return true;
    case SYS_ppoll: *result = ppoll(P(0), (nfds_t)a[1], P(2), P(3)); return true;
#ifdef SYS_poll
    case SYS_epoll_create: *result = epoll_create(I(0)); return true;
    case SYS_epoll_wait: *result = epoll_wait(I(0), P(1), I(2), I(3)); return true;
    case SYS_poll: *result = poll(P(0), (nfds_t)a[1], I(2)); return true;
#endif
    case SYS_clock_gettime: *result = clock_gettime((clockid_t)a[0], P(1)); return true;
    case SYS_clock_getres: *result = clock_getres((clockid_t)a[0], P(1)); return true;
    case SYS_nanosleep: *result = nanosleep(P(0), P(1)); return true;
    case SYS_getrandom: *result = getrandom(P(0), (size_t)a[1], (unsigned)a[2]); return true;
    default: return false;
    }
}

static bool identity(long number, const long a[ARGUMENTS], long *result)
{
    switch (number) {
    case SYS_getpid: *result = getpid(); return true;
    case SYS_getppid: *result = getppid(); return true;
    case SYS_gettid: *result = gettid(); return true;
    case SYS_kill: *result = kill(I(0), I(1)); return true;
    case SYS_tgkill:
        *result = I(0) != FIT_PID ? fit__result(-ESRCH)
                  : I(1) == gettid() ? raise(I(2)) : kill(I(0), I(2));
        return true;
    case SYS_rt_sigprocmask: *result = sigprocmask(I(0), P(1), P(2)); return true;
    case SYS_signalfd4: *result = signalfd(I(0), P(1), I(3)); return true;
    case SYS_wait4: *result = wait4(I(0), P(1), I(2), P(3)); return true;
    case SYS_waitid: *result = waitid((idtype_t)a[0], (id_t)a[1], P(2), I(3)); return true;
    /* A kernel without them: programs then do the same by ordinary calls. */
    case SYS_io_uring_setup: case SYS_io_uring_enter: case SYS_io_uring_register:
    case SYS_io_setup: case SYS_io_submit: case SYS_io_getevents:
        *result = fit__result(-ENOSYS);
        return true;
    /* These touch nothing that is simulated. */
    case SYS_mprotect: case SYS_munmap: case SYS_madvise: case SYS_sched_getaffinity:
    case SYS_getuid: case SYS_geteuid: case SYS_getgid: case SYS_getegid: case SYS_membarrier:
    case SYS_prctl: case SYS_getcpu:
        *result = fit__result(fit__raw(number, a[0], a[1], a[2], a[3], a[4], a[5]));
        return true;
    /* All threads are the one kernel thread, whichever is meant. */
    case SYS_sched_getattr: case SYS_sched_setattr:
        *result = fit__result(fit__raw(number, 0, a[1], a[2], a[3]));
        return true;
    default: return false;
    }
}

FIT_EXPORT long syscall(long number, ...)
{
    long a[ARGUMENTS], result;
    char name[32];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < ARGUMENTS; i++) a[i] = va_arg(list, long);
    va_end(list);
    if (fit__passes())
        return fit__result(fit__raw(number, a[0], a[1], a[2], a[3], a[4], a[5]));
    fit__syscall_caller = FIT_CALLER;
    bool known = transfers(number, a, &result) || descriptors(number, a, &result)
        || paths(number, a, &result) || sockets(number, a, &result) || waits(number, a, &result)
        || (number == SYS_futex && fit__futex(a, &result)) || identity(number, a, &result);
    fit__syscall_caller = NULL;
    if (known) return result;
    snprintf(name, sizeof name, "syscall(%ld)", number);
    fit__unsupported(name, FIT_CALLER, "use the function of libc");
}
