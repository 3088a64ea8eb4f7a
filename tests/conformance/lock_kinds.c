/* Locks with attributes: priority protocols, shared between processes, preferring writers; and
 * waits that signals end. */
#include <limits.h>
#include <semaphore.h>
#include <signal.h>

#include "tests/conformance/conformance.h"

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

static void by_other(void *(*body)(void *), void *arg)
{
    wait_for_thread(on_thread(body, arg));
}

static void let_it_wait(void)
{
    usleep(30000);
}

static pthread_mutex_t mutex_of(int type, int protocol, int robust, int shared)
{
    pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    SAY(pthread_mutexattr_setprotocol(&attributes, protocol));
    SAY(pthread_mutexattr_setrobust(&attributes, robust));
    SAY(pthread_mutexattr_setpshared(&attributes, shared));
    SAY(pthread_mutex_init(&mutex, &attributes));
    pthread_mutexattr_destroy(&attributes);
    return mutex;
}

static void *tries(void *mutex)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 5);
    note("other: trylock %s", strerrorname_np(pthread_mutex_trylock(mutex)));
    note("other: timedlock %s", strerrorname_np(pthread_mutex_timedlock(mutex, &soon)));
    note("other: unlock %s", strerrorname_np(pthread_mutex_unlock(mutex)));
    return NULL;
}

static void *locks(void *mutex)
{
    note("other: lock %s", strerrorname_np(pthread_mutex_lock(mutex)));
    note("other: unlock %s", strerrorname_np(pthread_mutex_unlock(mutex)));
    return NULL;
}

static void *keeps(void *mutex)
{
    note("other: lock %s", strerrorname_np(pthread_mutex_lock(mutex)));
    return NULL;
}

/* Of a kind that knows its owner. */
static void use(pthread_mutex_t *mutex)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 5);
    SAY(pthread_mutex_lock(mutex));
    by_other(tries, mutex);
    SAY(pthread_mutex_trylock(mutex));
    SAY(pthread_mutex_timedlock(mutex, &soon));
    SAY(pthread_mutex_lock(mutex));
    pthread_t thread = on_thread(locks, mutex);
    let_it_wait();
    note("unlocking");
    while (!pthread_mutex_unlock(mutex)) { }
    wait_for_thread(thread);
    SAY(pthread_mutex_unlock(mutex));
    SAY(pthread_mutex_destroy(mutex));
}

static void inherits(void)
{
    static const int types[] = { PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE };
    for (int i = 0; i < 2; i++) {
        pthread_mutex_t mutex = mutex_of(types[i], PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED,
                                         PTHREAD_PROCESS_PRIVATE);
        use(&mutex);
    }
}

static void shared(void)
{
    static const int types[] = { PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE };
    for (int i = 0; i < 2; i++) {
        pthread_mutex_t mutex = mutex_of(types[i], PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED,
                                         PTHREAD_PROCESS_SHARED);
        use(&mutex);
    }
}

static void robust(void)
{
    pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE,
                                     PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE);
    use(&mutex);
    mutex = mutex_of(PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST,
                     PTHREAD_PROCESS_SHARED);
    by_other(keeps, &mutex);
    SAY(pthread_mutex_trylock(&mutex));
    by_other(tries, &mutex);
    SAY(pthread_mutex_consistent(&mutex));
    SAY(pthread_mutex_consistent(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
    by_other(locks, &mutex);
    SAY(pthread_mutex_destroy(&mutex));
}

/* Whoever waits when the owner ends gets it. */
static void *keeps_for_a_while(void *mutex)
{
    pthread_mutex_lock(mutex);
    let_it_wait();
    let_it_wait();
    return NULL;
}

static void robust_waits(void)
{
    pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE,
                                     PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE);
    pthread_t thread = on_thread(keeps_for_a_while, &mutex);
    let_it_wait();
    SAY(pthread_mutex_lock(&mutex));
    wait_for_thread(thread);
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_destroy(&mutex));
}

static pthread_cond_t never;

static void *waits_robustly(void *mutex)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 60);
    pthread_mutex_lock(mutex);
    note("wait: %s", strerrorname_np(pthread_cond_timedwait(&never, mutex, &soon)));
    pthread_mutex_consistent(mutex);
    pthread_mutex_unlock(mutex);
    return NULL;
}

static void robust_condition(void)
{
    never = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pthread_mutex_t mutex = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE,
                                     PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE);
    pthread_t thread = on_thread(waits_robustly, &mutex);
    let_it_wait();
    by_other(keeps, &mutex);
    wait_for_thread(thread);
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
}

/* ---- conditions -------------------------------------------------------------------------- */

static void condition_clocks(void)
{
    static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                        CLOCK_BOOTTIME, CLOCK_REALTIME_COARSE };
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    SAY(pthread_condattr_setclock(&attributes, CLOCK_PROCESS_CPUTIME_ID));
    SAY(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    SAY(pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
    SAY(pthread_cond_init(&condition, &attributes));
    SAY(pthread_mutex_lock(&mutex));
    for (int i = 0; i < 5; i++) {
        struct timespec time = in_ms(clocks[i], 5);
        SAY(pthread_cond_clockwait(&condition, &mutex, clocks[i], &time));
    }
    struct timespec time = in_ms(CLOCK_MONOTONIC, 5), wrong = { 0, 1000000000 };
    struct timespec before = { -5, 0 };
    SAY(pthread_cond_timedwait(&condition, &mutex, &time));
    SAY(pthread_cond_timedwait(&condition, &mutex, &wrong));
    SAY(pthread_cond_timedwait(&condition, &mutex, &before));
    SAY(pthread_mutex_unlock(&mutex));
    SAY(pthread_cond_destroy(&condition));
}

/* ---- read-write locks -------------------------------------------------------------------- */

static void *reads(void *lock)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 5);
    int error = pthread_rwlock_tryrdlock(lock);
    note("reader: try %s", strerrorname_np(error));
    if (!error)
        pthread_rwlock_unlock(lock);
    error = pthread_rwlock_timedrdlock(lock, &soon);
    note("reader: timed %s", strerrorname_np(error));
    if (!error)
        pthread_rwlock_unlock(lock);
    return NULL;
}

static void *writes(void *lock)
{
    int error = pthread_rwlock_wrlock(lock);
    note("writer: %s", strerrorname_np(error));
    pthread_rwlock_unlock(lock);
    return NULL;
}

static void preferring(void)
{
    static const int kinds[] = { PTHREAD_RWLOCK_PREFER_READER_NP, PTHREAD_RWLOCK_PREFER_WRITER_NP,
                                 PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP };
    pthread_rwlockattr_t attributes;
    pthread_rwlock_t lock;
    pthread_rwlockattr_init(&attributes);
    SAY(pthread_rwlockattr_setkind_np(&attributes, 9));
    for (int i = 0; i < 3; i++) {
        SAY(pthread_rwlockattr_setkind_np(&attributes, kinds[i]));
        pthread_rwlock_init(&lock, &attributes);
        pthread_rwlock_rdlock(&lock);
        by_other(reads, &lock);
        pthread_t writer = on_thread(writes, &lock);
        let_it_wait();
        by_other(reads, &lock);
        pthread_rwlock_unlock(&lock);
        wait_for_thread(writer);
        by_other(reads, &lock);
        pthread_rwlock_destroy(&lock);
    }
}

static void rwlock_limits(void)
{
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    struct timespec wrong = { 0, -1 }, soon = in_ms(CLOCK_MONOTONIC, 5);
    SAY(pthread_rwlock_timedrdlock(&lock, &wrong));
    SAY(pthread_rwlock_timedwrlock(&lock, &wrong));
    SAY(pthread_rwlock_clockrdlock(&lock, CLOCK_PROCESS_CPUTIME_ID, &soon));
    SAY(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &soon));
    by_other(reads, &lock);
    SAY(pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &soon));
    SAY(pthread_rwlock_unlock(&lock));
    by_other(reads, &lock);
}

/* ---- semaphores, and signals that end waits ---------------------------------------------- */

static int handled;

static void on_signal(int signal)
{
    (void)signal;
    handled++;
}

static sem_t semaphore;
static pthread_mutex_t mutex;
static pthread_cond_t condition;
static pthread_t main_thread;

static void *interrupts(void *post)
{
    let_it_wait();
    pthread_kill(main_thread, SIGUSR1);
    let_it_wait();
    if (post)
        sem_post(&semaphore);
    return NULL;
}

static void interrupted(int flags)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags }, old;
    struct timespec time;
    sigaction(SIGUSR1, &action, &old);
    main_thread = pthread_self();
    sem_init(&semaphore, 0, 0);
    pthread_t thread = on_thread(interrupts, &semaphore);
    RUN(sem_wait(&semaphore));
    wait_for_thread(thread);
    thread = on_thread(interrupts, NULL);
    time = in_ms(CLOCK_REALTIME, 100);
    RUN(sem_timedwait(&semaphore, &time));
    wait_for_thread(thread);
    thread = on_thread(interrupts, NULL);
    time = in_ms(CLOCK_MONOTONIC, 100);
    RUN(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &time));
    wait_for_thread(thread);
    RUN(sem_clockwait(&semaphore, CLOCK_PROCESS_CPUTIME_ID, &time));
    sem_destroy(&semaphore);
    sigaction(SIGUSR1, &old, NULL);
}

static void sem_interrupted(void)
{
    interrupted(0);
}

static void sem_restarted(void)
{
    interrupted(SA_RESTART);
}

static void others_go_on(void)
{
    struct sigaction action = { .sa_handler = on_signal }, old;
    struct timespec time;
    handled = 0;
    sigaction(SIGUSR1, &action, &old);
    main_thread = pthread_self();
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_t thread = on_thread(interrupts, NULL);
    time = in_ms(CLOCK_REALTIME, 100);
    SAY(pthread_cond_timedwait(&condition, &mutex, &time));
    note("handled %d", handled);
    wait_for_thread(thread);
    thread = on_thread(interrupts, NULL);
    SAY(pthread_join(thread, NULL));
    note("handled %d", handled);
    thread = on_thread(interrupts, NULL);
    time = in_ms(CLOCK_REALTIME, 100);
    SAY(pthread_mutex_timedlock(&mutex, &time));
    note("handled %d", handled);
    wait_for_thread(thread);
    sigaction(SIGUSR1, &old, NULL);
}

static void *waits_for_it(void *semaphore)
{
    RUN(sem_wait(semaphore));
    return NULL;
}

static void sem_shared(void)
{
    int value = 7;
    RUN(sem_init(&semaphore, 1, 0));
    pthread_t thread = on_thread(waits_for_it, &semaphore);
    let_it_wait();
    RUN(sem_getvalue(&semaphore, &value));
    note("%d", value);
    sem_post(&semaphore);
    wait_for_thread(thread);
    RUN(sem_trywait(&semaphore));
    RUN(sem_destroy(&semaphore));
}

/* ---- barriers ---------------------------------------------------------------------------- */

static pthread_barrier_t barrier;
static int met[4];

static void *meets(void *index)
{
    for (int round = 0; round < 3; round++)
        /* NOLINTNEXTLINE(bugprone-posix-return): one of its successes is negative */
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            met[round]++;
    return index;
}

static void barrier_shared(void)
{
    pthread_barrierattr_t attributes;
    pthread_t threads[3];
    memset(met, 0, sizeof met);
    pthread_barrierattr_init(&attributes);
    SAY(pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
    SAY(pthread_barrierattr_setpshared(&attributes, 9));
    SAY(pthread_barrier_init(&barrier, &attributes, 3));
    for (int i = 0; i < 3; i++)
        threads[i] = on_thread(meets, NULL);
    for (int i = 0; i < 3; i++)
        wait_for_thread(threads[i]);
    note("%d %d %d", met[0], met[1], met[2]);
    SAY(pthread_barrier_destroy(&barrier));
    SAY(pthread_barrier_init(&barrier, NULL, 1));
    /* NOLINTNEXTLINE(bugprone-posix-return): as above */
    note("%d", pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
    SAY(pthread_barrier_destroy(&barrier));
}

const struct conformance_case lock_kind_cases[] = {
    { "mutex/inherits", inherits }, { "mutex/shared", shared }, { "mutex/robust_kinds", robust },
    { "mutex/robust_waits", robust_waits }, { "mutex/robust_condition", robust_condition },
    { "cond/clocks", condition_clocks }, { "rwlock/preferring", preferring },
    { "rwlock/limits", rwlock_limits }, { "sem/interrupted", sem_interrupted },
    { "sem/restarted", sem_restarted }, { "sem/others_go_on", others_go_on },
    { "sem/shared", sem_shared }, { "barrier/shared", barrier_shared },
    { NULL, NULL },
};
