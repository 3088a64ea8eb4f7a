/* A CMocka suite as projects have them: fixtures, mocks, a loop that the group's setup makes,
 * assertions inside callbacks, one test that needs what is not simulated, one that fails. It knows
 * nothing of Faulttest. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

/* ---- the product: counts the lines that come through a pair of sockets -------------------- */

struct counter { int in, out, ready; };

/* The product's own way to the configuration: a mock in this suite. */
int config_number(const char *key);

static int counter_open(struct counter *counter)
{
    int both[2];
    struct epoll_event event = { .events = EPOLLIN };
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, both) < 0) return -errno;
    counter->in = both[0];
    counter->out = both[1];
    counter->ready = epoll_create1(EPOLL_CLOEXEC);
    if (counter->ready < 0) return -errno;           /* the bug: both[] stay open */
    event.data.fd = counter->in;
    return epoll_ctl(counter->ready, EPOLL_CTL_ADD, counter->in, &event) < 0 ? -errno : 0;
}

static void counter_close(struct counter *counter)
{
    if (counter->in >= 0) close(counter->in);
    if (counter->out >= 0) close(counter->out);
    if (counter->ready >= 0) close(counter->ready);
}

/* The number of lines, or -errno. */
static int counter_read(struct counter *counter)
{
    int limit = config_number("limit"), lines = 0;
    char bytes[64];
    ssize_t size = recv(counter->in, bytes, sizeof bytes, 0);
    if (size < 0) return -errno;
    for (ssize_t i = 0; i < size; i++) lines += bytes[i] == '\n';
    return lines > limit ? config_number("maximum") : lines;
}

/* ---- mocks ------------------------------------------------------------------------------- */

int config_number(const char *key)
{
    check_expected(key);
    return mock_type(int);
}

/* ---- fixtures ---------------------------------------------------------------------------- */

static uv_loop_t *loop;
static unsigned set_up;

static int make_loop(void **state)
{
    loop = malloc(sizeof *loop);
    *state = loop;
    printf("group set-up %u\n", ++set_up);
    return loop ? uv_loop_init(loop) : -1;
}

static int close_loop(void **state)
{
    int rc = uv_loop_close(*state);
    free(*state);
    return rc;
}

static int open_counter(void **state)
{
    struct counter *counter = malloc(sizeof *counter);
    *counter = (struct counter){ -1, -1, -1 };
    *state = counter;
    return counter_open(counter);
}

static int close_counter(void **state)
{
    counter_close(*state);
    free(*state);
    return 0;
}

/* ---- tests ------------------------------------------------------------------------------- */

static void adds(void **state)
{
    (void)state;
    assert_int_equal(2 + 2, 4);
}

static void counts(void **state)
{
    struct counter *counter = *state;
    expect_string(config_number, key, "limit");
    will_return(config_number, 10);
    assert_int_equal(send(counter->out, "a\nb\n", 4, 0), 4);
    assert_int_equal(counter_read(counter), 2);
}

/* Without a socket the second answer of the mock is never asked for. */
static void counts_too_many(void **state)
{
    struct counter *counter = *state;
    int extra = -1;
    expect_string(config_number, key, "limit");
    expect_string(config_number, key, "maximum");
    will_return(config_number, 1);
    will_return(config_number, 1);
    send(counter->out, "a\nb\n", 4, 0);
    extra = socket(AF_INET, SOCK_STREAM, 0);
    if (extra < 0) return;
    close(extra);
    assert_int_equal(counter_read(counter), 1);
}

static void opens(void **state)
{
    struct counter counter = { -1, -1, -1 };
    (void)state;
    if (counter_open(&counter) == 0) counter_close(&counter);
}

static void on_tick(uv_timer_t *timer)
{
    assert_int_equal(send(*(int *)timer->data, "x", 1, MSG_NOSIGNAL), 1);
    uv_close((uv_handle_t *)timer, NULL);
}

static void ticks(void **state)
{
    struct counter counter = { -1, -1, -1 };
    uv_timer_t timer;
    assert_ptr_equal(*state, loop);
    assert_int_equal(counter_open(&counter), 0);
    assert_int_equal(uv_timer_init(loop, &timer), 0);
    timer.data = &counter.out;
    assert_int_equal(uv_timer_start(&timer, on_tick, 20, 0), 0);
    assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
    counter_close(&counter);
}

static void forks(void **state)
{
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) _exit(0);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void crashes(void **state)
{
    struct counter counter = { -1, -1, -1 };
    int *fds = malloc(sizeof *fds);
    (void)state;
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (fds[0] < 0) {
        free(fds);
        fds = NULL;
    }
    counter.in = *fds;                               /* NOLINT: the bug */
    counter_close(&counter);
    free(fds);
}

#ifdef FAILS
static void fails(void **state)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    close(fd);
    assert_int_equal(2, 3);
}

static void leaves_a_mock(void **state)
{
    (void)state;
    close(socket(AF_INET, SOCK_STREAM, 0));
    will_return(config_number, 1);
}
#endif

int main(void)
{
    const struct CMUnitTest lines[] = {
        cmocka_unit_test(adds),
        cmocka_unit_test_setup_teardown(counts, open_counter, close_counter),
        cmocka_unit_test_setup_teardown(counts_too_many, open_counter, close_counter),
        cmocka_unit_test(opens),
        cmocka_unit_test(ticks),
        cmocka_unit_test(forks),
        cmocka_unit_test(crashes),
#ifdef FAILS
        cmocka_unit_test(fails),
        cmocka_unit_test(leaves_a_mock),
#endif
    };
    return cmocka_run_group_tests(lines, make_loop, close_loop);
}
