/* A program that likes io_uring, by liburing's own instructions and by syscall(), and does without
 * where there is none. packages: liburing-dev */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#ifdef STRICT
#include <faulttest.h>
#endif
#include <liburing.h>

static ssize_t by_ring(struct io_uring *ring, int fd, char *bytes, size_t size)
{
    struct io_uring_sqe *ask = io_uring_get_sqe(ring);
    struct io_uring_cqe *answer;
    io_uring_prep_recv(ask, fd, bytes, size, 0);
    io_uring_submit(ring);
    if (io_uring_wait_cqe(ring, &answer)) return -1;
    ssize_t n = answer->res;
    io_uring_cqe_seen(ring, answer);
    return n;
}

static void receives(void **state)
{
    char bytes[8] = "";
    struct io_uring ring;
    int ends[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return;
    int error = io_uring_queue_init(4, &ring, 0);
    assert_int_equal(send(ends[0], "hello", 5, MSG_NOSIGNAL), 5);
    ssize_t n = error ? recv(ends[1], bytes, 5, 0) : by_ring(&ring, ends[1], bytes, 5);
    if (!error) io_uring_queue_exit(&ring);
    assert_true(n > 0);
    assert_memory_equal(bytes, "hello", (size_t)n);
    close(ends[0]);
    close(ends[1]);
#ifdef WITHOUT
    assert_int_equal(error, -ENOSYS);
#endif
}

static void asks_by_number(void **state)
{
    struct io_uring_params params = { 0 };
    (void)state;
    int fd = dup(0);
    if (fd >= 0) close(fd);
    long ring = syscall(SYS_io_uring_setup, 4, &params);
    if (ring >= 0) close((int)ring);
#ifdef WITHOUT
    assert_int_equal(ring, -1);
    assert_int_equal(errno, ENOSYS);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(receives),
                                        cmocka_unit_test(asks_by_number) };
#ifdef STRICT
    return fit_run_group_tests(tests, NULL, NULL);
#else
    return cmocka_run_group_tests(tests, NULL, NULL);
#endif
}
