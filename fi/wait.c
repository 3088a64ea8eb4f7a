/* What all ways to wait have in common: deadlines, the question whether a timer wins. */
#include "fi/wait.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define SOON INT64_C(1000)           /* a timer that is due comes first, by this much */
#define TICK MS                      /* what a program can make of a deadline: milliseconds */

/* A look of our own at the clock: not one of the calls that get the program nowhere. */
int64_t fit__monotonic(void)
{
    struct timespec now;
    bool exempt = fit__guard->exempt;
    fit__guard->exempt = true;
    fit__kernel->clock_gettime(CLOCK_MONOTONIC, &now);
    fit__guard->exempt = exempt;
    return now.tv_sec * SECOND + now.tv_nsec;
}

int64_t fit__ns_of_ms(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : timeout_ms * MS;
}

/* -1: wait without end. */
int64_t fit__ns_of(const struct timespec *timeout, bool *bad)
{
    *bad = false;
    if (!timeout) return -1;
    *bad = timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= SECOND;
    if (timeout->tv_sec > INT64_MAX / SECOND / 2) return -1;
    return timeout->tv_sec * SECOND + timeout->tv_nsec;
}

/* ---- what is ready, told in another way -------------------------------------------------- */

static bool all_outside(unsigned outside, unsigned from, unsigned to)
{
    for (unsigned n = from; n <= to; n++)
        if (!(outside & 1u << (n - 1))) return false;
    return true;
}

/* The number `first`, and then the others as they were. */
static int64_t with_first(unsigned first, unsigned count)
{
    uint64_t order = first;
    unsigned at = 1;
    for (unsigned n = 1; n <= count; n++)
        if (n != first) order |= (uint64_t)n << (4 * at++);
    return (int64_t)order;
}

int64_t fit__order_backwards(unsigned count)
{
    uint64_t order = 0;
    for (unsigned n = 1; n <= count; n++) order |= (uint64_t)n << (4 * (count - n));
    return (int64_t)order;
}

/* One that passes others could have come before them, or they after it; what is left out could
 * have come after the wait. */
unsigned fit__orders_of(int64_t orders[FIT_ORDERS_MOST], unsigned count, unsigned outside,
                        bool whole)
{
    enum { FIRSTS_MOST = 4, ALONE_MOST = 4 };
    unsigned ways = 0;
    if (count < 2) return 0;
    for (unsigned n = 2; whole && n <= count && n <= FIRSTS_MOST; n++)
        if (all_outside(outside, n, n) || all_outside(outside, 1, n - 1))
            orders[ways++] = with_first(n, count);
    if (whole && count > 2 && all_outside(outside, 1, count))
        orders[ways++] = fit__order_backwards(count);
    for (unsigned n = 1; n <= count; n++) {
        bool wanted = whole ? n == 1 || n == count : n <= ALONE_MOST;
        if (wanted && all_outside(outside | 1u << (n - 1), 1, count)) orders[ways++] = n;
    }
    assert(ways <= FIT_ORDERS_MOST);
    return ways;
}

static bool can_come_alone(const int64_t *orders, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!(orders[i] >> 4)) return true;
    return false;
}

/* What could go wrong with it; `left`: until the deadline, or not positive. */
static unsigned conditions(const struct fit__call *c, int64_t left, const int64_t *orders,
                           unsigned count)
{
    bool polls = c->id != FIT_CALL_epoll_wait && c->id != FIT_CALL_epoll_pwait
        && c->id != FIT_CALL_epoll_pwait2;
    bool more = fit__kernel->more_soon && fit__kernel->more_soon(FIT_LATE_MS * MS);
    unsigned holds = more ? FIT_N_MORE : 0;
    if (left > 0) holds |= FIT_N_TIMER;
    if (left > 2 * TICK) holds |= FIT_N_AHEAD;
    if (count) holds |= FIT_N_SEVERAL;
    if (!polls && can_come_alone(orders, count)) holds |= FIT_N_PARTED;
    return holds && polls ? holds | FIT_N_POLLS : holds;
}

/* The data comes so long after (before, if negative) the deadline. */
static enum fit__found move_data(int64_t left, int64_t after)
{
    fit__kernel->hold((left > 0 ? left : 0) + after);
    return FIT_F_WAITS_ON;
}

enum fit__found fit__wait_found(struct fit__call *c, int64_t deadline, const int64_t *orders,
                                unsigned count, int64_t *order)
{
    unsigned holds = conditions(c, deadline >= 0 ? deadline - fit__monotonic() : 0, orders, count);
    if (!holds) return FIT_F_AS_IT_IS;
    c->orders = orders;
    c->order_count = count;
    const struct fit__fact *fact = fit__ask(c, holds, count, order);
    if (!fact) return FIT_F_AS_IT_IS;
    int64_t left = deadline - fit__monotonic();
    switch ((enum fit__what)fact->what) {
    case FIT_W_ORDER:
        return fact->until == FIT_U_ONWARDS ? FIT_F_ONE_BY_ONE : FIT_F_ORDERED;
    case FIT_W_SHORT: *order = 0; return FIT_F_ONE_BY_ONE;
    case FIT_W_DELAY:
        fit__kernel->sleep(fact->value * MS);
        return FIT_F_LATE;
    case FIT_W_EARLY: return move_data(left, -TICK);
    case FIT_W_LATE: return move_data(left, TICK);
    case FIT_W_TIMERS_FIRST: return move_data(left, SOON);
    default: return FIT_F_FAILED;
    }
}

const char *fit__events_text(char *out, size_t size, uint32_t events)
{
    static const struct { uint32_t bit; const char *name; } names[] = {
        { EPOLLIN, "IN" },       { EPOLLPRI, "PRI" },     { EPOLLOUT, "OUT" },
        { EPOLLERR, "ERR" },     { EPOLLHUP, "HUP" },     { EPOLLRDHUP, "RDHUP" },
        { EPOLLET, "ET" },       { EPOLLONESHOT, "ONESHOT" },
    };
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && used < size; i++)
        if (events & names[i].bit)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "|" : "",
                                     names[i].name);
    return used ? out : "0";
}
