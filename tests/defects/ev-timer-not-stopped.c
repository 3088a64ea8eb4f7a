/* On libev's default loop: the timer for the deadline is stopped when the answer is there, and not
 * when there is none. It is static memory, and the loop is for ever: nothing else tells.
 * expect: leak-handle
 * link: -lev
 * options: --mode timeout,partial,callback
 * repaired: reported
 */
#include "zoo.h"

#include <ev.h>

static struct ask {
    struct ev_loop *loop;
    ev_io io;
    ev_timer timer;
    int fd, err;
    char line[32];
    size_t have;
} a;

static void ask_end(int err)
{
    a.err = err;
    ev_io_stop(a.loop, &a.io);
#ifdef REPAIRED
    ev_timer_stop(a.loop, &a.timer);
#else
    if (!err) ev_timer_stop(a.loop, &a.timer);
#endif
    ev_break(a.loop, EVBREAK_ALL);
    close(a.fd);
}
static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop; (void)timer; (void)events;
    ask_end(ETIMEDOUT);
}
static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    ssize_t n = recv(a.fd, a.line + a.have, sizeof a.line - a.have, 0);
    (void)loop; (void)io; (void)events;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        ask_end(n ? errno : ECONNRESET);
        return;
    }
    a.have += (size_t)n;
    if (a.line[a.have - 1] == '\n') ask_end(0);
}
static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    (void)state;
    memset(&a, 0, sizeof a);
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    a.loop = ev_default_loop(EVFLAG_AUTO);
    assert_non_null(a.loop);
    a.fd = dial(SERVER, 7);
    if (a.fd < 0) {
        told(op, a.fd, NULL, 0);
        return;
    }
    ev_io_init(&a.io, on_readable, a.fd, EV_READ);
    ev_timer_init(&a.timer, on_timer, 5, 5);
    ev_io_start(a.loop, &a.io);
    ev_timer_start(a.loop, &a.timer);
    ev_run(a.loop, 0);
    told(op, -a.err, a.line, a.have);
}
ZOO_MAIN(asks)
