/* Mutexes, read-write locks, spin locks. The objects stay glibc's own: to lock is to try, and
 * to sleep for the object's address until whoever holds it unlocks. */
#include <pthread.h>

#include "fi/thread.h"
#include "fi/wrap.h"

static const struct timespec long_ago;

/* Sleeps until the object is unlocked: 0, ETIMEDOUT, or EINVAL. */
static int sleep_for(const void *object, const struct fit__sleep *why, clockid_t clock,
                     const struct timespec *until)
{
    int64_t left;
    if (!fit__time_left(clock, until, &left)) return EINVAL;
    if (left == 0) return ETIMEDOUT;
    return fit__threads->park(object, why, left);
}

/* ---- Mutexes ----------------------------------------------------------------------------- */

/* A priority-inheriting one keeps its owner where others have their state. */
static pid_t owner_of_mutex(const void *object)
{
    return ((const pthread_mutex_t *)object)->__data.__owner;
}

static const struct fit__sleep for_mutex = { .what = "mutex", .owner = owner_of_mutex };

/* An error-checking mutex tells its owner. Trying does not, but waiting does, and to wait for a
 * time that is over does not wait. */
static bool is_own(pthread_mutex_t *mutex)
{
    enum { KIND = 3 };
    return (mutex->__data.__kind & KIND) == PTHREAD_MUTEX_ERRORCHECK &&
           FIT_NEXT(pthread_mutex_timedlock)(mutex, &long_ago) == EDEADLK;
}

static int lock_mutex(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    int error;
    while ((error = FIT_NEXT(pthread_mutex_trylock)(mutex)) == EBUSY) {
        if (is_own(mutex)) return EDEADLK;
        error = sleep_for(mutex, &for_mutex, clock, until);
        if (error) return error;
    }
    /* To try one that nobody can make consistent any more leaves it locked; to lock it does not. */
    if (error == ENOTRECOVERABLE) mutex->__data.__lock = 0;
    return error;
}

static int unlock_mutex(pthread_mutex_t *mutex)
{
    int error = FIT_NEXT(pthread_mutex_unlock)(mutex);
    if (!error) fit__threads->unpark(mutex, 1);
    return error;
}

FIT_EXPORT int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
    int error = fit__init_fault("pthread_mutex_init", FIT_CALLER);
    return error ? error : FIT_NEXT(pthread_mutex_init)(mutex, attr);
}
FIT_ALIAS(__pthread_mutex_init, pthread_mutex_init);

FIT_EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_lock)(mutex);
    fit__enter();
    error = lock_mutex(mutex, CLOCK_REALTIME, NULL);
    fit__leave();
    return error;
}

/* Who only tries again and again must let the holder run. */
FIT_EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_trylock)(mutex);
    fit__enter();
    error = FIT_NEXT(pthread_mutex_trylock)(mutex);
    if (error == EBUSY) fit__threads->yield();
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_timedlock)(mutex, until);
    fit__enter();
    error = lock_mutex(mutex, CLOCK_REALTIME, until);
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                       const struct timespec *until)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_clocklock)(mutex, clock, until);
    fit__enter();
    error = lock_mutex(mutex, clock, until);
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_unlock)(mutex);
    fit__enter();
    error = unlock_mutex(mutex);
    fit__leave();
    return error;
}

/* ---- Read-write locks -------------------------------------------------------------------- */

/* Readers are only counted. */
static pid_t writer_of(const void *object)
{
    return ((const pthread_rwlock_t *)object)->__data.__cur_writer;
}

static const struct fit__sleep to_read = { .what = "read lock", .owner = writer_of },
                               to_write = { .what = "write lock", .owner = writer_of };

static int lock_to_read(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *until)
{
    int error;
    while ((error = FIT_NEXT(pthread_rwlock_tryrdlock)(lock)) == EBUSY) {
        if (FIT_NEXT(pthread_rwlock_timedrdlock)(lock, &long_ago) == EDEADLK) return EDEADLK;
        error = sleep_for(lock, &to_read, clock, until);
        if (error) return error;
    }
    return error;
}

static int lock_to_write(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *until)
{
    int error;
    while ((error = FIT_NEXT(pthread_rwlock_trywrlock)(lock)) == EBUSY) {
        if (FIT_NEXT(pthread_rwlock_timedwrlock)(lock, &long_ago) == EDEADLK) return EDEADLK;
        error = sleep_for(lock, &to_write, clock, until);
        if (error) return error;
    }
    return error;
}

#define RWLOCK(name, take, ...)                                                        \
    {                                                                                 \
        int error;                                                                    \
        if (fit__passes()) return FIT_NEXT(name)(lock, ##__VA_ARGS__);               \
        fit__enter();                                                                 \
        error = take;                                                                 \
        fit__leave();                                                                 \
        return error;                                                                 \
    }

FIT_EXPORT int pthread_rwlock_init(pthread_rwlock_t *restrict lock,
                                   const pthread_rwlockattr_t *restrict attr)
{
    int error = fit__init_fault("pthread_rwlock_init", FIT_CALLER);
    return error ? error : FIT_NEXT(pthread_rwlock_init)(lock, attr);
}

FIT_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
RWLOCK(pthread_rwlock_rdlock, lock_to_read(lock, CLOCK_REALTIME, NULL))

FIT_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
RWLOCK(pthread_rwlock_wrlock, lock_to_write(lock, CLOCK_REALTIME, NULL))

FIT_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock, const struct timespec *until)
RWLOCK(pthread_rwlock_timedrdlock, lock_to_read(lock, CLOCK_REALTIME, until), until)

FIT_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *until)
RWLOCK(pthread_rwlock_timedwrlock, lock_to_write(lock, CLOCK_REALTIME, until), until)

FIT_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *lock, clockid_t clock,
                                          const struct timespec *until)
RWLOCK(pthread_rwlock_clockrdlock, lock_to_read(lock, clock, until), clock, until)

FIT_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *lock, clockid_t clock,
                                          const struct timespec *until)
RWLOCK(pthread_rwlock_clockwrlock, lock_to_write(lock, clock, until), clock, until)

static int tried(int error)
{
    if (error == EBUSY) fit__threads->yield();
    return error;
}

FIT_EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
RWLOCK(pthread_rwlock_tryrdlock, tried(FIT_NEXT(pthread_rwlock_tryrdlock)(lock)))

FIT_EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
RWLOCK(pthread_rwlock_trywrlock, tried(FIT_NEXT(pthread_rwlock_trywrlock)(lock)))

static int unlock(pthread_rwlock_t *lock)
{
    int error = FIT_NEXT(pthread_rwlock_unlock)(lock);
    if (!error) fit__threads->unpark(lock, UINT32_MAX);
    return error;
}

FIT_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *lock)
RWLOCK(pthread_rwlock_unlock, unlock(lock))

/* ---- Spin locks -------------------------------------------------------------------------- */

static const struct fit__sleep for_spin_lock = { .what = "spin lock" };

FIT_EXPORT int pthread_spin_lock(pthread_spinlock_t *lock)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_spin_lock)(lock);
    fit__enter();
    while ((error = FIT_NEXT(pthread_spin_trylock)(lock)) == EBUSY)
        fit__threads->park((const void *)lock, &for_spin_lock, -1);
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_spin_trylock(pthread_spinlock_t *lock)
RWLOCK(pthread_spin_trylock, tried(FIT_NEXT(pthread_spin_trylock)(lock)))

FIT_EXPORT int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_spin_unlock)(lock);
    fit__enter();
    error = FIT_NEXT(pthread_spin_unlock)(lock);
    fit__threads->unpark((const void *)lock, 1);
    fit__leave();
    return error;
}
