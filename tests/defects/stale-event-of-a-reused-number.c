/* Two connections are ready at the same time. The first says "move": the second is closed, and a
 * new one opened in its place, which gets its number. The old one's event is still in the batch,
 * and taken for the new one's, which so ends before it has said anything. Without faults the old
 * one comes first. The repaired one gives each connection a mark of its own.
 * expect: wrong-result
 * repaired: unaffected reported
 */
#include "zoo.h"

struct mover { int loop, boss, line, moved, ended; char said; uint32_t mark; };

static int add(struct mover *m, int fd, uint32_t mark)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };
#ifdef REPAIRED
    event.data.u64 = (uint64_t)mark << 32 | (uint32_t)fd;
#else
    (void)mark;
    event.data.u64 = (uint32_t)fd;
#endif
    return fd < 0 ? fd : epoll_ctl(m->loop, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}
static int on_boss(struct mover *m)
{
    char word;
    ssize_t n = recv(m->boss, &word, 1, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -errno;
    if (n == 0) return -ECONNRESET;
    close(m->line);
    m->line = -1;
    m->moved = 1;
    m->ended = 0;
    m->line = dial(SERVER, 9);
    return add(m, m->line, ++m->mark);
}
static int on_line(struct mover *m, uint32_t events)
{
    char byte;
    ssize_t n = recv(m->line, &byte, 1, 0);
    if (n < 0 && errno != EAGAIN) return -errno;
    if (n > 0) m->said = byte;
#ifdef REPAIRED
    (void)events;
    m->ended = n == 0;
#else
    m->ended = !!(events & EPOLLRDHUP);
#endif
    return m->ended && epoll_ctl(m->loop, EPOLL_CTL_DEL, m->line, NULL) ? -errno : 0;
}
static int turn(struct mover *m)
{
    struct epoll_event ready[2];
    int n = epoll_wait(m->loop, ready, 2, PATIENCE_MS), err = 0;
    if (n == 0) return -ETIMEDOUT;
    if (n < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n && !err; i++) {
        int fd = (int)(uint32_t)ready[i].data.u64;
#ifdef REPAIRED
        if (fd != m->boss && ready[i].data.u64 >> 32 != m->mark) continue;
#endif
        err = fd == m->boss ? on_boss(m) : on_line(m, ready[i].events);
    }
    return err;
}
static int serve(struct mover *m)
{
    int err = 0;
    while (!err && !(m->moved && m->ended)) err = turn(m);
    return err ? err : m->said ? 0 : -ECONNRESET;
}

static void serves(void **state)
{
    static const struct fit_reply boss[] = { { .until = "?", .send = "m", .hold = 1 }, { 0 } };
    static const struct fit_reply old[] = { { .until = "?" }, { 0 } };
    static const struct fit_reply new[] = { { .send = "n", .after_ms = 100 },
                                            { .after_ms = 300 }, { 0 } };
    struct mover m = { .boss = -1, .line = -1 };
    (void)state;
    fit_peer_replies(SERVER ":7", boss);
    fit_peer_replies(SERVER ":8", old);
    fit_peer_replies(SERVER ":9", new);
    struct fit_op *op = fit_op("move");
    m.loop = epoll_create1(0);
    int err = m.loop < 0 ? -errno : 0;
    if (!err) err = add(&m, m.line = dial(SERVER, 8), 0);
    if (!err) err = add(&m, m.boss = dial(SERVER, 7), 0);
    if (!err) err = put(m.line, "?", 1);
    if (!err) err = put(m.boss, "?", 1);
    if (!err) usleep(20000);
    if (!err) err = serve(&m);
    if (m.boss >= 0) close(m.boss);
    if (m.line >= 0) close(m.line);
    if (m.loop >= 0) close(m.loop);
    told(op, err, &m.said, 1);
}
ZOO_MAIN(serves)
