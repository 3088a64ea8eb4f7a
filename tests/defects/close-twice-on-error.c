/* The reader closes the connection when it fails, and so does its caller, who does not know: in a
 * program with threads the second close hits somebody else's descriptor.
 * expect: bad-close
 * repaired: reported
 */
#include "zoo.h"

struct conn { int fd; char line[32]; size_t have; };

static int conn_read(struct conn *c)
{
    int err = take_line(c->fd, c->line, sizeof c->line, &c->have);
    if (err) {
        close(c->fd);
#ifdef REPAIRED
        c->fd = -1;
#endif
    }
    return err;
}
static int conn_ask(struct conn *c)
{
    int err;
    c->fd = dial(SERVER, 7);
    if (c->fd < 0) return c->fd;
    err = put(c->fd, "TIME\n", 5);
    if (!err) err = conn_read(c);
    if (c->fd >= 0) close(c->fd);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .until = "TIME\n", .send = "12:00\n" }, { 0 } };
    struct conn c = { .fd = -1 };
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    int err = conn_ask(&c);
    told(op, err, c.line, c.have);
}
ZOO_MAIN(asks)
