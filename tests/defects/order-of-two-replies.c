/* Two servers are asked at the same time, and what they say is put together in the order in which
 * it comes: when the second answers first, the caller gets something else. The repaired one keeps a
 * place for each.
 * expect: wrong-result swallowed
 * repaired: recovered reported
 */
#include "zoo.h"

struct part { int fd; char text[16]; size_t have; };

static int ask(struct part *p, const char *ip, int loop)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = p };
    p->fd = dial(ip, 7);
    if (p->fd < 0) return p->fd;
    return epoll_ctl(loop, EPOLL_CTL_ADD, p->fd, &event) ? -errno : 0;
}
/* 1: its line is whole, 0: there is more to come, or a negative errno. */
static int on_readable(struct part *p)
{
    ssize_t n = recv(p->fd, p->text + p->have, sizeof p->text - 1 - p->have, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -errno;
    if (n == 0) return -ECONNRESET;
    p->have += (size_t)n;
    return p->text[p->have - 1] == '\n';
}
static int gather(int loop, struct part parts[2], char *all)
{
    for (int whole = 0; whole < 2; ) {
        struct epoll_event ready[2];
        int n = epoll_wait(loop, ready, 2, PATIENCE_MS);
        if (n <= 0) return n ? -errno : -ETIMEDOUT;
        for (int i = 0; i < n; i++) {
            struct part *p = ready[i].data.ptr;
            int done = on_readable(p);
            if (done < 0) return done;
            if (!done) continue;
            whole++;
            epoll_ctl(loop, EPOLL_CTL_DEL, p->fd, NULL);
#ifndef REPAIRED
            strcat(all, p->text);
#endif
        }
    }
#ifdef REPAIRED
    strcat(strcat(all, parts[0].text), parts[1].text);
#else
    (void)parts;
#endif
    return 0;
}

static void asks_both(void **state)
{
    static const struct fit_reply one[] = { { .until = "?", .send = "one\n", .hold = 1 }, { 0 } };
    static const struct fit_reply two[] = { { .until = "?", .send = "two\n", .hold = 1 }, { 0 } };
    struct part parts[2] = { { .fd = -1 }, { .fd = -1 } };
    char all[40] = "";
    (void)state;
    fit_peer_replies("10.0.0.7:7", one);
    fit_peer_replies("10.0.0.8:7", two);
    struct fit_op *op = fit_op("both");
    int loop = epoll_create1(0), err = loop < 0 ? -errno : ask(&parts[0], "10.0.0.7", loop);
    if (!err) err = ask(&parts[1], "10.0.0.8", loop);
    if (!err) err = put(parts[0].fd, "?", 1);
    if (!err) err = put(parts[1].fd, "?", 1);
    if (!err) err = gather(loop, parts, all);
    for (int i = 0; i < 2; i++)
        if (parts[i].fd >= 0) close(parts[i].fd);
    if (loop >= 0) close(loop);
    told(op, err, all, strlen(all));
}
ZOO_MAIN(asks_both)
