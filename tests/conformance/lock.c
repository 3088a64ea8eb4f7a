/* Locks of all kinds, conditions, barriers, semaphores: native pthreads and green threads. */
#include <semaphore.h>

#include "tests/conformance/conformance.h"

/* Functions of pthreads return their error. */
#define SAY(call) note("%s: %s", #call, strerrorname_np(call))

static struct timespec in_ms(clockid_t clock, int ms)
{
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += (long)ms * 1000000;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static pthread_mutex_t mutex_of(int kind)
{
    pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return mutex;
}

static void *try_lock(void *mutex)
{
    note("other: trylock %s", strerrorname_np(pthread_mutex_trylock(mutex)));
    return NULL;
}

static void *unlock_it(void *mutex)
{
    note("other: unlock %s", strerrorname_np(pthread_mutex_unlock(mutex)));
    return NULL;
}

static void *lock_it(void *mutex)
{
    note("other: lock %s", strerrorname_np(pthread_mutex_lock(mutex)));
    return NULL;
}

static void by_other(void *(*body)(void *), void *arg)
{
    wait_for_thread(on_thread(body, arg));
}

static void mutex_normal(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_trylock(&mutex));
    by_other(try_lock, &mutex);
    SAY(pthread_mutex_destroy(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_mutex_trylock(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_mutex_destroy(&mutex));
}

static void mutex_recursive(void)
{
    pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_RECURSIVE);
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_trylock(&mutex));
    by_other(try_lock, &mutex);
    by_other(unlock_it, &mutex);
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
    by_other(try_lock, &mutex);
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_mutex_destroy(&mutex));
}

static void mutex_errorcheck(void)
{
    pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_ERRORCHECK);
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_trylock(&mutex));
    by_other(try_lock, &mutex);
    by_other(unlock_it, &mutex);
    SAY(pthread_mutex_destroy(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_mutex_destroy(&mutex));
}

static void mutex_robust(void)
{
    pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    SAY(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
    pthread_mutex_init(&mutex, &attributes);
    by_other(lock_it, &mutex);
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_consistent(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
    by_other(lock_it, &mutex);
    SAY(pthread_mutex_trylock(&mutex));
    SAY(pthread_mutex_unlock(&mutex));           /* not made consistent: of no use any more */
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_trylock(&mutex));
    SAY(pthread_mutex_consistent(&mutex));
    SAY(pthread_mutex_destroy(&mutex));
}

static void mutex_timed(void)
{
    pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_ERRORCHECK), other = mutex_of(0);
    struct timespec soon = in_ms(CLOCK_REALTIME, 20), wrong = { 0, 2000000000 };
    struct timespec past = { 0, 0 };
    int64_t start = now_ms();
    SAY(pthread_mutex_timedlock(&mutex, &soon));
    SAY(pthread_mutex_timedlock(&mutex, &soon));
    SAY(pthread_mutex_lock(&other));
    SAY(pthread_mutex_timedlock(&other, &soon));
    note("in time %d", now_ms() - start >= 19 && now_ms() - start < 500);
    SAY(pthread_mutex_timedlock(&other, &past));
    SAY(pthread_mutex_timedlock(&other, &wrong));
    soon = in_ms(CLOCK_MONOTONIC, 20);
    SAY(pthread_mutex_clocklock(&other, CLOCK_MONOTONIC, &soon));
    SAY(pthread_mutex_unlock(&other));
    SAY(pthread_mutex_timedlock(&other, &past));
    SAY(pthread_mutex_unlock(&other));
    SAY(pthread_mutex_unlock(&mutex));
}

static void *lock_and_note(void *mutex)
{
    pthread_mutex_lock(mutex);
    note("other has it");
    pthread_mutex_unlock(mutex);
    return NULL;
}

static void mutex_passes_on(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_t thread = on_thread(lock_and_note, &mutex);
    settle();
    note("this one has it still");
    pthread_mutex_unlock(&mutex);
    wait_for_thread(thread);
    SAY(pthread_mutex_lock(&mutex));
    pthread_mutex_unlock(&mutex);
}

/* ---- conditions -------------------------------------------------------------------------- */

struct meeting { pthread_mutex_t mutex; pthread_cond_t condition; int here, tokens; };

static void *wait_for_token(void *arg)
{
    struct meeting *m = arg;
    pthread_mutex_lock(&m->mutex);
    m->here++;
    while (!m->tokens)
        pthread_cond_wait(&m->condition, &m->mutex);
    m->tokens--;
    m->here--;
    pthread_mutex_unlock(&m->mutex);
    return NULL;
}

static int here(struct meeting *m)
{
    pthread_mutex_lock(&m->mutex);
    int count = m->here;
    pthread_mutex_unlock(&m->mutex);
    return count;
}

static void wait_until_here(struct meeting *m, int count)
{
    while (here(m) != count)
        settle();
}

static void conditions(void)
{
    struct meeting m = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = on_thread(wait_for_token, &m);
    wait_until_here(&m, 3);
    pthread_mutex_lock(&m.mutex);
    m.tokens = 1;
    SAY(pthread_cond_signal(&m.condition));
    pthread_mutex_unlock(&m.mutex);
    wait_until_here(&m, 2);
    note("one went, %d tokens", m.tokens);
    pthread_mutex_lock(&m.mutex);
    m.tokens = 2;
    SAY(pthread_cond_broadcast(&m.condition));
    pthread_mutex_unlock(&m.mutex);
    for (int i = 0; i < 3; i++)
        wait_for_thread(threads[i]);
    note("all went, %d tokens", m.tokens);
    SAY(pthread_cond_signal(&m.condition));
    SAY(pthread_cond_destroy(&m.condition));
}

static void condition_times_out(clockid_t clock)
{
    pthread_condattr_t attributes;
    pthread_cond_t condition;
    pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_ERRORCHECK);
    pthread_condattr_init(&attributes);
    SAY(pthread_condattr_setclock(&attributes, clock));
    pthread_cond_init(&condition, &attributes);
    pthread_mutex_lock(&mutex);
    int64_t start = now_ms();
    struct timespec soon = in_ms(clock, 20), past = { 0, 0 }, wrong = { 1, -1 };
    SAY(pthread_cond_timedwait(&condition, &mutex, &soon));
    note("in time %d", now_ms() - start >= 19 && now_ms() - start < 500);
    SAY(pthread_mutex_lock(&mutex));             /* held again: EDEADLK says so */
    SAY(pthread_cond_timedwait(&condition, &mutex, &past));
    SAY(pthread_cond_timedwait(&condition, &mutex, &wrong));
    soon = in_ms(CLOCK_MONOTONIC, 10);
    SAY(pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &soon));
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_cond_destroy(&condition));
}

static void condition_realtime(void)
{
    condition_times_out(CLOCK_REALTIME);
}

static void condition_monotonic(void)
{
    condition_times_out(CLOCK_MONOTONIC);
}

static void condition_not_owned(void)
{
    pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_ERRORCHECK);
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    SAY(pthread_cond_wait(&condition, &mutex));
}

/* ---- read-write locks -------------------------------------------------------------------- */

static void *try_both(void *arg)
{
    pthread_rwlock_t *lock = arg;
    int reading = pthread_rwlock_tryrdlock(lock);
    note("other: read %s", strerrorname_np(reading));
    if (!reading)
        pthread_rwlock_unlock(lock);
    int writing = pthread_rwlock_trywrlock(lock);
    note("other: write %s", strerrorname_np(writing));
    if (!writing)
        pthread_rwlock_unlock(lock);
    return NULL;
}

static void rwlock(void)
{
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    struct timespec soon = in_ms(CLOCK_REALTIME, 10);
    by_other(try_both, &lock);
    SAY(pthread_rwlock_rdlock(&lock));
    SAY(pthread_rwlock_rdlock(&lock));
    by_other(try_both, &lock);
    SAY(pthread_rwlock_trywrlock(&lock));
    SAY(pthread_rwlock_timedwrlock(&lock, &soon));
    SAY(pthread_rwlock_unlock(&lock));
    SAY(pthread_rwlock_unlock(&lock));
    SAY(pthread_rwlock_wrlock(&lock));
    by_other(try_both, &lock);
    SAY(pthread_rwlock_rdlock(&lock));
    SAY(pthread_rwlock_wrlock(&lock));
    SAY(pthread_rwlock_tryrdlock(&lock));
    SAY(pthread_rwlock_unlock(&lock));
    by_other(try_both, &lock);
    SAY(pthread_rwlock_destroy(&lock));
}

struct shared { pthread_rwlock_t lock; int value; };

static void *write_it(void *arg)
{
    struct shared *shared = arg;
    pthread_rwlock_wrlock(&shared->lock);
    shared->value++;
    pthread_rwlock_unlock(&shared->lock);
    return NULL;
}

static void rwlock_waits(void)
{
    struct shared shared = { PTHREAD_RWLOCK_INITIALIZER, 0 };
    pthread_rwlock_rdlock(&shared.lock);
    pthread_t thread = on_thread(write_it, &shared);
    settle();
    note("writer waits %d", shared.value);
    pthread_rwlock_unlock(&shared.lock);
    wait_for_thread(thread);
    note("writer was here %d", shared.value);
}

/* ---- barriers, spinning, semaphores ------------------------------------------------------ */

struct party { pthread_barrier_t barrier; int serial[3]; };
struct guest { struct party *party; int number; };

static void *meet(void *arg)
{
    struct guest *guest = arg;
    int result = pthread_barrier_wait(&guest->party->barrier);
    guest->party->serial[guest->number] = result == PTHREAD_BARRIER_SERIAL_THREAD;
    return NULL;
}

static void barrier(void)
{
    struct party party;
    struct guest guests[3];
    pthread_t threads[2];
    SAY(pthread_barrier_init(&party.barrier, NULL, 0));
    SAY(pthread_barrier_init(&party.barrier, NULL, 3));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3; i++)
            guests[i] = (struct guest){ &party, i };
        for (int i = 0; i < 2; i++)
            threads[i] = on_thread(meet, &guests[i]);
        meet(&guests[2]);
        for (int i = 0; i < 2; i++)
            wait_for_thread(threads[i]);
        note("one is told %d", party.serial[0] + party.serial[1] + party.serial[2]);
    }
    SAY(pthread_barrier_destroy(&party.barrier));
}

static void *try_spin(void *lock)
{
    note("other: %s", strerrorname_np(pthread_spin_trylock(lock)));
    return NULL;
}

static void spinning(void)
{
    pthread_spinlock_t lock;
    SAY(pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE));
    SAY(pthread_spin_lock(&lock));
    SAY(pthread_spin_trylock(&lock));
    by_other(try_spin, (void *)&lock);
    SAY(pthread_spin_unlock(&lock));
    SAY(pthread_spin_trylock(&lock));
    SAY(pthread_spin_unlock(&lock));
    SAY(pthread_spin_destroy(&lock));
}

static void *post(void *semaphore)
{
    settle();
    sem_post(semaphore);
    return NULL;
}

static void semaphores(void)
{
    sem_t semaphore;
    int value = -1;
    struct timespec soon = in_ms(CLOCK_REALTIME, 20), wrong = { 0, -1 };
    RUN(sem_init(&semaphore, 0, 2));
    RUN(sem_wait(&semaphore));
    RUN(sem_trywait(&semaphore));
    RUN(sem_trywait(&semaphore));
    RUN(sem_timedwait(&semaphore, &soon));
    RUN(sem_timedwait(&semaphore, &wrong));
    soon = in_ms(CLOCK_MONOTONIC, 10);
    RUN(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &soon));
    pthread_t thread = on_thread(post, &semaphore);
    RUN(sem_wait(&semaphore));
    wait_for_thread(thread);
    RUN(sem_post(&semaphore));
    RUN(sem_getvalue(&semaphore, &value));
    note("%d", value);
    RUN(sem_destroy(&semaphore));
    RUN(sem_init(&semaphore, 0, 0x7fffffff));
    RUN(sem_post(&semaphore));
    RUN(sem_init(&semaphore, 0, 0x80000000u));
}

const struct conformance_case lock_cases[] = {
    { "mutex/normal", mutex_normal }, { "mutex/recursive", mutex_recursive },
    { "mutex/errorcheck", mutex_errorcheck }, { "mutex/robust", mutex_robust },
    { "mutex/timed", mutex_timed }, { "mutex/passes_on", mutex_passes_on },
    { "cond/signal_broadcast", conditions }, { "cond/realtime", condition_realtime },
    { "cond/monotonic", condition_monotonic }, { "cond/not_owned", condition_not_owned },
    { "rwlock/kinds", rwlock }, { "rwlock/waits", rwlock_waits }, { "barrier/rounds", barrier },
    { "spin/all", spinning }, { "sem/all", semaphores },
    { NULL, NULL },
};
