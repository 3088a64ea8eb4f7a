/* AF_UNIX datagrams, and names that are no paths. */
#include <ctype.h>

#include "tests/conformance/unix.h"

static void unix_datagrams(void)
{
    struct sockaddr_un to = named(path), from = { 0 };
    socklen_t size = sizeof from;
    int second = bound(SOCK_DGRAM, path), first = bound(SOCK_DGRAM, other_path);
    char buffer[16] = "";
    note_epoll("fresh", first);
    RUN(sendto(first, "hello", 5, 0, ADDRESS(to)));
    RUN(sendto(first, "", 0, 0, ADDRESS(to)));
    RUN(sendto(first, "longer", 6, 0, ADDRESS(to)));
    note_epoll("received", second);
    RUN(recvfrom(second, buffer, 16, 0, (struct sockaddr *)&from, &size));
    note("%s from %u %s", buffer, size, from.sun_path);
    RUN(recv(second, buffer, 16, 0));
    RUN(recv(second, buffer, 2, MSG_TRUNC | MSG_PEEK));
    RUN(recv(second, buffer, 2, 0));
    RUN(recv(second, buffer, 2, 0));
    RUN(send(first, "x", 1, 0));
    RUN(sendto(first, "x", 1, 0, (struct sockaddr *)&to, 1));
    close(first);
    close(second);
    unlink(path);
    unlink(other_path);
}

static void unix_datagram_errors(void)
{
    static char block[300000];
    struct sockaddr_un to = named(path);
    int first = local(SOCK_DGRAM), second;
    RUN(sendto(first, "x", 1, 0, ADDRESS(to)));
    second = bound(SOCK_DGRAM, path);
    RUN(sendto(first, block, sizeof block, 0, ADDRESS(to)));
    close(second);
    RUN(sendto(first, "x", 1, 0, ADDRESS(to)));
    unlink(path);
    second = bound(SOCK_STREAM, path);
    RUN(sendto(first, "x", 1, 0, ADDRESS(to)));
    RUN(connect(first, ADDRESS(to)));
    close(second);
    close(first);
    unlink(path);
}

static void unix_datagram_unnamed(void)
{
    struct sockaddr_un to = named(path), from = { 0 };
    socklen_t size = sizeof from;
    int second = bound(SOCK_DGRAM, path), first = local(SOCK_DGRAM);
    char buffer[16];
    RUN(sendto(first, "x", 1, 0, ADDRESS(to)));
    RUN(recvfrom(second, buffer, 16, 0, (struct sockaddr *)&from, &size));
    note("%u", size);
    struct iovec one = { buffer, 16 };
    struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &one,
                              .msg_iovlen = 1 };
    RUN(sendto(first, "y", 1, 0, ADDRESS(to)));
    RUN(recvmsg(second, &message, 0));
    note("%u", message.msg_namelen);
    close(first);
    close(second);
    unlink(path);
}

static void unix_datagram_connected(void)
{
    struct sockaddr_un to = named(path), none = { .sun_family = AF_UNSPEC };
    int second = bound(SOCK_DGRAM, path), first = bound(SOCK_DGRAM, other_path);
    int third = local(SOCK_DGRAM);
    struct sockaddr_un back = named(other_path);
    char buffer[8];
    RUN(connect(first, ADDRESS(to)));
    note_name("peer", first, true);
    RUN(send(first, "a", 1, 0));
    RUN(connect(third, ADDRESS(back)));
    RUN(sendto(third, "b", 1, 0, ADDRESS(back)));
    RUN(sendto(second, "c", 1, 0, ADDRESS(back)));
    RUN(recv(first, buffer, 8, 0));
    RUN(recv(second, buffer, 8, 0));
    close(second);
    note_epoll("peer closed", first);
    RUN(send(first, "x", 1, 0));
    RUN(send(first, "x", 1, 0));
    note_name("peer", first, true);
    RUN(connect(first, ADDRESS(none)));
    close(first);
    close(third);
    unlink(path);
    unlink(other_path);
}

static void unix_datagram_full(void)
{
    struct sockaddr_un to = named(path);
    int second = bound(SOCK_DGRAM, path), first = local(SOCK_DGRAM), count = 0;
    char byte;
    connect(first, ADDRESS(to));
    while (count < 1000 && send(first, "x", 1, 0) == 1)
        count++;
    note("more than one %d", count > 1);
    RUN(send(first, "x", 1, 0));
    note_epoll("full", first);
    int ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, first, EPOLLOUT | EPOLLET, 'w');
    note_wait("full", ep, 4, 0);
    RUN(recv(second, &byte, 1, 0));
    note_wait("room", ep, 4, 0);
    RUN(send(first, "x", 1, 0));
    RUN(send(first, "x", 1, 0));
    close(ep);
    close(first);
    close(second);
    unlink(path);
}

static void *read_one(void *arg)
{
    char byte;
    settle();
    recv(*(int *)arg, &byte, 1, 0);
    return NULL;
}

static void unix_datagram_full_blocking(void)
{
    struct sockaddr_un to = named(path);
    int second = bound(SOCK_DGRAM, path), first = local(SOCK_DGRAM);
    connect(first, ADDRESS(to));
    while (send(first, "x", 1, 0) == 1)
        ;
    set_nonblocking(first, false);
    pthread_t thread = on_thread(read_one, &second);
    RUN(send(first, "x", 1, 0));
    wait_for_thread(thread);
    close(first);
    close(second);
    unlink(path);
}

static void unix_datagram_pair(void)
{
    int fds[2];
    char buffer[8];
    RUN(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds));
    note_epoll("fresh", fds[0]);
    RUN(send(fds[0], "abc", 3, 0));
    RUN(send(fds[0], "", 0, 0));
    RUN(recv(fds[1], buffer, 2, 0));
    RUN(recv(fds[1], buffer, 2, 0));
    RUN(recv(fds[1], buffer, 2, 0));
    RUN(shutdown(fds[0], SHUT_WR));
    note_epoll("other shut", fds[1]);
    RUN(send(fds[0], "x", 1, 0));
    RUN(shutdown(fds[1], SHUT_RD));
    note_epoll("shut", fds[1]);
    RUN(recv(fds[1], buffer, 2, 0));
    RUN(send(fds[1], "back", 4, 0));
    close(fds[0]);
    note_epoll("other closed", fds[1]);
    RUN(recv(fds[1], buffer, 2, 0));
    RUN(send(fds[1], "back", 4, 0));
    close(fds[1]);
}

static void unix_abstract(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0faulttest-conformance" };
    socklen_t size = 2 + 22, got = sizeof name;
    int listener = local(SOCK_STREAM), client = local(SOCK_STREAM), second = local(SOCK_STREAM);
    RUN(connect(client, (struct sockaddr *)&name, size));
    RUN(bind(listener, (struct sockaddr *)&name, size));
    RUN(bind(second, (struct sockaddr *)&name, size));
    RUN(bind(second, (struct sockaddr *)&name, size - 1));
    RUN(listen(listener, 2));
    RUN(connect(client, (struct sockaddr *)&name, size));
    struct sockaddr_un found = { 0 };
    RUN(getpeername(client, (struct sockaddr *)&found, &got));
    note("%u %d %s", got, found.sun_path[0], found.sun_path + 1);
    close(listener);
    close(client);
    client = local(SOCK_STREAM);
    RUN(connect(client, (struct sockaddr *)&name, size));
    RUN(bind(client, (struct sockaddr *)&name, size));
    close(client);
    close(second);
}

static void unix_autobind(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    socklen_t size = sizeof name;
    int fd = local(SOCK_STREAM);
    RUN(bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t)));
    RUN(getsockname(fd, (struct sockaddr *)&name, &size));
    note("%u %d %d", size, name.sun_path[0], isxdigit((unsigned char)name.sun_path[1]) != 0);
    close(fd);
}

const struct conformance_case unix_datagram_cases[] = {
    { "unix/datagrams", unix_datagrams }, { "unix/datagram_errors", unix_datagram_errors },
    { "unix/datagram_unnamed", unix_datagram_unnamed },
    { "unix/datagram_connected", unix_datagram_connected },
    { "unix/datagram_full", unix_datagram_full },
    { "unix/datagram_full_blocking", unix_datagram_full_blocking },
    { "unix/datagram_pair", unix_datagram_pair },
    { "unix/abstract", unix_abstract }, { "unix/autobind", unix_autobind },
    { NULL, NULL },
};
