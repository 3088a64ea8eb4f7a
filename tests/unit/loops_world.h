/* tests/unit/loops_world.h - a world for the tests of the loop adapters.
 *
 * There is no simulated kernel here: the libraries run on the real one, "a world" is only the
 * flag that says so, and turns and answers come from this file. Included by one test each. */
#ifndef TESTS_UNIT_LOOPS_WORLD_H
#define TESTS_UNIT_LOOPS_WORLD_H

#include <uv.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fi/choice.h"
#include "fi/guard.h"
#include "fi/kernel.h"
#include "fi/trace.h"
#include "harness/loops/loops.h"

#define UNUSED __attribute__((unused))

const struct fit__kernel fit__kernel_real = { 0 };

static UNUSED char story[4096];             /* what happened, a word each */
static UNUSED unsigned turns;
static UNUSED void (*at_turn)(unsigned turn);
static UNUSED const char *failing_point;    /* the explorer lets this one go wrong */
static UNUSED unsigned asked;
static UNUSED const void *asked_caller;
static UNUSED uv_loop_t *loop;
static UNUSED unsigned count;

static UNUSED void tell(const char *format, ...)
{
    size_t used = strlen(story);
    va_list list;
    va_start(list, format);
    vsnprintf(story + used, sizeof story - used, format, list);
    va_end(list);
}

void fit__turn(void)
{
    turns++;
    if (at_turn) at_turn(turns);
}

static UNUSED int chooser(struct fit__question *q)
{
    if (!failing_point || strcmp(q->point, failing_point) != 0) return -1;
    asked++;
    asked_caller = q->caller;
    return 0;
}

static UNUSED void begin_world(void)
{
    story[0] = 0;
    turns = asked = count = 0;
    failing_point = NULL;
    at_turn = NULL;
    fit__chooser = chooser;
    fit__active = true;
    fit__loops_reset();
}

/* Time does not pass where something comes late: it is told. */
static UNUSED int sleeps(int64_t ns)
{
    tell("slept%lld ", (long long)ns / 1000000);
    return 0;
}
static UNUSED const struct fit__kernel telling = { .sleep = sleeps };

static UNUSED uv_timer_t first, second;

static UNUSED void closed(uv_handle_t *handle) { (void)handle; tell("closed "); }

static UNUSED void close_all(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) uv_close(handle, closed);
}

static UNUSED void close_timer(uv_timer_t *timer)
{
    tell("timer ");
    uv_close((uv_handle_t *)timer, closed);
}

static UNUSED void work(uv_work_t *request) { *(int *)request->data = 1; }
static UNUSED void after_work(uv_work_t *request, int status)
{
    tell("after=%d/%d ", *(int *)request->data, status);
}

static UNUSED void scenario_work(void)
{
    uv_work_t request;
    int done = 0;
    request.data = &done;
    assert_int_equal(uv_queue_work(loop, &request, work, after_work), 0);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
}

/* Runs `scenario` with a loop, in a world or outside. */
static UNUSED void run_scenario(void (*scenario)(void), bool world)
{
    uv_loop_t memory;
    begin_world();
    fit__active = world;
    loop = &memory;
    assert_int_equal(uv_loop_init(loop), 0);
    scenario();
    assert_int_equal(uv_loop_close(loop), 0);
    fit__active = false;
}

/* Outside and in a world, stepped, it must tell the same story. */
static UNUSED void same_story(void (*scenario)(void), const char *expected)
{
    run_scenario(scenario, false);
    assert_string_equal(story, expected);
    assert_int_equal(turns, 0);
    run_scenario(scenario, true);
    assert_string_equal(story, expected);
    assert_true(turns > 0);
}

/* In a world in which this happens at each turn, and this point goes wrong. */
static UNUSED void in_world(void (*scenario)(void), void (*turn)(unsigned), const char *point)
{
    uv_loop_t memory;
    begin_world();
    at_turn = turn;
    failing_point = point;
    loop = &memory;
    assert_int_equal(uv_loop_init(loop), 0);
    scenario();
    assert_int_equal(uv_loop_close(loop), 0);
    fit__active = false;
}

#endif
