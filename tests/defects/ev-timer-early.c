/* As uv-timer-early, with libev, whose timers count from ev_now(), in callbacks and outside.
 * expect: callback-lost
 * link: -lev
 * options: --mode callback
 * repaired: unaffected
 */
#include "zoo.h"

#include <ev.h>

enum { PAUSE_MS = 200 };

static struct { ev_timer timer; int64_t begun; struct fit_op *op; } a;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop; (void)timer; (void)events;
    if (now_ms() - a.begun < PAUSE_MS) {
#ifdef REPAIRED
        ev_timer_set(timer, 0.001, 0);
        ev_timer_start(loop, timer);
#endif
        return;
    }
    told(a.op, 0, "again", 5);
}
static void pauses(void **state)
{
    (void)state;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    a.op = fit_op("pause");
    ev_timer_init(&a.timer, on_timer, PAUSE_MS / 1000.0, 0);
    ev_timer_start(loop, &a.timer);
    a.begun = now_ms();
    ev_run(loop, 0);
    ev_timer_stop(loop, &a.timer);
    ev_loop_destroy(loop);
}
ZOO_MAIN(pauses)
