/* What can go wrong with threads, locks, clocks, chance and users, each asked for once in a world.
 * Linked with the library's objects. */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "fi/choice.h"
#include "fi/fault.h"
#include "harness/world/inner.h"
#include "harness/world/objects.h"

/* assert() must count in every build. */
#define check(condition)                                                                \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,       \
                                      #condition), abort()))

#define NS_A_MS INT64_C(1000000)

/* The first question of this name that has it is answered with this. */
static volatile struct {
    const char *point;
    enum fit__what what;
    int64_t value;
    enum fit__until until;
    bool open;
} wish;

static int grant(struct fit__question *q)
{
    for (unsigned i = 0; wish.open && i < q->count; i++) {
        const struct fit__alternative *a = &q->alternatives[i];
        if (strcmp(q->point, wish.point) || a->what != wish.what || a->value != wish.value
            || a->until != wish.until)
            continue;
        wish.open = false;
        return (int)i;
    }
    return -1;
}

static void wish_for(const char *point, enum fit__what what, int64_t value)
{
    wish.point = point;
    wish.what = what;
    wish.value = value;
    wish.until = FIT_U_ONCE;
    wish.open = true;
    fit__chooser = grant;
}

static void from_here_on(const char *point, int64_t value)
{
    wish_for(point, FIT_W_ERROR, value);
    wish.until = FIT_U_ONWARDS;
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    check(!clock_gettime(clock, &now));
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- threads ----------------------------------------------------------------------------- */

static void *tell_time(void *arg)
{
    *(int64_t *)arg = now_ns(CLOCK_MONOTONIC);
    return NULL;
}

static void threads_start_late_or_never(void *arg)
{
    int64_t began = 0, before = now_ns(CLOCK_MONOTONIC);
    pthread_t thread;
    (void)arg;
    wish_for("pthread_create", FIT_W_DELAY, FIT_BUSY_MS);
    check(!pthread_create(&thread, NULL, tell_time, &began));
    check(!pthread_join(thread, NULL) && began - before >= FIT_BUSY_MS * NS_A_MS);
    from_here_on("pthread_create", EAGAIN);
    check(pthread_create(&thread, NULL, tell_time, &began) == EAGAIN);
    check(pthread_create(&thread, NULL, tell_time, &began) == EAGAIN);
    fit__faults_lift();
    check(!pthread_create(&thread, NULL, tell_time, &began) && !pthread_join(thread, NULL));
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    wish_for("pthread_setaffinity_np", FIT_W_ERROR, EINVAL);
    check(pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus) == EINVAL);
    check(!pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus));
}

static void others_have_the_lock(void *arg)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t mutex;
    struct timespec until;
    (void)arg;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    check(!pthread_mutex_init(&mutex, &attr));
    wish_for("pthread_mutex_trylock", FIT_W_ERROR, EBUSY);
    check(pthread_mutex_trylock(&mutex) == EBUSY);
    check(!pthread_mutex_trylock(&mutex) && !pthread_mutex_unlock(&mutex));
    int64_t before = now_ns(CLOCK_REALTIME);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 3;
    wish_for("pthread_mutex_timedlock", FIT_W_ERROR, ETIMEDOUT);
    check(pthread_mutex_timedlock(&mutex, &until) == ETIMEDOUT);
    check(now_ns(CLOCK_REALTIME) - before >= 3000 * NS_A_MS);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    check(!pthread_mutex_init(&mutex, &attr));
    wish_for("pthread_mutex_lock", FIT_W_ERROR, EOWNERDEAD);
    check(pthread_mutex_lock(&mutex) == EOWNERDEAD && !pthread_mutex_consistent(&mutex));
    check(!pthread_mutex_unlock(&mutex) && !pthread_mutex_lock(&mutex));
    check(!pthread_mutex_unlock(&mutex));
    wish_for("pthread_mutex_lock", FIT_W_ERROR, EOWNERDEAD);
    check(pthread_mutex_lock(&mutex) == EOWNERDEAD && !pthread_mutex_unlock(&mutex));
    check(pthread_mutex_lock(&mutex) == ENOTRECOVERABLE);
    /* One that only this process has is nobody else's. */
    pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
    wish_for("pthread_mutex_trylock", FIT_W_ERROR, EBUSY);
    check(!pthread_mutex_trylock(&own) && wish.open);
}

/* ---- time and chance --------------------------------------------------------------------- */

static void clocks_tick(void *arg)
{
    const int64_t tick = FIT_TICK_MS * NS_A_MS;
    const struct timespec a_little = { 0, 1000 };
    (void)arg;
    wish_for("clock", FIT_W_DELAY, FIT_TICK_MS);
    nanosleep(&a_little, NULL);
    check(!wish.open);
    int64_t start = now_ns(CLOCK_MONOTONIC);
    check(now_ns(CLOCK_MONOTONIC) == start);         /* it costs a little, but nobody sees it */
    nanosleep(&a_little, NULL);
    check(now_ns(CLOCK_MONOTONIC) - start == tick);
    for (int i = 0; i < 100000 && now_ns(CLOCK_MONOTONIC) - start < 3 * tick; i++) { }
    check((now_ns(CLOCK_MONOTONIC) - start) % tick == 0 && now_ns(CLOCK_MONOTONIC) > start + tick);
}

static void sleeps_are_longer(void *arg)
{
    const struct timespec a_little = { 0, 1000 };
    int64_t before = now_ns(CLOCK_MONOTONIC);
    (void)arg;
    wish_for("nanosleep", FIT_W_DELAY, 1000);
    check(!nanosleep(&a_little, NULL) && now_ns(CLOCK_MONOTONIC) - before >= 1000 * NS_A_MS);
    wish_for("clock", FIT_W_DELAY, ((INT64_C(1) << 31) - 1 - FIT_REALTIME_START_S) * 1000);
    int fds[2];
    char byte;
    struct timespec soon = { 0, 1000 };
    check(!pipe(fds) && pselect(0, NULL, NULL, NULL, &soon, NULL) == 0 && !wish.open);
    check(time(NULL) >= INT32_MAX && time(NULL) < INT32_MAX + INT64_C(60));
    check(write(fds[1], "x", 1) == 1 && read(fds[0], &byte, 1) == 1);
    close(fds[0]);
    close(fds[1]);
}

static void on_signal(int signal) { (void)signal; }

static void chance_fails(void *arg)
{
    char much[1000];
    (void)arg;
    wish_for("getrandom", FIT_W_SHORT, FIT_CHANCE_PIECE);
    check(getrandom(much, sizeof much, 0) == sizeof much);       /* no signal is handled */
    signal(SIGTERM, on_signal);
    check(getrandom(much, sizeof much, 0) == FIT_CHANCE_PIECE && !wish.open);
    signal(SIGTERM, SIG_DFL);
    wish_for("getrandom", FIT_W_ERROR, EAGAIN);
    check(getrandom(much, 16, 0) == 16 && wish.open);
    check(getrandom(much, 16, GRND_NONBLOCK) < 0 && errno == EAGAIN);
    from_here_on("getrandom", ENOSYS);
    check(getrandom(much, 16, 0) < 0 && errno == ENOSYS);
    check(getrandom(much, 16, 0) < 0 && errno == ENOSYS && !getentropy(much, 16));
    fit__faults_lift();
    check(getrandom(much, 16, 0) == 16);
}

/* ---- the machine ------------------------------------------------------------------------- */

static void users_are_not_found(void *arg)
{
    struct passwd entry, *found;
    char room[4096], name[HOST_NAME_MAX];
    (void)arg;
    wish_for("getpwuid_r", FIT_W_ERROR, ERANGE);
    check(getpwuid_r(0, &entry, room, sizeof room, &found) == ERANGE && !found);
    check(!getpwuid_r(0, &entry, room, sizeof room, &found) && found == &entry);
    wish_for("getpwnam", FIT_W_ERROR, EMFILE);
    check(!getpwnam("root") && errno == EMFILE && getpwnam("root"));
    wish_for("gethostname", FIT_W_ERROR, ENAMETOOLONG);
    check(gethostname(name, sizeof name) < 0 && errno == ENAMETOOLONG);
    check(!memcmp(name, "servicex", 8) && !gethostname(name, sizeof name));
    check(!strcmp(name, "service"));
    unsigned number = if_nametoindex("lo");
    wish_for("if_nametoindex", FIT_W_ERROR, ENODEV);
    check(number && !if_nametoindex("lo") && errno == ENODEV);
    wish_for("if_indextoname", FIT_W_ERROR, ENXIO);
    check(!if_indextoname(number, name) && errno == ENXIO && if_indextoname(number, name));
}

int main(void)
{
#define RUN(body) (check(fit__world_new() == 0), fit__world_run(body, NULL), fit__world_drop(), \
                   puts("ok " #body))
    RUN(threads_start_late_or_never);
    RUN(others_have_the_lock);
    RUN(clocks_tick);
    RUN(sleeps_are_longer);
    RUN(chance_fails);
    RUN(users_are_not_found);
    return 0;
}
