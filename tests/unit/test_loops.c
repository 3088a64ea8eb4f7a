/* Loops of libuv: stepped in a world as they run outside, what turns may do, and the census. */
#include "tests/unit/loops_world.h"

/* ---- libuv: stepped as unstepped --------------------------------------------------------- */

static uv_idle_t idle;
static uv_check_t check;
static uv_prepare_t prepare;
static uv_async_t async;

static void on_prepare(uv_prepare_t *handle) { (void)handle; tell("prepare "); }
static void on_check(uv_check_t *handle) { (void)handle; tell("check "); }
static void on_async(uv_async_t *handle)
{
    tell("async ");
    uv_close((uv_handle_t *)handle, closed);
}


static void on_first(uv_timer_t *timer)
{
    tell("timer%u ", ++count);
    if (count == 2) uv_async_send(&async);
    if (count == 4) uv_close((uv_handle_t *)timer, closed);
}

static void scenario_plain(void)
{
    uv_timer_init(loop, &first);
    uv_async_init(loop, &async, on_async);
    uv_timer_start(&first, on_first, 1, 1);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
}

static void stop_in_timer(uv_timer_t *timer)
{
    tell("stop ");
    uv_close((uv_handle_t *)timer, closed);
    uv_stop(timer->loop);
}

static void scenario_stop(void)
{
    uv_timer_init(loop, &first);
    uv_timer_init(loop, &second);
    uv_prepare_init(loop, &prepare);
    uv_check_init(loop, &check);
    uv_timer_start(&first, stop_in_timer, 3, 0);
    uv_timer_start(&second, on_first, 1000, 0);
    uv_prepare_start(&prepare, on_prepare);
    uv_check_start(&check, on_check);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
    uv_stop(loop);
    tell("stopped=%d ", uv_run(loop, UV_RUN_DEFAULT));
    tell("once=%d ", uv_run(loop, UV_RUN_NOWAIT));
    uv_walk(loop, close_all, NULL);
    tell("end=%d ", uv_run(loop, UV_RUN_DEFAULT));
}

static void stop_in_idle(uv_idle_t *handle)
{
    tell("idle ");
    if (++count == 3) uv_stop(handle->loop);
    if (count == 5) uv_close((uv_handle_t *)handle, closed);
}

static void scenario_stop_in_idle(void)
{
    uv_idle_init(loop, &idle);
    uv_idle_start(&idle, stop_in_idle);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
}

static void nested_in_check(uv_check_t *handle)
{
    tell("check(");
    uv_check_stop(handle);
    if (count++ == 0) uv_stop(handle->loop);      /* used up by the nested run */
    tell("nested=%d ", uv_run(handle->loop, UV_RUN_NOWAIT));
    tell("nested=%d) ", uv_run(handle->loop, UV_RUN_NOWAIT));
    uv_close((uv_handle_t *)handle, closed);
}

static void scenario_nested(void)
{
    uv_timer_init(loop, &first);
    uv_check_init(loop, &check);
    uv_check_start(&check, nested_in_check);
    uv_timer_start(&first, close_timer, 2, 0);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
}

static void on_stat(uv_fs_t *request)
{
    tell("stat=%d ", (int)request->result);
    uv_fs_req_cleanup(request);
}

static void scenario_files(void)
{
    uv_fs_t request;
    assert_int_equal(uv_fs_stat(loop, &request, "/", NULL), 0);
    uv_fs_req_cleanup(&request);
    assert_int_equal(uv_fs_stat(loop, &request, "/", on_stat), 0);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
}

static void stepped_as_unstepped(void **state)
{
    (void)state;
    same_story(scenario_plain, "timer1 timer2 async closed timer3 timer4 closed run=0 ");
    same_story(scenario_stop, "prepare check stop prepare check closed run=1 stopped=1 "
                              "prepare check once=1 closed closed closed end=0 ");
    same_story(scenario_stop_in_idle, "idle idle idle run=1 idle idle closed run=0 ");
    assert_int_equal(turns, 5);
    same_story(scenario_nested, "check(nested=1 timer closed nested=0) closed run=0 ");
    same_story(scenario_work, "after=1/0 run=0 ");
    same_story(scenario_files, "stat=0 run=0 ");
}

/* ---- libuv: what a turn may do ----------------------------------------------------------- */

static void stop_at_second(unsigned turn) { if (turn == 2) uv_stop(loop); }
static void close_at_second(unsigned turn) { if (turn == 2) uv_walk(loop, close_all, NULL); }

static void scenario_idle_for_ever(void)
{
    uv_idle_init(loop, &idle);
    uv_idle_start(&idle, stop_in_idle);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
    at_turn = NULL;
    uv_walk(loop, close_all, NULL);
    tell("end=%d ", uv_run(loop, UV_RUN_DEFAULT));
}

static void scenario_long_timer(void)
{
    uv_timer_init(loop, &first);
    uv_timer_start(&first, close_timer, 1000 * 1000, 0);
    uv_prepare_init(loop, &prepare);
    uv_prepare_start(&prepare, on_prepare);
    uv_async_init(loop, &async, on_async);
    uv_async_send(&async);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
}

static void turn_may_stop_and_close(void **state)
{
    (void)state;
    in_world(scenario_idle_for_ever, stop_at_second, NULL);
    assert_string_equal(story, "idle run=1 closed end=0 ");
    in_world(scenario_long_timer, close_at_second, NULL);
    assert_string_equal(story, "prepare async closed closed closed run=0 ");
}

/* ---- Census ------------------------------------------------------------------------------ */

static void census_of_open_loops(void **state)
{
    struct fit__census_entry entries[8];
    uv_loop_t *memory = calloc(1, sizeof *memory);
    (void)state;
    begin_world();
    assert_int_equal(uv_loop_init(memory), 0);
    uv_timer_init(memory, &first);
    uv_timer_init(memory, &second);
    uv_idle_init(memory, &idle);
    uv_run(memory, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(memory), UV_EBUSY);
    assert_int_equal(fit__uv_busy_closes(), 1);
    assert_int_equal(fit__loops_census(entries, 8), 3);
    assert_string_equal(entries[0].type, "uv_loop_t");
    assert_string_equal(entries[1].type, "uv_idle_t");
    assert_string_equal(entries[2].type, "uv_timer_t");
    assert_int_equal(entries[2].count, 2);
    uv_walk(memory, close_all, NULL);
    uv_run(memory, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(memory), 0);
    assert_int_equal(fit__loops_census(entries, 8), 0);
    assert_int_equal(uv_loop_init(memory), 0);
    uv_timer_init(memory, &first);
    memset(memory, 0x5a, sizeof *memory);                /* as if the memory were reused */
    assert_int_equal(fit__loops_census(entries, 8), 1);
    assert_string_equal(entries[0].type, "uv_loop_t");
    fit__loops_reset();
    assert_int_equal(fit__loops_census(entries, 8), 0);
    fit__active = false;
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stepped_as_unstepped),
        cmocka_unit_test(turn_may_stop_and_close),
        cmocka_unit_test(census_of_open_loops),
    };
    return cmocka_run_group_tests_name("loops", tests, NULL, NULL);
}
