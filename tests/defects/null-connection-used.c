/* conn_open() returns NULL when there is no socket, and its caller goes on to use it.
 * expect: crash
 * repaired: reported
 */
#include "zoo.h"

struct conn { int fd, requests; };

static struct conn *conn_open(void)
{
    struct conn *c;
    int fd = dial(SERVER, 7);
    if (fd < 0) return NULL;
    c = malloc(sizeof *c);
    if (!c) {
        close(fd);
        return NULL;
    }
    *c = (struct conn){ .fd = fd };
    return c;
}
static int greet(void)
{
    struct conn *c = conn_open();
    int err;
#ifdef REPAIRED
    if (!c) return -EIO;
#endif
    c->requests++;
    err = put(c->fd, "hello\n", 6);
    close(c->fd);
    free(c);
    return err;
}

static void greets(void **state)
{
    static const struct fit_reply hello[] = { { .until = "hello\n" }, { 0 } };
    (void)state;
    fit_peer_replies(SERVER ":7", hello);
    struct fit_op *op = fit_op("greet");
    told(op, greet(), NULL, 0);
}
ZOO_MAIN(greets)
