/* "This cannot fail": an assert() on the result of a read. What the outside world can cause is an
 * error and no broken invariant.
 * expect: abort
 * repaired: reported
 */
#include "zoo.h"

static int ask(char *line, size_t size, ssize_t *have)
{
    int fd = dial(SERVER, 7);
    if (fd < 0) return fd;
    *have = take(fd, line, size);
#ifdef REPAIRED
    if (*have <= 0) {
        close(fd);
        return *have ? (int)*have : -ECONNRESET;
    }
#else
    assert(*have > 0);
#endif
    close(fd);
    return 0;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "x" }, { 0 } };
    char line[32];
    ssize_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    int err = ask(line, sizeof line, &have);
    told(op, err, line, err ? 0 : (size_t)have);
}
ZOO_MAIN(asks)
