/* libs: libuv */
#include "idle.h"

#include <uv.h>

static uv_loop_t loop;
static uv_timer_t timer;

static void on_tick(uv_timer_t *t)
{
    if (++ticks == TICKS) uv_close((uv_handle_t *)t, NULL);
}

static void start(void)
{
    assert_int_equal(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, on_tick, TICK_MS, TICK_MS);
}

static void idle(void) { uv_run(&loop, UV_RUN_DEFAULT); }
static void end(void) { assert_int_equal(uv_loop_close(&loop), 0); }
