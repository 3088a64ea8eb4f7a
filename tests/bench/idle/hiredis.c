/* A connection that is idle, on libevent's loop. libs: hiredis libevent */
#include "idle.h"

#include <event2/event.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>

static struct event_base *base;
static struct event *timer;
static redisAsyncContext *redis;

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
    fit_peer(SERVER ":6379", says_nothing, NULL);
    assert_non_null(base = event_base_new());
    assert_non_null(redis = redisAsyncConnect(SERVER, 6379));
    assert_int_equal(redisLibeventAttach(redis, base), REDIS_OK);
    timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);
    assert_int_equal(event_add(timer, &tick), 0);
}

static void idle(void) { event_base_dispatch(base); }

static void end(void)
{
    redisAsyncFree(redis);
    event_free(timer);
    event_base_free(base);
}
