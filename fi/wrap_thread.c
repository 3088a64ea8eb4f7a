/* Threads: creation, end, joining, and what else names a thread. */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>

#include "fi/thread.h"
#include "fi/wrap.h"

enum { NAME_SIZE = 16, NS_A_SECOND = 1000000000, NS_A_MS = 1000000 };

bool fit__time_left(clockid_t clock, const struct timespec *until, int64_t *left)
{
    struct timespec now;
    *left = -1;
    if (!until) return true;
    if (until->tv_nsec < 0 || until->tv_nsec >= NS_A_SECOND) return false;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) return false;
    if (fit__kernel->clock_gettime(clock, &now)) return false;
    if (until->tv_sec - now.tv_sec > INT64_MAX / NS_A_SECOND - 1) return true;
    *left = (until->tv_sec - now.tv_sec) * (int64_t)NS_A_SECOND + until->tv_nsec - now.tv_nsec;
    if (*left < 0) *left = 0;
    return true;
}

void fit__thread_preempt(enum fit__call_id id, const void *caller)
{
    int64_t value;
    const struct fit__fact *fact = NULL;
    if (fit__threads->competes()) fact = fit__ask_at(id, caller, NULL, FIT_N_OTHERS, &value);
    if (fact) fit__thread_switch(fact);
}

int fit__init_fault(enum fit__call_id id, const void *caller)
{
    if (fit__passes() || !fit__extended_asked() || !fit__mode_asked(FIT_THREAD)) return 0;
    return fit__error_at(id, caller, 0);
}

/* ---- Creation and joining ---------------------------------------------------------------- */

/* With a priority of its own, which is a privilege. */
static bool is_scheduled(const pthread_attr_t *attr)
{
    int inherit = PTHREAD_INHERIT_SCHED, policy = SCHED_OTHER;
    if (!attr) return false;
    pthread_attr_getinheritsched(attr, &inherit);
    pthread_attr_getschedpolicy(attr, &policy);
    return inherit == PTHREAD_EXPLICIT_SCHED && policy != SCHED_OTHER;
}

/* One question, so that its cases count together: it fails, or when the new thread runs. */
static int create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg,
                  const void *caller)
{
    int64_t value = 0;
    const struct fit__fact *fact = fit__ask_at(
        FIT_CALL_pthread_create, caller, NULL, is_scheduled(attr) ? FIT_N_SCHEDULED : 0, &value);
    if (fact && fact->until == FIT_U_ONWARDS) fit__no_threads = true;
    if (fact && fact->what == FIT_W_ERROR) return (int)value;
    if (fit__no_threads && !fit__guard->exempt) return EAGAIN;
    int error = fit__threads->create(thread, attr, start, arg);
    if (error || !fact) return error;
    if (fact->what == FIT_W_DELAY) fit__threads->starts_late(*thread, value * NS_A_MS);
    else fit__threads->yield();
    return 0;
}

FIT_EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                              void *(*start)(void *), void *arg)
{
    if (fit__passes()) return FIT_NEXT(pthread_create)(thread, attr, start, arg);
    fit__enter();
    int error = create(thread, attr, start, arg, FIT_CALLER);
    if (fit__traces()) fit__trace("  ", -1, "pthread_create() = %d", error);
    fit__leave();
    return error;
}

static int join(pthread_t thread, void **result, int64_t timeout_ns, bool is_point)
{
    int error;
    bool outer = fit__point_begin(is_point);
    fit__enter();
    error = fit__threads->join(thread, result, timeout_ns);
    if (fit__traces()) fit__trace("  ", -1, "pthread_join() = %d", error);
    fit__leave();
    fit__point_end(outer);
    return error;
}

/* A thread of a world that is over. A library that keeps a pool joins it when the program ends:
 * glibc does not know it. */
static bool is_left_over(pthread_t thread)
{
    return !fit__active && fit__threads && fit__threads->is_ours(thread);
}

FIT_EXPORT int pthread_join(pthread_t thread, void **result)
{
    if (is_left_over(thread)) {
        if (result) *result = NULL;
        return 0;
    }
    if (fit__passes()) return FIT_NEXT(pthread_join)(thread, result);
    return join(thread, result, -1, true);
}

FIT_EXPORT int pthread_tryjoin_np(pthread_t thread, void **result)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_tryjoin_np)(thread, result);
    if (!fit__threads->has_ended(thread)) return EBUSY;
    error = join(thread, result, 0, false);
    return error == ETIMEDOUT ? EBUSY : error;
}

static int join_until(pthread_t thread, void **result, clockid_t clock,
                      const struct timespec *until)
{
    int64_t left;
    bool valid;
    fit__enter();
    valid = fit__time_left(clock, until, &left);
    fit__leave();
    return valid ? join(thread, result, left, true) : EINVAL;
}

FIT_EXPORT int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(pthread_timedjoin_np)(thread, result, until);
    return join_until(thread, result, CLOCK_REALTIME, until);
}

FIT_EXPORT int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
                                    const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(pthread_clockjoin_np)(thread, result, clock, until);
    return join_until(thread, result, clock, until);
}

FIT_EXPORT int pthread_detach(pthread_t thread)
{
    int error;
    if (is_left_over(thread)) return 0;
    if (fit__passes()) return FIT_NEXT(pthread_detach)(thread);
    fit__enter();
    error = fit__threads->detach(thread);
    fit__leave();
    return error;
}

/* ---- Others that name a thread ----------------------------------------------------------- */

FIT_EXPORT int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
    void *lowest;
    size_t size;
    bool detached;
    int error;
    /* A sanitizer asks while our own code runs, too. */
    if (!fit__active || fit__threads->stack_of(thread, &lowest, &size, &detached))
        return FIT_NEXT(pthread_getattr_np)(thread, attr);
    fit__enter();
    error = pthread_attr_init(attr);
    if (!error) error = pthread_attr_setstack(attr, lowest, size);
    if (!error && detached) error = pthread_attr_setdetachstate(attr, PTHREAD_CREATE_DETACHED);
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_setname_np(pthread_t thread, const char *name)
{
    char *kept;
    if (fit__passes()) return FIT_NEXT(pthread_setname_np)(thread, name);
    if (strlen(name) >= NAME_SIZE) return ERANGE;
    if (!(kept = fit__threads->name_of(thread))) return ESRCH;
    strcpy(kept, name);
    return 0;
}

FIT_EXPORT int pthread_getname_np(pthread_t thread, char *name, size_t size)
{
    const char *kept;
    if (fit__passes()) return FIT_NEXT(pthread_getname_np)(thread, name, size);
    if (size < NAME_SIZE) return ERANGE;
    if (!(kept = fit__threads->name_of(thread))) return ESRCH;
    snprintf(name, NAME_SIZE, "%s", kept[0] ? kept : program_invocation_short_name);
    return 0;
}

/* The name of the running thread, too; all else is the process's and the real kernel's. */
FIT_EXPORT int prctl(int option, ...)
{
    va_list arguments;
    unsigned long a[4];
    va_start(arguments, option);
    for (int i = 0; i < 4; i++) a[i] = va_arg(arguments, unsigned long);
    va_end(arguments);
    if (!fit__passes() && option == PR_SET_NAME) {
        char *kept = fit__threads->name_of(pthread_self());
        snprintf(kept, NAME_SIZE, "%s", (const char *)a[0]);
        return 0;
    }
    if (!fit__passes() && option == PR_GET_NAME)
        return pthread_getname_np(pthread_self(), (char *)a[0], NAME_SIZE);
    return (int)fit__result(fit__raw(SYS_prctl, option, a[0], a[1], a[2], a[3]));
}

/* One kernel thread: where it runs is nobody's business in a world. */
FIT_EXPORT int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *cpus)
{
    if (fit__passes()) return FIT_NEXT(pthread_setaffinity_np)(thread, size, cpus);
    if (!fit__threads->is_ours(thread)) return ESRCH;
    fit__enter();
    int error = fit__error_at(FIT_CALL_pthread_setaffinity_np, FIT_CALLER, 0);
    fit__leave();
    return error || CPU_COUNT_S(size, cpus) > 0 ? error : EINVAL;
}

FIT_EXPORT int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *cpus)
{
    if (fit__passes()) return FIT_NEXT(pthread_getaffinity_np)(thread, size, cpus);
    if (!fit__threads->is_ours(thread)) return ESRCH;
    if (size == 0) return EINVAL;
    memset(cpus, 0, size);
    CPU_SET_S(0, size, cpus);
    return 0;
}

FIT_EXPORT int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
    if (fit__passes()) return FIT_NEXT(pthread_setschedparam)(thread, policy, param);
    if (!fit__threads->is_ours(thread)) return ESRCH;
    if (policy != SCHED_OTHER) return EPERM;
    return param->sched_priority == 0 ? 0 : EINVAL;
}

FIT_EXPORT int pthread_getschedparam(pthread_t thread, int *policy, struct sched_param *param)
{
    if (fit__passes()) return FIT_NEXT(pthread_getschedparam)(thread, policy, param);
    if (!fit__threads->is_ours(thread)) return ESRCH;
    *policy = SCHED_OTHER;
    param->sched_priority = 0;
    return 0;
}

FIT_EXPORT int pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
    if (fit__passes()) return FIT_NEXT(pthread_getcpuclockid)(thread, clock);
    fit__unsupported("pthread_getcpuclockid", FIT_CALLER, "time in a world is virtual");
}

FIT_EXPORT int sched_yield(void)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_sched_yield));
    fit__enter();
    fit__threads->yield();
    fit__leave();
    return 0;
}
