/* On EAGAIN the read is simply tried again, at once, until the data have come. Meanwhile the
 * processor does nothing else.
 * expect: busy-loop
 * options: --mode timeout
 * repaired: reported
 */
#include "zoo.h"

static int ask(char *line, size_t size, size_t *have)
{
    int fd = dial(SERVER, 7), err;
    if (fd < 0) return fd;
    if ((err = await(fd, POLLIN)) != 0) goto out;
    while (*have < size && (!*have || line[*have - 1] != '\n')) {
        ssize_t n = recv(fd, line + *have, size - *have, 0);
        if (n > 0) *have += (size_t)n;
        if (n == 0) err = -ECONNRESET;
        if (n < 0 && errno != EAGAIN) err = -errno;
#ifdef REPAIRED
        if (n < 0 && errno == EAGAIN) err = await(fd, POLLIN);
#endif
        if (err) break;
    }
out:
    close(fd);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:" }, { .send = "00\n" }, { 0 } };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    int err = ask(line, sizeof line, &have);
    told(op, err, line, have);
}
ZOO_MAIN(asks)
