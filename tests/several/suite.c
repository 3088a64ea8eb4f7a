/* A client that makes three attempts, on a descriptor of its own each, and forgets the one of its
 * third failure: the leak takes three faults. Its other test is right. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>

enum { ATTEMPTS = 3, PATIENCE_MS = 5000 };

static int answer(int fd, char *line)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
    inet_pton(AF_INET, "10.0.0.7", &to.sin_addr);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) return -errno;
    struct pollfd in = { .fd = fd, .events = POLLIN };
    if (poll(&in, 1, PATIENCE_MS) != 1) return -ETIMEDOUT;
    ssize_t n = recv(fd, line, 1, 0);
    return n < 0 ? -errno : n == 0 ? -ECONNRESET : 0;
}

static void asks(int forgets)
{
    static const struct fit_reply hello[] = { { .send = "h" }, { 0 } };
    char line[1];
    int err = -1;
    fit_peer_replies("10.0.0.7:7", hello);
    struct fit_op *op = fit_op("ask");
    for (int attempt = 1; err && attempt <= ATTEMPTS; attempt++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0) {
            err = -errno;
            break;
        }
        err = answer(fd, line);
        if (!err || attempt < ATTEMPTS || !forgets) close(fd);
    }
    if (err) fit_op_failed(op, err, strerror(-err), NULL);
    else     fit_op_succeeded(op, line, sizeof line);
}

static void forgets(void **state)
{
    (void)state;
    asks(1);
}

static void remembers(void **state)
{
    (void)state;
    asks(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(forgets), cmocka_unit_test(remembers) };
    return fit_run_group_tests(tests, NULL, NULL);
}
