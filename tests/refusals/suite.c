/* suite.c - tests that must not be swept, each for a reason of its own, and two that must. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>

static void opens_one(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0) close(fd);
}

static void passes(void **state)
{
    (void)state;
    opens_one();
}

static void fails(void **state)
{
    (void)state;
    opens_one();
    assert_int_equal(2, 3);
}

static void forks(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
}

static void *returns(void *arg)
{
    return arg;
}

static void cancels_at_any_time(void **state)
{
    (void)state;
    opens_one();
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
}

static void cancels_the_test(void **state)
{
    (void)state;
    opens_one();
    pthread_cancel(pthread_self());
}

static void brings_its_stack(void **state)
{
    static char stack[256 * 1024] __attribute__((aligned(4096)));
    pthread_attr_t attributes;
    pthread_t thread;
    (void)state;
    opens_one();
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, sizeof stack);
    pthread_create(&thread, &attributes, returns, NULL);
}

static void raises_its_priority(void **state)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    (void)state;
    opens_one();
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_PROTECT);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutex_lock(&mutex);
}

static void writes_a_file(void **state)
{
    (void)state;
    int fd = open("out.txt", O_CREAT | O_WRONLY, 0600);
    if (fd >= 0) close(fd);
}

static void sleeps_for_ever(void **state)
{
    (void)state;
    for (;;) sleep(10);
}

static void computes_for_ever(void **state)
{
    (void)state;
    for (volatile long i = 0;; i++) { }
}

static void waits_for_ever(void **state)
{
    int ends[2];
    char byte;
    (void)state;
    if (pipe(ends) == 0 && read(ends[0], &byte, 1) < 0) return;
}

/* Something real that no run shares with another: the number of the process. */
static void differs(void **state)
{
    static const char path[] = "/proc/self/stat";
    int pid = 0;
    (void)state;
    FILE *f = fopen(path, "r");
    if (!f) return;
    if (fscanf(f, "%d", &pid) == 1) poll(NULL, 0, pid % 1000);
    fclose(f);
}

#ifdef LATE
/* Only after two runs that were alike. */
static int *runs;

static void differs_late(void **state)
{
    int ends[2];
    (void)state;
    if (++*runs > 2 && pipe(ends) == 0) {
        close(ends[0]);
        close(ends[1]);
    }
    opens_one();
}
#endif

static void skips(void **state)
{
    (void)state;
    skip();
}

static void crashes(void **state)
{
    int *volatile nowhere = NULL;
    (void)state;
    *nowhere = 1;                        /* NOLINT: on purpose */
}

static void crashes_in_a_call(void **state)
{
    const struct itimerspec *volatile nowhere = (const struct itimerspec *)(uintptr_t)8;
    (void)state;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(fd, 0, nowhere, NULL);
    close(fd);
}

static void calls_nothing(void **state)
{
    (void)state;
    assert_int_equal(1, 1);
}

static void passes_too(void **state)
{
    (void)state;
    opens_one();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes), cmocka_unit_test(fails), cmocka_unit_test(forks),
        cmocka_unit_test(cancels_at_any_time), cmocka_unit_test(cancels_the_test),
        cmocka_unit_test(brings_its_stack), cmocka_unit_test(raises_its_priority),
        cmocka_unit_test(writes_a_file), cmocka_unit_test(sleeps_for_ever),
        cmocka_unit_test(computes_for_ever), cmocka_unit_test(waits_for_ever),
        cmocka_unit_test(differs), cmocka_unit_test(skips), cmocka_unit_test(crashes),
        cmocka_unit_test(crashes_in_a_call),
        cmocka_unit_test(calls_nothing), cmocka_unit_test(passes_too),
#ifdef LATE
        cmocka_unit_test(differs_late),
    };
    runs = mmap(NULL, sizeof *runs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#else
    };
#endif
    return fit_run_group_tests(tests, NULL, NULL);
}
