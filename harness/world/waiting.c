/* waiting.c - epoll, poll, timers, clocks, sleep, entropy and names, as calls. */
#include <errno.h>
#include <limits.h>
#include <sys/random.h>

#include "fi/raw.h"
#include "harness/world/calls.h"

/* The standard streams cannot be watched: for files and /dev/null that is what Linux says. */
static int control_standard(int fd)
{
    struct stat st;
    if (fit__raw(SYS_fstat, fd, &st))
        return -EBADF;
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
        fit__unsupported("epoll_ctl", NULL, "standard streams cannot be watched in a world");
    return -EPERM;
}

int fit__call_epoll_ctl(int ep, int operation, int fd, struct epoll_event *event)
{
    struct fit__file *epoll = fit__file_of(ep), *file = fit__file_of(fd);
    fit__call_begins();
    if (!epoll && !fit__is_standard(ep))
        return -EBADF;
    if (!file)
        return fit__is_standard(fd) ? control_standard(fd) : -EBADF;
    if (!epoll)
        return file->ops == &fit__regular_ops ? -EPERM : -EINVAL;
    return fit__epoll_control(epoll, operation, fd, file, event);
}

static int epoll_at(int ep, struct fit__file **file)
{
    *file = fit__file_of(ep);
    if (!*file)
        return fit__is_standard(ep) ? -EINVAL : -EBADF;
    return (*file)->ops == &fit__epoll_ops ? 0 : -EINVAL;
}

/* Sleeps until something may have happened. True: the thread was interrupted. -EINTR in `over`: so
 * it was by a signal, and what its handler made ready is for the next call. */
static bool wait_on(struct fit__file *file, fit_ns deadline, int *over)
{
    struct fit__file *watched[FIT_PHANTOMS_MOST];
    if (fit__interrupted())
        return true;
    if (fit__phantoms_asked() && fit__phantom(watched, fit__epoll_watched(file, watched)))
        return false;
    struct fit__waitq *queue = &file->queue;
    *over = fit__block_open("epoll_wait", &queue, 1, deadline, false);
    return fit__interrupted();
}

int fit__call_epoll_await(int ep, int64_t timeout_ns)
{
    struct fit__file *file;
    fit__call_begins();
    bool interrupted = false;
    int result = epoll_at(ep, &file), over = 0;
    if (result)
        return result;
    fit_ns deadline = fit__deadline(timeout_ns);
    file->references++;
    while (over != -EINTR && !(result = fit__epoll_ready(file)) && timeout_ns && !over
           && !interrupted)
        interrupted = wait_on(file, deadline, &over);
    fit__file_release(file);
    return over == -EINTR || (interrupted && !result) ? -EINTR : result;
}

void fit__call_epoll_order(int ep, int64_t order)
{
    fit__epoll_order(fit__file_of(ep), order);
}

void fit__call_epoll_sparing(int ep, unsigned first)
{
    fit__epoll_sparing(fit__file_of(ep), first);
}

bool fit__call_more_soon(int64_t ns)
{
    fit_ns next = fit__next_event();
    return next != FIT_NEVER && next - fit__now() <= ns;
}

int fit__call_epoll_wait(int ep, struct epoll_event *events, int most, int64_t timeout_ns)
{
    struct fit__file *file;
    bool waited = false, interrupted = false;
    fit__call_begins();
    int over = 0, first = -1;
    if (most <= 0 || most > (int)(INT_MAX / sizeof *events))
        return -EINVAL;
    int result = epoll_at(ep, &file);
    if (result)
        return result;
    fit_ns deadline = fit__deadline(timeout_ns);
    file->references++;
    while (over != -EINTR && !(result = fit__epoll_harvest(file, events, most, &first))
           && timeout_ns && !over && !interrupted) {
        interrupted = wait_on(file, deadline, &over);
        waited = true;
    }
    fit__file_release(file);
    if (over == -EINTR || (interrupted && !result))
        return -EINTR;
    return waited ? result : (int)fit__idle("epoll_wait", first, result);
}

int fit__call_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
    fit__call_begins();
    return fit__poll_sim(fds, count, timeout_ns);
}

/* ---- timers and clocks ------------------------------------------------------------------- */

static int timer_at(int fd, struct fit__file **file)
{
    fit__call_begins();
    *file = fit__file_of(fd);
    if (!*file)
        return fit__is_standard(fd) ? -EINVAL : -EBADF;
    return (*file)->ops == &fit__timerfd_ops ? 0 : -EINVAL;
}

int fit__call_timerfd_settime(int fd, int flags, const struct itimerspec *value,
                              struct itimerspec *old)
{
    struct fit__file *file;
    int error = timer_at(fd, &file);
    return error ? error : fit__timerfd_set(file, flags, value, old);
}

int fit__call_timerfd_gettime(int fd, struct itimerspec *value)
{
    struct fit__file *file;
    int error = timer_at(fd, &file);
    return error ? error : fit__timerfd_get(file, value);
}

int fit__call_clock_gettime(clockid_t clock, struct timespec *now)
{
    fit_ns start;
    fit__call_begins();
    switch (clock) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_REALTIME_ALARM: case CLOCK_TAI:
        start = fit__realtime_start();
        break;
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME: case CLOCK_BOOTTIME_ALARM:
        start = FIT_UPTIME_START_S * FIT_S;
        break;
    case CLOCK_PROCESS_CPUTIME_ID: case CLOCK_THREAD_CPUTIME_ID:
        start = 0;
        break;
    default: return -EINVAL;
    }
    start += fit__now();
    *now = (struct timespec){ start / FIT_S, start % FIT_S };
    return (int)fit__idle("clock_gettime", -1, 0);
}

int fit__call_sleep(int64_t ns)
{
    fit__call_begins();
    fit_ns deadline = fit__deadline(ns < 0 ? 0 : ns);
    int result = 0;
    while (fit__now() < deadline && result != -EINTR)
        result = fit__block_open("sleep", NULL, 0, deadline, false);
    return result == -EINTR ? result : 0;
}

/* ---- entropy and names ------------------------------------------------------------------- */

ssize_t fit__call_getrandom(void *buffer, size_t size, unsigned flags)
{
    const unsigned both = GRND_RANDOM | GRND_INSECURE;
    fit__call_begins();
    if ((flags & ~(both | GRND_NONBLOCK)) || (flags & both) == both)
        return -EINVAL;
    fit__entropy(buffer, size);
    return (ssize_t)size;
}

int fit__call_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                          struct addrinfo **result)
{
    fit__call_begins();
    return fit__resolve(node, service, hints, result);
}

int fit__call_getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
                          socklen_t host_size, char *service, socklen_t service_size, int flags)
{
    fit__call_begins();
    return fit__name_info(address, size, host, host_size, service, service_size, flags);
}
