/* With EPOLLET a descriptor is reported once for each arrival. A handler that reads once and goes
 * back to wait loses what is left in the socket after a short read: no event comes for it.
 * expect: hang
 * options: --mode partial
 * repaired: recovered
 */
#include "zoo.h"

struct reader { int ep, fd, err; char text[32]; size_t have; };

static void on_readable(struct reader *r)
{
    ssize_t n;
#ifdef REPAIRED
    while ((n = recv(r->fd, r->text + r->have, sizeof r->text - r->have, 0)) > 0)
        r->have += (size_t)n;
#else
    n = recv(r->fd, r->text + r->have, sizeof r->text - r->have, 0);
    if (n > 0) r->have += (size_t)n;
#endif
    if (n == 0) r->err = -ECONNRESET;
    if (n < 0 && errno != EAGAIN) r->err = -errno;
}
static int read_text(struct reader *r, size_t want)
{
    struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
    r->fd = dial(SERVER, 7);
    if (r->fd < 0) return r->fd;
    r->ep = epoll_create1(EPOLL_CLOEXEC);
    if (r->ep < 0 || epoll_ctl(r->ep, EPOLL_CTL_ADD, r->fd, &ev)) r->err = -errno;
    while (!r->err && r->have < want) {
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
    struct reader r = { .ep = -1 };
    (void)state;
    fit_peer_replies(SERVER ":7", text);
    struct fit_op *op = fit_op("read");
    int err = read_text(&r, 11);
    told(op, err, r.text, r.have);
}
ZOO_MAIN(reads)
