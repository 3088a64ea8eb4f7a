/* A thread that waits for a condition takes the end of its wait for the condition itself. It may
 * wake up for no reason at all, and then the result is not there yet. The repaired one looks again.
 * expect: wrong-result
 * repaired: unaffected
 */
#include "zoo.h"

struct job { pthread_mutex_t lock; pthread_cond_t changed; int done; char result[16]; };

static void *work(void *arg)
{
    struct job *j = arg;
    pthread_mutex_lock(&j->lock);
    strcpy(j->result, "42");
    j->done = 1;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

static void works(void **state)
{
    static struct job j;
    char result[16];
    pthread_t worker;
    (void)state;
    j = (struct job){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    struct fit_op *op = fit_op("job");
    int err = pthread_create(&worker, NULL, work, &j);
    if (err) {
        fit_op_failed(op, err, strerror(err), NULL);
        return;
    }
    pthread_mutex_lock(&j.lock);
#ifdef REPAIRED
    while (!j.done)
#else
    if (!j.done)
#endif
        pthread_cond_wait(&j.changed, &j.lock);
    strcpy(result, j.result);
    pthread_mutex_unlock(&j.lock);
    pthread_join(worker, NULL);
    fit_op_succeeded(op, result, strlen(result));
}
ZOO_MAIN(works)
