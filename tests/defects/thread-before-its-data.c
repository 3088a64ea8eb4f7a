/* A thread is told what to do after it was started: that works as long as it does not run at once.
 * The repaired one tells it first.
 * expect: wrong-result
 * repaired: reported unaffected
 */
#include "zoo.h"

struct job { int number, result; };

static void *square(void *arg)
{
    struct job *j = arg;
    j->result = j->number * j->number;
    return NULL;
}

static void squares(void **state)
{
    struct job j = { 0, 0 };
    pthread_t thread;
    (void)state;
    struct fit_op *op = fit_op("square");
#ifdef REPAIRED
    j.number = 7;
#endif
    int err = pthread_create(&thread, NULL, square, &j);
    if (err) {
        fit_op_failed(op, -err, strerror(err), NULL);
        return;
    }
#ifndef REPAIRED
    j.number = 7;
#endif
    pthread_join(thread, NULL);
    fit_op_succeeded(op, &j.result, sizeof j.result);
}
ZOO_MAIN(squares)
