/* A client that says goodbye to the server when it is cancelled. If that cannot be sent it returns
 * at once and forgets the connection. It takes a cancel, and a fault behind it.
 * expect: leak-fd
 * faults: 2
 * repaired: reported recovered
 */
#include "zoo.h"

struct client { int fd, stop; };

static void client_cancel(struct client *c) { c->stop = 1; }

static int goodbye(struct client *c)
{
    int err = put(c->fd, "BYE\n", 4);
#ifndef REPAIRED
    if (err) return err;
#endif
    close(c->fd);
    return err ? err : -ECANCELED;
}

/* Looks for a cancel between two waits, as a loop of one's own does. */
static int ask(struct client *c, char *answer, size_t size, size_t *have)
{
    int err;
    if ((c->fd = dial(SERVER, 7)) < 0) return c->fd;
    FAULT_CANCEL_POINT();
    if (c->stop) return goodbye(c);
    err = put(c->fd, "TIME\n", 5);
    FAULT_CANCEL_POINT();
    if (!err && c->stop) return goodbye(c);
    if (!err) err = take_line(c->fd, answer, size, have);
    close(c->fd);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .until = "TIME\n", .send = "12:00\n" }, { 0 } };
    static struct client c;
    char answer[32];
    size_t have = 0;
    (void)state;
    c = (struct client){ .fd = -1 };
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    fit_on_cancel(op, client_cancel, &c);
    int err = ask(&c, answer, sizeof answer, &have);
    told(op, err, answer, have);
}
ZOO_MAIN(asks)
