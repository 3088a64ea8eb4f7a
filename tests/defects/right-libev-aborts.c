/* ev_async_start() has no way to fail: libev aborts where it gets neither an eventfd nor a pipe.
 * link: -lev
 * options: --mode emfile
 * expect: none
 * repaired: recovered
 * allowed: library-abort
 */
#include "zoo.h"

#include <ev.h>

static void on_async(struct ev_loop *loop, ev_async *async, int events)
{
    (void)events;
    ev_async_stop(loop, async);
}

static void wakes(void **state)
{
    struct fit_op *op = fit_op("wake");
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    ev_async async;
    (void)state;
    if (!loop) {
        told(op, -ENOMEM, NULL, 0);
        return;
    }
    ev_async_init(&async, on_async);
    ev_async_start(loop, &async);
    ev_async_send(loop, &async);
    ev_run(loop, 0);
    ev_loop_destroy(loop);
    told(op, 0, "woken", 5);
}
ZOO_MAIN(wakes)
