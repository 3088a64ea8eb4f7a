/* link: -lev */
#include "idle.h"

#include <ev.h>

static struct ev_loop *loop;
static ev_timer timer;

static void on_tick(struct ev_loop *l, ev_timer *t, int events)
{
    (void)events;
    if (++ticks == TICKS) ev_timer_stop(l, t);
}

static void start(void)
{
    assert_non_null(loop = ev_loop_new(EVFLAG_AUTO));
    ev_timer_init(&timer, on_tick, 1, 1);
    ev_timer_start(loop, &timer);
}

static void idle(void) { ev_run(loop, 0); }
static void end(void) { ev_loop_destroy(loop); }
