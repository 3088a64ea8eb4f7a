/* Two connections are ready at the same time. The handler of the first closes the second, too, and
 * frees what belongs to it; that its event may already have been handed over is only seen when the
 * second comes first: then the first is handled with memory that is gone. The repaired one looks
 * at each event only if its connection is still there.
 * expect: memory-error
 * repaired: recovered reported
 */
#include "zoo.h"

struct line { int fd; char text[16]; };
struct pair { struct line *lines[2]; int loop; };

static void drop(struct pair *p, int i)
{
    if (!p->lines[i]) return;
    close(p->lines[i]->fd);
    free(p->lines[i]);
    p->lines[i] = NULL;
}
static int open_line(struct pair *p, int i, int port)
{
    struct epoll_event event = { .events = EPOLLIN };
    int fd = dial(SERVER, port);
    if (fd < 0) return fd;
    struct line *l = calloc(1, sizeof *l);
    if (!l) {
        close(fd);
        return -ENOMEM;
    }
    l->fd = fd;
    p->lines[i] = l;
#ifdef REPAIRED
    event.data.u32 = (uint32_t)i;
#else
    event.data.ptr = l;
#endif
    return epoll_ctl(p->loop, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}
/* 1 when line 1, which ends both, has spoken. */
static int on_ready(struct pair *p, struct line *l)
{
    char byte[16];
    ssize_t n = recv(l->fd, byte, sizeof byte, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -errno;
    if (l != p->lines[1]) return n ? 0 : -ECONNRESET;
    drop(p, 0);
    drop(p, 1);
    return 1;
}
static int serve(struct pair *p)
{
    for (int done = 0; !done; ) {
        struct epoll_event ready[2];
        int n = epoll_wait(p->loop, ready, 2, PATIENCE_MS);
        if (n <= 0) return n ? -errno : -ETIMEDOUT;
        for (int i = 0; i < n; i++) {
#ifdef REPAIRED
            struct line *l = p->lines[ready[i].data.u32];
            int said = l ? on_ready(p, l) : 0;
#else
            int said = on_ready(p, ready[i].data.ptr);
#endif
            if (said < 0) return said;
            done |= said;
        }
    }
    return 0;
}

static void serves(void **state)
{
    static const struct fit_reply news[] = { { .until = "?", .send = "news", .hold = 1 }, { 0 } };
    static const struct fit_reply end[] = { { .until = "?", .send = "end", .hold = 1 }, { 0 } };
    struct pair p = { .loop = epoll_create1(0) };
    (void)state;
    fit_peer_replies(SERVER ":7", news);
    fit_peer_replies(SERVER ":8", end);
    struct fit_op *op = fit_op("session");
    int err = p.loop < 0 ? -errno : open_line(&p, 0, 7);
    if (!err) err = open_line(&p, 1, 8);
    if (!err) err = put(p.lines[0]->fd, "?", 1);
    if (!err) err = put(p.lines[1]->fd, "?", 1);
    if (!err) err = serve(&p);
    drop(&p, 0);
    drop(&p, 1);
    if (p.loop >= 0) close(p.loop);
    told(op, err, NULL, 0);
}
ZOO_MAIN(serves)
