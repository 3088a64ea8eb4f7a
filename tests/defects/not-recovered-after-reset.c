/* A client that keeps its connection for the next question, also when it is broken: it never works
 * again, although the server is there.
 * expect: not-recovered
 * options: --mode partial,callback,reset
 * repaired: reported
 */
#include "zoo.h"

struct client { int fd; };

static int client_ask(struct client *c, char *line, size_t size, size_t *have)
{
    int err = 0;
    if (c->fd < 0) c->fd = dial(SERVER, 7);
    if (c->fd < 0) {
        err = c->fd;
        c->fd = -1;
        return err;
    }
    err = put(c->fd, "TIME\n", 5);
    if (!err) err = take_line(c->fd, line, size, have);
#ifdef REPAIRED
    if (err) {
        close(c->fd);
        c->fd = -1;
    }
#endif
    return err;
}

static void asks_again(void **state)
{
    static const struct fit_reply noon[] = {
        { .until = "TIME\n", .send = "12:00\n" }, { .until = "TIME\n", .send = "12:00\n" }, { 0 } };
    struct client c = { .fd = -1 };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *first = fit_op("first");
    int err = client_ask(&c, line, sizeof line, &have);
    told(first, err, line, have);
    fit_faults_off();
    struct fit_op *again = fit_op("again");
    err = client_ask(&c, line, sizeof line, &have);
    told(again, err, line, have);
    fit_faults_on();
    if (c.fd >= 0) close(c.fd);
}
ZOO_MAIN(asks_again)
