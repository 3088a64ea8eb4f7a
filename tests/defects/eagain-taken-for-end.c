/* On a non-blocking socket "nothing yet" is -1 with EAGAIN. This loop stops at every result that
 * is not positive, and calls it the end of the data.
 * expect: swallowed
 * options: --mode partial
 * repaired: recovered
 */
#include "zoo.h"

static int fetch(char *text, size_t size, size_t *have)
{
    int fd = dial(SERVER, 80), err;
    ssize_t n = 0;
    if (fd < 0) return fd;
    err = await(fd, POLLIN);
    while (!err && *have < size && memchr(text, '.', *have) == NULL) {
        n = recv(fd, text + *have, size - *have, 0);
#ifdef REPAIRED
        if (n < 0 && errno == EAGAIN) {
            err = await(fd, POLLIN);
            continue;
        }
        if (n <= 0) err = n ? -errno : -ECONNRESET;
#else
        if (n < 0 && errno != EAGAIN) err = -errno;
        if (n == 0) err = -ECONNRESET;
#endif
        if (n <= 0) break;
        *have += (size_t)n;
    }
    close(fd);
    return err;
}

static void fetches(void **state)
{
    static const struct fit_reply text[] = { { .send = "one two three." }, { 0 } };
    char got[64];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":80", text);
    struct fit_op *op = fit_op("fetch");
    int err = fetch(got, sizeof got, &have);
    told(op, err, got, have);
}
ZOO_MAIN(fetches)
