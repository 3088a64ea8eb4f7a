/* Pipes, socket pairs, eventfd, timerfd. */
#include "tests/conformance/conformance.h"

static void pipe_states(void)
{
    int fds[2];
    char buffer[8];
    RUN(pipe2(fds, O_NONBLOCK));
    note_epoll("empty reader", fds[0]);
    note_epoll("empty writer", fds[1]);
    RUN(read(fds[0], buffer, 8));
    RUN(write(fds[1], "abc", 3));
    note_epoll("reader", fds[0]);
    RUN(read(fds[0], buffer, 2));
    RUN(read(fds[0], buffer, 0));
    RUN(write(fds[0], "x", 1));
    RUN(read(fds[1], buffer, 1));
    RUN(lseek(fds[0], 0, SEEK_CUR));
    close(fds[1]);
    note_epoll("data, writer closed", fds[0]);
    RUN(read(fds[0], buffer, 8));
    note_epoll("drained, writer closed", fds[0]);
    note_poll("drained, writer closed", fds[0]);
    RUN(read(fds[0], buffer, 8));
    close(fds[0]);
}

static void pipe_without_reader(void)
{
    int fds[2];
    pipe2(fds, O_NONBLOCK);
    close(fds[0]);
    note_epoll("reader closed", fds[1]);
    note_poll("reader closed", fds[1]);
    RUN(write(fds[1], "x", 1));
    RUN(write(fds[1], "", 0));
    close(fds[1]);
}

static void pipe_full(void)
{
    static char block[65536];
    int fds[2];
    pipe2(fds, O_NONBLOCK);
    RUN(write(fds[1], block, 60000));
    RUN(write(fds[1], block, 6000));
    note_epoll("full", fds[1]);
    RUN(write(fds[1], block, 1));
    int size = 0;
    RUN(ioctl(fds[0], FIONREAD, &size));
    note("nearly full %d", size > 65000);
    RUN(read(fds[0], block, 8192));
    note_epoll("room", fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static void pipe_atomic(void)
{
    static char block[65536];
    int fds[2];
    pipe2(fds, O_NONBLOCK);
    RUN(write(fds[1], block, 65536));
    RUN(read(fds[0], block, 4096));
    RUN(write(fds[1], block, 4096));
    RUN(write(fds[1], block, 4096));
    close(fds[0]);
    close(fds[1]);
}

static void pipe_edges(void)
{
    int ep = epoll_create1(0), fds[2];
    pipe2(fds, O_NONBLOCK);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLET, 'r');
    write(fds[1], "x", 1);
    note_wait("first", ep, 4, 0);
    write(fds[1], "x", 1);
    note_wait("second", ep, 4, 0);
    note_wait("none", ep, 4, 0);
    close(fds[1]);
    note_wait("end", ep, 4, 0);
    close(fds[0]);
    close(ep);
}

static void *read_all(void *arg)
{
    static char block[10000];
    size_t all = 0;
    for (ssize_t got; (got = read(*(int *)arg, block, sizeof block)) > 0; )
        all += (size_t)got;
    note("read %zu", all);
    return NULL;
}

static void pipe_blocking(void)
{
    static char block[300000];
    int fds[2];
    pipe(fds);
    pthread_t thread = on_thread(read_all, &fds[0]);
    long wrote = write(fds[1], block, sizeof block);
    close(fds[1]);
    wait_for_thread(thread);
    note("wrote %ld", wrote);
    close(fds[0]);
}

static void pair_states(void)
{
    int fds[2];
    char buffer[8];
    RUN(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
    note_epoll("idle", fds[0]);
    RUN(recv(fds[0], buffer, 8, 0));
    RUN(send(fds[1], "abc", 3, 0));
    note_epoll("data", fds[0]);
    RUN(recv(fds[0], buffer, 1, MSG_PEEK));
    RUN(recv(fds[0], buffer, 8, 0));
    RUN(shutdown(fds[1], SHUT_WR));
    note_epoll("other shut", fds[0]);
    note_epoll("who shut", fds[1]);
    RUN(recv(fds[0], buffer, 8, 0));
    RUN(send(fds[0], "x", 1, MSG_NOSIGNAL));
    RUN(send(fds[1], "x", 1, MSG_NOSIGNAL));
    close(fds[1]);
    note_epoll("other closed", fds[0]);
    note_poll("other closed", fds[0]);
    close(fds[0]);
}

static void pair_closed(void)
{
    int fds[2];
    char buffer[8];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    send(fds[1], "abc", 3, 0);
    close(fds[1]);
    note_epoll("closed", fds[0]);
    RUN(recv(fds[0], buffer, 8, 0));
    RUN(recv(fds[0], buffer, 8, 0));
    RUN(send(fds[0], "x", 1, MSG_NOSIGNAL));
    RUN(write(fds[0], "x", 1));
    close(fds[0]);
}

static void pair_closed_with_unread(void)
{
    int fds[2];
    char buffer[8];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    send(fds[0], "abc", 3, 0);
    close(fds[1]);
    note_epoll("closed", fds[0]);
    RUN(recv(fds[0], buffer, 8, 0));
    RUN(recv(fds[0], buffer, 8, 0));
    close(fds[0]);
}

static void pair_names(void)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    int fds[2], value;
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    RUN(getsockname(fds[0], (struct sockaddr *)&name, &size));
    note("%u %d", size, name.ss_family);
    size = sizeof name;
    RUN(getpeername(fds[0], (struct sockaddr *)&name, &size));
    note("%u %d", size, name.ss_family);
    size = sizeof value;
    RUN(getsockopt(fds[0], SOL_SOCKET, SO_DOMAIN, &value, &size));
    note("%d", value);
    RUN(getsockopt(fds[0], SOL_SOCKET, SO_ERROR, &value, &size));
    note("%d", value);
    RUN(setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
    RUN(listen(fds[0], 1));
    RUN(accept(fds[0], NULL, NULL));
    RUN(sendto(fds[0], "x", 1, 0, (struct sockaddr *)&name, 2));
    close(fds[0]);
    close(fds[1]);
}

static void pair_full(void)
{
    static char block[65536];
    int fds[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    while (send(fds[0], block, sizeof block, 0) > 0)
        ;
    RUN(send(fds[0], block, 1, 0));
    note_epoll("full", fds[0]);
    int ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLOUT | EPOLLET, 'w');
    note_wait("full", ep, 4, 0);
    while (recv(fds[1], block, sizeof block, 0) > 0)
        ;
    note_wait("room", ep, 4, 0);
    close(ep);
    close(fds[0]);
    close(fds[1]);
}

static void socketpair_errors(void)
{
    int fds[2];
    RUN(socketpair(AF_INET, SOCK_STREAM, 0, fds));
    RUN(socketpair(AF_UNIX, SOCK_STREAM, 5, fds));
    RUN(socketpair(AF_UNIX, SOCK_STREAM | 0x40, 0, fds));
}

static void eventfd_counts(void)
{
    uint64_t value = 0;
    int fd = eventfd(0, EFD_NONBLOCK);
    note_epoll("zero", fd);
    RUN(read(fd, &value, 8));
    value = 3;
    RUN(write(fd, &value, 8));
    RUN(write(fd, &value, 8));
    note_epoll("six", fd);
    RUN(read(fd, &value, 4));
    RUN(read(fd, &value, 8));
    note("%llu", (unsigned long long)value);
    value = UINT64_MAX;
    RUN(write(fd, &value, 8));
    value = UINT64_MAX - 1;
    RUN(write(fd, &value, 8));
    note_epoll("full", fd);
    value = 1;
    RUN(write(fd, &value, 8));
    RUN(write(fd, &value, 4));
    RUN(lseek(fd, 0, SEEK_SET));
    RUN(shutdown(fd, SHUT_RD));
    close(fd);
}

static void eventfd_semaphore(void)
{
    uint64_t value;
    int fd = eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE);
    RUN(read(fd, &value, 8));
    note("%llu", (unsigned long long)value);
    RUN(read(fd, &value, 8));
    RUN(read(fd, &value, 8));
    RUN(eventfd(0, 4));
    close(fd);
}

static void eventfd_edges(void)
{
    uint64_t value = 1;
    int ep = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK);
    watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, 'e');
    write(fd, &value, 8);
    note_wait("first", ep, 4, 0);
    write(fd, &value, 8);
    note_wait("second, unread", ep, 4, 0);
    note_wait("none", ep, 4, 0);
    close(fd);
    close(ep);
}

static void timer_fires(void)
{
    struct itimerspec time = { .it_value.tv_nsec = 10000000 }, old;
    uint64_t value = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    note_epoll("not set", fd);
    RUN(read(fd, &value, 8));
    RUN(timerfd_settime(fd, 0, &time, NULL));
    RUN(read(fd, &value, 8));
    RUN(timerfd_gettime(fd, &old));
    note("some left %d, no period %d", old.it_value.tv_nsec > 0, old.it_interval.tv_nsec == 0);
    usleep(20000);
    note_epoll("expired", fd);
    RUN(read(fd, &value, 4));
    RUN(read(fd, &value, 8));
    note("%llu", (unsigned long long)value);
    RUN(read(fd, &value, 8));
    RUN(write(fd, &value, 8));
    RUN(timerfd_gettime(fd, &old));
    note("nothing left %d", old.it_value.tv_nsec == 0);
    close(fd);
}

static void timer_period(void)
{
    struct itimerspec time = { { 0, 50000000 }, { 0, 20000000 } }, none = { { 0, 0 }, { 0, 0 } };
    uint64_t value = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(fd, 0, &time, NULL);
    usleep(140000);                      /* expired at 20, 70, 120 */
    RUN(read(fd, &value, 8));
    note("%llu", (unsigned long long)value);
    RUN(read(fd, &value, 8));
    note("%llu", (unsigned long long)value);
    RUN(timerfd_settime(fd, 0, &none, &time));
    note("period %ld", time.it_interval.tv_nsec);
    set_nonblocking(fd, true);
    RUN(read(fd, &value, 8));
    close(fd);
}

static void timer_absolute(void)
{
    struct itimerspec time = { .it_value.tv_sec = 1 };
    uint64_t value = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    RUN(timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL));    /* long ago */
    settle();
    RUN(read(fd, &value, 8));
    clock_gettime(CLOCK_MONOTONIC, &time.it_value);
    time.it_value.tv_sec += 100;
    RUN(timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL));
    RUN(timerfd_gettime(fd, &time));
    note("left %d", time.it_value.tv_sec >= 98 && time.it_value.tv_sec <= 100);
    time.it_value.tv_nsec = 1000000000;
    RUN(timerfd_settime(fd, 0, &time, NULL));
    RUN(timerfd_settime(fd, 64, &time, NULL));
    RUN(timerfd_create(77, 0));
    RUN(timerfd_create(CLOCK_MONOTONIC, 1));
    close(fd);
}

const struct conformance_case local_cases[] = {
    { "pipe/states", pipe_states }, { "pipe/without_reader", pipe_without_reader },
    { "pipe/full", pipe_full }, { "pipe/atomic", pipe_atomic }, { "pipe/edges", pipe_edges },
    { "pipe/blocking", pipe_blocking }, { "pair/states", pair_states },
    { "pair/closed", pair_closed }, { "pair/closed_with_unread", pair_closed_with_unread },
    { "pair/names", pair_names }, { "pair/full", pair_full },
    { "pair/errors", socketpair_errors }, { "eventfd/counts", eventfd_counts },
    { "eventfd/semaphore", eventfd_semaphore }, { "eventfd/edges", eventfd_edges },
    { "timerfd/fires", timer_fires }, { "timerfd/period", timer_period },
    { "timerfd/absolute", timer_absolute },
    { NULL, NULL },
};
