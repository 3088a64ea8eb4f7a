/* Tests that the two kernels agree on, one that depends on chance, and two with peers. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <faulttest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 47613 };

static int bound_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    getsockname(fd, (struct sockaddr *)&address, &size);
    close(fd);
    return ntohs(address.sin_port);
}

static void writes_by_chance(void **state)
{
    static char zeros[65536];
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(write(ends[1], "before", 6) == 6);
    assert_true(write(ends[1], zeros, (size_t)(bound_port() - 30000)) > 0);
    close(ends[0]);
    close(ends[1]);
}

static void *drain(void *arg)
{
    static char buffer[4096];
    long total = 0;
    for (ssize_t n; (n = read(*(int *)arg, buffer, sizeof buffer)) > 0; ) total += n;
    return (void *)total;
}

/* More than a socket holds: both sides must wait for each other. */
static void streams_between_threads(void **state)
{
    static char data[1 << 20];
    pthread_t thread;
    void *total;
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pthread_create(&thread, NULL, drain, &ends[0]), 0);
    assert_int_equal(write(ends[1], data, sizeof data), sizeof data);
    close(ends[1]);
    pthread_join(thread, &total);
    close(ends[0]);
    assert_int_equal((long)total, sizeof data);
}

static void asks(const char *address, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    char line[16];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, address, &a.sin_addr);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0) {
        send(fd, "TIME\n", 5, MSG_NOSIGNAL);
        assert_int_equal(recv(fd, line, sizeof line, 0), 6);
    }
    close(fd);
}

static const struct fit_reply noon[] = { { .until = "TIME\n", .send = "12:00\n" }, { 0 } };

static void asks_here(void **state)
{
    (void)state;
    fit_peer_replies("127.0.0.1:47613", noon);
    asks("127.0.0.1", PORT);
}

static void asks_elsewhere(void **state)
{
    (void)state;
    fit_peer_replies("clock.test:37", noon);
    asks("10.0.0.3", 37);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_by_chance), cmocka_unit_test(streams_between_threads),
        cmocka_unit_test(asks_here), cmocka_unit_test(asks_elsewhere),
    };
    return fit_run_group_tests(tests, NULL, NULL);
}
