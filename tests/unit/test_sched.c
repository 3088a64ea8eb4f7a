/* Green threads, locks, thread-local storage, virtual time, and a snapshot of all of them.
 *
 * Linked with the library's objects. Run it natively and under Memcheck: no errors, nothing
 * definitely lost. With an argument it measures thread switches instead. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <sys/wait.h>

#include "fi/raw.h"
#include "harness/world/world.h"

/* assert() must count in every build. */
#undef assert
#define assert(condition)                                                               \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,       \
                                      #condition), abort()))

/* ---- Thread-local storage and libc on a green thread ------------------------------------ */

static _Thread_local int own = 7;
static _Thread_local char own_zero[100];

static void *uses_libc(void *arg)
{
    char text[64];
    struct tm tm;
    time_t day = 86400;
    jmp_buf env;
    assert(own == 7 && own_zero[99] == 0);
    own = *(int *)arg;
    assert(isalpha('x') && !isalpha('1') && toupper('x') == 'X');
    assert(!strcmp(strerror(ENOENT), "No such file or directory"));
    errno = *(int *)arg;
    for (int i = 0; i < 3; i++) {
        sched_yield();
        assert(errno == *(int *)arg && own == *(int *)arg);
    }
    snprintf(text, sizeof text, "%.3f %s", 1.5, localeconv()->decimal_point);
    assert(!strcmp(text, "1.500 ."));
    assert(gmtime_r(&day, &tm) && tm.tm_mday == 2);
    if (setjmp(env) == 0) longjmp(env, 1);
    void *block = malloc(100);
    assert(block);
    free(block);
    return arg;
}

static unsigned live_threads(void)
{
    unsigned count = 0;
    struct fit__thread *t;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        count += t->service && t->state != FIT_T_ENDED;
    return count;
}

static void test_libc(void)
{
    enum { COUNT = 20 };
    pthread_t threads[COUNT];
    int numbers[COUNT];
    unsigned others = live_threads();
    void *result;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            numbers[i] = 100 + i;
            assert(!pthread_create(&threads[i], NULL, uses_libc, &numbers[i]));
            assert(!pthread_equal(threads[i], pthread_self()));
        }
        assert(live_threads() == others + COUNT);
        for (int i = 0; i < COUNT; i++) {
            assert(!pthread_join(threads[i], &result));
            assert(result == &numbers[i]);
        }
        assert(live_threads() == others);
    }
}

/* ---- Locks and conditions --------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    int items, taken;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER,
            .emptied = PTHREAD_COND_INITIALIZER };

static void *takes(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++) {
        pthread_mutex_lock(&queue.lock);
        while (!queue.items) pthread_cond_wait(&queue.filled, &queue.lock);
        queue.items--;
        queue.taken++;
        sched_yield();                       /* while the lock is held */
        pthread_cond_signal(&queue.emptied);
        pthread_mutex_unlock(&queue.lock);
    }
    return NULL;
}

static void test_queue(void)
{
    enum { TAKERS = 4 };
    pthread_t threads[TAKERS];
    int each = 50;
    queue.taken = 0;
    for (int i = 0; i < TAKERS; i++)
        assert(!pthread_create(&threads[i], NULL, takes, &each));
    for (int i = 0; i < TAKERS * each; i++) {
        assert(!pthread_mutex_lock(&queue.lock));
        while (queue.items >= 3) pthread_cond_wait(&queue.emptied, &queue.lock);
        queue.items++;
        pthread_cond_signal(&queue.filled);
        assert(!pthread_mutex_unlock(&queue.lock));
    }
    for (int i = 0; i < TAKERS; i++) assert(!pthread_join(threads[i], NULL));
    assert(queue.taken == TAKERS * each && queue.items == 0);
}

static void *locks_briefly(void *mutex)
{
    assert(pthread_mutex_trylock(mutex) == EBUSY);
    assert(pthread_mutex_unlock(mutex) == EPERM);
    assert(!pthread_mutex_lock(mutex));
    assert(!pthread_mutex_unlock(mutex));
    return NULL;
}

static void test_kinds(void)
{
    static const int kinds[] = { PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK };
    for (int i = 0; i < 2; i++) {
        pthread_mutexattr_t attr;
        pthread_mutex_t mutex;
        pthread_t thread;
        pthread_mutexattr_init(&attr);
        pthread_mutexattr_settype(&attr, kinds[i]);
        pthread_mutex_init(&mutex, &attr);
        assert(!pthread_mutex_lock(&mutex));
        assert(pthread_mutex_lock(&mutex) == (i == 0 ? 0 : EDEADLK));
        if (i == 0) assert(!pthread_mutex_unlock(&mutex));
        assert(!pthread_create(&thread, NULL, locks_briefly, &mutex));
        sched_yield();
        assert(!pthread_mutex_unlock(&mutex));
        assert(!pthread_join(thread, NULL));
        assert(!pthread_mutex_destroy(&mutex));
    }
}

static struct timespec in_ms(clockid_t clock, long ms)
{
    struct timespec at;
    fit__enter();
    fit__kernel->clock_gettime(clock, &at);
    fit__leave();
    at.tv_nsec += ms % 1000 * 1000000;
    at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

static void test_deadlines(void)
{
    pthread_cond_t cond;
    pthread_condattr_t attr;
    sem_t sem;
    struct timespec at = in_ms(CLOCK_REALTIME, 5000);
    fit_ns before = fit__now();
    pthread_mutex_lock(&queue.lock);
    assert(pthread_cond_timedwait(&queue.filled, &queue.lock, &at) == ETIMEDOUT);
    assert(fit__now() - before >= 5 * FIT_S && fit__now() - before < 5 * FIT_S + FIT_MS);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&cond, &attr);
    before = fit__now();
    at = in_ms(CLOCK_MONOTONIC, 3600 * 1000);
    assert(pthread_cond_timedwait(&cond, &queue.lock, &at) == ETIMEDOUT);
    assert(fit__now() - before >= 3600 * FIT_S && fit__now() - before < 3601 * FIT_S);
    assert(pthread_cond_timedwait(&cond, &queue.lock, &at) == ETIMEDOUT);   /* long over */
    pthread_cond_destroy(&cond);
    pthread_mutex_unlock(&queue.lock);
    sem_init(&sem, 0, 1);
    at = in_ms(CLOCK_REALTIME, 10);
    assert(!sem_timedwait(&sem, &at));
    assert(sem_timedwait(&sem, &at) == -1 && errno == ETIMEDOUT);
    assert(sem_trywait(&sem) == -1 && errno == EAGAIN);
    sem_destroy(&sem);
}

/* ---- Who wakes: signal wakes exactly one, in order of coming ---------------------------- */

static int woken[3], woken_count;
static void *waits(void *number)
{
    pthread_mutex_lock(&queue.lock);
    pthread_cond_wait(&queue.filled, &queue.lock);
    woken[woken_count++] = *(int *)number;
    pthread_mutex_unlock(&queue.lock);
    return NULL;
}

static void test_order_of_waking(void)
{
    pthread_t threads[3];
    int numbers[3] = { 0, 1, 2 };
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, waits, &numbers[i]);
    sched_yield();
    for (int i = 0; i < 3; i++) {
        pthread_cond_signal(&queue.filled);
        sched_yield();
        assert(woken_count == i + 1 && woken[i] == i);
    }
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
}

/* ---- Others: read-write locks, barriers, once, spin locks, C11 -------------------------- */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_spinlock_t spin;
static int once_count, shared_value, serial_count;

static void only_once(void)
{
    sched_yield();
    once_count++;
}

static void *uses_others(void *arg)
{
    pthread_once(&once, only_once);
    assert(once_count == 1);
    for (int round = 0; round < 3; round++) {
        /* NOLINTNEXTLINE(bugprone-posix-return): one of its successes is negative */
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) serial_count++;
        assert(serial_count == round || serial_count == round + 1);
        pthread_rwlock_wrlock(&rwlock);
        int seen = shared_value;
        sched_yield();
        shared_value = seen + 1;
        pthread_rwlock_unlock(&rwlock);
        pthread_rwlock_rdlock(&rwlock);
        sched_yield();
        pthread_rwlock_unlock(&rwlock);
        pthread_spin_lock(&spin);
        sched_yield();
        pthread_spin_unlock(&spin);
        pthread_barrier_wait(&barrier);
        if (serial_count < round + 1) serial_count = round + 1;
    }
    return arg;
}

static int c11_body(void *arg)
{
    (void)arg;
    thrd_exit(-5);
}

static void test_others(void)
{
    enum { COUNT = 3 };
    pthread_t threads[COUNT];
    thrd_t thread;
    int result;
    struct timespec past = { .tv_sec = 1 };
    shared_value = serial_count = 0;
    pthread_barrier_init(&barrier, NULL, COUNT);
    pthread_spin_init(&spin, 0);
    for (int i = 0; i < COUNT; i++) pthread_create(&threads[i], NULL, uses_others, NULL);
    for (int i = 0; i < COUNT; i++) assert(!pthread_join(threads[i], NULL));
    assert(shared_value == 3 * COUNT);
    pthread_barrier_destroy(&barrier);
    assert(!pthread_rwlock_wrlock(&rwlock));
    assert(pthread_rwlock_rdlock(&rwlock) == EDEADLK);
    assert(pthread_rwlock_unlock(&rwlock) == 0);
    assert(!pthread_rwlock_rdlock(&rwlock));
    assert(pthread_rwlock_timedwrlock(&rwlock, &past) == ETIMEDOUT);
    assert(pthread_rwlock_unlock(&rwlock) == 0);
    assert(thrd_create(&thread, c11_body, NULL) == thrd_success);
    assert(thrd_join(thread, &result) == thrd_success && result == -5);
}

/* ---- The end of a thread ---------------------------------------------------------------- */

static pthread_key_t keys[40];
static int destroyed, cleaned;

static void destroy(void *value)
{
    destroyed++;
    free(value);
}

static void again(void *value)
{
    destroyed++;
    if (destroyed < 3) pthread_setspecific(keys[0], value);
}

static void clean(void *arg)
{
    cleaned = 10 * cleaned + *(int *)arg;
}

static void *exits_deep(void *arg)
{
    int one = 1, two = 2;
    for (int i = 1; i < 40; i++) pthread_setspecific(keys[i], malloc(10));
    pthread_setspecific(keys[0], arg);
    assert(pthread_getspecific(keys[0]) == arg);
    pthread_cleanup_push(clean, &one);
    pthread_cleanup_push(clean, &two);
    sched_yield();
    pthread_exit(arg);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void test_end(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    unsigned others;
    void *result;
    pthread_key_create(&keys[0], again);
    for (int i = 1; i < 40; i++) pthread_key_create(&keys[i], destroy);
    pthread_create(&thread, NULL, exits_deep, keys);
    assert(pthread_tryjoin_np(thread, NULL) == EBUSY);
    assert(!pthread_join(thread, &result) && result == keys);
    assert(destroyed == 39 + 2 && cleaned == 21);
    for (int i = 0; i < 40; i++) pthread_key_delete(keys[i]);
    assert(pthread_join(pthread_self(), NULL) == EDEADLK);
    assert(pthread_join(thread, NULL) == ESRCH);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    others = live_threads();
    pthread_create(&thread, &attr, uses_libc, &(int){ 3 });
    assert(pthread_join(thread, NULL) == EINVAL);
    while (live_threads() > others) sched_yield();
    pthread_attr_destroy(&attr);
}

static void *dies_with_lock(void *mutex)
{
    assert(!pthread_mutex_lock(mutex));
    sched_yield();
    return NULL;
}

static void test_robust(void)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t mutex;
    pthread_t thread;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attr);
    pthread_create(&thread, NULL, dies_with_lock, &mutex);
    sched_yield();
    assert(pthread_mutex_lock(&mutex) == EOWNERDEAD);    /* waits for it first */
    assert(!pthread_mutex_consistent(&mutex) && !pthread_mutex_unlock(&mutex));
    pthread_join(thread, NULL);
    pthread_mutex_destroy(&mutex);
}

static void *knows_its_stack(void *arg)
{
    pthread_attr_t attr;
    void *lowest;
    size_t size;
    char here, name[16];
    assert(!pthread_getattr_np(pthread_self(), &attr));
    pthread_attr_getstack(&attr, &lowest, &size);
    assert(&here > (char *)lowest && &here < (char *)lowest + size && size == *(size_t *)arg);
    pthread_attr_destroy(&attr);
    assert(!pthread_setname_np(pthread_self(), "worker"));
    assert(!pthread_getname_np(pthread_self(), name, sizeof name) && !strcmp(name, "worker"));
    return NULL;
}

static void test_stack(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    size_t size = 256 * 1024, large = 1024 * 1024, eight = 8 << 20;
    pthread_create(&thread, NULL, knows_its_stack, &size);
    pthread_join(thread, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, large);
    pthread_create(&thread, &attr, knows_its_stack, &large);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    knows_its_stack(&eight);
}

/* ---- A snapshot, taken on a green thread, with everything in use ------------------------ */

static pthread_mutex_t held = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int snapshot_status = -1;

static void in_the_snapshot(void)
{
    assert(!pthread_mutex_trylock(&held));
    assert(!pthread_mutex_unlock(&held));
    assert(!pthread_mutex_unlock(&held));
    test_libc();
    test_queue();
    test_others();
    test_deadlines();
    pthread_mutex_lock(&held);
}

static void *takes_a_snapshot(void *arg)
{
    int status = 0;
    long child;
    (void)arg;
    assert(!pthread_mutex_lock(&held));
    own = 55;
    child = fit__raw(SYS_clone, SIGCHLD);
    assert(child >= 0 && own == 55);
    if (child == 0) {
        in_the_snapshot();
        assert(own == 55);
        fit__raw(SYS_kill, fit__raw(SYS_getpid), SIGKILL);
    }
    assert(fit__raw(SYS_wait4, child, &status, 0, 0) == child);
    snapshot_status = status;
    assert(!pthread_mutex_unlock(&held));
    return NULL;
}

static sem_t morning;
static void *sleeps(void *arg)
{
    assert(!sem_wait(&morning));
    return arg;
}

static void test_snapshot(void)
{
    pthread_t thread, other;
    sem_init(&morning, 0, 0);
    pthread_create(&other, NULL, sleeps, NULL);          /* meanwhile */
    pthread_create(&thread, NULL, takes_a_snapshot, NULL);
    pthread_join(thread, NULL);
    assert(WIFSIGNALED(snapshot_status) && WTERMSIG(snapshot_status) == SIGKILL);
    sem_post(&morning);
    pthread_join(other, NULL);
}

/* ---- A pool that a library keeps: it goes on in the next world, and may be joined at exit - */

static struct { pthread_t thread; sem_t job; int done; } pool;

static void *works(void *arg)
{
    for (;;) {
        sem_wait(&pool.job);
        pool.done++;
    }
    return arg;
}

static void test_pool(void)
{
    int done = pool.done;
    if (!pool.thread) {
        sem_init(&pool.job, 0, 0);
        pthread_create(&pool.thread, NULL, works, NULL);
    }
    sem_post(&pool.job);
    sched_yield();
    assert(pool.done == done + 1);
}

/* ---- Deadlock: in a snapshot, since nobody comes back from it --------------------------- */

static void on_deadlock(void)
{
    char text[500];
    fit__threads_text(text, sizeof text);
    if (strstr(text, "waits in pthread_mutex_lock for a mutex that it holds itself"))
        fit__raw(SYS_kill, fit__raw(SYS_getpid), SIGKILL);
    fit__raw(SYS_exit_group, 1);
}

static void test_deadlock(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    int status;
    long child = fit__raw(SYS_clone, SIGCHLD);
    if (child == 0) {
        fit__on_deadlock = on_deadlock;
        pthread_mutex_lock(&mutex);
        pthread_mutex_lock(&mutex);
    }
    assert(fit__raw(SYS_wait4, child, &status, 0, 0) == child);
    assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- Main ------------------------------------------------------------------------------- */

static int rounds_done;                      /* the tests run in two worlds */

static void run(const char *name, void (*test)(void))
{
    test();
    printf("ok %s, world %d\n", name, rounds_done + 1);
}

static void all_tests(void *arg)
{
    (void)arg;
    run("libc", test_libc);
    run("queue", test_queue);
    run("kinds", test_kinds);
    run("deadlines", test_deadlines);
    run("order_of_waking", test_order_of_waking);
    run("others", test_others);
    run("end", test_end);
    run("stack", test_stack);
    run("robust", test_robust);
    run("snapshot", test_snapshot);
    run("pool", test_pool);
    run("deadlock", test_deadlock);
    rounds_done++;
}

static void *switches(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++) {
        fit__enter();
        fit__yield();
        fit__leave();
    }
    return NULL;
}

static void measure(void *arg)
{
    enum { ROUNDS = 500000 };
    int rounds = ROUNDS;
    struct timespec from, to;
    pthread_t thread;
    double ns;
    (void)arg;
    fit__raw(SYS_clock_gettime, CLOCK_MONOTONIC, &from);
    pthread_create(&thread, NULL, switches, &rounds);
    switches(&rounds);
    pthread_join(thread, NULL);
    fit__raw(SYS_clock_gettime, CLOCK_MONOTONIC, &to);
    ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
    printf("%.0f switches a second, %.0f ns each\n", 2e9 * ROUNDS / ns, ns / ROUNDS / 2);
}

int main(int argc, char **argv)
{
    (void)argv;
    assert(!fit__world_new());
    fit__world_run(argc > 1 ? measure : all_tests, NULL);
    fit__world_drop();
    if (argc == 1) {                         /* a second world is like the first */
        assert(!fit__world_new());
        assert(fit__now() == 0);
        once_count = destroyed = cleaned = woken_count = 0;
        once = PTHREAD_ONCE_INIT;
        fit__world_run(all_tests, NULL);
        fit__world_drop();
        assert(!pthread_join(pool.thread, NULL));
    }
    return 0;
}
