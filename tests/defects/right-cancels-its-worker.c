/* No mistake: a worker waits for a server that may never answer, and the caller, out of patience,
 * cancels it. Its clean-up handlers close what it had opened and unlock what it had locked.
 * expect: none
 * repaired: recovered reported
 */
#include "zoo.h"

struct worker {
    pthread_mutex_t lock;
    pthread_cond_t over;
    int is_over, err, fd;
    char line[32];
    size_t have;
};

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

/* close() is a cancellation point itself, and this also runs when nobody cancelled yet. */
static void close_it(void *arg)
{
    struct worker *w = arg;
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    if (w->fd >= 0) close(w->fd);
    w->fd = -1;
    pthread_setcancelstate(before, NULL);
}

static int ask(struct worker *w)
{
    struct sockaddr_in a = ip4(SERVER, 7);
    ssize_t n = 1;
    if ((w->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0) return -errno;
    if (connect(w->fd, (struct sockaddr *)&a, sizeof a)) return -errno;
    for (w->have = 0; w->have < 6 && n > 0; w->have += (size_t)n)
        if ((n = recv(w->fd, w->line + w->have, 6 - w->have, 0)) < 0) return -errno;
    return n ? 0 : -ECONNRESET;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    pthread_cleanup_push(close_it, w);
    w->err = ask(w);
    pthread_cleanup_pop(1);
    pthread_mutex_lock(&w->lock);
    pthread_cleanup_push(unlock, &w->lock);
    w->is_over = 1;
    pthread_cond_signal(&w->over);
    pthread_cleanup_pop(1);
    return NULL;
}

static void cancels(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct worker w;
    struct timespec limit;
    pthread_t thread;
    void *result;
    int late = 0;
    (void)state;
    w = (struct worker){ .lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER,
                         .fd = -1 };
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("work");
    int err = pthread_create(&thread, NULL, work, &w);
    if (err) {
        told(op, -err, NULL, 0);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&w.lock);
    while (!w.is_over && !late)
        late = pthread_cond_timedwait(&w.over, &w.lock, &limit) == ETIMEDOUT;
    pthread_mutex_unlock(&w.lock);
    if (late) pthread_cancel(thread);
    pthread_join(thread, &result);
    told(op, result == PTHREAD_CANCELED ? -ETIMEDOUT : w.err, w.line, w.have);
}
ZOO_MAIN(cancels)
