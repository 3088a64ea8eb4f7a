/* On libevent's loop, each second is noted in a table by how late it came. The loop may be busy for
 * longer than the table is.
 * expect: abort
 * libs: libevent
 * options: --mode callback
 * repaired: unaffected
 */
#include "zoo.h"

#include <event2/event.h>

enum { TICK_MS = 1000, LATEST_S = 4, TICKS = 3 };

static struct { unsigned late[LATEST_S], ticks; int64_t due; struct fit_op *op; } a;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
/* True: it was the last one. */
static int ticks(void)
{
    int64_t late_s = (now_ms() - a.due) / 1000;
#ifdef REPAIRED
    if (late_s >= LATEST_S) late_s = LATEST_S - 1;
#endif
    assert(late_s < LATEST_S);
    a.late[late_s]++;
    a.due = now_ms() + TICK_MS;
    if (++a.ticks < TICKS) return 0;
    told(a.op, 0, "ticks", 5);
    return 1;
}
static void begins(void)
{
    memset(&a, 0, sizeof a);
    a.op = fit_op("ticks");
    a.due = now_ms() + TICK_MS;
}
static void on_tick(evutil_socket_t fd, short what, void *timer)
{
    (void)fd; (void)what;
    if (ticks()) event_del(*(struct event **)timer);
}
static void ticks_away(void **state)
{
    struct event_base *base = event_base_new();
    struct event *timer;
    (void)state;
    begins();
    timer = event_new(base, -1, EV_PERSIST, on_tick, &timer);
    event_add(timer, &(struct timeval){ .tv_sec = 1 });
    event_base_dispatch(base);
    event_free(timer);
    event_base_free(base);
}
ZOO_MAIN(ticks_away)
