/* No mistake: a recursive mutex is held over reads that come short and fail, over allocations, and
 * over a second look at it from further in.
 * expect: none
 * repaired: reported recovered
 */
#include "zoo.h"

struct conn { pthread_mutex_t lock; int fd; char *line; size_t have; };

static int conn_append(struct conn *c, const char *bytes, size_t size)
{
    char *more;
    pthread_mutex_lock(&c->lock);
    more = realloc(c->line, c->have + size);
    if (more) {
        memcpy(more + c->have, bytes, size);
        c->line = more;
        c->have += size;
    }
    pthread_mutex_unlock(&c->lock);
    return more ? 0 : -ENOMEM;
}
static int conn_ask(struct conn *c)
{
    char chunk[8];
    ssize_t n;
    int err = 0;
    pthread_mutex_lock(&c->lock);
    c->fd = dial(SERVER, 7);
    if (c->fd < 0) err = c->fd;
    while (!err && (!c->have || c->line[c->have - 1] != '\n')) {
        n = take(c->fd, chunk, sizeof chunk);
        err = n < 0 ? (int)n : n == 0 ? -ECONNRESET : conn_append(c, chunk, (size_t)n);
    }
    if (c->fd >= 0) close(c->fd);
    pthread_mutex_unlock(&c->lock);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "twelve o'clock\n" }, { 0 } };
    pthread_mutexattr_t kind;
    struct conn c = { .fd = -1 };
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&c.lock, &kind);
    struct fit_op *op = fit_op("ask");
    int err = conn_ask(&c);
    told(op, err, c.line, c.have);
    assert_int_equal(pthread_mutex_trylock(&c.lock), 0);
    assert_int_equal(pthread_mutex_unlock(&c.lock), 0);
    assert_int_equal(pthread_mutex_destroy(&c.lock), 0);
    pthread_mutexattr_destroy(&kind);
    free(c.line);
}
ZOO_MAIN(asks)
