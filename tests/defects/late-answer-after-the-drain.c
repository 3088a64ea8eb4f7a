/* Two questions on one connection. When the first is not answered in time, what may have come just
 * now is read and dropped, and the next is asked; an answer that comes later still is taken for the
 * answer to the second. The repaired one opens a new connection.
 * expect: swallowed
 * repaired: reported unaffected
 */
#include "zoo.h"

enum { TIME_MS = 200 };

static int ask(int fd, const char *question, char *answer)
{
    int err = put(fd, question, 1);
    while (!err) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int n = poll(&p, 1, TIME_MS);
        if (n == 0) return -ETIMEDOUT;
        if (n < 0 && errno == EINTR) continue;
        ssize_t got = n < 0 ? -1 : recv(fd, answer, 1, 0);
        if (got > 0) return 0;
        if (got == 0) return -ECONNRESET;
        if (errno != EAGAIN) err = -errno;
    }
    return err;
}
static int again(int *fd)
{
#ifdef REPAIRED
    close(*fd);
    *fd = dial(SERVER, 7);
    return *fd < 0 ? *fd : 0;
#else
    char dropped[16];
    while (recv(*fd, dropped, sizeof dropped, 0) > 0) continue;
    return 0;
#endif
}

/* Serves connections until there are no more. */
static void echo(int fd, void *arg)
{
    char byte;
    (void)arg;
    while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1) continue;
}

static void asks(void **state)
{
    char first = 0, answer[2] = "-";
    (void)state;
    fit_peer(SERVER ":7", echo, NULL);
    struct fit_op *op = fit_op("questions");
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : ask(fd, "a", &first);
    answer[0] = 'a';                     /* it is optional */
    if (fd >= 0 && err == -ETIMEDOUT) err = again(&fd);
    if (!err) err = ask(fd, "b", &answer[1]);
    if (fd >= 0) close(fd);
    told(op, err, answer, sizeof answer);
}
ZOO_MAIN(asks)
