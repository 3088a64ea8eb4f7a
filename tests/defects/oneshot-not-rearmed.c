/* With EPOLLONESHOT a descriptor is reported once and has to be armed again. This client thinks
 * of that only after a whole answer: half of one, and it waits for ever.
 * expect: hang
 * options: --mode partial
 * repaired: recovered
 */
#include "zoo.h"

struct reader { int ep, fd, err; char text[32]; size_t have, want; };

static int arm(struct reader *r, int operation)
{
    struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };
    return epoll_ctl(r->ep, operation, r->fd, &ev) ? -errno : 0;
}
static void on_readable(struct reader *r)
{
    ssize_t n = recv(r->fd, r->text + r->have, sizeof r->text - r->have, 0);
    if (n > 0) r->have += (size_t)n;
    if (n == 0) r->err = -ECONNRESET;
    if (n < 0 && errno != EAGAIN) r->err = -errno;
#ifdef REPAIRED
    if (!r->err) r->err = arm(r, EPOLL_CTL_MOD);
#else
    if (!r->err && r->have == r->want) r->err = arm(r, EPOLL_CTL_MOD);
#endif
}
static int read_text(struct reader *r)
{
    struct epoll_event ev;
    r->fd = dial(SERVER, 7);
    if (r->fd < 0) return r->fd;
    r->ep = epoll_create1(EPOLL_CLOEXEC);
    r->err = r->ep < 0 ? -errno : arm(r, EPOLL_CTL_ADD);
    while (!r->err && r->have < r->want) {
        int n = epoll_wait(r->ep, &ev, 1, -1);
        if (n < 0) r->err = -errno;
        if (n == 1) on_readable(r);
    }
    if (r->ep >= 0) close(r->ep);
    close(r->fd);
    return r->err;
}

static void reads(void **state)
{
    static const struct fit_reply text[] = { { .send = "all at once", .hold = 1 }, { 0 } };
    struct reader r = { .ep = -1, .want = 11 };
    (void)state;
    fit_peer_replies(SERVER ":7", text);
    struct fit_op *op = fit_op("read");
    int err = read_text(&r);
    told(op, err, r.text, r.have);
}
ZOO_MAIN(reads)
