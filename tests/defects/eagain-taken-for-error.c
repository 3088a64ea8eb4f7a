/* Readiness is a hint: the read after it may still say EAGAIN. This client gives the whole
 * download up for it, which the test does not accept: an EAGAIN has to be survived.
 * expect: not-recovered
 * repaired: recovered
 */
#include "zoo.h"

static int ask(char *line, size_t size, size_t *have)
{
    int fd = dial(SERVER, 7), err;
    ssize_t n;
    if (fd < 0) return fd;
    for (;;) {
        if ((err = await(fd, POLLIN)) != 0) break;
        n = recv(fd, line + *have, size - *have, 0);
#ifdef REPAIRED
        if (n < 0 && errno == EAGAIN) continue;
#endif
        if (n <= 0) {
            err = n ? -errno : -ECONNRESET;
            break;
        }
        *have += (size_t)n;
        if (line[*have - 1] == '\n') break;
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
    fit_must_recover("recv:error=EAGAIN");
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    int err = ask(line, sizeof line, &have);
    told(op, err, line, have);
}
ZOO_MAIN(asks)
