/* Condition variables, semaphores, barriers. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>

#include "fi/thread.h"
#include "fi/wrap.h"

/* ---- Condition variables ----------------------------------------------------------------- */

static const struct fit__sleep for_condition = {
    .what = "condition", .call = "pthread_cond_wait",
    .alone = "a condition that nobody is left to signal"
};

/* A wake-up for nothing comes at once, before whoever would make the condition true has run; or
 * (thread=1) others run before the caller sleeps and gives the mutex up: what they tell without the
 * mutex is told to nobody. True: it does not sleep. */
static bool ask_wait(const char *point, const void *caller)
{
    struct fit__question q = { .point = point, .caller = caller };
    const struct fit__alternative *answer;
    if (!fit__asks()) return false;
    fit__offer(&q, FIT_ORDER, FIT_W_SPURIOUS, FIT_S_ERRNO, 0, FIT_U_ONCE);
    if (fit__threads->competes()) fit__offer_preempt(&q);
    answer = fit__choose(&q);
    if (answer && answer->what == FIT_W_THREAD) fit__make_preempt(answer);
    return answer && answer->what == FIT_W_SPURIOUS;
}

/* The object itself stays as it was initialised: who waits is known by its address. Who is
 * cancelled in the wait has the mutex again when its handlers run. */
static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
                      const struct timespec *until, const void *caller, const char *point)
{
    bool outer = fit__point_begin(true);
    int error, lock_error;
    int64_t left;
    bool awake;
    fit__enter();
    awake = ask_wait(point, caller);
    if (!fit__time_left(clock, until, &left)) {
        error = EINVAL;
        goto out;
    }
    error = FIT_NEXT(pthread_mutex_unlock)(mutex);
    if (error) goto out;
    fit__threads->unpark(mutex, 1);
    if (!awake) error = fit__threads->park(cond, &for_condition, left);
    fit__guard->cancel.at_point = false;     /* to lock is none */
    lock_error = fit__mutex_take(mutex);
    fit__leave();
    fit__point_end(outer);
    return lock_error ? lock_error : error;
out:
    fit__leave();
    fit__point_end(outer);
    return error;
}

FIT_EXPORT int pthread_cond_init(pthread_cond_t *restrict cond,
                                 const pthread_condattr_t *restrict attr)
{
    int error = fit__init_fault("pthread_cond_init", FIT_CALLER);
    return error ? error : FIT_NEXT(pthread_cond_init)(cond, attr);
}

FIT_EXPORT int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_wait)(cond, mutex);
    return wait_until(cond, mutex, CLOCK_REALTIME, NULL, FIT_CALLER, "pthread_cond_wait");
}

/* Which clock it was initialised with is a bit that glibc keeps in the object. */
static clockid_t clock_of(const pthread_cond_t *cond)
{
    enum { BY_MONOTONIC = 2 };
    return cond->__data.__wrefs & BY_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

FIT_EXPORT int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                      const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_timedwait)(cond, mutex, until);
    return wait_until(cond, mutex, clock_of(cond), until, FIT_CALLER, "pthread_cond_timedwait");
}

FIT_EXPORT int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                      clockid_t clock, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_clockwait)(cond, mutex, clock, until);
    return wait_until(cond, mutex, clock, until, FIT_CALLER, "pthread_cond_clockwait");
}

/* Which of several that wait is woken is nobody's promise: as thread 2 to 4 of them. That the one
 * who wakes loses the processor has the number 1. */
static void ask_wake(const void *object, unsigned most, const char *point, const void *caller)
{
    enum { MOST = 4 };
    struct fit__question q = { .point = point, .caller = caller };
    unsigned waiting = most == 1 ? fit__threads->sleepers(object) : 0;
    bool alone = !fit__threads->sleepers(object) && !fit__threads->competes();
    const struct fit__alternative *answer = NULL;
    if (!alone && fit__asks()) {
        fit__offer_preempt(&q);
        for (unsigned n = 2; n <= waiting && n <= MOST; n++)
            fit__offer(&q, FIT_ORDER, FIT_W_THREAD, FIT_S_NUMBER, n, FIT_U_ONCE);
        answer = fit__choose(&q);
    }
    if (answer && answer->value > 1) fit__threads->next_sleeper(object, (unsigned)answer->value);
    fit__unpark_fairly(object, most);
    if (answer && answer->value == 1) fit__make_preempt(answer);
}

static int wake(const void *object, unsigned most, const char *point, const void *caller)
{
    fit__enter();
    ask_wake(object, most, point, caller);
    fit__leave();
    return 0;
}

FIT_EXPORT int pthread_cond_signal(pthread_cond_t *cond)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_signal)(cond);
    return wake(cond, 1, "pthread_cond_signal", FIT_CALLER);
}

FIT_EXPORT int pthread_cond_broadcast(pthread_cond_t *cond)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_broadcast)(cond);
    return wake(cond, UINT_MAX, "pthread_cond_broadcast", FIT_CALLER);
}

/* ---- Semaphores -------------------------------------------------------------------------- */

static const struct fit__sleep for_semaphore[] = FIT_SLEEP(
    .what = "semaphore", .call = "sem_wait", .by_signal = true, .limited = true,
    .alone = "a semaphore that nobody is left to post");

static int take(sem_t *sem, clockid_t clock, const struct timespec *until, const char *point,
                const void *caller)
{
    int saved = errno, error = 0;
    bool outer = fit__point_begin(true);
    unsigned times = 0;
    int64_t left;
    fit__enter();
    fit__thread_preempt(point, caller);
    if (!fit__time_left(clock, until, &left)) error = EINVAL;
    while (!error && FIT_NEXT(sem_trywait)(sem)) {
        if (errno != EAGAIN) error = errno;
        else if (!fit__time_left(clock, until, &left)) error = EINVAL;
        else if (left == 0) error = ETIMEDOUT;
        else error = fit__threads->park(sem, &for_semaphore[++times > FIT_IN_VAIN], left);
    }
    fit__leave();
    fit__point_end(outer);
    errno = error ? error : saved;
    return error ? -1 : 0;
}

FIT_EXPORT int sem_wait(sem_t *sem)
{
    if (fit__passes()) return FIT_NEXT(sem_wait)(sem);
    return take(sem, CLOCK_REALTIME, NULL, "sem_wait", FIT_CALLER);
}

FIT_EXPORT int sem_timedwait(sem_t *sem, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(sem_timedwait)(sem, until);
    return take(sem, CLOCK_REALTIME, until, "sem_timedwait", FIT_CALLER);
}

FIT_EXPORT int sem_clockwait(sem_t *sem, clockid_t clock, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(sem_clockwait)(sem, clock, until);
    return take(sem, clock, until, "sem_clockwait", FIT_CALLER);
}

FIT_EXPORT int sem_trywait(sem_t *sem)
{
    int result, error;
    if (fit__passes()) return FIT_NEXT(sem_trywait)(sem);
    fit__enter();
    result = FIT_NEXT(sem_trywait)(sem);
    error = errno;
    if (result && error == EAGAIN) fit__threads->yield();
    fit__leave();
    errno = error;
    return result;
}

FIT_EXPORT int sem_post(sem_t *sem)
{
    int result;
    if (fit__passes()) return FIT_NEXT(sem_post)(sem);
    fit__enter();
    result = FIT_NEXT(sem_post)(sem);
    if (!result) ask_wake(sem, 1, "sem_post", FIT_CALLER);
    fit__leave();
    return result;
}

/* A named semaphore is shared with other processes, who are in no world. */
FIT_EXPORT sem_t *sem_open(const char *name, int flags, ...)
{
    va_list arguments;
    mode_t mode;
    unsigned value;
    if (!fit__passes())
        fit__unsupported("sem_open", FIT_CALLER, "use sem_init");
    va_start(arguments, flags);
    mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    value = flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    return FIT_NEXT(sem_open)(name, flags, mode, value);
}

/* ---- Barriers ---------------------------------------------------------------------------- */

/* The first members of glibc's barrier. While nobody waits `in` is what we found. */
struct barrier { unsigned in, round, count; };

static const struct fit__sleep for_barrier = {
    .what = "barrier", .call = "pthread_barrier_wait",
    .alone = "others at a barrier, and nobody is left to come"
};

FIT_EXPORT int pthread_barrier_wait(pthread_barrier_t *object)
{
    struct barrier *barrier = (struct barrier *)object;
    int result = 0;
    if (fit__passes()) return FIT_NEXT(pthread_barrier_wait)(object);
    fit__enter();
    if (++barrier->in - barrier->round < barrier->count) {
        fit__threads->park(barrier, &for_barrier, -1);
    } else {
        barrier->in = barrier->round;
        fit__threads->unpark(barrier, UINT_MAX);
        result = PTHREAD_BARRIER_SERIAL_THREAD;
    }
    fit__leave();
    return result;
}
