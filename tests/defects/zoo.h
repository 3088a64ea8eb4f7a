/* zoo.h - what the programs of this folder include: system headers, CMocka, ours, and a few
 * helpers that are right, so that each program shows its own mistake and nothing else. */
#ifndef TESTS_DEFECTS_ZOO_H
#define TESTS_DEFECTS_ZOO_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>
#include <faulttest/point.h>

#define SERVER "10.0.0.7"
#define PATIENCE_MS 5000

/* A program of one strict test. */
#define ZOO_MAIN(test)                                                       \
    int main(void)                                                           \
    {                                                                        \
        const struct CMUnitTest tests[] = { cmocka_unit_test(test) };        \
        return fit_run_group_tests(tests, NULL, NULL);                       \
    }

static inline struct sockaddr_in ip4(const char *ip, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    inet_pton(AF_INET, ip, &a.sin_addr);
    return a;
}

/* Waits for `events` on `fd`: 0 or a negative errno. */
static inline int await(int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };
    int n = poll(&p, 1, PATIENCE_MS);
    return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

/* A non-blocking connection to the server: a descriptor or a negative errno. */
static inline int dial(const char *ip, int port)
{
    struct sockaddr_in a = ip4(ip, port);
    int err = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof err;
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0) return fd;
    if (errno != EINPROGRESS) err = errno;
    else if ((err = -await(fd, POLLOUT)) == 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);
    if (!err) return fd;
    close(fd);
    return -err;
}

/* Sends all of it: 0 or a negative errno. */
static inline int put(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) return -errno;
        if (n < 0) {
            int err = await(fd, POLLOUT);
            if (err) return err;
            continue;
        }
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Some bytes: their number, 0 at the end of the stream, or a negative errno. */
static inline ssize_t take(int fd, char *buffer, size_t size)
{
    for (;;) {
        ssize_t n = recv(fd, buffer, size, 0);
        if (n >= 0) return n;
        if (errno != EAGAIN) return -errno;
        int err = await(fd, POLLIN);
        if (err) return err;
    }
}

/* A line with its '\n' into `line`, its length into *have: 0 or a negative errno. */
static inline int take_line(int fd, char *line, size_t size, size_t *have)
{
    for (*have = 0; !*have || line[*have - 1] != '\n'; ) {
        if (*have == size) return -EMSGSIZE;
        ssize_t n = take(fd, line + *have, 1);
        if (n <= 0) return n ? (int)n : -ECONNRESET;
        *have += (size_t)n;
    }
    return 0;
}

static inline void told(struct fit_op *op, int err, const void *result, size_t size)
{
    if (err) fit_op_failed(op, -err, strerror(-err), NULL);
    else     fit_op_succeeded(op, result, size);
}

#endif
