/* idle.c - an idle loop with a timer that ticks each second, for one virtual hour. Prints the
 * real nanoseconds that the loop took. idle [libevent]: libuv's loop, or libevent's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <event2/event.h>
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

static void on_event(evutil_socket_t fd, short what, void *base)
{
    (void)fd;
    (void)what;
    if (++ticks == TICKS) event_base_loopbreak(base);
}

static void idles_on_libevent(void **state)
{
    struct timeval tick = { .tv_sec = TICK_MS / 1000 };
    struct event_base *base = event_base_new();
    struct event *timer = event_new(base, -1, EV_PERSIST, on_event, base);
    (void)state;
    assert_int_equal(event_add(timer, &tick), 0);
    took = real_now();
    event_base_dispatch(base);
    took = real_now() - took;
    assert_int_equal(ticks, TICKS);
    event_free(timer);
    event_base_free(base);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest on_libuv[] = { cmocka_unit_test(idles) };
    const struct CMUnitTest on_libevent[] = { cmocka_unit_test(idles_on_libevent) };
    bool libevent = argc > 1 && !strcmp(argv[1], "libevent");
    int failed = libevent ? fit_run_group_tests(on_libevent, NULL, NULL)
                          : fit_run_group_tests(on_libuv, NULL, NULL);
    printf("%lld\n", (long long)took);
    return failed;
}
