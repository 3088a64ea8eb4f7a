/* Condition variables, semaphores, barriers. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>

#include "fi/thread.h"
#include "fi/wait.h"

#define SOON_NS INT64_C(1000000000)

/* ---- A deadline that comes first --------------------------------------------------------- */

/* A thread waits for the object, and whoever would wake it before is not given the processor until
 * then. Only one fault at a time comes to it. */
static struct { const void *object; int64_t until; } race;

static void race_begins(const void *object, int64_t left)
{
    race.object = object;
    race.until = fit__monotonic() + left;
}

static void race_ends(const void *object)
{
    if (race.object == object) race.object = NULL;
}

/* The running thread is about to wake somebody. */
static void lose_race(const void *object)
{
    if (race.object != object) return;
    int64_t left = race.until - fit__monotonic();
    race.object = NULL;
    if (left > 0) fit__threads->starve(left + 1);
}

static unsigned has_deadline(int64_t left)
{
    return left <= 0 ? 0 : left <= SOON_NS ? FIT_N_DEADLINE | FIT_N_SOON : FIT_N_DEADLINE;
}

/* ---- Condition variables ----------------------------------------------------------------- */

static const struct fit__sleep for_condition = {
    .what = "condition", .call = "pthread_cond_wait",
    .alone = "a condition that nobody is left to signal"
};

/* The object itself stays as it was initialised: who waits is known by its address. Who is
 * cancelled in the wait has the mutex again when its handlers run. */
static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
                      const struct timespec *until, const void *caller, enum fit__call_id id)
{
    bool outer = fit__point_begin(true);
    int error, lock_error;
    int64_t left, value;
    fit__enter();
    if (!fit__time_left(clock, until, &left)) {
        error = EINVAL;
        goto out;
    }
    /* A spurious wake-up comes at once, before whoever would make the condition true has run. Or
     * others run before the mutex is given up: what they tell without it is told to nobody. */
    unsigned holds = has_deadline(left) | (fit__threads->competes() ? FIT_N_OTHERS : 0);
    const struct fit__fact *fact = fit__ask_at(id, caller, NULL, holds, &value);
    if (fact && fact->what == FIT_W_THREAD) {
        fit__thread_switch(fact);
        fit__time_left(clock, until, &left);
        fact = NULL;
    }
    error = FIT_NEXT(pthread_mutex_unlock)(mutex);
    if (error) goto out;
    fit__threads->unpark(mutex, 1);
    if (fact && fact->what == FIT_W_ERROR) race_begins(cond, left);
    if (!fact || fact->what == FIT_W_ERROR) error = fit__threads->park(cond, &for_condition, left);
    race_ends(cond);
    fit__guard->cancel.at_point = false;     /* to lock is none */
    lock_error = fit__mutex_take(mutex, caller);
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
    int error = fit__init_fault(FIT_CALL_pthread_cond_init, FIT_CALLER);
    return error ? error : FIT_NEXT(pthread_cond_init)(cond, attr);
}

FIT_EXPORT int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_wait)(cond, mutex);
    return wait_until(cond, mutex, CLOCK_REALTIME, NULL, FIT_CALLER,
                      FIT_CALL_pthread_cond_wait);
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
    return wait_until(cond, mutex, clock_of(cond), until, FIT_CALLER,
                      FIT_CALL_pthread_cond_timedwait);
}

FIT_EXPORT int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                      clockid_t clock, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_clockwait)(cond, mutex, clock, until);
    return wait_until(cond, mutex, clock, until, FIT_CALLER, FIT_CALL_pthread_cond_clockwait);
}

/* Which of several that wait is woken is nobody's promise: as thread 2 to 4 of them. That the one
 * who wakes loses the processor has the number 1. */
static void ask_wake(const void *object, unsigned most, enum fit__call_id id, const void *caller)
{
    unsigned all = fit__threads->sleepers(object), waiting = most == 1 ? all : 0;
    unsigned holds = all || fit__threads->competes() ? FIT_N_OTHERS : 0;
    const struct fit__fact *fact = NULL;
    int64_t value = 0;
    if (waiting >= 2) holds |= FIT_N_TWO;
    if (waiting >= 3) holds |= FIT_N_THREE;
    if (waiting >= 4) holds |= FIT_N_FOUR;
    if (holds) fact = fit__ask_at(id, caller, NULL, holds, &value);
    if (fact && value > 1) fit__threads->next_sleeper(object, (unsigned)value);
    fit__unpark_fairly(object, most);
    if (fact && value == 1) fit__thread_switch(fact);
}

static int wake(const void *object, unsigned most, enum fit__call_id id, const void *caller)
{
    fit__enter();
    lose_race(object);
    ask_wake(object, most, id, caller);
    fit__leave();
    return 0;
}

FIT_EXPORT int pthread_cond_signal(pthread_cond_t *cond)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_signal)(cond);
    return wake(cond, 1, FIT_CALL_pthread_cond_signal, FIT_CALLER);
}

FIT_EXPORT int pthread_cond_broadcast(pthread_cond_t *cond)
{
    if (fit__passes()) return FIT_NEXT(pthread_cond_broadcast)(cond);
    return wake(cond, UINT_MAX, FIT_CALL_pthread_cond_broadcast, FIT_CALLER);
}

/* ---- Semaphores -------------------------------------------------------------------------- */

static const struct fit__sleep for_semaphore[] = FIT_SLEEP(
    .what = "semaphore", .call = "sem_wait", .by_signal = true, .limited = true,
    .alone = "a semaphore that nobody is left to post");

/* Before it sleeps for the first time. */
static void ask_deadline(const void *sem, int64_t left, const void *caller)
{
    int64_t value;
    if (left > 0 && fit__ask_at(FIT_CALL_sem_timedwait, caller, NULL, has_deadline(left), &value))
        race_begins(sem, left);
}

static int take(sem_t *sem, clockid_t clock, const struct timespec *until, const void *caller)
{
    int saved = errno, error = 0;
    bool outer = fit__point_begin(true);
    unsigned times = 0;
    int64_t left;
    fit__enter();
    if (!fit__time_left(clock, until, &left)) error = EINVAL;
    while (!error && FIT_NEXT(sem_trywait)(sem)) {
        if (errno != EAGAIN) error = errno;
        else if (!fit__time_left(clock, until, &left)) error = EINVAL;
        else if (left == 0) error = ETIMEDOUT;
        else {
            if (!times) ask_deadline(sem, left, caller);
            error = fit__threads->park(sem, &for_semaphore[++times > FIT_IN_VAIN], left);
        }
    }
    race_ends(sem);
    fit__leave();
    fit__point_end(outer);
    errno = error ? error : saved;
    return error ? -1 : 0;
}

FIT_EXPORT int sem_wait(sem_t *sem)
{
    if (fit__passes()) return FIT_NEXT(sem_wait)(sem);
    fit__enter();
    fit__thread_preempt(FIT_CALL_sem_wait, FIT_CALLER);
    fit__leave();
    return take(sem, CLOCK_REALTIME, NULL, FIT_CALLER);
}

FIT_EXPORT int sem_timedwait(sem_t *sem, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(sem_timedwait)(sem, until);
    return take(sem, CLOCK_REALTIME, until, FIT_CALLER);
}

FIT_EXPORT int sem_clockwait(sem_t *sem, clockid_t clock, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(sem_clockwait)(sem, clock, until);
    return take(sem, clock, until, FIT_CALLER);
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
    lose_race(sem);
    result = FIT_NEXT(sem_post)(sem);
    if (!result) ask_wake(sem, 1, FIT_CALL_sem_post, FIT_CALLER);
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

FIT_EXPORT int pthread_barrier_init(pthread_barrier_t *restrict object,
                                    const pthread_barrierattr_t *restrict attr, unsigned count)
{
    int error = fit__init_fault(FIT_CALL_pthread_barrier_init, FIT_CALLER);
    return error ? error : FIT_NEXT(pthread_barrier_init)(object, attr, count);
}

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
