/* What cleans up after an error locks the connection that its caller has locked already.
 * expect: hang
 * repaired: reported
 * symptom: deadlock: main thread waits in pthread_mutex_lock, in drop \(.*:[0-9]+\),
 * symptom: for a mutex that it holds itself
 */
#include "zoo.h"

struct connection { pthread_mutex_t lock; int fd; };

static void drop(struct connection *c)
{
#ifndef REPAIRED
    pthread_mutex_lock(&c->lock);
#endif
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
#ifndef REPAIRED
    pthread_mutex_unlock(&c->lock);
#endif
}

static int ask(struct connection *c, char *line, size_t size, size_t *have)
{
    pthread_mutex_lock(&c->lock);
    c->fd = dial(SERVER, 7);
    int err = c->fd < 0 ? c->fd : take_line(c->fd, line, size, have);
    if (err) drop(c);
    else close(c->fd);
    pthread_mutex_unlock(&c->lock);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    struct connection c = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    told(op, ask(&c, line, sizeof line, &have), line, have);
}
ZOO_MAIN(asks)
