/* A libuv program that does nothing unusual: a timer, work in the pool, a server and its client on
 * the loopback, a pipe. Nothing of it may escape, and both kernels must agree on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t loop;
static uv_tcp_t server, client, accepted;
static char heard[16];
static size_t heard_size;
static int ticks, worked;

static void give(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    static char memory[64];
    (void)handle;
    (void)size;
    *buffer = uv_buf_init(memory, sizeof memory);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    if (count > 0 && heard_size + (size_t)count < sizeof heard) {
        memcpy(heard + heard_size, buffer->base, (size_t)count);
        heard_size += (size_t)count;
    }
    if (count >= 0) return;
    uv_close((uv_handle_t *)stream, NULL);
    uv_close((uv_handle_t *)&server, NULL);
}

static void on_connection(uv_stream_t *listener, int status)
{
    assert_int_equal(status, 0);
    uv_tcp_init(&loop, &accepted);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&accepted), 0);
    uv_read_start((uv_stream_t *)&accepted, give, on_read);
}

static void on_written(uv_write_t *request, int status)
{
    assert_int_equal(status, 0);
    uv_close((uv_handle_t *)request->handle, NULL);
}

static void on_connected(uv_connect_t *request, int status)
{
    static uv_write_t write_request;
    uv_buf_t hello = uv_buf_init((char *)"hello", 5);
    assert_int_equal(status, 0);
    uv_write(&write_request, request->handle, &hello, 1, on_written);
}

static void echoes(void **state)
{
    struct sockaddr_in address;
    static uv_connect_t request;
    int size = sizeof address;
    (void)state;
    uv_loop_init(&loop);
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(&loop, &server);
    assert_int_equal(uv_tcp_bind(&server, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server, 8, on_connection), 0);
    uv_tcp_getsockname(&server, (struct sockaddr *)&address, &size);
    uv_tcp_init(&loop, &client);
    uv_tcp_connect(&request, &client, (struct sockaddr *)&address, on_connected);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_memory_equal(heard, "hello", 5);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void on_tick(uv_timer_t *timer)
{
    if (++ticks == 3) uv_close((uv_handle_t *)timer, NULL);
}

static void work(uv_work_t *request)
{
    (void)request;
    worked++;
}

static void after_work(uv_work_t *request, int status)
{
    (void)request;
    assert_int_equal(status, 0);
}

static void ticks_and_works(void **state)
{
    static uv_timer_t timer;
    static uv_work_t request;
    (void)state;
    uv_loop_init(&loop);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, on_tick, 10, 10);
    uv_queue_work(&loop, &request, work, after_work);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(ticks + worked, 4);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void pipes(void **state)
{
    char byte = 0;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(byte, 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echoes), cmocka_unit_test(ticks_and_works), cmocka_unit_test(pipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
