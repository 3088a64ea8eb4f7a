/* A deadline that comes ends the operation, but leaves the connection in the loop: data that is
 * there just after it ends the operation once more. Without faults, and when the server is silent,
 * nobody sees that. The repaired one stops to read.
 * expect: callback-twice
 * repaired: reported
 */
#include "zoo.h"

struct wait { int loop, fd, timer, over; struct fit_op *op; };

static void on_deadline(struct wait *w)
{
    w->over = 1;
#ifdef REPAIRED
    epoll_ctl(w->loop, EPOLL_CTL_DEL, w->fd, NULL);
#endif
    told(w->op, -ETIMEDOUT, NULL, 0);
}
static int on_data(struct wait *w)
{
    char line[2];
    ssize_t n = recv(w->fd, line, sizeof line, 0);
    if (n < 0 && errno == EAGAIN) return 0;
    told(w->op, n < 0 ? -errno : n == 0 ? -ECONNRESET : 0, line, n > 0 ? (size_t)n : 0);
    return 1;
}
/* Turns until there is nothing more to wait for: a moment of grace after the deadline. */
static void run(struct wait *w)
{
    struct itimerspec limit = { .it_value = { .tv_nsec = 50000000 } };
    struct epoll_event ready[2];
    int n, left = 50;
    timerfd_settime(w->timer, 0, &limit, NULL);
    while ((n = epoll_wait(w->loop, ready, 2, left)) != 0) {
        if (n < 0) continue;
        for (int i = 0; i < n; i++) {
#ifdef REPAIRED
            if (w->over) break;          /* both were ready: the data came too late */
#endif
            if (ready[i].data.fd == w->fd && on_data(w)) return;
            if (ready[i].data.fd != w->timer || w->over) continue;
            epoll_ctl(w->loop, EPOLL_CTL_DEL, w->timer, NULL);
            on_deadline(w);
            left = 10;
        }
    }
    if (!w->over) told(w->op, -ETIMEDOUT, NULL, 0);
}
static int watch(struct wait *w, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    return fd < 0 || epoll_ctl(w->loop, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void waits(void **state)
{
    static const struct fit_reply noon[] = { { .send = "!", .hold = 1 }, { 0 } };
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct wait w = { .fd = -1, .timer = -1, .op = fit_op("noon") };
    int err = (w.loop = epoll_create1(0)) < 0 ? -errno : 0;
    if (!err && (w.fd = dial(SERVER, 7)) < 0) err = w.fd;
    if (!err) err = watch(&w, w.fd);
    if (!err) err = watch(&w, w.timer = timerfd_create(CLOCK_MONOTONIC, 0));
    if (err) told(w.op, err, NULL, 0);
    else run(&w);
    if (w.timer >= 0) close(w.timer);
    if (w.fd >= 0) close(w.fd);
    if (w.loop >= 0) close(w.loop);
}
ZOO_MAIN(waits)
