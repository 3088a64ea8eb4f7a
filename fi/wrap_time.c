/* Clocks, sleeping, and chance: all of it virtual in a world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "fi/wait.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)

enum { ENTROPY_MAX = 256 };

/* ---- reading clocks ---------------------------------------------------------------------- */

/* Outside a world the vDSO's fast way is glibc's; it cannot be reached before libc is ready, and
 * then a system call does. */
static int real_clock_gettime(clockid_t clock, struct timespec *now)
{
    static __typeof__(&clock_gettime) fast;
    static bool looked;
    if (!looked) {
        looked = true;             /* first, for the search itself may look at the clock */
        fast = (__typeof__(fast))fit__next("clock_gettime");
    }
    if (fast) return fast(clock, now);
    return (int)fit__result(fit__raw(SYS_clock_gettime, clock, now));
}

static int simulated_clock(clockid_t clock, struct timespec *now, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, FIT_CALL_clock_gettime, -1, caller);
    fit__check_writable(now, sizeof *now);
    return (int)fit__end(&c, fit__kernel->clock_gettime(clock, now));
}

FIT_EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (fit__passes()) return real_clock_gettime(clock, now);
    return simulated_clock(clock, now, FIT_CALLER);
}
FIT_ALIAS(__clock_gettime, clock_gettime);

FIT_EXPORT int clock_getres(clockid_t clock, struct timespec *resolution)
{
    struct timespec unused;
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_clock_getres, clock, resolution));
    if (simulated_clock(clock, &unused, FIT_CALLER) < 0) return -1;
    bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
    if (resolution) *resolution = (struct timespec){ 0, coarse ? 4000000 : 1 };
    return 0;
}

FIT_EXPORT int clock_settime(clockid_t clock, const struct timespec *now)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_clock_settime, clock, now));
    return (int)fit__result(-EPERM);
}

FIT_EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    if (fit__passes()) real_clock_gettime(CLOCK_REALTIME, &precise);
    else simulated_clock(CLOCK_REALTIME, &precise, FIT_CALLER);
    *now = (struct timeval){ precise.tv_sec, precise.tv_nsec / 1000 };
    if (zone) memset(zone, 0, sizeof(struct timezone));
    return 0;
}
FIT_ALIAS(__gettimeofday, gettimeofday);

FIT_EXPORT time_t time(time_t *now)
{
    struct timespec precise;
    if (fit__passes()) real_clock_gettime(CLOCK_REALTIME_COARSE, &precise);
    else simulated_clock(CLOCK_REALTIME, &precise, FIT_CALLER);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}

FIT_EXPORT int timespec_get(struct timespec *now, int base)
{
    if (base != TIME_UTC) return 0;
    if (fit__passes()) real_clock_gettime(CLOCK_REALTIME, now);
    else simulated_clock(CLOCK_REALTIME, now, FIT_CALLER);
    return base;
}

static int64_t used_ns(const void *caller)
{
    struct timespec now;
    simulated_clock(CLOCK_PROCESS_CPUTIME_ID, &now, caller);
    return now.tv_sec * SECOND + now.tv_nsec;
}

FIT_EXPORT clock_t clock(void)
{
    if (fit__passes()) return FIT_NEXT(clock)();
    return (clock_t)(used_ns(FIT_CALLER) / (SECOND / CLOCKS_PER_SEC));
}

FIT_EXPORT clock_t times(struct tms *used)
{
    struct timespec now;
    if (fit__passes()) return fit__result(fit__raw(SYS_times, used));
    clock_t ticks = (clock_t)(used_ns(FIT_CALLER) / (SECOND / 100));
    if (used) *used = (struct tms){ .tms_utime = ticks };
    simulated_clock(CLOCK_MONOTONIC, &now, FIT_CALLER);
    return now.tv_sec * 100 + now.tv_nsec / (SECOND / 100);
}

/* Real figures would differ from run to run: only time is told, as the virtual clock has it. */
FIT_EXPORT int getrusage(__rusage_who_t who, struct rusage *usage)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_getrusage, who, usage));
    memset(usage, 0, sizeof *usage);
    if (who == RUSAGE_CHILDREN) return 0;
    int64_t used = used_ns(FIT_CALLER);
    usage->ru_utime = (struct timeval){ used / SECOND, used % SECOND / 1000 };
    return 0;
}

/* ---- sleeping ---------------------------------------------------------------------------- */

/* A handler of a signal ended it: *left gets what is left of it, which is 0 otherwise. */
static long sleep_simulated(enum fit__call_id id, int64_t ns, int64_t *left, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, id, -1, caller);
    int64_t end = fit__monotonic() + ns, late;
    if (ns > 0 && fit__extended_asked() && fit__asks() && fit__ask(&c, 0, 0, &late)) ns += late * MS;
    long result = ns > 0 ? fit__kernel->sleep(ns) : ns < 0 ? -EINVAL : fit__kernel->sleep(0);
    if (fit__traces())
        fit__traced(&c, result, "%lld.%09lld s", (long long)(ns / SECOND),
                    (long long)(ns % SECOND));
    if (left) *left = result == -EINTR && end > fit__monotonic() ? end - fit__monotonic() : 0;
    return fit__end(&c, result);
}

static int64_t ns_of(const struct timespec *time)
{
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= SECOND) return -1;
    if (time->tv_sec > INT64_MAX / SECOND - 1) return INT64_MAX / 2;
    return time->tv_sec * SECOND + time->tv_nsec;
}

FIT_EXPORT int nanosleep(const struct timespec *time, struct timespec *left)
{
    if (fit__passes())
        return (int)fit__result(fit__raw_point(SYS_clock_nanosleep, CLOCK_REALTIME, 0, time, left));
    int64_t rest;
    int result = (int)sleep_simulated(FIT_CALL_nanosleep, ns_of(time), &rest, FIT_CALLER);
    if (left && rest) *left = (struct timespec){ rest / SECOND, rest % SECOND };
    return result;
}
FIT_ALIAS(__nanosleep, nanosleep);

/* Returns its error, and leaves errno alone. */
FIT_EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                               struct timespec *left)
{
    if (clock == CLOCK_THREAD_CPUTIME_ID) return EINVAL;
    if (fit__passes())
        return (int)-fit__raw_point(SYS_clock_nanosleep, clock, flags, time, left);
    int saved = errno, error = 0;
    int64_t ns = ns_of(time), rest = 0;
    struct timespec now;
    if (ns < 0) return EINVAL;
    if (flags & TIMER_ABSTIME) {
        if (simulated_clock(clock, &now, FIT_CALLER) < 0) error = EINVAL;
        else ns -= now.tv_sec * SECOND + now.tv_nsec;
        if (ns < 0) ns = 0;
    }
    if (!error && sleep_simulated(FIT_CALL_clock_nanosleep, ns, &rest, FIT_CALLER) < 0)
        error = errno;
    if (left && rest && !(flags & TIMER_ABSTIME))
        *left = (struct timespec){ rest / SECOND, rest % SECOND };
    errno = saved;
    return error;
}

FIT_EXPORT int usleep(useconds_t us)
{
    if (fit__passes()) {
        struct timespec time = { us / 1000000, us % 1000000 * 1000 };
        return (int)fit__result(fit__raw_point(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &time,
                                               NULL));
    }
    return (int)sleep_simulated(FIT_CALL_usleep, us * INT64_C(1000), NULL, FIT_CALLER);
}

FIT_EXPORT unsigned sleep(unsigned seconds)
{
    if (fit__passes()) {
        struct timespec time = { seconds, 0 }, left = { 0, 0 };
        int saved = errno;
        if (fit__result(fit__raw_point(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &time, &left)) == 0)
            errno = saved;
        return (unsigned)left.tv_sec;
    }
    int64_t rest;
    sleep_simulated(FIT_CALL_sleep, seconds * SECOND, &rest, FIT_CALLER);
    return (unsigned)(rest / SECOND);
}

/* ---- chance ------------------------------------------------------------------------------ */

/* A signal only ends the call when a handler runs. */
static bool handles_signals(void)
{
    static const int sent[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM };
    struct sigaction action;
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        fit__signal_action(sent[i], &action);
        if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) return true;
    }
    return false;
}

/* True: the call fails with *result; else *size may be less now. */
static bool chance_fails(struct fit__call *c, size_t *size, unsigned flags, long *result)
{
    int64_t value;
    unsigned holds = flags & GRND_NONBLOCK ? FIT_N_UNREADY : 0;
    if (!fit__asks()) return false;
    if (*size > FIT_CHANCE_PIECE && handles_signals()) holds |= FIT_N_PIECES;
    const struct fit__fact *fact = fit__ask(c, holds, *size, &value);
    if (fact && fact->what == FIT_W_SHORT) *size = (size_t)value;
    return fact && fact->what != FIT_W_SHORT && fit__carry_out(c, fact, result);
}

/* Who calls getentropy() or arc4random() does not hear of what goes wrong: glibc asks again. */
static long chance(void *buffer, size_t size, unsigned flags, bool may_fail, const void *caller)
{
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_getrandom, -1, caller);
    fit__check_writable(buffer, size);
    if (!may_fail || !chance_fails(&c, &size, flags, &result))
        result = fit__kernel->getrandom(buffer, size, flags);
    if (fit__traces()) fit__traced(&c, result, "%zu, %u", size, flags);
    return fit__end(&c, result);
}

FIT_EXPORT ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_getrandom, buffer, size, flags));
    return chance(buffer, size, flags, true, FIT_CALLER);
}

FIT_EXPORT int getentropy(void *buffer, size_t size)
{
    if (size > ENTROPY_MAX) return (int)fit__result(-EIO);
    if (fit__passes()) return FIT_NEXT(getentropy)(buffer, size);
    return chance(buffer, size, 0, false, FIT_CALLER) == (long)size ? 0 : -1;
}

FIT_EXPORT void arc4random_buf(void *buffer, size_t size)
{
    if (fit__passes()) FIT_NEXT(arc4random_buf)(buffer, size);
    else chance(buffer, size, 0, false, FIT_CALLER);
}

FIT_EXPORT uint32_t arc4random(void)
{
    uint32_t number = 0;
    if (fit__passes()) return FIT_NEXT(arc4random)();
    chance(&number, sizeof number, 0, false, FIT_CALLER);
    return number;
}

FIT_EXPORT uint32_t arc4random_uniform(uint32_t bound)
{
    if (fit__passes()) return FIT_NEXT(arc4random_uniform)(bound);
    if (bound < 2) return 0;
    uint32_t least = -bound % bound, number;
    do {
        chance(&number, sizeof number, 0, false, FIT_CALLER);
    } while (number < least);
    return number % bound;
}
