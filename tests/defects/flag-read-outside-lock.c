/* Whether the worker is done is looked at without the lock, and then waited for: when it gets done
 * in between, nobody is left to signal. The repaired one looks again with the lock.
 * expect: hang
 * repaired: reported unaffected
 * symptom: pthread_cond_wait
 */
#include "zoo.h"

struct job { pthread_mutex_t lock; pthread_cond_t changed; int done; };

static void *work(void *arg)
{
    struct job *j = arg;
    pthread_mutex_lock(&j->lock);
    j->done = 1;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

static void await_job(struct job *j)
{
#ifndef REPAIRED
    int done = j->done;
#endif
    pthread_mutex_lock(&j->lock);
#ifdef REPAIRED
    while (!j->done) pthread_cond_wait(&j->changed, &j->lock);
#else
    while (!done) {
        pthread_cond_wait(&j->changed, &j->lock);
        done = j->done;
    }
#endif
    pthread_mutex_unlock(&j->lock);
}

static void waits(void **state)
{
    struct job j = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    pthread_t worker;
    (void)state;
    struct fit_op *op = fit_op("job");
    int err = pthread_create(&worker, NULL, work, &j);
    if (err) {
        fit_op_failed(op, -err, strerror(err), NULL);
        return;
    }
    await_job(&j);
    pthread_join(worker, NULL);
    fit_op_succeeded(op, &j.done, sizeof j.done);
}
ZOO_MAIN(waits)
