/* The worker says that it is done without taking the lock: who has just looked, with the lock, and
 * is about to sleep, is not woken. The repaired worker takes it.
 * expect: hang
 * repaired: reported unaffected
 * symptom: pthread_cond_wait
 */
#include "zoo.h"

struct job { pthread_mutex_t lock; pthread_cond_t changed; int done; };

static void *work(void *arg)
{
    struct job *j = arg;
#ifdef REPAIRED
    pthread_mutex_lock(&j->lock);
#endif
    j->done = 1;
    pthread_cond_signal(&j->changed);
#ifdef REPAIRED
    pthread_mutex_unlock(&j->lock);
#endif
    return NULL;
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
    pthread_mutex_lock(&j.lock);
    while (!j.done) pthread_cond_wait(&j.changed, &j.lock);
    pthread_mutex_unlock(&j.lock);
    pthread_join(worker, NULL);
    fit_op_succeeded(op, &j.done, sizeof j.done);
}
ZOO_MAIN(waits)
