/* idle.h - what these programs share: an hour of virtual time in which nothing happens but a tick
 * each second, as the loop of one library has it. Each prints the nanoseconds of processor time
 * that it took. A program defines start(), idle() and end(); only idle() is measured. */
#ifndef TESTS_BENCH_IDLE_H
#define TESTS_BENCH_IDLE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>

#include "fi/raw.h"

#define SERVER "10.0.0.7"
enum { TICK_MS = 1000, TICKS = 3600 };

enum { HOUR_S = TICKS * TICK_MS / 1000 };

static void start(void);
static void idle(void);
static void end(void);
static unsigned ticks;

/* A server with a client, to which it has nothing to say: to the end of the stream. */
static inline void says_nothing(int fd, void *arg)
{
    char bytes[256];
    (void)arg;
    while (read(fd, bytes, sizeof bytes) > 0) { }
}

static inline int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* Past the simulated clock. */
static inline int64_t spent(void)
{
    struct timespec t;
    fit__raw(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &t);
    return ns_of(&t);
}

static inline int64_t virtual_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return ns_of(&t);
}

static int64_t took;

static void idles(void **state)
{
    (void)state;
    start();
    int64_t began = virtual_now();
    took = spent();
    idle();
    took = spent() - took;
    assert_int_equal(ticks, TICKS);
    assert_true(virtual_now() - began >= (int64_t)(TICKS - 1) * TICK_MS * 1000000);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(idles) };
    int failed = fit_run_group_tests(tests, NULL, NULL);
    printf("%lld\n", (long long)took);
    return failed;
}

#endif
