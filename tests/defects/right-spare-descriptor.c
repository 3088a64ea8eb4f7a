/* No mistake: an epoll server with a spare descriptor: when the table is full, a waiting client is
 * accepted with the spare one and turned away; with none to spare it stops listening for a while.
 * Idle clients are dropped.
 * expect: none
 * repaired: recovered
 */
#include "zoo.h"

#include <time.h>

enum { CLIENTS = 4, IDLE_MS = 3000, BACK_OFF_MS = 50 };
struct client { int fd; size_t have, sent; char line[32]; long deadline; };
struct server { int ep, listener, spare, stop; long resume; struct client clients[CLIENTS]; };

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
static int watch(struct server *s, int fd, uint32_t events, void *data, int op)
{
    struct epoll_event e = { .events = events, .data.ptr = data };
    return epoll_ctl(s->ep, op, fd, &e);
}
static void drop(struct client *c)
{
    close(c->fd);
    c->fd = -1;
}
static void pause_listening(struct server *s)
{
    if (watch(s, s->listener, 0, NULL, EPOLL_CTL_MOD) == 0) s->resume = now_ms() + BACK_OFF_MS;
}
static void turn_away(struct server *s)
{
    if (s->spare >= 0) {
        close(s->spare);
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) close(fd);
        s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    pause_listening(s);
}
static void greet(struct server *s, int fd)
{
    for (int i = 0; i < CLIENTS; i++) {
        struct client *c = &s->clients[i];
        if (c->fd >= 0) continue;
        *c = (struct client){ .fd = fd, .deadline = now_ms() + IDLE_MS };
        if (watch(s, fd, EPOLLIN, c, EPOLL_CTL_ADD) < 0) drop(c);
        return;
    }
    close(fd);
}
static void on_accept(struct server *s)
{
    for (;;) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            greet(s, fd);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
        if (errno == EMFILE || errno == ENFILE) turn_away(s);
        else if (errno != EAGAIN) pause_listening(s);
        return;
    }
}
static void flush_client(struct server *s, struct client *c)
{
    while (c->sent < c->have) {
        ssize_t n = send(c->fd, c->line + c->sent, c->have - c->sent, MSG_NOSIGNAL);
        if (n > 0) c->sent += (size_t)n;
        else if (errno == EINTR) continue;
        else if (errno == EAGAIN && watch(s, c->fd, EPOLLOUT, c, EPOLL_CTL_MOD) == 0) return;
        else break;
    }
    drop(c);
}
static void on_client(struct server *s, struct client *c)
{
    while (!c->have || c->line[c->have - 1] != '\n') {
        ssize_t n = recv(c->fd, c->line + c->have, sizeof c->line - c->have, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            drop(c);
            return;
        }
        c->have += (size_t)n;
        if (c->have == sizeof c->line) {
            drop(c);
            return;
        }
    }
    flush_client(s, c);
}
static void on_time(struct server *s)
{
    long now = now_ms();
    if (s->resume && now >= s->resume
        && watch(s, s->listener, EPOLLIN, NULL, EPOLL_CTL_MOD) == 0) s->resume = 0;
    if (s->spare < 0) s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < CLIENTS; i++)
        if (s->clients[i].fd >= 0 && now >= s->clients[i].deadline) drop(&s->clients[i]);
}
static void run(struct server *s)
{
    struct epoll_event events[4];
    while (!s->stop) {
        int n = epoll_wait(s->ep, events, 4, 50);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (!c) on_accept(s);
            else if (c->fd >= 0) on_client(s, c);
        }
        on_time(s);
        FAULT_CANCEL_POINT();
    }
}
static void stop(void *server) { ((struct server *)server)->stop = 1; }

static void serves(void **state)
{
    static const struct fit_reply ask[] = { { .send = "12345\n", .until = "12345\n" }, { 0 } };
    struct sockaddr_in a = ip4("127.0.0.1", 8080);
    struct server s = { .stop = 0 };
    (void)state;
    for (int i = 0; i < CLIENTS; i++) s.clients[i].fd = -1;
    fit_faults_off();
    s.ep = epoll_create1(EPOLL_CLOEXEC);
    s.spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    s.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(s.listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s.listener, 8), 0);
    assert_int_equal(watch(&s, s.listener, EPOLLIN, NULL, EPOLL_CTL_ADD), 0);
    fit_faults_on();
    fit_on_shutdown(stop, &s);
    fit_client_asks(NULL, "127.0.0.1:8080", ask);
    fit_client_asks(NULL, "127.0.0.1:8080", ask);
    run(&s);
    for (int i = 0; i < CLIENTS; i++) if (s.clients[i].fd >= 0) drop(&s.clients[i]);
    close(s.listener);
    if (s.spare >= 0) close(s.spare);
    close(s.ep);
}
ZOO_MAIN(serves)
