/* Threads, further: all ways to join, names, attributes, processors, timers that start threads. */
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

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

static void let_it_wait(void)
{
    usleep(30000);
}

/* ---- joining ----------------------------------------------------------------------------- */

static int ends[2];
static pthread_t first;

static void *waits_for_byte(void *arg)
{
    char byte;
    read(ends[0], &byte, 1);
    return arg;
}

static void limits(void)
{
    struct timespec soon = in_ms(CLOCK_MONOTONIC, 5);
    void *result = NULL;
    pipe(ends);
    first = on_thread(waits_for_byte, &first);
    SAY(pthread_clockjoin_np(first, &result, CLOCK_MONOTONIC, &soon));
    SAY(pthread_clockjoin_np(first, &result, CLOCK_PROCESS_CPUTIME_ID, &soon));
    SAY(pthread_tryjoin_np(first, &result));
    SAY(pthread_tryjoin_np(pthread_self(), &result));
    write(ends[1], "x", 1);
    soon = in_ms(CLOCK_MONOTONIC, 10000);
    SAY(pthread_clockjoin_np(first, &result, CLOCK_MONOTONIC, &soon));
    note("%d", result == &first);
    first = on_thread(waits_for_byte, NULL);
    write(ends[1], "x", 1);
    let_it_wait();
    SAY(pthread_tryjoin_np(first, &result));
    note("%p", result);
    first = on_thread(waits_for_byte, NULL);
    SAY(pthread_detach(first));
    SAY(pthread_tryjoin_np(first, &result));
    SAY(pthread_timedjoin_np(first, &result, &soon));
    write(ends[1], "x", 1);
    let_it_wait();
    close(ends[0]);
    close(ends[1]);
}

/* ---- names ------------------------------------------------------------------------------- */

static void *notes_name(void *unused)
{
    char name[32] = "?";
    pthread_getname_np(pthread_self(), name, sizeof name);
    note("its name: %s", name);
    SAY(pthread_setname_np(pthread_self(), "worker"));
    prctl(PR_GET_NAME, name);
    note("by prctl: %s", name);
    prctl(PR_SET_NAME, "one that is much too long");
    SAY(pthread_getname_np(pthread_self(), name, sizeof name));
    note("%s", name);
    return unused;
}

static void names(void)
{
    char name[32] = "?", before[32];
    SAY(pthread_getname_np(pthread_self(), before, sizeof before));
    SAY(pthread_getname_np(pthread_self(), name, 15));
    SAY(pthread_setname_np(pthread_self(), "sixteen letters!"));
    SAY(pthread_setname_np(pthread_self(), "the maker"));
    SAY(pthread_getname_np(pthread_self(), name, 16));
    note("%s", name);
    wait_for_thread(on_thread(notes_name, NULL));
    pipe(ends);
    first = on_thread(waits_for_byte, NULL);
    SAY(pthread_getname_np(first, name, sizeof name));
    note("%s", name);
    SAY(pthread_setname_np(first, "named by other"));
    SAY(pthread_getname_np(first, name, sizeof name));
    note("%s", name);
    write(ends[1], "x", 1);
    wait_for_thread(first);
    SAY(pthread_setname_np(pthread_self(), before));
    close(ends[0]);
    close(ends[1]);
}

/* ---- attributes -------------------------------------------------------------------------- */

static void *notes_attributes(void *size)
{
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t stack = 0, guard = 0;
    int state = -1, here = 0;
    SAY(pthread_getattr_np(pthread_self(), &attributes));
    SAY(pthread_attr_getstack(&attributes, &lowest, &stack));
    note("on it %d", (char *)&here > (char *)lowest && (char *)&here < (char *)lowest + stack);
    note("size %d", stack >= (size_t)size);
    SAY(pthread_attr_getdetachstate(&attributes, &state));
    note("detached %d", state == PTHREAD_CREATE_DETACHED);
    SAY(pthread_attr_getguardsize(&attributes, &guard));
    SAY(pthread_attr_destroy(&attributes));
    return NULL;
}

/* What the thread notes comes first. */
static void create(const pthread_attr_t *attributes, size_t size)
{
    int error = pthread_create(&first, attributes, notes_attributes, (void *)size);
    let_it_wait();
    note("created: %s", strerrorname_np(error));
}

static void attributes_of(void)
{
    enum { SIZE = 1 << 20 };
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    SAY(pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN));
    create(&attributes, (size_t)PTHREAD_STACK_MIN);
    wait_for_thread(first);
    SAY(pthread_attr_setstacksize(&attributes, SIZE));
    create(&attributes, SIZE);
    wait_for_thread(first);
    SAY(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
    create(&attributes, SIZE);
    pthread_attr_destroy(&attributes);
}

static void processors(void)
{
    cpu_set_t cpus, none;
    struct sched_param param;
    int policy = -1;
    CPU_ZERO(&none);
    SAY(pthread_getaffinity_np(pthread_self(), sizeof cpus, &cpus));
    note("some %d", CPU_COUNT(&cpus) > 0);
    SAY(pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus));
    SAY(pthread_setaffinity_np(pthread_self(), sizeof none, &none));
    SAY(pthread_getschedparam(pthread_self(), &policy, &param));
    note("other %d, priority %d", policy == SCHED_OTHER, param.sched_priority);
    param.sched_priority = 1;
    SAY(pthread_setschedparam(pthread_self(), SCHED_OTHER, &param));
}

static void nothing(void) { }

static void handlers_of_fork(void)
{
    SAY(pthread_atfork(nothing, nothing, nothing));
}

/* ---- timers that start threads ----------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int expired;
static bool on_other_thread;

static void on_expiry(union sigval value)
{
    pthread_mutex_lock(&mutex);
    expired += value.sival_int;
    on_other_thread = !pthread_equal(pthread_self(), first);
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
}

static void timers(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 1,
                              .sigev_notify_function = on_expiry };
    struct itimerspec value = { { 0, 20000000 }, { 0, 20000000 } };
    timer_t timer;
    expired = 0;
    first = pthread_self();
    RUN(timer_create(CLOCK_MONOTONIC, &event, &timer));
    RUN(timer_settime(timer, 0, &value, NULL));
    pthread_mutex_lock(&mutex);
    while (expired < 3)
        pthread_cond_wait(&changed, &mutex);
    note("on other thread %d", on_other_thread);
    pthread_mutex_unlock(&mutex);
    RUN(timer_delete(timer));
    let_it_wait();
}

const struct conformance_case thread_way_cases[] = {
    { "thread/join_ways", limits },
    { "thread/names", names }, { "thread/attributes_of", attributes_of },
    { "thread/processors", processors },
    { "thread/atfork", handlers_of_fork }, { "thread/timers", timers },
    { NULL, NULL },
};
