/* Two threads wait at one condition variable for different things, and pthread_cond_signal() wakes
 * one of them: as long as the right one waits longest, nobody sees it. The repaired one wakes both.
 * expect: hang
 * repaired: unaffected reported
 */
#include "zoo.h"

struct door { pthread_mutex_t lock; pthread_cond_t changed; int open[2]; };
struct guest { struct door *door; int number; };

static void *waits(void *arg)
{
    struct guest *g = arg;
    pthread_mutex_lock(&g->door->lock);
    while (!g->door->open[g->number]) pthread_cond_wait(&g->door->changed, &g->door->lock);
    pthread_mutex_unlock(&g->door->lock);
    return NULL;
}
static void open_for(struct door *d, int number)
{
    pthread_mutex_lock(&d->lock);
    d->open[number] = 1;
#ifdef REPAIRED
    pthread_cond_broadcast(&d->changed);
#else
    pthread_cond_signal(&d->changed);
#endif
    pthread_mutex_unlock(&d->lock);
}

static void opens(void **state)
{
    struct door door = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    struct guest guests[2] = { { &door, 0 }, { &door, 1 } };
    pthread_t threads[2];
    int count = 0, err = 0;
    (void)state;
    struct fit_op *op = fit_op("evening");
    while (!err && count < 2) {
        err = pthread_create(&threads[count], NULL, waits, &guests[count]);
        count += !err;
        usleep(1000);
    }
    for (int i = 0; i < count; i++) {
        open_for(&door, i);
        usleep(1000);
    }
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    if (err) fit_op_failed(op, -err, strerror(err), NULL);
    else fit_op_succeeded(op, NULL, 0);
}
ZOO_MAIN(opens)
