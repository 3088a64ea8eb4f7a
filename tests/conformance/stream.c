/* Bytes on a TCP connection. */
#include "tests/conformance/conformance.h"

static void simple_exchange(void)
{
    struct link link = link_up();
    char buffer[64] = "";
    note_epoll("idle", link.client);
    RUN(recv(link.client, buffer, sizeof buffer, 0));
    RUN(send(link.server, "hello", 5, 0));
    settle();
    note_epoll("data", link.client);
    note_poll("data", link.client);
    RUN(recv(link.client, buffer, 2, 0));
    note("%.2s", buffer);
    RUN(recv(link.client, buffer, sizeof buffer, 0));
    note("%.3s", buffer);
    RUN(recv(link.client, buffer, sizeof buffer, 0));
    link_down(&link);
}

static void zero_lengths(void)
{
    struct link link = link_up();
    char byte;
    RUN(send(link.server, "", 0, 0));
    RUN(recv(link.client, &byte, 0, 0));
    RUN(write(link.server, "", 0));
    RUN(read(link.client, &byte, 0));
    link_down(&link);
}

static void peeking(void)
{
    struct link link = link_up();
    char buffer[8] = "";
    send(link.server, "abcd", 4, 0);
    settle();
    RUN(recv(link.client, buffer, 2, MSG_PEEK));
    RUN(recv(link.client, buffer, 8, MSG_PEEK));
    RUN(recv(link.client, buffer, 3, 0));
    RUN(recv(link.client, buffer, 8, MSG_PEEK));
    note("%c", buffer[0]);
    link_down(&link);
}

static void truncating(void)
{
    struct link link = link_up();
    char buffer[8] = "zzzzzzz";
    send(link.server, "abcd", 4, 0);
    settle();
    RUN(recv(link.client, buffer, 3, MSG_TRUNC));
    note("%s", buffer);
    RUN(recv(link.client, buffer, 8, 0));
    note("%c", buffer[0]);
    link_down(&link);
}

static void vectors(void)
{
    struct link link = link_up();
    char a[3] = "", b[4] = "";
    struct iovec out[] = { { "ab", 2 }, { NULL, 0 }, { "cdef", 4 } };
    struct iovec in[] = { { a, 2 }, { b, 3 } };
    RUN(writev(link.server, out, 3));
    settle();
    RUN(readv(link.client, in, 2));
    note("%s %s", a, b);
    RUN(readv(link.client, in, 2));
    note("%s", a);
    link_down(&link);
}

static void messages(void)
{
    struct link link = link_up();
    char buffer[8] = "";
    struct sockaddr_in name;
    struct iovec one = { buffer, sizeof buffer };
    struct msghdr header = { .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &one,
                             .msg_iovlen = 1 };
    send(link.server, "abc", 3, 0);
    settle();
    RUN(recvmsg(link.client, &header, 0));
    note("name %u flags %d", header.msg_namelen, header.msg_flags);
    RUN(sendto(link.client, "x", 1, 0, (struct sockaddr *)&link.address, sizeof link.address));
    link_down(&link);
}

static void available(void)
{
    struct link link = link_up();
    int size = -1;
    RUN(ioctl(link.client, FIONREAD, &size));
    note("%d", size);
    send(link.server, "abc", 3, 0);
    settle();
    RUN(ioctl(link.client, FIONREAD, &size));
    note("%d", size);
    RUN(ioctl(link.listener, FIONREAD, &size));
    link_down(&link);
}

/* Fills until nothing goes any more; how much fits is the kernels' own affair. */
static size_t fill(int fd)
{
    static char block[16384];
    size_t sent = 0;
    ssize_t result;
    for (int idle = 0; idle < 3; settle())
        if ((result = send(fd, block, sizeof block, MSG_NOSIGNAL)) > 0)
            sent += (size_t)result;
        else
            idle++;
    return sent;
}

static size_t drain(int fd)
{
    static char block[65536];
    size_t got = 0;
    for (int idle = 0; idle < 3; idle++, settle())
        for (ssize_t result; (result = recv(fd, block, sizeof block, 0)) > 0; idle = 0)
            got += (size_t)result;
    return got;
}

static void small_buffers(struct link *link)
{
    int size = 8192;
    setsockopt(link->server, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(link->client, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static void *drain_thread(void *arg)
{
    size_t *got = arg;
    char block[4096];
    ssize_t result;
    while ((result = recv((int)got[1], block, sizeof block, 0)) > 0)
        got[0] += (size_t)result;
    note("drained to the end: %zd", result);
    return NULL;
}

static void full_then_room(void)
{
    struct link link = link_up();
    small_buffers(&link);
    size_t sent = fill(link.server);
    note("something went: %d", sent > 8000);
    RUN(send(link.server, "x", 1, MSG_NOSIGNAL));
    note_epoll("full", link.server);
    int ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, link.server, EPOLLOUT | EPOLLET, 's');
    note_wait("full", ep, 4, 0);
    size_t args[2] = { 0, (size_t)link.client };
    set_nonblocking(link.client, false);
    pthread_t thread = on_thread(drain_thread, args);
    note_wait("room again", ep, 4, 2000);
    shutdown(link.server, SHUT_WR);
    wait_for_thread(thread);
    note("all arrived: %d", args[0] == sent);
    close(ep);
    link_down(&link);
}

static void *big_write_thread(void *arg)
{
    static char block[1000000];
    ssize_t result = send(*(int *)arg, block, sizeof block, MSG_NOSIGNAL);
    note("sent %zd", result);
    shutdown(*(int *)arg, SHUT_WR);
    return NULL;
}

static void blocking_write_is_whole(void)
{
    struct link link = link_up();
    size_t args[2] = { 0, (size_t)link.client };
    small_buffers(&link);
    set_nonblocking(link.server, false);
    set_nonblocking(link.client, false);
    pthread_t writer = on_thread(big_write_thread, &link.server);
    settle();
    drain_thread(args);
    wait_for_thread(writer);
    note("got %zu", args[0]);
    link_down(&link);
}

static void *late_sender(void *arg)
{
    settle();
    send(*(int *)arg, "abc", 3, MSG_NOSIGNAL);
    settle();
    send(*(int *)arg, "def", 3, MSG_NOSIGNAL);
    return NULL;
}

static void wait_for_all(void)
{
    struct link link = link_up();
    char buffer[8] = "";
    set_nonblocking(link.client, false);
    pthread_t thread = on_thread(late_sender, &link.server);
    RUN(recv(link.client, buffer, 6, MSG_WAITALL));
    note("%s", buffer);
    RUN(recv(link.client, buffer, 6, MSG_DONTWAIT));
    wait_for_thread(thread);
    link_down(&link);
}

static void wait_for_all_meets_the_end(void)
{
    struct link link = link_up();
    char buffer[8] = "";
    set_nonblocking(link.client, false);
    send(link.server, "abc", 3, 0);
    shutdown(link.server, SHUT_WR);
    RUN(recv(link.client, buffer, 6, MSG_WAITALL));
    RUN(recv(link.client, buffer, 6, MSG_WAITALL));
    link_down(&link);
}

static void blocking_read(void)
{
    struct link link = link_up();
    char buffer[8] = "";
    set_nonblocking(link.client, false);
    pthread_t thread = on_thread(late_sender, &link.server);
    RUN(read(link.client, buffer, 8));
    wait_for_thread(thread);
    link_down(&link);
}

static void receive_timeout(void)
{
    struct link link = link_up();
    struct timeval time = { .tv_usec = 30000 }, got;
    socklen_t size = sizeof got;
    char byte;
    set_nonblocking(link.client, false);
    RUN(setsockopt(link.client, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    RUN(getsockopt(link.client, SOL_SOCKET, SO_RCVTIMEO, &got, &size));
    note("in whole ms %ld", got.tv_usec / 10000);
    int64_t start = now_ms();
    RUN(recv(link.client, &byte, 1, 0));
    note("in time %d", now_ms() - start >= 29 && now_ms() - start < 500);
    time.tv_usec = 1000000;
    RUN(setsockopt(link.client, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    RUN(setsockopt(link.client, SOL_SOCKET, SO_RCVTIMEO, &time, 4));
    link_down(&link);
}

static void send_timeout(void)
{
    struct link link = link_up();
    struct timeval time = { .tv_usec = 30000 };
    small_buffers(&link);
    fill(link.server);
    set_nonblocking(link.server, false);
    RUN(setsockopt(link.server, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
    RUN(send(link.server, "x", 1, MSG_NOSIGNAL));
    note("drained %d", drain(link.client) > 8000);
    link_down(&link);
}

static int number_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    int result = getsockopt(fd, level, option, &value, &size);
    return result ? -errno : value;
}

static void options_read(void)
{
    struct link link = link_up();
    note("type %d domain %d protocol %d", number_of(link.client, SOL_SOCKET, SO_TYPE),
         number_of(link.client, SOL_SOCKET, SO_DOMAIN),
         number_of(link.client, SOL_SOCKET, SO_PROTOCOL));
    note("listens %d %d", number_of(link.client, SOL_SOCKET, SO_ACCEPTCONN),
         number_of(link.listener, SOL_SOCKET, SO_ACCEPTCONN));
    note("reuse %d keep %d delay %d", number_of(link.client, SOL_SOCKET, SO_REUSEADDR),
         number_of(link.client, SOL_SOCKET, SO_KEEPALIVE),
         number_of(link.client, IPPROTO_TCP, TCP_NODELAY));
    note("keep %d %d %d", number_of(link.client, IPPROTO_TCP, TCP_KEEPIDLE),
         number_of(link.client, IPPROTO_TCP, TCP_KEEPINTVL),
         number_of(link.client, IPPROTO_TCP, TCP_KEEPCNT));
    note("unknown %d %d", number_of(link.client, SOL_SOCKET, 9999),
         number_of(link.client, IPPROTO_TCP, 9999));
    note("other level %d", number_of(link.client, IPPROTO_IPV6, 26));
    link_down(&link);
}

static void options_set(void)
{
    struct link link = link_up();
    int on = 5, size = 30000;
    struct linger linger = { 1, 3 };
    socklen_t length = sizeof linger;
    RUN(setsockopt(link.client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    RUN(setsockopt(link.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    RUN(setsockopt(link.client, IPPROTO_TCP, TCP_KEEPIDLE, &on, sizeof on));
    RUN(setsockopt(link.client, SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
    RUN(setsockopt(link.client, SOL_SOCKET, SO_REUSEADDR, &on, 2));
    RUN(setsockopt(link.client, SOL_SOCKET, SO_TYPE, &on, sizeof on));
    RUN(setsockopt(link.client, SOL_SOCKET, 9999, &on, sizeof on));
    RUN(setsockopt(link.client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    linger = (struct linger){ 0, 0 };
    RUN(getsockopt(link.client, SOL_SOCKET, SO_LINGER, &linger, &length));
    note("keep %d idle %d sndbuf %d", number_of(link.client, SOL_SOCKET, SO_KEEPALIVE),
         number_of(link.client, IPPROTO_TCP, TCP_KEEPIDLE),
         number_of(link.client, SOL_SOCKET, SO_SNDBUF));
    note("linger %d %d", linger.l_onoff, linger.l_linger);
    linger.l_onoff = 0;
    setsockopt(link.client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    link_down(&link);
}

const struct conformance_case stream_cases[] = {
    { "stream/exchange", simple_exchange }, { "stream/zero_lengths", zero_lengths },
    { "stream/peek", peeking }, { "stream/truncate", truncating }, { "stream/vectors", vectors },
    { "stream/messages", messages }, { "stream/available", available },
    { "stream/full_then_room", full_then_room },
    { "stream/blocking_write", blocking_write_is_whole }, { "stream/waitall", wait_for_all },
    { "stream/waitall_end", wait_for_all_meets_the_end }, { "stream/blocking_read", blocking_read },
    { "stream/receive_timeout", receive_timeout }, { "stream/send_timeout", send_timeout },
    { "stream/options_read", options_read }, { "stream/options_set", options_set },
    { NULL, NULL },
};
