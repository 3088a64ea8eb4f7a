/* Three servers are asked, and their answers are there when the loop begins. That one may be
 * missing in the first round is thought of; that in the second there may be one alone, too, is not:
 * then the sum is told without it. The repaired one waits until all have answered.
 * expect: wrong-result swallowed
 * repaired: unaffected reported
 */
#include "zoo.h"

enum { SERVERS = 3 };
struct poll { int loop, fds[SERVERS], answered, sum; };

static int open_line(struct poll *p, int i)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };
    p->fds[i] = dial(SERVER, 7 + i);
    if (p->fds[i] < 0) return p->fds[i];
    return epoll_ctl(p->loop, EPOLL_CTL_ADD, p->fds[i], &event) ? -errno : 0;
}
static int on_answer(struct poll *p, unsigned i)
{
    char digit;
    ssize_t n = recv(p->fds[i], &digit, 1, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -errno;
    if (n == 0) return -ECONNRESET;
    p->answered++;
    p->sum += digit - '0';
    return epoll_ctl(p->loop, EPOLL_CTL_DEL, p->fds[i], NULL) ? -errno : 0;
}
static int round_of(struct poll *p)
{
    struct epoll_event ready[SERVERS];
    int n = epoll_wait(p->loop, ready, SERVERS, PATIENCE_MS), err = 0;
    if (n == 0) return -ETIMEDOUT;
    if (n < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n && !err; i++) err = on_answer(p, ready[i].data.u32);
    return err;
}
static int ask_all(struct poll *p)
{
    int err = 0;
    for (int i = 0; i < SERVERS && !err; i++) err = open_line(p, i);
    for (int i = 0; i < SERVERS && !err; i++) err = put(p->fds[i], "?", 1);
    if (!err) usleep(20000);             /* something else is done meanwhile */
#ifdef REPAIRED
    while (!err && p->answered < SERVERS) err = round_of(p);
#else
    for (int i = 0; i < 2 && !err && p->answered < SERVERS; i++) err = round_of(p);
#endif
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply one[] = { { .until = "?", .send = "1", .hold = 1 }, { 0 } };
    static const struct fit_reply two[] = { { .until = "?", .send = "2", .hold = 1 }, { 0 } };
    static const struct fit_reply four[] = { { .until = "?", .send = "4", .hold = 1 }, { 0 } };
    struct poll p = { .fds = { -1, -1, -1 } };
    (void)state;
    fit_peer_replies(SERVER ":7", one);
    fit_peer_replies(SERVER ":8", two);
    fit_peer_replies(SERVER ":9", four);
    struct fit_op *op = fit_op("poll");
    p.loop = epoll_create1(0);
    int err = p.loop < 0 ? -errno : ask_all(&p);
    for (int i = 0; i < SERVERS; i++)
        if (p.fds[i] >= 0) close(p.fds[i]);
    if (p.loop >= 0) close(p.loop);
    told(op, err, &p.sum, sizeof p.sum);
}
ZOO_MAIN(asks)
