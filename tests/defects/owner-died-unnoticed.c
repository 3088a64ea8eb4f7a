/* A robust lock that other processes have, too. One of them dies with it: who takes any error for
 * "not locked" keeps the lock, and waits for it the next time.
 * options: --mode thread
 * expect: hang
 * repaired: unaffected
 */
#include "zoo.h"

static int lock(pthread_mutex_t *mutex)
{
    int err = pthread_mutex_lock(mutex);
#ifdef REPAIRED
    if (err == EOWNERDEAD) err = pthread_mutex_consistent(mutex);
#endif
    return err;
}

/* Adds to a number that processes share. */
static int add(pthread_mutex_t *mutex, int *number)
{
    int err = lock(mutex);
    if (err) return -err;
    *number += 1;
    pthread_mutex_unlock(mutex);
    return 0;
}

static void counts(void **state)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t mutex;
    int number = 0;
    (void)state;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    struct fit_op *op = fit_op("count");
    int err = add(&mutex, &number);
    if (err) err = add(&mutex, &number);             /* once more */
    told(op, err, &number, sizeof number);
    pthread_mutex_destroy(&mutex);
}
ZOO_MAIN(counts)
