/* Descriptors in general: making, duplicating, closing, and asking about them. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "fi/watch.h"
#include "fi/flags.h"
#include "fi/wrap.h"

enum { DESCRIPTORS_MAX = 1024 };     /* RLIMIT_NOFILE in a world */

/* ---- making ------------------------------------------------------------------------------ */

static long pipe_simulated(enum fit__call_id id, int fds[2], int flags, const void *caller)
{
    struct fit__call c;
    long result;
    fit__begin(&c, id, -1, caller);
    fit__check_writable(fds, 2 * sizeof *fds);
    if (!fit__fault_make(&c, &result)) result = fit__kernel->pipe(fds, flags);
    if (fit__traces()) {
        const char *how = FIT_FLAGS(pipe_flags, flags);
        if (result < 0) fit__traced(&c, result, "%s", how);
        else fit__traced(&c, result, "[%d, %d], %s", fds[0], fds[1], how);
    }
    return fit__end(&c, result);
}

FIT_EXPORT int pipe(int fds[2])
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_pipe2, fds, 0));
    return (int)pipe_simulated(FIT_CALL_pipe, fds, 0, FIT_CALLER);
}
FIT_ALIAS(__pipe, pipe);

FIT_EXPORT int pipe2(int fds[2], int flags)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_pipe2, fds, flags));
    return (int)pipe_simulated(FIT_CALL_pipe2, fds, flags, FIT_CALLER);
}

FIT_EXPORT int eventfd(unsigned initial, int flags)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_eventfd2, initial, flags));
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_eventfd, -1, FIT_CALLER);
    if (!fit__fault_make(&c, &result)) result = fit__kernel->eventfd(initial, flags);
    if (fit__traces()) fit__traced(&c, result, "%u, %s", initial, FIT_FLAGS(event_flags, flags));
    return (int)fit__end(&c, result);
}

FIT_EXPORT int timerfd_create(clockid_t clock, int flags)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_timerfd_create, clock, flags));
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_timerfd_create, -1, FIT_CALLER);
    if (!fit__fault_make(&c, &result)) result = fit__kernel->timerfd(clock, flags);
    if (fit__traces())
        fit__traced(&c, result, "%s, %s", FIT_FLAGS(clocks, clock), FIT_FLAGS(timer_flags, flags));
    return (int)fit__end(&c, result);
}

FIT_EXPORT int timerfd_settime(int fd, int flags, const struct itimerspec *value,
                               struct itimerspec *old)
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_timerfd_settime, fd, flags, value, old));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_timerfd_settime, fd, FIT_CALLER);
    fit__check_defined(value, sizeof *value);
    fit__check_writable(old, sizeof *old);
    long result = fit__kernel->timerfd_settime(fd, flags, value, old);
    if (fit__traces())
        fit__traced(&c, result, "%d, %#x, %lld.%09ld every %lld.%09ld", fd, (unsigned)flags,
                    (long long)value->it_value.tv_sec, value->it_value.tv_nsec,
                    (long long)value->it_interval.tv_sec, value->it_interval.tv_nsec);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int timerfd_gettime(int fd, struct itimerspec *value)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_timerfd_gettime, fd, value));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_timerfd_gettime, fd, FIT_CALLER);
    fit__check_writable(value, sizeof *value);
    long result = fit__kernel->timerfd_gettime(fd, value);
    if (fit__traces()) fit__traced(&c, result, "%d", fd);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int memfd_create(const char *name, unsigned flags)
{
    if (!fit__passes())
        fit__unsupported("memfd_create", FIT_CALLER, "use malloc, or a pipe");
    return (int)fit__result(fit__raw(SYS_memfd_create, name, flags));
}

/* ---- duplicating and closing ------------------------------------------------------------- */

FIT_EXPORT int dup(int fd)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_dup, fd));
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_dup, fd, FIT_CALLER);
    fit__described(&c);
    if (!fit__fault_make(&c, &result)) result = fit__kernel->dup(fd, 0, false);
    if (fit__traces()) fit__traced(&c, result, "%d", fd);
    return (int)fit__end(&c, result);
}

/* dup2 onto itself only looks whether it is open; dup3 refuses that, and so does the kernel. */
static long dup_onto(int from, int to)
{
    struct fit__info info = { .brief = true };
    if (from == to) return fit__kernel->describe(from, &info) < 0 ? -EBADF : to;
    return fit__kernel->dup3(from, to, 0);
}

FIT_EXPORT int dup2(int from, int to)
{
    if (fit__passes()) {
        if (from == to && fit__raw(SYS_fcntl, from, F_GETFD) >= 0) return to;
        if (from == to) return (int)fit__result(-EBADF);
        return (int)fit__result(fit__raw(SYS_dup3, from, to, 0));
    }
    struct fit__call c;
    fit__begin(&c, FIT_CALL_dup2, from, FIT_CALLER);
    long result;
    if (from == to || !fit__fault_simple(&c, 0, &result)) result = dup_onto(from, to);
    if (result >= 0) fit__stdio_follow(to);
    if (fit__traces()) fit__traced(&c, result, "%d, %d", from, to);
    return (int)fit__end(&c, result);
}
FIT_ALIAS(__dup2, dup2);

FIT_EXPORT int dup3(int from, int to, int flags)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_dup3, from, to, flags));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_dup3, from, FIT_CALLER);
    long result = -EINVAL;
    if (from != to && !fit__fault_simple(&c, 0, &result))
        result = fit__kernel->dup3(from, to, flags);
    if (result >= 0) fit__stdio_follow(to);
    if (fit__traces())
        fit__traced(&c, result, "%d, %d, %s", from, to, flags == O_CLOEXEC ? "O_CLOEXEC" : "0");
    return (int)fit__end(&c, result);
}

/* What was written and could not be stored is told by some file systems here. It is closed all the
 * same. */
static long close_asking(struct fit__call *c)
{
    long error;
    fit__fault_close(c, &error);
    long result = fit__kernel->close(c->fd);
    return result ? result : error;
}

FIT_EXPORT int close(int fd)
{
    if (fit__passes()) return (int)fit__result(fit__raw_point(SYS_close, fd));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_close, fd, FIT_CALLER);
    long result = close_asking(&c);
    if (fit__traces()) fit__traced(&c, result, "%d", fd);
    if (result == -EBADF && fit__watcher && !fit__guard->exempt)
        fit__watcher->bad_close(fd, c.by_number ? "syscall" : "close", c.caller);
    return (int)fit__end(&c, result);
}
FIT_ALIAS(__close, close);

static long close_from(unsigned first, unsigned last)
{
    if (first > last) return -EINVAL;
    for (unsigned fd = first; fd <= last && fd < DESCRIPTORS_MAX; fd++)
        fit__kernel->close((int)fd);
    return 0;
}

FIT_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_close_range, first, last, flags));
    if (flags) fit__unsupported("close_range with flags", FIT_CALLER, "use close");
    struct fit__call c;
    fit__begin(&c, FIT_CALL_close, -1, FIT_CALLER);
    return (int)fit__end(&c, close_from(first, last));
}

FIT_EXPORT void closefrom(int lowest)
{
    close_range(lowest < 0 ? 0 : (unsigned)lowest, ~0U, 0);
}

/* ---- fcntl and ioctl --------------------------------------------------------------------- */

/* A lock of a record has a name of its own: what F_DUPFD suffers is something else. */
static bool fault_lock(const struct fit__call *c, int command, const struct flock *lock,
                       long *result)
{
    bool tries = command == F_SETLK || command == F_OFD_SETLK;
    bool waits = command == F_SETLKW || command == F_OFD_SETLKW;
    if ((!tries && !waits) || lock->l_type == F_UNLCK) return false;
    struct fit__call asked = *c;
    asked.id = FIT_CALL_lockf;
    asked.family = FIT_LOCK;
    unsigned holds = tries ? FIT_N_NONBLOCKING : fit__holds_of_signals(c);
    if (command == F_SETLKW) holds |= FIT_N_WAITS;   /* only these know who waits for whom */
    return fit__fault_lock(&asked, holds, result);
}

static long fcntl_simulated(struct fit__call *c, int command, long argument)
{
    long result;
    if (fault_lock(c, command, (const struct flock *)argument, &result)) return result;
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
        fit__described(c);
        if (fit__fault_make(c, &result)) return result;
        return fit__kernel->dup(c->fd, (int)argument, command == F_DUPFD_CLOEXEC);
    }
    return fit__kernel->fcntl(c->fd, command, argument);
}

static void trace_fcntl(const struct fit__call *c, int command, long argument, long result)
{
    static const char *const names[] = {
        [F_DUPFD] = "F_DUPFD", [F_GETFD] = "F_GETFD", [F_SETFD] = "F_SETFD",
        [F_GETFL] = "F_GETFL", [F_SETFL] = "F_SETFL",
    };
    if (command == F_DUPFD_CLOEXEC)
        fit__traced(c, result, "%d, F_DUPFD_CLOEXEC, %ld", c->fd, argument);
    else if (command == F_GETFD || command == F_GETFL)
        fit__traced(c, result, "%d, %s", c->fd, names[command]);
    else if (command >= 0 && command <= F_SETFL)
        fit__traced(c, result, "%d, %s, %#lx", c->fd, names[command], argument);
    else
        fit__traced(c, result, "%d, %d", c->fd, command);
}

FIT_EXPORT int fcntl(int fd, int command, ...)
{
    va_list list;
    va_start(list, command);
    long argument = va_arg(list, long);
    va_end(list);
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_fcntl, fd, command, argument));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_fcntl, fd, FIT_CALLER);
    long result = fcntl_simulated(&c, command, argument);
    if (fit__traces()) trace_fcntl(&c, command, argument, result);
    return (int)fit__end(&c, result);
}
FIT_ALIAS(fcntl64, fcntl);
FIT_ALIAS(__fcntl, fcntl);

FIT_EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_ioctl, fd, request, argument));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_ioctl, fd, FIT_CALLER);
    if (request == FIONBIO) fit__check_defined(argument, sizeof(int));
    if (request == FIONREAD) fit__check_writable(argument, sizeof(int));
    long result = fit__kernel->ioctl(fd, request, argument);
    if (fit__traces()) fit__traced(&c, result, "%d, %#lx", fd, request);
    return (int)fit__end(&c, result);
}
FIT_ALIAS(__ioctl, ioctl);

/* ---- terminals: in a world nothing is one, so that runs do not depend on where they start  */

static long no_terminal(enum fit__call_id id, int fd, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, id, fd, caller);
    return fit__end(&c, fit__described(&c) ? -ENOTTY : -EBADF);
}

FIT_EXPORT int isatty(int fd)
{
    struct termios unused;
    if (fit__passes()) return fit__result(fit__raw(SYS_ioctl, fd, TCGETS, &unused)) == 0;
    return no_terminal(FIT_CALL_isatty, fd, FIT_CALLER) == 0;
}
FIT_ALIAS(__isatty, isatty);

FIT_EXPORT int tcgetattr(int fd, struct termios *attributes)
{
    if (fit__passes()) return FIT_NEXT(tcgetattr)(fd, attributes);
    return (int)no_terminal(FIT_CALL_ioctl, fd, FIT_CALLER);
}

FIT_EXPORT int tcsetattr(int fd, int when, const struct termios *attributes)
{
    if (fit__passes()) return FIT_NEXT(tcsetattr)(fd, when, attributes);
    return (int)no_terminal(FIT_CALL_ioctl, fd, FIT_CALLER);
}

FIT_EXPORT int ttyname_r(int fd, char *name, size_t size)
{
    if (fit__passes()) return FIT_NEXT(ttyname_r)(fd, name, size);
    int saved = errno;
    no_terminal(FIT_CALL_ioctl, fd, FIT_CALLER);
    int error = errno;
    errno = saved;
    return error;
}
