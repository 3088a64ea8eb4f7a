/* The early return leaves the connection's lock taken; whoever comes next waits for ever.
 * expect: hang
 * repaired: reported
 */
#include "zoo.h"

struct shared { pthread_mutex_t lock; int requests; };

static int ask(struct shared *s, char *line, size_t size, size_t *have)
{
    int fd, err;
    pthread_mutex_lock(&s->lock);
    fd = dial(SERVER, 7);
    if (fd < 0) {
#ifdef REPAIRED
        pthread_mutex_unlock(&s->lock);
#endif
        return fd;
    }
    err = take_line(fd, line, size, have);
    close(fd);
    s->requests++;
    pthread_mutex_unlock(&s->lock);
    return err;
}

static void asks_twice(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct shared s;
    char line[32];
    size_t have = 0;
    (void)state;
    s = (struct shared){ .lock = PTHREAD_MUTEX_INITIALIZER };
    fit_peer_replies(SERVER ":7", noon);
    for (int i = 0; i < 2; i++) {
        struct fit_op *op = fit_op("ask");
        int err = ask(&s, line, sizeof line, &have);
        told(op, err, line, have);
    }
}
ZOO_MAIN(asks_twice)
