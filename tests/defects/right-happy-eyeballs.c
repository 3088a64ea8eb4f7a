/* No mistake: happy eyeballs: addresses are tried 250 ms after each other, the first connection
 * wins, the rest are closed, the whole has a deadline.
 * expect: none
 * repaired: reported recovered
 */
#include "zoo.h"

#include <time.h>

enum { MOST = 4, NEXT_MS = 250, WHOLE_MS = 4000 };
struct race { struct addrinfo *all, *next; struct pollfd tries[MOST]; int count, err, cancelled; };

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
/* Begins the next attempt: a connected descriptor, or -1. */
static int begin(struct race *r)
{
    struct addrinfo *ai = r->next;
    r->next = ai->ai_next;
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        r->err = -errno;
        return -1;
    }
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0) return fd;
    if (errno == EINPROGRESS && r->count < MOST) {
        r->tries[r->count++] = (struct pollfd){ .fd = fd, .events = POLLOUT };
        return -1;
    }
    r->err = -errno;
    close(fd);
    return -1;
}
static int settle(struct race *r)
{
    for (int i = 0; i < r->count; ) {
        int err = 0, fd = r->tries[i].fd;
        socklen_t size = sizeof err;
        if (!r->tries[i].revents) {
            i++;
            continue;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0) err = errno;
        struct sockaddr_storage peer;
        size = sizeof peer;
        if (!err && getpeername(fd, (struct sockaddr *)&peer, &size) < 0) {
            if (errno == ENOTCONN) {             /* not yet: a wakeup for nothing */
                r->tries[i++].revents = 0;
                continue;
            }
            err = errno;
        }
        r->tries[i] = r->tries[--r->count];
        if (!err) return fd;
        r->err = -err;
        close(fd);
    }
    return -1;
}
static int race(struct race *r)
{
    long end = now_ms() + WHOLE_MS, next = now_ms();
    int fd = -1;
    while (fd < 0) {
        long now = now_ms();
        FAULT_CANCEL_POINT();
        if (r->cancelled) return -ECANCELED;
        if (now >= end) return r->err ? r->err : -ETIMEDOUT;
        if (r->next && (now >= next || !r->count)) {
            fd = begin(r);
            next = now_ms() + NEXT_MS;
            continue;
        }
        if (!r->count) return r->err ? r->err : -EHOSTUNREACH;
        long until = r->next && next < end ? next : end;
        int n = poll(r->tries, (nfds_t)r->count, until > now ? (int)(until - now) : 0);
        if (n < 0 && errno != EINTR && errno != EAGAIN) return -errno;
        if (n > 0) fd = settle(r);
    }
    return fd;
}
static int connect_to(struct race *r, const char *host)
{
    struct addrinfo hint = { .ai_socktype = SOCK_STREAM };
    int why = getaddrinfo(host, "80", &hint, &r->all);
    if (why == EAI_SYSTEM) return -errno;
    if (why) return -EHOSTUNREACH;
    r->next = r->all;
    int fd = race(r);
    for (int i = 0; i < r->count; i++) close(r->tries[i].fd);
    freeaddrinfo(r->all);
    return fd;
}
static void cancel(void *race) { ((struct race *)race)->cancelled = 1; }
static void connects(void **state)
{
    static const struct fit_reply hello[] = { { .send = "hello\n", .hold = 1 }, { 0 } };
    struct race r = { 0 };
    char line[16];
    size_t have = 0;
    (void)state;
    fit_peer_replies("origin.test:80", hello);
    struct fit_op *op = fit_op("connect");
    fit_on_cancel(op, cancel, &r);
    int fd = connect_to(&r, "origin.test");
    int err = fd < 0 ? fd : take_line(fd, line, sizeof line, &have);
    if (fd >= 0) close(fd);
    told(op, err, line, have);
}
ZOO_MAIN(connects)
