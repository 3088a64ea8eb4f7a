/* The body goes until the connection is closed, so the client takes every end for the end: one in
 * the middle of the body too, although a length was announced.
 * expect: swallowed
 * repaired: reported
 */
#include "zoo.h"

struct body { char bytes[64]; size_t have, announced; };

static int fetch(struct body *b)
{
    char head[16] = "";
    size_t size;
    ssize_t n = 0;
    int fd = dial(SERVER, 80), err;
    if (fd < 0) return fd;
    if ((err = put(fd, "GET\n", 4))) goto out;
    if ((err = take_line(fd, head, sizeof head - 1, &size))) goto out;
    b->announced = strtoul(head, NULL, 10);
    while (b->have < sizeof b->bytes
           && (n = take(fd, b->bytes + b->have, sizeof b->bytes - b->have)) > 0)
        b->have += (size_t)n;
    err = (int)n;
#ifdef REPAIRED
    if (!err && b->have != b->announced) err = -ECONNRESET;
#endif
out:
    close(fd);
    return err;
}

static void fetches(void **state)
{
    static const struct fit_reply page[] = {
        { .until = "GET\n", .send = "20\n" }, { .send = "01234567890123456789" }, { 0 } };
    struct body b = { .have = 0 };
    (void)state;
    fit_peer_replies(SERVER ":80", page);
    struct fit_op *op = fit_op("fetch");
    int err = fetch(&b);
    told(op, err, b.bytes, b.have);
}
ZOO_MAIN(fetches)
