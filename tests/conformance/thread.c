/* Threads: their lives, keys, thread-local storage, once, C11's names for it all. */
#include <sched.h>
#include <threads.h>

#include "tests/conformance/conformance.h"

#define SAY(call) note("%s: %s", #call, strerrorname_np(call))

static void *give_back(void *arg)
{
    return arg;
}

static void *exit_with(void *arg)
{
    pthread_exit(arg);
}

static void joining(void)
{
    pthread_t thread;
    void *result = NULL;
    SAY(pthread_create(&thread, NULL, give_back, (void *)5));
    SAY(pthread_join(thread, &result));
    note("%ld", (long)result);
    thread = on_thread(exit_with, (void *)6);
    SAY(pthread_join(thread, &result));
    note("%ld", (long)result);
    SAY(pthread_join(pthread_self(), NULL));
    thread = on_thread(give_back, NULL);
    SAY(pthread_join(thread, NULL));
}

static void *wait_for_byte(void *arg)
{
    char byte;
    read(*(int *)arg, &byte, 1);
    return arg;
}

static void joining_with_limits(void)
{
    int fds[2];
    struct timespec soon;
    void *result = NULL;
    pipe(fds);
    pthread_t thread = on_thread(wait_for_byte, &fds[0]);
    SAY(pthread_tryjoin_np(thread, &result));
    clock_gettime(CLOCK_REALTIME, &soon);
    SAY(pthread_timedjoin_np(thread, &result, &soon));
    write(fds[1], "x", 1);
    soon.tv_sec += 10;
    SAY(pthread_timedjoin_np(thread, &result, &soon));
    note("%d", result == &fds[0]);
    close(fds[0]);
    close(fds[1]);
}

static void detaching(void)
{
    int fds[2], state = -1;
    pthread_attr_t attributes;
    pthread_t thread;
    pipe(fds);
    pthread_attr_init(&attributes);
    SAY(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
    SAY(pthread_attr_setdetachstate(&attributes, 77));
    SAY(pthread_attr_getdetachstate(&attributes, &state));
    note("%d", state == PTHREAD_CREATE_DETACHED);
    SAY(pthread_create(&thread, &attributes, wait_for_byte, &fds[0]));
    SAY(pthread_join(thread, NULL));
    SAY(pthread_detach(thread));
    write(fds[1], "x", 1);
    settle();
    thread = on_thread(wait_for_byte, &fds[0]);
    SAY(pthread_detach(thread));
    SAY(pthread_detach(thread));
    SAY(pthread_join(thread, NULL));
    write(fds[1], "x", 1);
    settle();
    pthread_attr_destroy(&attributes);
    close(fds[0]);
    close(fds[1]);
}

static void *who_am_i(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return NULL;
}

static void identity(void)
{
    pthread_t self = pthread_self(), told;
    pthread_t thread = on_thread(who_am_i, &told);
    wait_for_thread(thread);
    note("%d %d %d", pthread_equal(self, pthread_self()) != 0, pthread_equal(told, thread) != 0,
         pthread_equal(told, self) != 0);
}

/* ---- keys -------------------------------------------------------------------------------- */

static pthread_key_t first_key, second_key;
static int again;

static void destroy_first(void *value)
{
    note("first destroyed with %ld, now %p", (long)value, pthread_getspecific(first_key));
}

/* Sets itself again: glibc goes round up to four times. */
static void destroy_second(void *value)
{
    note("second destroyed with %ld", (long)value);
    if (again++ < 10)
        pthread_setspecific(second_key, (void *)((long)value + 1));
}

static void *use_keys(void *arg)
{
    note("fresh %p", pthread_getspecific(first_key));
    SAY(pthread_setspecific(first_key, (void *)7));
    note("mine %ld", (long)pthread_getspecific(first_key));
    if (arg)
        pthread_setspecific(second_key, (void *)100);
    return NULL;
}

static void *use_first_and_exit(void *arg)
{
    pthread_setspecific(first_key, arg);
    pthread_exit(NULL);
}

static void keys(void)
{
    again = 0;
    SAY(pthread_key_create(&first_key, destroy_first));
    SAY(pthread_key_create(&second_key, destroy_second));
    pthread_setspecific(first_key, (void *)1);
    wait_for_thread(on_thread(use_keys, NULL));
    wait_for_thread(on_thread(use_first_and_exit, (void *)8));
    wait_for_thread(on_thread(use_keys, &again));
    note("this one's %ld, rounds %d", (long)pthread_getspecific(first_key), again);
    SAY(pthread_key_delete(first_key));
    SAY(pthread_key_delete(second_key));
    SAY(pthread_key_delete(second_key));
    SAY(pthread_setspecific(second_key, &again));
    note("%p", pthread_getspecific(second_key));
}

static void deleted_key(void)
{
    pthread_key_t key;
    SAY(pthread_key_create(&key, destroy_first));
    pthread_setspecific(key, (void *)3);
    SAY(pthread_key_delete(key));
    SAY(pthread_key_create(&key, NULL));
    note("new %p", pthread_getspecific(key));
    SAY(pthread_key_delete(key));
    SAY(pthread_setspecific(100000, NULL));
}

/* ---- thread-local storage, once ---------------------------------------------------------- */

static __thread int counter = 5;
static __thread char zeroes[64];

static void *count(void *arg)
{
    note("starts with %d %d", counter, zeroes[63]);
    counter += 10;
    zeroes[63] = 1;
    note("goes on with %d", counter);
    return arg;
}

static void local_storage(void)
{
    int before = counter;
    counter = 50;
    wait_for_thread(on_thread(count, NULL));
    wait_for_thread(on_thread(count, NULL));
    note("this one's %d", counter);
    counter = before;
}

static void *set_errno(void *arg)
{
    note("fresh %d", errno);
    errno = ENOENT;
    sched_yield();
    note("mine %d", errno == ENOENT);
    return arg;
}

static void errno_is_local(void)
{
    errno = EBADF;
    wait_for_thread(on_thread(set_errno, NULL));
    note("this one's %d", errno == EBADF);
}

static void only_once(void)
{
    note("once");
}

static void *call_once_more(void *arg)
{
    pthread_once(arg, only_once);
    return NULL;
}

static void once(void)
{
    pthread_once_t control = PTHREAD_ONCE_INIT;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = on_thread(call_once_more, &control);
    for (int i = 0; i < 3; i++)
        wait_for_thread(threads[i]);
    /* NOLINTNEXTLINE(clang-analyzer-unix.API): a fresh one for each kernel */
    SAY(pthread_once(&control, only_once));
}

/* ---- clean-up ---------------------------------------------------------------------------- */

static void clean_up(void *arg)
{
    note("clean up %s", (const char *)arg);
}

static void *exits_inside(void *arg)
{
    pthread_cleanup_push(clean_up, "outer");
    pthread_cleanup_push(clean_up, "inner");
    pthread_exit(arg);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *pops(void *arg)
{
    pthread_cleanup_push(clean_up, "not run");
    pthread_cleanup_pop(0);
    pthread_cleanup_push(clean_up, "run");
    pthread_cleanup_pop(1);
    return arg;
}

static void cleaning_up(void)
{
    wait_for_thread(on_thread(exits_inside, NULL));
    wait_for_thread(on_thread(pops, NULL));
}

/* ---- attributes -------------------------------------------------------------------------- */

static void attributes(void)
{
    pthread_attr_t attributes;
    size_t size = 0;
    pthread_t thread;
    SAY(pthread_attr_init(&attributes));
    SAY(pthread_attr_setstacksize(&attributes, 100));
    SAY(pthread_attr_setstacksize(&attributes, 1 << 20));
    SAY(pthread_attr_getstacksize(&attributes, &size));
    note("%zu", size);
    SAY(pthread_create(&thread, &attributes, give_back, NULL));
    SAY(pthread_join(thread, NULL));
    SAY(pthread_attr_destroy(&attributes));
}

static void *fill_stack(void *arg)
{
    volatile char block[120000];
    for (unsigned i = 0; i < sizeof block; i += 1000)
        block[i] = 1;
    note("filled %d", block[1000]);
    return arg;
}

static void stack_holds(void)
{
    wait_for_thread(on_thread(fill_stack, NULL));
}

/* ---- C11 --------------------------------------------------------------------------------- */

static int c11_body(void *arg)
{
    thrd_yield();
    return *(int *)arg + 1;
}

static int c11_exits(void *arg)
{
    thrd_exit(*(int *)arg + 2);
}

static void c11_threads(void)
{
    thrd_t thread;
    int number = 40, result = 0;
    note("%d", thrd_create(&thread, c11_body, &number) == thrd_success);
    note("%d", thrd_join(thread, &result) == thrd_success);
    note("%d", result);
    thrd_create(&thread, c11_exits, &number);
    thrd_join(thread, &result);
    note("%d", result);
    note("%d", thrd_equal(thrd_current(), thrd_current()) != 0);
    struct timespec time = { 0, 1000 };
    note("%d", thrd_sleep(&time, NULL));
}

static int c11_try(void *mutex)
{
    return mtx_trylock(mutex) == thrd_busy;
}

static void c11_locks(void)
{
    mtx_t mutex;
    cnd_t condition;
    thrd_t thread;
    struct timespec now;
    int busy = 0;
    timespec_get(&now, TIME_UTC);
    note("%d", mtx_init(&mutex, mtx_timed | mtx_recursive) == thrd_success);
    note("%d %d", mtx_lock(&mutex), mtx_lock(&mutex));
    thrd_create(&thread, c11_try, &mutex);
    thrd_join(thread, &busy);
    note("busy %d", busy);
    note("%d %d", mtx_unlock(&mutex), mtx_unlock(&mutex));
    note("%d", cnd_init(&condition) == thrd_success);
    mtx_lock(&mutex);
    note("%d", cnd_timedwait(&condition, &mutex, &now) == thrd_timedout);
    note("%d %d", cnd_signal(&condition), cnd_broadcast(&condition));
    mtx_unlock(&mutex);
    cnd_destroy(&condition);
    mtx_destroy(&mutex);
}

static once_flag flag = ONCE_FLAG_INIT;
static tss_t c11_key;

static void c11_destroyed(void *value)
{
    note("destroyed %ld", (long)value);
}

static int c11_uses_key(void *arg)
{
    (void)arg;
    return tss_set(c11_key, (void *)9);
}

static void c11_rest(void)
{
    thrd_t thread;
    flag = (once_flag)ONCE_FLAG_INIT;
    call_once(&flag, only_once);
    call_once(&flag, only_once);
    note("%d", tss_create(&c11_key, c11_destroyed) == thrd_success);
    thrd_create(&thread, c11_uses_key, NULL);
    thrd_join(thread, NULL);
    note("%p", tss_get(c11_key));
    tss_delete(c11_key);
    note("%d", thrd_create(&thread, c11_body, &(int){ 1 }) == thrd_success);
    note("%d", thrd_detach(thread) == thrd_success);
    settle();
}

const struct conformance_case thread_cases[] = {
    { "thread/join", joining }, { "thread/join_limits", joining_with_limits },
    { "thread/detach", detaching }, { "thread/identity", identity }, { "thread/keys", keys },
    { "thread/deleted_key", deleted_key }, { "thread/local", local_storage },
    { "thread/errno", errno_is_local }, { "thread/once", once },
    { "thread/clean_up", cleaning_up }, { "thread/attributes", attributes },
    { "thread/stack", stack_holds }, { "c11/threads", c11_threads }, { "c11/locks", c11_locks },
    { "c11/rest", c11_rest },
    { NULL, NULL },
};
