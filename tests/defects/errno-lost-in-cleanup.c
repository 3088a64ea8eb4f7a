/* The error path says good-bye with shutdown() before it looks at errno: on a connection that was
 * reset shutdown() fails too, and the caller reads "not connected" and not why.
 * expect: cause-lost
 * repaired: reported
 */
#include "zoo.h"

static int ask(char *line, size_t size)
{
    int fd = dial(SERVER, 7), err;
    if (fd < 0) return fd;
    if ((err = await(fd, POLLIN)) != 0) goto out;
    if (recv(fd, line, size, 0) < 0) {
#ifdef REPAIRED
        err = -errno;
        shutdown(fd, SHUT_RDWR);
#else
        shutdown(fd, SHUT_RDWR);
        err = -errno;
#endif
    }
out:
    close(fd);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    char line[32];
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    fit_require_details("cause");
    struct fit_op *op = fit_op("ask");
    int err = ask(line, sizeof line);
    told(op, err, NULL, 0);
}
ZOO_MAIN(asks)
