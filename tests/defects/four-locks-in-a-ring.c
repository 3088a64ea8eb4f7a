/* Four threads each take a lock and then that of their neighbour. They are stuck if each has its
 * first: three have to be interrupted between two locks, which neither one fault nor two of them
 * do. The repaired one takes the lock with the lower number first.
 * expect: hang
 * repaired: reported unaffected
 * faults: 3
 * options: --random 600 --seed 1
 * symptom: pthread_mutex_lock
 */
#include "zoo.h"

enum { MOST = 4 };

struct table { pthread_mutex_t forks[MOST]; int meals; };
struct guest { struct table *table; int left, right; };

static void *dines(void *arg)
{
    struct guest *g = arg;
    pthread_mutex_lock(&g->table->forks[g->left]);
    pthread_mutex_lock(&g->table->forks[g->right]);
    __atomic_fetch_add(&g->table->meals, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&g->table->forks[g->right]);
    pthread_mutex_unlock(&g->table->forks[g->left]);
    return NULL;
}

static void seat(struct guest *g, struct table *t, int i)
{
    int next = (i + 1) % MOST;
    *g = (struct guest){ t, i, next };
#ifdef REPAIRED
    if (next < i) *g = (struct guest){ t, next, i };
#endif
}

static void dinner(void **state)
{
    struct table t = { .meals = 0 };
    struct guest guests[MOST];
    pthread_t threads[MOST];
    int count = 0, err = 0;
    (void)state;
    struct fit_op *op = fit_op("dinner");
    for (int i = 0; i < MOST; i++) {
        pthread_mutex_init(&t.forks[i], NULL);
        seat(&guests[i], &t, i);
    }
    while (!err && count < MOST) {
        err = pthread_create(&threads[count], NULL, dines, &guests[count]);
        count += !err;
    }
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    if (err) fit_op_failed(op, -err, strerror(err), NULL);
    else fit_op_succeeded(op, &t.meals, sizeof t.meals);
}
ZOO_MAIN(dinner)
