/* What all ways to wait have in common: deadlines, the question whether a timer wins. */
#include "fi/wait.h"

#include <stdio.h>
#include <time.h>

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define TICK INT64_C(1000)           /* a timer that is due comes first, by this much */

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

/* A wait with a deadline found data at a stream before it. Does the timer win after all? Then the
 * data arrives again just after the deadline. */
bool fit__timers_first(struct fit__call *c, int64_t deadline)
{
    int64_t value;
    if (fit__monotonic() >= deadline || !fit__ask(c, 0, 0, &value)) return false;
    int64_t left = deadline - fit__monotonic();
    fit__kernel->hold((left > 0 ? left : 0) + TICK);
    return true;
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
