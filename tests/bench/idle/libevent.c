/* libs: libevent */
#include "idle.h"

#include <event2/event.h>

static struct event_base *base;
static struct event *timer;

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    if (++ticks == TICKS) event_base_loopbreak(base);
}

static void start(void)
{
    struct timeval tick = { .tv_sec = TICK_MS / 1000 };
    assert_non_null(base = event_base_new());
    timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);
    assert_int_equal(event_add(timer, &tick), 0);
}

static void idle(void) { event_base_dispatch(base); }

static void end(void)
{
    event_free(timer);
    event_base_free(base);
}
