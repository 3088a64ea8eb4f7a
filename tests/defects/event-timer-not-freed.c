/* Every question gets a timer for its deadline; only a good answer frees it.
 * expect: leak-memory
 * libs: libevent
 * options: --mode timeout,partial,callback,reset
 * repaired: reported
 */
#include "zoo.h"

#include <event2/event.h>

struct ask {
    struct event_base *base; struct event *io, *timer;
    int fd, err; char line[32]; size_t have;
};

static void ask_end(struct ask *a, int err)
{
    a->err = err;
    event_free(a->io);
#ifdef REPAIRED
    event_free(a->timer);
#else
    if (err) event_del(a->timer);
    else     event_free(a->timer);
#endif
    close(a->fd);
}
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd; (void)what;
    ask_end(arg, ETIMEDOUT);
}
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct ask *a = arg;
    ssize_t n = recv(fd, a->line + a->have, sizeof a->line - a->have, 0);
    (void)what;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        ask_end(a, n ? errno : ECONNRESET);
        return;
    }
    a->have += (size_t)n;
    if (a->line[a->have - 1] == '\n') ask_end(a, 0);
}
static void ask_run(struct ask *a)
{
    struct timeval patience = { .tv_sec = 5 };
    a->fd = dial(SERVER, 7);
    if (a->fd < 0) {
        a->err = -a->fd;
        return;
    }
    a->io = event_new(a->base, a->fd, EV_READ | EV_PERSIST, on_readable, a);
    a->timer = evtimer_new(a->base, on_timer, a);
    assert_true(a->io && a->timer);
    event_add(a->io, NULL);
    event_add(a->timer, &patience);
    event_base_dispatch(a->base);
}
static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct ask a;
    (void)state;
    memset(&a, 0, sizeof a);
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    a.base = event_base_new();
    assert_non_null(a.base);
    ask_run(&a);
    event_base_free(a.base);
    a.io = a.timer = NULL;
    told(op, -a.err, a.line, a.have);
}
ZOO_MAIN(asks)
