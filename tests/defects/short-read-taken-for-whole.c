/* A header of eight bytes is read with one call, and looked at to its end whatever the call
 * returned: after a short read that is memory that nobody ever wrote.
 * expect: memory-error
 * repaired: recovered
 */
#include "zoo.h"

enum { HEADER = 8 };

static int take_header(int fd, char *header)
{
    ssize_t n = 0;
#ifdef REPAIRED
    for (size_t have = 0; have < HEADER; have += (size_t)n) {
        n = take(fd, header + have, HEADER - have);
        if (n <= 0) return n ? (int)n : -ECONNRESET;
    }
#else
    n = take(fd, header, HEADER);
    if (n <= 0) return n ? (int)n : -ECONNRESET;
#endif
    return header[HEADER - 1] == '\n' ? 0 : -EPROTO;
}
static int ask(void)
{
    char *header;
    int fd = dial(SERVER, 7), err;
    if (fd < 0) return fd;
    header = malloc(HEADER);
    err = header ? take_header(fd, header) : -ENOMEM;
    free(header);
    close(fd);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply hello[] = { { .send = "FT v1.0\n" }, { 0 } };
    (void)state;
    fit_peer_replies(SERVER ":7", hello);
    struct fit_op *op = fit_op("ask");
    int err = ask();
    told(op, err, NULL, 0);
}
ZOO_MAIN(asks)
