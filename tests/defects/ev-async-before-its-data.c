/* A thread tells the loop that a result is there, and notes where it stands behind that: mostly the
 * loop comes to run when the thread is done.
 * expect: crash
 * link: -lev
 * options: --mode order
 * repaired: unaffected
 */
#include "zoo.h"

#include <ev.h>

static struct { struct ev_loop *loop; ev_async async; const char *result; struct fit_op *op; } a;

static void on_result(struct ev_loop *loop, ev_async *async, int events)
{
    (void)events;
    told(a.op, 0, a.result, strlen(a.result));
    ev_async_stop(loop, async);
}
static void *work(void *arg)
{
#ifdef REPAIRED
    a.result = "done";
    ev_async_send(a.loop, &a.async);
#else
    ev_async_send(a.loop, &a.async);
    a.result = "done";
#endif
    return arg;
}
static void hears(void **state)
{
    pthread_t thread;
    (void)state;
    memset(&a, 0, sizeof a);
    a.op = fit_op("result");
    a.loop = ev_loop_new(EVFLAG_AUTO);
    ev_async_init(&a.async, on_result);
    ev_async_start(a.loop, &a.async);
    int err = pthread_create(&thread, NULL, work, NULL);
    if (err) {
        told(a.op, -err, NULL, 0);
        ev_async_stop(a.loop, &a.async);
    }
    ev_run(a.loop, 0);
    if (!err) pthread_join(thread, NULL);
    ev_loop_destroy(a.loop);
}
ZOO_MAIN(hears)
