/* Callbacks that libuv delivers: their names, their thunks, and how they fail. */
#include "tests/unit/loops_world.h"

static char seen_last[64];

static void look_around(uv_timer_t *timer)
{
    const char *last = fit__last_callback();
    snprintf(seen_last, sizeof seen_last, "%s", last ? last : "none");
    uv_close((uv_handle_t *)timer, closed);
}

static void scenario_look(void)
{
    uv_timer_init(loop, &first);
    uv_timer_init(loop, &second);
    uv_timer_start(&first, close_timer, 0, 0);
    uv_timer_start(&second, look_around, 0, 0);
    uv_run(loop, UV_RUN_DEFAULT);
}

static char traced[512];
static void keep_trace(const char *kind, int fd, const char *text)
{
    (void)fd;
    size_t used = strlen(traced);
    snprintf(traced + used, sizeof traced - used, "%s %s\n", kind, text);
}

static void callbacks_have_names(void **state)
{
    (void)state;
    fit__tracing = true;
    fit__trace_listener = keep_trace;
    in_world(scenario_look, NULL, NULL);
    fit__tracing = false;
    assert_string_equal(seen_last, "close_timer");
    assert_non_null(strstr(traced, "-- cb uv_timer_cb      close_timer\n"));
    assert_non_null(strstr(traced, "-- cb uv_close_cb      closed\n"));
    fit__active = true;
    assert_string_equal(fit__last_callback(), "closed");
    fit__loops_reset();
    assert_null(fit__last_callback());
    fit__active = false;
}

static jmp_buf out;
static void jumps(uv_timer_t *timer) { (void)timer; longjmp(out, 1); }

static void scenario_jump(void)
{
    uv_timer_init(loop, &first);
    uv_timer_start(&first, jumps, 0, 0);
    if (!setjmp(out)) uv_run(loop, UV_RUN_DEFAULT);
    assert_true(fit__turn_allowed());
    turns = 0;
    uv_close((uv_handle_t *)&first, closed);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(turns, 1);
}

static void jumped_out_callback_is_forgotten(void **state)
{
    (void)state;
    in_world(scenario_jump, NULL, NULL);
}

static uv_timer_cb stored(uv_timer_cb callback)
{
    uv_timer_start(&first, callback, 1000, 0);
    return first.timer_cb;
}

static void scenario_identity(void)
{
    uv_timer_init(loop, &first);
    uv_timer_cb thunk = stored(close_timer);
    assert_true(thunk != close_timer);
    assert_true(stored(look_around) != thunk);
    assert_true(stored(close_timer) == thunk);
    assert_true(stored(thunk) == thunk);
    fit__guard->exempt = true;
    assert_true(stored(close_timer) == close_timer);
    fit__guard->exempt = false;
    uv_close((uv_handle_t *)&first, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}

static void same_function_same_thunk(void **state)
{
    (void)state;
    in_world(scenario_identity, NULL, NULL);
}

static void gives_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    static char bytes[16];
    (void)handle; (void)size;
    tell("alloc ");
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    tell("read=%zd ", got);
    uv_close((uv_handle_t *)stream, closed);
}

static void scenario_read(void)
{
    uv_pipe_t stream;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    uv_pipe_init(loop, &stream, 0);
    assert_int_equal(uv_pipe_open(&stream, fds[0]), 0);
    uv_read_start((uv_stream_t *)&stream, gives_buffer, on_read);
    tell("run=%d ", uv_run(loop, UV_RUN_DEFAULT));
    close(fds[1]);
}

static void no_buffer(void **state)
{
    (void)state;
    same_story(scenario_read, "alloc read=1 closed run=0 ");
    in_world(scenario_read, NULL, "uv_alloc_cb");
    char expected[64];
    snprintf(expected, sizeof expected, "read=%d closed run=0 ", UV_ENOBUFS);
    assert_string_equal(story, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callbacks_have_names),
        cmocka_unit_test(jumped_out_callback_is_forgotten),
        cmocka_unit_test(same_function_same_thunk),
        cmocka_unit_test(no_buffer),
    };
    return cmocka_run_group_tests_name("uv_callbacks", tests, NULL, NULL);
}
