/* epoll. */
#include <sys/epoll.h>

#include <stdio.h>

#include "fi/flags.h"
#include "fi/wait.h"

#define MS INT64_C(1000000)

/* ---- epoll ------------------------------------------------------------------------------- */

static long epoll_create_simulated(enum fit__call_id id, int flags, const void *caller)
{
    struct fit__call c;
    long result;
    fit__begin(&c, id, -1, caller);
    if (!fit__is_lacking(&c, &result) && !fit__fault_simple(&c, fit__first_call(&c), &result))
        result = fit__kernel->epoll_create(flags);
    if (fit__traces()) fit__traced(&c, result, "%s", FIT_FLAGS(epoll_flags, flags));
    return fit__end(&c, result);
}

FIT_EXPORT int epoll_create(int size)
{
    if (size <= 0) return (int)fit__result(-EINVAL);
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_epoll_create1, 0));
    return (int)epoll_create_simulated(FIT_CALL_epoll_create, 0, FIT_CALLER);
}

FIT_EXPORT int epoll_create1(int flags)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_epoll_create1, flags));
    return (int)epoll_create_simulated(FIT_CALL_epoll_create1, flags, FIT_CALLER);
}

FIT_EXPORT int epoll_ctl(int ep, int operation, int fd, struct epoll_event *event)
{
    static const char *const names[] = { "?", "ADD", "DEL", "MOD" };
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_epoll_ctl, ep, operation, fd, event));
    struct fit__call c;
    char text[64];
    fit__begin(&c, FIT_CALL_epoll_ctl, fd, FIT_CALLER);
    if (operation != EPOLL_CTL_DEL && event)
        fit__check_defined(&event->events, sizeof event->events);
    long result;
    bool asks = operation == EPOLL_CTL_ADD && fit__asks() && fit__described(&c);
    if (!asks || !fit__fault_simple(&c, 0, &result))
        result = fit__kernel->epoll_ctl(ep, operation, fd, event);
    if (fit__traces()) {
        const char *name = operation >= 1 && operation <= 3 ? names[operation] : "?";
        if (operation == EPOLL_CTL_DEL || !event)
            fit__traced(&c, result, "%d, %s, %d", ep, name, fd);
        else
            fit__traced(&c, result, "%d, %s, %d, %s", ep, name, fd,
                        fit__events_text(text, sizeof text, event->events));
    }
    return (int)fit__end(&c, result);
}

/* What came, by the number that the program keeps with it: libuv, libevent and most others keep
 * the descriptor there. A pointer would not be the same in each run, so it is not shown. */
static void trace_epoll(struct fit__call *c, int64_t timeout, const struct epoll_event *events,
                        long result)
{
    char text[300] = "", bits[64];
    size_t used = 0;
    for (long i = 0; i < result && i < LISTED_MAX && used < sizeof text; i++) {
        bool number = events[i].data.u32 < 65536 && events[i].data.u64 >> 40 == 0;
        fit__events_text(bits, sizeof bits, events[i].events);
        used += number
            ? (size_t)snprintf(text + used, sizeof text - used, "%s%d: %s", i ? ", " : "",
                               events[i].data.fd, bits)
            : (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", bits);
    }
    const char *name = fit__call_name(c->id);
    if (result <= 0)
        fit__traced(c, result, "%d, timeout=%lld", c->fd, (long long)timeout);
    else
        fit__trace("  ", c->fd, "%s(%d, timeout=%lld) = %ld {%s%s}", name, c->fd,
                   (long long)timeout, result, text, result > LISTED_MAX ? ", ..." : "");
}

/* How many an order names: the others wait for the next call. */
static int length_of(int64_t order)
{
    int count = 0;
    for (uint64_t rest = (uint64_t)order; rest; rest >>= 4) count++;
    return count;
}

static unsigned orders_of(int64_t orders[FIT_ORDERS_MOST], int ready, int most)
{
    unsigned outside = 0, count = fit__ready_count(ready);
    if (count > (unsigned)most) count = (unsigned)most;
    for (unsigned n = 1; n <= count; n++)
        if (fit__ready_outside(ready, n)) outside |= 1u << (n - 1);
    return fit__orders_of(orders, count, outside, true);
}

/* Where all of it is from outside; else it stays as it is. */
static void last_first(int ep)
{
    int ready = fit__kernel->epoll_await(ep, 0);
    unsigned count = ready < 0 ? 0 : fit__ready_count(ready);
    for (unsigned n = 1; n <= count; n++)
        if (!fit__ready_outside(ready, n)) return;
    if (count > 1) fit__kernel->epoll_order(ep, fit__order_backwards(count));
}

static long epoll_asking(struct fit__call *c, struct epoll_event *events, int most,
                         int64_t timeout)
{
    int64_t orders[FIT_ORDERS_MOST], order = 0, deadline, left = 0;
    if (!fit__asks() || (timeout <= 0 && !fit__kernel->epoll_order))
        return fit__kernel->epoll_wait(c->fd, events, most, timeout);
    deadline = timeout > 0 ? fit__monotonic() + timeout : -1;
    int ready = fit__kernel->epoll_await(c->fd, timeout);
    if (ready < 0) return ready;
    switch (fit__wait_found(c, ready & FIT_READY_STREAM ? deadline : -1, orders,
                            orders_of(orders, ready, most), &order)) {
    case FIT_F_WAITS_ON: left = deadline - fit__monotonic(); break;
    case FIT_F_ORDERED:
        fit__kernel->epoll_order(c->fd, order);
        if (length_of(order) < (int)fit__ready_count(ready)) most = length_of(order);
        break;
    case FIT_F_LATE: last_first(c->fd); break;
    case FIT_F_ONE_BY_ONE: fit__kernel->epoll_sparing(c->fd, (unsigned)order); break;
    case FIT_F_FAILED: return -order;
    case FIT_F_AS_IT_IS: break;
    }
    return fit__kernel->epoll_wait(c->fd, events, most, left > 0 ? left : 0);
}

/* Of the ways to wait only the youngest, in its first call. The question has an object of its own:
 * those of the wait itself are counted without it. */
static bool is_absent(struct fit__call *c, long *result)
{
    if (c->id != FIT_CALL_epoll_pwait2) return false;
    if (fit__is_lacking(c, result)) return true;
    unsigned holds = fit__first_call(c);
    if (!holds) return false;
    c->object = "kernel";
    bool absent = fit__fault_simple(c, holds, result);
    c->object = NULL;
    return absent;
}

static long epoll_simulated(enum fit__call_id id, int ep, struct epoll_event *events, int most,
                            int64_t timeout, const sigset_t *mask, const void *caller)
{
    struct fit__call c;
    sigset_t old;
    fit__begin(&c, id, ep, caller);
    if (most > 0) fit__check_writable(events, (size_t)most * sizeof *events);
    long result = 0;
    if (!is_absent(&c, &result)) {
        fit__mask_begin(mask, &old);
        fit__guard->wait = id;
        result = most <= 0 ? -EINVAL : epoll_asking(&c, events, most, timeout);
        fit__guard->wait = 0;
        fit__mask_end(mask, &old);
    }
    if (fit__traces()) trace_epoll(&c, timeout < 0 ? -1 : timeout / MS, events, result);
    return fit__end(&c, result);
}

FIT_EXPORT int epoll_wait(int ep, struct epoll_event *events, int most, int timeout)
{
    if (fit__passes())
        return (int)fit__result(fit__raw_point(SYS_epoll_pwait, ep, events, most, timeout, NULL,
                                         SIGSET_SIZE));
    return (int)epoll_simulated(FIT_CALL_epoll_wait, ep, events, most, fit__ns_of_ms(timeout), NULL,
                                FIT_CALLER);
}

FIT_EXPORT int epoll_pwait(int ep, struct epoll_event *events, int most, int timeout,
                           const sigset_t *mask)
{
    if (fit__passes())
        return (int)fit__result(fit__raw_point(SYS_epoll_pwait, ep, events, most, timeout, mask,
                                         SIGSET_SIZE));
    return (int)epoll_simulated(FIT_CALL_epoll_pwait, ep, events, most, fit__ns_of_ms(timeout),
                                mask, FIT_CALLER);
}

FIT_EXPORT int epoll_pwait2(int ep, struct epoll_event *events, int most,
                            const struct timespec *timeout, const sigset_t *mask)
{
    bool bad;
    if (fit__passes())
        return (int)fit__result(fit__raw_point(SYS_epoll_pwait2, ep, events, most, timeout, mask,
                                         SIGSET_SIZE));
    int64_t ns = fit__ns_of(timeout, &bad);
    if (bad) return (int)fit__result(-EINVAL);
    return (int)epoll_simulated(FIT_CALL_epoll_pwait2, ep, events, most, ns, mask, FIT_CALLER);
}
