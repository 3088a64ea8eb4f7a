/* epoll itself, level-triggered and edge-triggered, with a timerfd; and a plain loop of poll().
 */
#include "library.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

static const struct fit_reply echo[] = {
    { .until = "hello\n", .send = "hel" }, { .after_ms = 2, .send = "lo\n" }, { 0 } };

struct client { struct asker asker; int fd, ep, timer; size_t sent; bool whole; };

static void ends(struct client *c, int err)
{
    if (err) tell_failed(&c->asker, err, strerror(err));
    else     tell_done(&c->asker);
}
static void cancel(struct client *c) { ends(c, ECANCELED); }

/* All that can be sent and read now, as an edge demands; a level does not mind. */
static void moves(struct client *c)
{
    static const char text[] = "hello\n";
    ssize_t n = 1;
    while (n > 0 && c->sent < 6) {
        n = send(c->fd, text + c->sent, 6 - c->sent, MSG_NOSIGNAL);
        if (n > 0) c->sent += (size_t)n;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        ends(c, errno);
        return;
    }
    char bytes[64];
    while (c->sent == 6 && ((n = recv(c->fd, bytes, sizeof bytes, 0)) > 0
                            || (n < 0 && errno == EINTR))) {
        if (n > 0) keep(&c->asker, bytes, (size_t)n);
        if (!memchr(c->asker.bytes, '\n', c->asker.have)) continue;
        ends(c, 0);
        return;
    }
    if (c->sent == 6 && n == 0) ends(c, ECONNRESET);
    if (c->sent == 6 && n < 0 && errno != EAGAIN) ends(c, errno);
}

static int starts(struct client *c)
{
    struct sockaddr_in to = ip4(SERVER, 7);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) return errno;
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) return errno;
    return 0;
}
static int adds(struct client *c, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.fd = fd };
    return epoll_ctl(c->ep, EPOLL_CTL_ADD, fd, &event) ? errno : 0;
}
static int starts_epoll(struct client *c, uint32_t how)
{
    struct itimerspec patience = { .it_value.tv_sec = PATIENCE_S };
    int err = starts(c);
    if (err) return err;
    if ((c->ep = epoll_create1(0)) < 0) return errno;
    if ((c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) < 0) return errno;
    if (timerfd_settime(c->timer, 0, &patience, NULL)) return errno;
    err = adds(c, c->timer, EPOLLIN);
    return err ? err : adds(c, c->fd, how);
}
static void turns(struct client *c)
{
    struct epoll_event events[4];
    int count = epoll_wait(c->ep, events, 4, -1);
    if (count < 0 && errno != EINTR) ends(c, errno);
    for (int i = 0; i < count && !c->asker.told; i++) {
        if (events[i].data.fd == c->timer) ends(c, ETIMEDOUT);
        else moves(c);
        struct epoll_event only_in = { .events = EPOLLIN, .data.fd = c->fd };
        if (c->sent == 6 && !c->whole && !c->asker.told)
            c->whole = !epoll_ctl(c->ep, EPOLL_CTL_MOD, c->fd, &only_in);
    }
}
static void runs(uint32_t how)
{
    struct client c = { .fd = -1, .ep = -1, .timer = -1, .whole = how & EPOLLET };
    fit_peer_replies(SERVER ":7", echo);
    asks(&c.asker, "line");
    int err = starts_epoll(&c, how);
    if (err) ends(&c, err);
    fit_on_cancel(c.asker.op, cancel, &c);
    while (!c.asker.told) {
        FAULT_CANCEL_POINT();
        if (!c.asker.told) turns(&c);
    }
    if (c.fd >= 0) close(c.fd);
    if (c.timer >= 0) close(c.timer);
    if (c.ep >= 0) close(c.ep);
}
static void level(void **state)
{
    (void)state;
    runs(EPOLLIN | EPOLLOUT);
}
static void edge(void **state)
{
    (void)state;
    runs(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static void polls(void **state)
{
    struct client c = { .fd = -1 };
    (void)state;
    fit_peer_replies(SERVER ":7", echo);
    asks(&c.asker, "line");
    int err = starts(&c);
    if (err) ends(&c, err);
    fit_on_cancel(c.asker.op, cancel, &c);
    while (!c.asker.told) {
        struct pollfd one = { .fd = c.fd, .events = c.sent < 6 ? POLLOUT : POLLIN };
        FAULT_CANCEL_POINT();
        if (c.asker.told) break;
        int count = poll(&one, 1, PATIENCE_S * 1000);
        if (count == 0) ends(&c, ETIMEDOUT);
        else if (count > 0) moves(&c);
        else if (errno != EINTR) ends(&c, errno);
    }
    if (c.fd >= 0) close(c.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level), cmocka_unit_test(edge), cmocka_unit_test(polls) };
    return fit_run_group_tests(tests, NULL, NULL);
}
