/* As uv-timer-early, with libevent: a timer that a callback adds counts from the time when the loop
 * began to call back.
 * expect: callback-lost
 * libs: libevent
 * options: --mode callback
 * repaired: unaffected
 */
#include "zoo.h"

#include <event2/event.h>

enum { PAUSE_MS = 200 };

static struct { struct event *first, *pause; int64_t begun; struct fit_op *op; } a;
static const struct timeval pause_time = { .tv_usec = PAUSE_MS * 1000 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
static void on_pause(evutil_socket_t fd, short what, void *arg)
{
    (void)fd; (void)what; (void)arg;
    if (now_ms() - a.begun < PAUSE_MS) {
#ifdef REPAIRED
        event_add(a.pause, &(struct timeval){ .tv_usec = 1000 });
#endif
        return;
    }
    told(a.op, 0, "again", 5);
}
static void on_first(evutil_socket_t fd, short what, void *arg)
{
    (void)fd; (void)what; (void)arg;
    event_add(a.pause, &pause_time);
    a.begun = now_ms();
}
static void pauses(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    a.op = fit_op("pause");
    a.first = evtimer_new(base, on_first, NULL);
    a.pause = evtimer_new(base, on_pause, NULL);
    event_add(a.first, &pause_time);
    event_base_dispatch(base);
    event_free(a.first);
    event_free(a.pause);
    event_base_free(base);
}
ZOO_MAIN(pauses)
