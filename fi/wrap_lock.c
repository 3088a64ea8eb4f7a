/* Mutexes, read-write locks, spin locks. The objects stay glibc's own: to lock is to try, and
 * to sleep for the object's address until whoever holds it unlocks. */
#include <pthread.h>

#include "fi/thread.h"
#include "fi/wrap.h"

void fit__unpark_fairly(const void *key, unsigned most)
{
    if (fit__threads->unpark(key, most)) fit__threads->yield();
}

/* Sleeps, for the how-manieth time, until the object is unlocked: 0, ETIMEDOUT, or EINVAL. */
static int sleep_for(const void *object, const struct fit__sleep why[2], unsigned time,
                     clockid_t clock, const struct timespec *until)
{
    int64_t left;
    if (!fit__time_left(clock, until, &left)) return EINVAL;
    if (left == 0) return ETIMEDOUT;
    return fit__threads->park(object, &why[time > FIT_IN_VAIN], left);
}

/* ---- Mutexes ----------------------------------------------------------------------------- */

/* A priority-inheriting one keeps its owner where others have their state. */
static pid_t owner_of_mutex(const void *object)
{
    return ((const pthread_mutex_t *)object)->__data.__owner;
}

static const struct fit__sleep for_mutex[] = FIT_SLEEP(
    .what = "mutex", .call = "pthread_mutex_lock", .owner = owner_of_mutex,
    .alone = "a mutex that nobody unlocks");

/* The number by which glibc's locks know the running thread. */
static pid_t own_number(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    FIT_NEXT(pthread_mutex_trylock)(&mutex);
    pid_t number = mutex.__data.__owner;
    FIT_NEXT(pthread_mutex_unlock)(&mutex);
    return number;
}

/* glibc's kinds: for which one's own lock is an error, and which need the real kernel. */
enum { KIND_TYPE = 3, KIND_ROBUST = 16, KIND_INHERIT = 32, KIND_PROTECT = 64, KIND_SHARED = 128 };

static bool is_own(const pthread_mutex_t *mutex)
{
    return (mutex->__data.__kind & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK &&
           mutex->__data.__owner == own_number();
}

static void refuse_kind(const char *function, const pthread_mutex_t *mutex)
{
    int kind = mutex->__data.__kind;
    if (kind & KIND_PROTECT)
        fit__unsupported(function, NULL, "a mutex with PTHREAD_PRIO_PROTECT changes the real "
                         "priority of its thread");
    if (kind & KIND_INHERIT && kind & KIND_ROBUST)
        fit__unsupported(function, NULL, "a mutex that is robust and inherits priorities belongs "
                         "to the real kernel");
}

/* Another process had it, and died: as the kernel and glibc leave it then. */
static void owner_dies(pthread_mutex_t *mutex)
{
    enum { OWNER_DIED = 0x40000000, SOMEBODY = 1 };
    mutex->__data.__lock = OWNER_DIED;
    mutex->__data.__owner = SOMEBODY;
    mutex->__data.__nusers++;
}

/* What others do to a lock that is free: an error to return, or 0. Other threads may come first,
 * unless it is locked `again` behind a wait: what was looked at without it is then another's. */
static int others_do(pthread_mutex_t *mutex, enum fit__call_id id, const void *caller, bool again)
{
    int64_t value;
    int kind = mutex->__data.__kind;
    unsigned holds = 0;
    if (mutex->__data.__lock) return 0;
    if (kind & KIND_SHARED) holds |= FIT_N_SHARED | (kind & KIND_ROBUST ? FIT_N_ROBUST : 0);
    if (!again && fit__threads->competes()) holds |= FIT_N_OTHERS;
    const struct fit__fact *fact = holds ? fit__ask_at(id, caller, NULL, holds, &value) : NULL;
    if (fact && fact->what == FIT_W_THREAD) {
        fit__thread_switch(fact);
        return 0;
    }
    if (fact && value == EOWNERDEAD) owner_dies(mutex);
    return fact && value != EOWNERDEAD ? (int)value : 0;
}

static int lock_mutex(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until,
                      const void *caller, bool again)
{
    unsigned times = 0;
    int64_t left;
    int error;
    refuse_kind("pthread_mutex_lock", mutex);
    error = others_do(mutex, until ? FIT_CALL_pthread_mutex_timedlock
                                   : FIT_CALL_pthread_mutex_lock, caller, again);
    if (error && !fit__time_left(clock, until, &left)) return EINVAL;
    if (error) {
        fit__kernel->sleep(left);
        return error;
    }
    while ((error = FIT_NEXT(pthread_mutex_trylock)(mutex)) == EBUSY) {
        if (is_own(mutex)) return EDEADLK;
        error = sleep_for(mutex, for_mutex, ++times, clock, until);
        if (error) return error;
    }
    /* To try one that nobody can make consistent any more leaves it locked; to lock it does not. */
    if (error == ENOTRECOVERABLE) mutex->__data.__lock = 0;
    return error;
}

int fit__mutex_take(pthread_mutex_t *mutex, const void *caller)
{
    return lock_mutex(mutex, CLOCK_REALTIME, NULL, caller, true);
}

static int unlock_mutex(pthread_mutex_t *mutex)
{
    int error = FIT_NEXT(pthread_mutex_unlock)(mutex);
    if (!error) fit__unpark_fairly(mutex, 1);
    return error;
}

FIT_EXPORT int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
    int error = fit__init_fault(FIT_CALL_pthread_mutex_init, FIT_CALLER);
    return error ? error : FIT_NEXT(pthread_mutex_init)(mutex, attr);
}
FIT_ALIAS(__pthread_mutex_init, pthread_mutex_init);

FIT_EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_lock)(mutex);
    fit__enter();
    error = lock_mutex(mutex, CLOCK_REALTIME, NULL, FIT_CALLER, false);
    fit__leave();
    return error;
}

/* Who only tries again and again must let the holder run. */
FIT_EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_trylock)(mutex);
    fit__enter();
    refuse_kind("pthread_mutex_trylock", mutex);
    error = others_do(mutex, FIT_CALL_pthread_mutex_trylock, FIT_CALLER, true);
    if (!error) error = FIT_NEXT(pthread_mutex_trylock)(mutex);
    if (error == EBUSY) fit__threads->yield();
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_timedlock)(mutex, until);
    fit__enter();
    error = lock_mutex(mutex, CLOCK_REALTIME, until, FIT_CALLER, false);
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                       const struct timespec *until)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_clocklock)(mutex, clock, until);
    fit__enter();
    error = lock_mutex(mutex, clock, until, FIT_CALLER, false);
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_mutex_unlock)(mutex);
    fit__enter();
    error = unlock_mutex(mutex);
    if (!error) fit__thread_preempt(FIT_CALL_pthread_mutex_unlock, FIT_CALLER);
    fit__leave();
    return error;
}

/* ---- Read-write locks -------------------------------------------------------------------- */

/* Readers are only counted. */
static pid_t writer_of(const void *object)
{
    return ((const pthread_rwlock_t *)object)->__data.__cur_writer;
}

static const struct fit__sleep to_read[] = FIT_SLEEP(
    .what = "read-write lock", .call = "pthread_rwlock_rdlock", .owner = writer_of,
    .alone = "a read-write lock that nobody unlocks");
static const struct fit__sleep to_write[] = FIT_SLEEP(
    .what = "read-write lock", .call = "pthread_rwlock_wrlock", .owner = writer_of,
    .alone = "a read-write lock that readers hold");

/* One of a kind that prefers writers lets no reader in while one of them waits. */
static int try_to_read(pthread_rwlock_t *lock)
{
    if (lock->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
        && (fit__threads->is_parked(lock, &to_write[0])
            || fit__threads->is_parked(lock, &to_write[1])))
        return EBUSY;
    return FIT_NEXT(pthread_rwlock_tryrdlock)(lock);
}

static int lock_to_read(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *until)
{
    unsigned times = 0;
    int64_t left;
    int error;
    if (!fit__time_left(clock, until, &left)) return EINVAL;
    while ((error = try_to_read(lock)) == EBUSY) {
        if (lock->__data.__cur_writer == own_number()) return EDEADLK;
        error = sleep_for(lock, to_read, ++times, clock, until);
        if (error) return error;
    }
    return error;
}

static int lock_to_write(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *until)
{
    unsigned times = 0;
    int64_t left;
    int error;
    if (!fit__time_left(clock, until, &left)) return EINVAL;
    while ((error = FIT_NEXT(pthread_rwlock_trywrlock)(lock)) == EBUSY) {
        if (lock->__data.__cur_writer == own_number()) return EDEADLK;
        error = sleep_for(lock, to_write, ++times, clock, until);
        if (!error) continue;
        fit__threads->unpark(lock, UINT32_MAX);      /* readers waited for this writer, too */
        return error;
    }
    return error;
}

/* The call, with a chance for other threads before it; the variants with a deadline count as it. */
#define LOCK(name, id, take, ...)                                                      \
    {                                                                                 \
        int error;                                                                    \
        if (fit__passes()) return FIT_NEXT(name)(lock, ##__VA_ARGS__);               \
        fit__enter();                                                                 \
        fit__thread_preempt(id, FIT_CALLER);                                          \
        error = take;                                                                 \
        fit__leave();                                                                 \
        return error;                                                                 \
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
    int error = fit__init_fault(FIT_CALL_pthread_rwlock_init, FIT_CALLER);
    return error ? error : FIT_NEXT(pthread_rwlock_init)(lock, attr);
}

FIT_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
LOCK(pthread_rwlock_rdlock, FIT_CALL_pthread_rwlock_rdlock,
     lock_to_read(lock, CLOCK_REALTIME, NULL))

FIT_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
LOCK(pthread_rwlock_wrlock, FIT_CALL_pthread_rwlock_wrlock,
     lock_to_write(lock, CLOCK_REALTIME, NULL))

FIT_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock, const struct timespec *until)
LOCK(pthread_rwlock_timedrdlock, FIT_CALL_pthread_rwlock_rdlock,
     lock_to_read(lock, CLOCK_REALTIME, until), until)

FIT_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *until)
LOCK(pthread_rwlock_timedwrlock, FIT_CALL_pthread_rwlock_wrlock,
     lock_to_write(lock, CLOCK_REALTIME, until), until)

FIT_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *lock, clockid_t clock,
                                          const struct timespec *until)
LOCK(pthread_rwlock_clockrdlock, FIT_CALL_pthread_rwlock_rdlock,
     lock_to_read(lock, clock, until), clock, until)

FIT_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *lock, clockid_t clock,
                                          const struct timespec *until)
LOCK(pthread_rwlock_clockwrlock, FIT_CALL_pthread_rwlock_wrlock,
     lock_to_write(lock, clock, until), clock, until)

static int tried(int error)
{
    if (error == EBUSY) fit__threads->yield();
    return error;
}

FIT_EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
RWLOCK(pthread_rwlock_tryrdlock, tried(try_to_read(lock)))

FIT_EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
RWLOCK(pthread_rwlock_trywrlock, tried(FIT_NEXT(pthread_rwlock_trywrlock)(lock)))

static int unlock(pthread_rwlock_t *lock)
{
    int error = FIT_NEXT(pthread_rwlock_unlock)(lock);
    if (!error) fit__unpark_fairly(lock, UINT32_MAX);
    return error;
}

FIT_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_rwlock_unlock)(lock);
    fit__enter();
    error = unlock(lock);
    if (!error) fit__thread_preempt(FIT_CALL_pthread_rwlock_unlock, FIT_CALLER);
    fit__leave();
    return error;
}

/* ---- Spin locks -------------------------------------------------------------------------- */

static const struct fit__sleep for_spin_lock[] = FIT_SLEEP(
    .what = "spin lock", .call = "pthread_spin_lock", .alone = "a spin lock that nobody unlocks");

FIT_EXPORT int pthread_spin_lock(pthread_spinlock_t *lock)
{
    unsigned times = 0;
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_spin_lock)(lock);
    fit__enter();
    fit__thread_preempt(FIT_CALL_pthread_spin_lock, FIT_CALLER);
    while ((error = FIT_NEXT(pthread_spin_trylock)(lock)) == EBUSY)
        sleep_for((const void *)lock, for_spin_lock, ++times, CLOCK_REALTIME, NULL);
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
    fit__unpark_fairly((const void *)lock, 1);
    if (!error) fit__thread_preempt(FIT_CALL_pthread_spin_unlock, FIT_CALLER);
    fit__leave();
    return error;
}
