/* A blocking client that waits for its answer as long as it takes. When the server says nothing
 * more, it takes for ever.
 * expect: hang
 * repaired: reported
 */
#include "zoo.h"

static int ask(char *line, size_t size, size_t *have)
{
    struct timeval patience = { .tv_sec = 5 };
    int fd = dial(SERVER, 7), err = 0;
    ssize_t n;
    if (fd < 0) return fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
#ifdef REPAIRED
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
#else
    (void)patience;
#endif
    while (*have < size && (!*have || line[*have - 1] != '\n')) {
        n = recv(fd, line + *have, size - *have, 0);
        if (n <= 0) {
            err = n == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
            break;
        }
        *have += (size_t)n;
    }
    close(fd);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    fit_require_details("cause");
    struct fit_op *op = fit_op("ask");
    int err = ask(line, sizeof line, &have);
    told(op, err, line, have);
}
ZOO_MAIN(asks)
