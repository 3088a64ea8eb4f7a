/* idle.c - an idle libuv loop with a timer that ticks each second, for one virtual hour. Prints
 * the real nanoseconds that the loop took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>
#include <faulttest.h>
#include <uv.h>

#include "fi/raw.h"

enum { TICK_MS = 1000, TICKS = 3600 };

static unsigned ticks;
static int64_t took;

/* Past the simulated clock. */
static int64_t real_now(void)
{
    struct timespec t;
    fit__raw(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void on_tick(uv_timer_t *timer)
{
    if (++ticks == TICKS) uv_close((uv_handle_t *)timer, NULL);
}

static void idles(void **state)
{
    uv_loop_t loop;
    uv_timer_t timer;
    uint64_t start;
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, on_tick, TICK_MS, TICK_MS);
    start = uv_now(&loop);
    took = real_now();
    uv_run(&loop, UV_RUN_DEFAULT);
    took = real_now() - took;
    assert_int_equal(ticks, TICKS);
    assert_true(uv_now(&loop) - start >= (uint64_t)TICKS * TICK_MS);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(idles) };
    int failed = fit_run_group_tests(tests, NULL, NULL);
    printf("%lld\n", (long long)took);
    return failed;
}
