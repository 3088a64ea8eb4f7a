/* Valgrind translates code when it first runs, and a copy of the process inherits what has been
 * translated until then. A case that begins early in a test would translate, anew, nearly all of
 * the simulated kernel. So before the first test there is a small scenario of our own, in a world
 * of its own that is dropped again. Natively it would gain nothing. */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "harness/explore/explore.h"
#include "harness/judge/judge.h"

enum { PORT = 7, EVENTS = 8, WAITS = 16 };

static void watch(int epoll, int how, int fd, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.fd = fd };
    epoll_ctl(epoll, how, fd, &e);
}

/* Comes back what was sent. */
static void answer(int fd)
{
    char bytes[64];
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n > 0) (void)!write(fd, bytes, (size_t)n);
}

static void ask(int fd)
{
    char text[] = "rehearsal";
    struct iovec part = { text, sizeof text };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    (void)!writev(fd, &part, 1);
    send(fd, text, sizeof text, MSG_NOSIGNAL);
    sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void hear(int fd)
{
    char text[64];
    struct iovec part = { text, sizeof text };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    recv(fd, text, 1, 0);
    recvmsg(fd, &message, 0);
    (void)!readv(fd, &part, 1);
}

static int begin(int epoll, int *listener)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(PORT),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, yes = 1;
    int client = socket(AF_INET, kind, 0);
    *listener = socket(AF_INET, kind, 0);
    setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bind(*listener, (struct sockaddr *)&here, sizeof here);
    listen(*listener, 1);
    connect(client, (struct sockaddr *)&here, sizeof here);
    watch(epoll, EPOLL_CTL_ADD, *listener, EPOLLIN);
    watch(epoll, EPOLL_CTL_ADD, client, EPOLLOUT);
    return client;
}

static void connected(int epoll, int client)
{
    int error;
    socklen_t size = sizeof error;
    getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size);
    ask(client);
    watch(epoll, EPOLL_CTL_MOD, client, EPOLLIN | EPOLLRDHUP);
}

static void talk(void)
{
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC), listener, server = -1, waits = 0;
    int client = begin(epoll, &listener);
    for (bool over = false; !over && waits < WAITS; waits++) {
        int count = epoll_wait(epoll, events, EVENTS, 10);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                watch(epoll, EPOLL_CTL_ADD, server, EPOLLIN | EPOLLRDHUP);
            } else if (fd == server) {
                answer(server);
            } else if (events[i].events & EPOLLOUT) {
                connected(epoll, client);
            } else {
                hear(client);
                over = true;
            }
        }
    }
    shutdown(client, SHUT_WR);
    if (server >= 0) hear(server);
    watch(epoll, EPOLL_CTL_DEL, client, 0);
    close(client);
    close(server);
    close(listener);
    close(epoll);
}

/* What a loop has beside its sockets. */
static void loop_things(void)
{
    const struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
    uint64_t count = 1;
    struct timespec now;
    int pipes[2], yes = 1, event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct pollfd wanted[] = { { event, POLLIN, 0 }, { timer, POLLIN, 0 } };
    timerfd_settime(timer, 0, &soon, NULL);
    poll(wanted, 2, 10);
    (void)!write(event, &count, sizeof count);
    (void)!read(event, &count, sizeof count);
    (void)!read(timer, &count, sizeof count);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == 0) {
        fcntl(pipes[0], F_SETFL, fcntl(pipes[0], F_GETFL) | O_NONBLOCK);
        ioctl(pipes[1], FIONBIO, &yes);
        (void)!write(pipes[1], "x", 1);
        (void)!read(pipes[0], &count, 1);
        close(pipes[0]);
        close(pipes[1]);
    }
    close(event);
    close(timer);
}

static void rehearse(void *unused)
{
    (void)unused;
    talk();
    loop_things();
}

void fit__rehearse(void)
{
    if (!fit__under_valgrind() || fit__session.orders.job != FIT_J_RUN) return;
    if (fit__world_is_real() || fit__world_new()) return;
    fit__world_run(rehearse, NULL);
    fit__world_drop();
}
