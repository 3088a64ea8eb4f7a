/* A worker fetches, the caller waits for it on a condition. When the fetch fails the worker just
 * returns: the condition is never signalled.
 * expect: hang
 * repaired: reported
 */
#include "zoo.h"

struct job {
    pthread_mutex_t lock; pthread_cond_t changed;
    int done, err; char line[32]; size_t have;
};

static void job_done(struct job *j, int err)
{
    pthread_mutex_lock(&j->lock);
    j->done = 1;
    j->err = err;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
}
static void *work(void *arg)
{
    struct job *j = arg;
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : take_line(fd, j->line, sizeof j->line, &j->have);
    if (fd >= 0) close(fd);
#ifndef REPAIRED
    if (err) return NULL;
#endif
    job_done(j, err);
    return NULL;
}

static void works(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct job j;
    pthread_t worker;
    (void)state;
    j = (struct job){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("job");
    int err = pthread_create(&worker, NULL, work, &j);
    if (err) {
        told(op, -err, NULL, 0);
        return;
    }
    pthread_mutex_lock(&j.lock);
    while (!j.done) pthread_cond_wait(&j.changed, &j.lock);
    pthread_mutex_unlock(&j.lock);
    pthread_join(worker, NULL);
    told(op, j.err, j.line, j.have);
}
ZOO_MAIN(works)
