/* poll and select. */
#include <poll.h>
#include <stdio.h>
#include <sys/select.h>

#include "fi/wait.h"

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

void __chk_fail(void) __attribute__((noreturn));

/* ---- poll -------------------------------------------------------------------------------- */

static bool stream_ready(const struct pollfd *fds, nfds_t count)
{
    struct fit__info info = { .brief = true };
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].revents && fds[i].fd >= 0 && fit__kernel->describe(fds[i].fd, &info) >= 0
            && (info.class == FIT_C_STREAM || (info.class == FIT_C_SOCKET && info.connecting)))
            return true;
    return false;
}

/* They come in the order of the program's own list: only that some are not there yet can differ. */
static unsigned orders_of(int64_t orders[FIT_ORDERS_MOST], const struct pollfd *fds, nfds_t count)
{
    struct fit__info info = { .brief = true };
    unsigned ready = 0, outside = 0;
    for (nfds_t i = 0; i < count; i++) {
        if (!fds[i].revents) continue;
        if (ready == FIT_ORDERED_MOST) return 0;
        if (!(fds[i].revents & POLLNVAL) && fit__kernel->describe(fds[i].fd, &info) >= 0
            && fit__from_outside(&info))
            outside |= 1u << ready;
        ready++;
    }
    return fit__orders_of(orders, ready, outside, false);
}

static long keep_only(struct pollfd *fds, nfds_t count, int64_t wanted)
{
    int64_t number = 0;
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].revents && ++number != wanted) fds[i].revents = 0;
    return 1;
}

/* What was ready before, and from outside, could have come after what is ready now: then only that
 * is told. More than LATE_MOST: all of it. */
static long poll_late(struct pollfd *fds, nfds_t count)
{
    enum { LATE_MOST = 64 };
    short before[LATE_MOST] = { 0 };
    struct fit__info info = { .brief = true };
    bool fresh = false, outside = count <= LATE_MOST;
    for (nfds_t i = 0; i < count && outside; i++) {
        before[i] = fds[i].revents;
        if (before[i])
            outside = fit__kernel->describe(fds[i].fd, &info) >= 0 && fit__from_outside(&info);
    }
    long result = fit__kernel->poll(fds, count, 0);
    for (nfds_t i = 0; i < count && outside; i++) fresh |= fds[i].revents && !before[i];
    for (nfds_t i = 0; i < count && outside && fresh; i++) {
        if (!before[i] || !fds[i].revents) continue;
        fds[i].revents = 0;
        result--;
    }
    return result;
}

static long poll_asking(struct fit__call *c, struct pollfd *fds, nfds_t count, int64_t timeout)
{
    int64_t orders[FIT_ORDERS_MOST], order = 0;
    if (!fit__asks()) return fit__kernel->poll(fds, count, timeout);
    int64_t deadline = timeout > 0 ? fit__monotonic() + timeout : -1;
    long result = fit__kernel->poll(fds, count, timeout);
    if (result <= 0) return result;
    switch (fit__wait_found(c, stream_ready(fds, count) ? deadline : -1, orders,
                            result > 1 ? orders_of(orders, fds, count) : 0, &order)) {
    case FIT_F_FAILED: return -order;
    case FIT_F_WAITS_ON: {
        int64_t left = deadline - fit__monotonic();
        return fit__kernel->poll(fds, count, left > 0 ? left : 0);
    }
    case FIT_F_ORDERED: return keep_only(fds, count, order);
    case FIT_F_LATE: return poll_late(fds, count);
    default: return result;
    }
}

/* "7: IN, 9: IN|OUT": what is asked for, or (`ready`) what came. */
static void list_of(char *out, size_t size, const struct pollfd *fds, nfds_t count, bool ready)
{
    char bits[64];
    size_t used = 0;
    out[0] = 0;
    for (nfds_t i = 0, listed = 0; i < count && listed < LISTED_MAX && used < size; i++) {
        short events = ready ? fds[i].revents : fds[i].events;
        if (ready && !events) continue;
        listed++;
        used += (size_t)snprintf(out + used, size - used, "%s%d: %s", used ? ", " : "", fds[i].fd,
                                 fit__events_text(bits, sizeof bits, (uint16_t)events));
    }
}

static void trace_poll(struct fit__call *c, const struct pollfd *fds, nfds_t count,
                       int64_t timeout, long result)
{
    char asked[200], ready[200];
    list_of(asked, sizeof asked, fds, count, false);
    if (result <= 0) {
        fit__traced(c, result, "{%s}, timeout=%lld", asked, (long long)timeout);
        return;
    }
    list_of(ready, sizeof ready, fds, count, true);
    fit__trace("  ", c->fd, "%s({%s}, timeout=%lld) = %ld {%s}", fit__call_name(c->id), asked,
               (long long)timeout, result, ready);
}

static long poll_simulated(enum fit__call_id id, struct pollfd *fds, nfds_t count,
                           int64_t timeout, const sigset_t *mask, const void *caller)
{
    struct fit__call c;
    sigset_t old;
    fit__begin(&c, id, count == 1 ? fds[0].fd : -1, caller);
    for (nfds_t i = 0; i < count; i++)
        fit__check_defined(&fds[i], offsetof(struct pollfd, revents));
    fit__mask_begin(mask, &old);
    fit__guard->wait = id;
    long result = poll_asking(&c, fds, count, timeout);
    fit__guard->wait = 0;
    fit__mask_end(mask, &old);
    if (fit__traces())
        trace_poll(&c, fds, count, timeout < 0 ? -1 : timeout / MS, result);
    return fit__end(&c, result);
}

static long raw_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    struct timespec limit = { timeout / 1000, timeout % 1000 * MS };
    return fit__raw_point(SYS_ppoll, fds, count, timeout < 0 ? NULL : &limit, NULL, SIGSET_SIZE);
}

FIT_EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    if (fit__passes()) return (int)fit__result(raw_poll(fds, count, timeout));
    return (int)poll_simulated(FIT_CALL_poll, fds, count, fit__ns_of_ms(timeout), NULL, FIT_CALLER);
}
FIT_ALIAS(__poll, poll);

FIT_EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room)
{
    if (room / sizeof *fds < count) __chk_fail();
    if (fit__passes()) return (int)fit__result(raw_poll(fds, count, timeout));
    return (int)poll_simulated(FIT_CALL_poll, fds, count, fit__ns_of_ms(timeout), NULL, FIT_CALLER);
}

static int ppoll_from(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                      const sigset_t *mask, const void *caller)
{
    bool bad;
    if (fit__passes()) {
        struct timespec copy = timeout ? *timeout : (struct timespec){ 0, 0 };
        return (int)fit__result(fit__raw_point(SYS_ppoll, fds, count, timeout ? &copy : NULL, mask,
                                         SIGSET_SIZE));
    }
    int64_t ns = fit__ns_of(timeout, &bad);
    if (bad) return (int)fit__result(-EINVAL);
    return (int)poll_simulated(FIT_CALL_ppoll, fds, count, ns, mask, caller);
}

FIT_EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                     const sigset_t *mask)
{
    return ppoll_from(fds, count, timeout, mask, FIT_CALLER);
}

FIT_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                           const sigset_t *mask, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                const sigset_t *mask, size_t room)
{
    if (room / sizeof *fds < count) __chk_fail();
    return ppoll_from(fds, count, timeout, mask, FIT_CALLER);
}

/* ---- select: a poll of all that is asked for --------------------------------------------- */

static const short wanted[3] = { POLLIN, POLLOUT, POLLPRI };
/* The bits that Linux counts as readable, writable and exceptional. */
static const short counts[3] = { POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI };

static nfds_t polls_of_sets(struct pollfd *fds, int limit, fd_set *const sets[3])
{
    nfds_t count = 0;
    for (int fd = 0; fd < limit; fd++) {
        short events = 0;
        for (int k = 0; k < 3; k++)
            if (sets[k] && FD_ISSET(fd, sets[k])) events |= wanted[k];
        if (events) fds[count++] = (struct pollfd){ .fd = fd, .events = events };
    }
    return count;
}

/* The number of bits set, as select returns it. */
static long sets_of_polls(const struct pollfd *fds, nfds_t count, int limit,
                          fd_set *const sets[3])
{
    long bits = 0;
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].revents & POLLNVAL) return -EBADF;
    for (int k = 0; k < 3; k++) {
        if (!sets[k]) continue;
        fd_set before = *sets[k];
        for (int fd = 0; fd < limit; fd++) FD_CLR(fd, sets[k]);
        for (nfds_t i = 0; i < count; i++) {
            if (!FD_ISSET(fds[i].fd, &before) || !(fds[i].revents & counts[k])) continue;
            FD_SET(fds[i].fd, sets[k]);
            bits++;
        }
    }
    return bits;
}

static long select_simulated(enum fit__call_id id, int limit, fd_set *const sets[3],
                             int64_t timeout, const sigset_t *mask, const void *caller)
{
    struct fit__call c;
    struct pollfd fds[FD_SETSIZE];
    sigset_t old;
    fit__begin(&c, id, -1, caller);
    if (limit < 0) return fit__end(&c, -EINVAL);
    if (limit > FD_SETSIZE) limit = FD_SETSIZE;
    nfds_t count = polls_of_sets(fds, limit, sets);
    fit__mask_begin(mask, &old);
    fit__guard->wait = id;
    long result = poll_asking(&c, fds, count, timeout);
    fit__guard->wait = 0;
    fit__mask_end(mask, &old);
    if (result >= 0) result = sets_of_polls(fds, count, limit, sets);
    if (fit__traces()) trace_poll(&c, fds, count, timeout < 0 ? -1 : timeout / MS, result);
    return fit__end(&c, result);
}

static int64_t time_inside(void)
{
    fit__enter();
    int64_t now = fit__monotonic();
    fit__leave();
    return now;
}

FIT_EXPORT int select(int limit, fd_set *in, fd_set *out, fd_set *except,
                      struct timeval *timeout)
{
    bool bad = timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0);
    struct timespec left = { 0, 0 };
    if (bad) return (int)fit__result(-EINVAL);
    if (timeout) {
        left.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000;
        left.tv_nsec = timeout->tv_usec % 1000000 * 1000;
    }
    long result;
    if (fit__passes()) {
        result = fit__result(fit__raw_point(SYS_pselect6, limit, in, out, except,
                                      timeout ? &left : NULL, NULL));
    } else {
        int64_t ns = fit__ns_of(timeout ? &left : NULL, &bad), start = time_inside();
        result = select_simulated(FIT_CALL_select, limit, (fd_set *[]){ in, out, except }, ns,
                                  NULL, FIT_CALLER);
        if (ns >= 0) ns -= time_inside() - start;
        if (ns < 0) ns = 0;
        left = (struct timespec){ ns / SECOND, ns % SECOND };
    }
    if (timeout) *timeout = (struct timeval){ left.tv_sec, left.tv_nsec / 1000 };
    return (int)result;
}
FIT_ALIAS(__select, select);

FIT_EXPORT int pselect(int limit, fd_set *in, fd_set *out, fd_set *except,
                       const struct timespec *timeout, const sigset_t *mask)
{
    bool bad;
    if (fit__passes()) {
        struct timespec copy = timeout ? *timeout : (struct timespec){ 0, 0 };
        struct { const sigset_t *mask; size_t size; } with = { mask, SIGSET_SIZE };
        return (int)fit__result(fit__raw_point(SYS_pselect6, limit, in, out, except,
                                         timeout ? &copy : NULL, &with));
    }
    int64_t ns = fit__ns_of(timeout, &bad);
    if (bad) return (int)fit__result(-EINVAL);
    return (int)select_simulated(FIT_CALL_pselect, limit, (fd_set *[]){ in, out, except }, ns,
                                 mask, FIT_CALLER);
}
