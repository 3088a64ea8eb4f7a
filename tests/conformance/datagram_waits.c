/* UDP over IPv4: waiting, edges, many at a time. */
#include "tests/conformance/udp.h"

static void udp_timeout(void)
{
    struct timeval limit = { 0, 30000 };
    struct sockaddr_in a;
    char byte;
    int fd = bound(&a);
    set_nonblocking(fd, false);
    RUN(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    int64_t began = now_ms();
    RUN(recv(fd, &byte, 1, 0));
    int64_t took = now_ms() - began;
    note("waited %d", took >= 25 && took < 2000);
    RUN(recv(fd, &byte, 1, MSG_DONTWAIT));
    close(fd);
}

static void *send_later(void *arg)
{
    settle();
    send(*(int *)arg, "late", 4, 0);
    return NULL;
}

static void udp_blocking(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    char buffer[8] = "";
    set_nonblocking(second, false);
    connect(first, ADDRESS(b));
    pthread_t thread = on_thread(send_later, &first);
    RUN(recv(second, buffer, 8, 0));
    wait_for_thread(thread);
    note("%s", buffer);
    close(first);
    close(second);
}

static void udp_edges(void)
{
    struct sockaddr_in a, b;
    int ep = epoll_create1(0), first = bound(&a), second = bound(&b);
    char byte;
    connect(first, ADDRESS(b));
    watch(ep, EPOLL_CTL_ADD, second, EPOLLIN | EPOLLET, 'r');
    note_wait("none", ep, 4, 0);
    send(first, "x", 1, 0);
    settle();
    note_wait("first", ep, 4, 0);
    note_wait("first again", ep, 4, 0);
    send(first, "x", 1, 0);
    settle();
    note_wait("second", ep, 4, 0);
    RUN(recv(second, &byte, 1, 0));
    note_wait("one left", ep, 4, 0);
    watch(ep, EPOLL_CTL_MOD, second, EPOLLIN | EPOLLOUT | EPOLLET, 'r');
    note_wait("modified", ep, 4, 0);
    close(first);
    close(second);
    close(ep);
}

static void udp_error_edge(void)
{
    struct sockaddr_in in = nobody();
    int ep = epoll_create1(0), fd = udp();
    connect(fd, ADDRESS(in));
    watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, 'u');
    note_wait("none", ep, 4, 0);
    send(fd, "x", 1, 0);
    settle();
    note_wait("error", ep, 4, 0);
    note_wait("error again", ep, 4, 0);
    close(fd);
    close(ep);
}

static void udp_dup(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b), copy = dup(second);
    char buffer[8];
    close(second);
    RUN(sendto(first, "abc", 3, 0, ADDRESS(b)));
    settle();
    RUN(recv(copy, buffer, 8, 0));
    close(copy);
    close(first);
}

static void udp_many(void)
{
    struct sockaddr_in a, b, from[3];
    int first = bound(&a), second = bound(&b);
    char room[3][8] = { "" };
    struct iovec out[3] = { { "a", 1 }, { "bc", 2 }, { "def", 3 } }, in[3];
    struct mmsghdr messages[3] = { 0 };
    for (int i = 0; i < 3; i++)
        messages[i].msg_hdr = (struct msghdr){ .msg_name = &b, .msg_namelen = sizeof b,
                                               .msg_iov = &out[i], .msg_iovlen = 1 };
    RUN(sendmmsg(first, messages, 3, 0));
    note("%u %u %u", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
    settle();
    for (int i = 0; i < 3; i++) {
        in[i] = (struct iovec){ room[i], sizeof room[i] - 1 };
        messages[i].msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof from[i],
                                               .msg_iov = &in[i], .msg_iovlen = 1 };
    }
    RUN(recvmmsg(second, messages, 2, 0, NULL));
    note("%u %s %u %s", messages[0].msg_len, room[0], messages[1].msg_len, room[1]);
    note("from %d name %u", from[1].sin_port == a.sin_port, messages[1].msg_hdr.msg_namelen);
    RUN(recvmmsg(second, messages, 3, 0, NULL));
    RUN(recvmmsg(second, messages, 3, 0, NULL));
    RUN(recvmmsg(second, messages, 0, 0, NULL));
    RUN(sendmmsg(first, messages, 0, 0));
    RUN(sendmmsg(first, (struct mmsghdr[]){ { .msg_hdr = { .msg_name = &b, .msg_namelen = 3 } } },
                 1, 0));
    close(first);
    close(second);
}

static void udp_many_wait(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    char room[3][8] = { "" };
    struct iovec in[3];
    struct mmsghdr messages[3] = { 0 };
    set_nonblocking(second, false);
    connect(first, ADDRESS(b));
    send(first, "x", 1, 0);
    for (int i = 0; i < 3; i++) {
        in[i] = (struct iovec){ room[i], 8 };
        messages[i].msg_hdr = (struct msghdr){ .msg_iov = &in[i], .msg_iovlen = 1 };
    }
    RUN(recvmmsg(second, messages, 3, MSG_WAITFORONE, NULL));
    pthread_t thread = on_thread(send_later, &first);
    struct timespec limit = { 0, 1000000 };
    RUN(recvmmsg(second, messages, 3, 0, &limit));
    wait_for_thread(thread);
    close(first);
    close(second);
}

static void udp_many_partial(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    struct iovec out = { "a", 1 };
    struct mmsghdr messages[2] = { 0 };
    messages[0].msg_hdr = (struct msghdr){ .msg_name = &b, .msg_namelen = sizeof b,
                                           .msg_iov = &out, .msg_iovlen = 1 };
    messages[1].msg_hdr = (struct msghdr){ .msg_iov = &out, .msg_iovlen = 1 };
    RUN(sendmmsg(first, messages, 2, 0));
    RUN(sendmmsg(first, messages + 1, 1, 0));
    close(first);
    close(second);
}

const struct conformance_case datagram_wait_cases[] = {
    { "udp/timeout", udp_timeout }, { "udp/blocking", udp_blocking }, { "udp/edges", udp_edges },
    { "udp/error_edge", udp_error_edge }, { "udp/dup", udp_dup }, { "udp/many", udp_many },
    { "udp/many_wait", udp_many_wait }, { "udp/many_partial", udp_many_partial },
    { NULL, NULL },
};
