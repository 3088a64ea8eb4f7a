/* UDP over IPv4. */
#include "tests/conformance/udp.h"

static int so_error(int fd)
{
    int error = -1;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

static void note_name(const char *what, int fd, bool of_peer, const struct sockaddr_in *known)
{
    struct sockaddr_in in = { 0 };
    socklen_t size = sizeof in;
    int result = of_peer ? getpeername(fd, (struct sockaddr *)&in, &size)
                         : getsockname(fd, (struct sockaddr *)&in, &size);
    if (result < 0)
        note("%s: %s", what, strerrorname_np(errno));
    else
        note("%s: %s %s size %u", what, inet_ntoa(in.sin_addr),
             known && in.sin_port == known->sin_port ? "known" : in.sin_port ? "some" : "none",
             size);
}

static void udp_fresh(void)
{
    char byte;
    int fd = udp();
    RUN(fd < 0);
    note_epoll("fresh", fd);
    note_poll("fresh", fd);
    RUN(recv(fd, &byte, 1, 0));
    RUN(send(fd, "x", 1, 0));
    RUN(write(fd, "x", 1));
    RUN(listen(fd, 1));
    RUN(accept(fd, NULL, NULL));
    RUN(lseek(fd, 0, SEEK_CUR));
    close(fd);
}

static void udp_kinds(void)
{
    int fd;
    RUN((fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)) < 0);
    close(fd);
    RUN(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    RUN(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    RUN(socket(AF_INET, SOCK_SEQPACKET, 0));
    RUN(socket(AF_INET, 9, 0));
}

static void udp_options(void)
{
    static const int options[] = { SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_SNDBUF, SO_RCVBUF,
                                   SO_ERROR, SO_ACCEPTCONN, SO_BROADCAST, SO_REUSEADDR,
                                   SO_REUSEPORT };
    int fd = udp(), value;
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++) {
        socklen_t size = sizeof value;
        value = -1;
        RUN(getsockopt(fd, SOL_SOCKET, options[i], &value, &size));
        note("%d", value);
    }
    value = 1;
    RUN(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
    RUN(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &value, sizeof value));
    value = 100;
    RUN(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value));
    socklen_t size = sizeof value;
    RUN(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &size));
    note("%d", value);
    close(fd);
}

static void udp_bind(void)
{
    struct sockaddr_in in, again = { .sin_family = AF_INET };
    int fd = bound(&in), other = udp();
    note_name("bound", fd, false, &in);
    note_name("bound", fd, true, NULL);
    RUN(bind(fd, ADDRESS(in)));
    RUN(bind(other, ADDRESS(in)));
    RUN(bind(other, (struct sockaddr *)&in, 8));
    again.sin_family = AF_UNIX;
    RUN(bind(other, ADDRESS(again)));
    again.sin_family = AF_INET;
    again.sin_addr.s_addr = htonl(0x01020304);
    RUN(bind(other, ADDRESS(again)));
    again.sin_addr.s_addr = INADDR_ANY;
    again.sin_port = in.sin_port;
    RUN(bind(other, ADDRESS(again)));
    again.sin_port = 0;
    RUN(bind(other, ADDRESS(again)));
    note_name("any", other, false, NULL);
    close(fd);
    close(other);
}

static void udp_reuse(void)
{
    struct sockaddr_in in;
    int one = 1, first = bound(&in), second = udp(), third = udp();
    char byte;
    setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    RUN(bind(second, ADDRESS(in)));
    setsockopt(first, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    RUN(bind(second, ADDRESS(in)));
    RUN(sendto(third, "x", 1, 0, ADDRESS(in)));
    settle();
    RUN(recv(first, &byte, 1, 0));
    RUN(recv(second, &byte, 1, 0));
    close(first);
    close(second);
    close(third);
}

static void udp_tcp_port(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(1, &in), fd = udp();
    RUN(bind(fd, ADDRESS(in)));
    close(fd);
    close(listener);
}

static void udp_talk(void)
{
    struct sockaddr_in a, b, from;
    int first = bound(&a), second = bound(&b);
    char buffer[16] = "";
    socklen_t size = sizeof from;
    RUN(sendto(first, "hello", 5, 0, ADDRESS(b)));
    RUN(sendto(first, "you", 3, 0, ADDRESS(b)));
    settle();
    note_epoll("two", second);
    note_poll("two", second);
    RUN(recvfrom(second, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size));
    note("%s from %s %d, size %u", buffer, inet_ntoa(from.sin_addr), from.sin_port == a.sin_port,
         size);
    RUN(read(second, buffer, sizeof buffer));
    note("%s", buffer);
    RUN(read(second, buffer, sizeof buffer));
    note_epoll("none", second);
    close(first);
    close(second);
}

static void udp_truncated(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    char buffer[16] = "";
    struct iovec one = { buffer, 2 };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1 };
    for (int i = 0; i < 6; i++)
        sendto(first, "hello", 5, 0, ADDRESS(b));
    settle();
    RUN(recv(second, buffer, 2, 0));
    RUN(recv(second, buffer, 2, MSG_TRUNC));
    RUN(recv(second, buffer, 2, MSG_PEEK));
    RUN(recv(second, buffer, 2, MSG_PEEK | MSG_TRUNC));
    RUN(recvmsg(second, &message, 0));
    note("flags %#x name %u", (unsigned)message.msg_flags, message.msg_namelen);
    one.iov_len = 5;
    RUN(recvmsg(second, &message, 0));
    note("flags %#x", (unsigned)message.msg_flags);
    RUN(recv(second, buffer, 0, 0));
    RUN(recv(second, buffer, 16, MSG_WAITALL));
    RUN(recv(second, buffer, 16, 0));
    close(first);
    close(second);
}

static void udp_vectors(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    char one[3] = "", two[8] = "";
    struct iovec out[2] = { { "abc", 3 }, { "defg", 4 } }, in[2] = { { one, 2 }, { two, 7 } };
    struct sockaddr_in from;
    struct msghdr message = { .msg_name = &b, .msg_namelen = sizeof b, .msg_iov = out,
                              .msg_iovlen = 2 };
    RUN(sendmsg(first, &message, 0));
    settle();
    message = (struct msghdr){ .msg_name = &from, .msg_namelen = 4, .msg_iov = in,
                               .msg_iovlen = 2 };
    RUN(recvmsg(second, &message, 0));
    note("%s %s name %u family %d", one, two, message.msg_namelen, from.sin_family);
    RUN(connect(first, ADDRESS(b)));
    RUN(writev(first, out, 2));
    settle();
    RUN(readv(second, in, 2));
    close(first);
    close(second);
}

static void udp_empty(void)
{
    struct sockaddr_in a, b, from = { 0 };
    int first = bound(&a), second = bound(&b);
    socklen_t size = sizeof from;
    char byte;
    RUN(sendto(first, "", 0, 0, ADDRESS(b)));
    RUN(sendto(first, NULL, 0, 0, ADDRESS(b)));
    settle();
    note_epoll("empty", second);
    RUN(recvfrom(second, &byte, 1, 0, (struct sockaddr *)&from, &size));
    note("from %d", from.sin_port == a.sin_port);
    RUN(recv(second, &byte, 1, 0));
    RUN(recv(second, &byte, 1, 0));
    connect(first, ADDRESS(b));
    RUN(write(first, "", 0));
    settle();
    RUN(read(second, &byte, 0));
    RUN(read(second, &byte, 1));
    RUN(read(second, &byte, 1));
    close(first);
    close(second);
}

static void udp_sizes(void)
{
    static char block[70000];
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    RUN(sendto(first, block, 65507, 0, ADDRESS(b)));
    RUN(sendto(first, block, 65508, 0, ADDRESS(b)));
    RUN(sendto(first, block, 70000, 0, ADDRESS(b)));
    settle();
    RUN(recv(second, block, sizeof block, 0));
    RUN(recv(second, block, sizeof block, 0));
    close(first);
    close(second);
}

static void udp_fionread(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b), size = -1;
    RUN(ioctl(second, FIONREAD, &size));
    note("%d", size);
    sendto(first, "hello", 5, 0, ADDRESS(b));
    sendto(first, "you", 3, 0, ADDRESS(b));
    settle();
    RUN(ioctl(second, FIONREAD, &size));
    note("%d", size);
    close(first);
    close(second);
}

static void udp_connected(void)
{
    struct sockaddr_in a, b, c;
    int first = bound(&a), second = bound(&b), third = bound(&c);
    char buffer[8];
    RUN(sendto(third, "before", 6, 0, ADDRESS(a)));
    settle();
    RUN(connect(first, ADDRESS(b)));
    note_name("peer", first, true, &b);
    RUN(sendto(third, "no", 2, 0, ADDRESS(a)));
    RUN(sendto(second, "yes", 3, 0, ADDRESS(a)));
    settle();
    RUN(recv(first, buffer, 8, 0));
    RUN(recv(first, buffer, 8, 0));
    RUN(recv(first, buffer, 8, 0));
    RUN(send(first, "ab", 2, 0));
    RUN(sendto(first, "abc", 3, 0, ADDRESS(c)));
    settle();
    RUN(recv(second, buffer, 8, 0));
    RUN(recv(third, buffer, 8, 0));
    RUN(connect(first, ADDRESS(c)));
    note_name("peer", first, true, &c);
    close(first);
    close(second);
    close(third);
}

static void udp_connect_names(void)
{
    struct sockaddr_in b, none = { .sin_family = AF_UNSPEC };
    int fd = udp(), second = bound(&b);
    note_name("fresh", fd, false, NULL);
    note_name("fresh", fd, true, NULL);
    RUN(connect(fd, ADDRESS(b)));
    note_name("connected", fd, false, NULL);
    RUN(connect(fd, ADDRESS(none)));
    note_name("disconnected", fd, false, NULL);
    note_name("disconnected", fd, true, NULL);
    RUN(send(fd, "x", 1, 0));
    RUN(connect(fd, (struct sockaddr *)&b, 8));
    RUN(connect(fd, (struct sockaddr *)&b, 1));
    b.sin_family = AF_INET6;
    RUN(connect(fd, ADDRESS(b)));
    b.sin_family = AF_INET;
    b.sin_addr.s_addr = INADDR_ANY;
    RUN(connect(fd, ADDRESS(b)));
    note_name("any", fd, true, &b);
    close(fd);
    close(second);
}

static void udp_disconnect_keeps(void)
{
    struct sockaddr_in a, b, none = { .sin_family = AF_UNSPEC };
    int first = bound(&a), second = bound(&b);
    RUN(connect(first, ADDRESS(b)));
    RUN(connect(first, ADDRESS(none)));
    note_name("bound", first, false, &a);
    close(first);
    close(second);
}

static void udp_autobind(void)
{
    struct sockaddr_in b, from = { 0 };
    int fd = udp(), second = bound(&b);
    socklen_t size = sizeof from;
    char buffer[8];
    RUN(sendto(fd, "x", 1, 0, ADDRESS(b)));
    note_name("sent", fd, false, NULL);
    settle();
    RUN(recvfrom(second, buffer, 8, 0, (struct sockaddr *)&from, &size));
    RUN(sendto(second, "y", 1, 0, ADDRESS(from)));
    settle();
    RUN(recv(fd, buffer, 8, 0));
    RUN(bind(fd, ADDRESS(b)));
    close(fd);
    close(second);
}

static void udp_bad_addresses(void)
{
    struct sockaddr_in b;
    int fd = udp(), second = bound(&b);
    RUN(sendto(fd, "x", 1, 0, (struct sockaddr *)&b, 8));
    b.sin_family = AF_INET6;
    RUN(sendto(fd, "x", 1, 0, ADDRESS(b)));
    b.sin_family = AF_UNSPEC;
    RUN(sendto(fd, "x", 1, 0, ADDRESS(b)));
    b.sin_family = AF_INET;
    b.sin_port = 0;
    RUN(sendto(fd, "x", 1, 0, ADDRESS(b)));
    RUN(send(fd, "x", 1, MSG_OOB));
    close(fd);
    close(second);
}

static void udp_refused(void)
{
    struct sockaddr_in in = nobody();
    char byte;
    int fd = udp();
    RUN(connect(fd, ADDRESS(in)));
    RUN(send(fd, "x", 1, 0));
    settle();
    note_epoll("refused", fd);
    note_poll("refused", fd);
    RUN(recv(fd, &byte, 1, 0));
    RUN(recv(fd, &byte, 1, 0));
    note_epoll("was told", fd);
    RUN(send(fd, "x", 1, 0));
    settle();
    RUN(send(fd, "x", 1, 0));
    RUN(send(fd, "x", 1, 0));
    settle();
    note("SO_ERROR %s", strerrorname_np(so_error(fd)));
    RUN(recv(fd, &byte, 1, 0));
    close(fd);
}

static void udp_refused_before_data(void)
{
    struct sockaddr_in in, a;
    char buffer[8];
    int fd = bound(&a), other = bound(&in);
    RUN(connect(fd, ADDRESS(in)));
    RUN(sendto(other, "abc", 3, 0, ADDRESS(a)));
    close(other);
    settle();
    RUN(send(fd, "x", 1, 0));
    settle();
    note_epoll("both", fd);
    RUN(recv(fd, buffer, 8, 0));
    RUN(recv(fd, buffer, 8, 0));
    RUN(recv(fd, buffer, 8, 0));
    close(fd);
}

static void udp_refused_unconnected(void)
{
    struct sockaddr_in in = nobody();
    char byte;
    int fd = udp();
    RUN(sendto(fd, "x", 1, 0, ADDRESS(in)));
    settle();
    note_epoll("unconnected", fd);
    RUN(recv(fd, &byte, 1, 0));
    RUN(sendto(fd, "x", 1, 0, ADDRESS(in)));
    close(fd);
}

static void udp_shutdown(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    char buffer[8];
    RUN(shutdown(first, SHUT_WR));
    note_epoll("unconnected", first);
    RUN(sendto(first, "x", 1, MSG_NOSIGNAL, ADDRESS(b)));
    RUN(connect(second, ADDRESS(a)));
    RUN(shutdown(second, SHUT_RD));
    note_epoll("receive shut", second);
    note_poll("receive shut", second);
    RUN(recv(second, buffer, 8, 0));
    RUN(send(second, "abc", 3, 0));
    RUN(shutdown(second, SHUT_WR));
    note_epoll("both shut", second);
    RUN(send(second, "abc", 3, MSG_NOSIGNAL));
    RUN(shutdown(second, 9));
    settle();
    RUN(recv(first, buffer, 8, 0));
    close(first);
    close(second);
}

static void udp_shutdown_blocking(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    char buffer[8];
    connect(first, ADDRESS(b));
    set_nonblocking(first, false);
    RUN(shutdown(first, SHUT_RD));
    RUN(recv(first, buffer, 8, 0));
    RUN(sendto(second, "late", 4, 0, ADDRESS(a)));
    settle();
    RUN(recv(first, buffer, 8, 0));
    close(first);
    close(second);
}

static void udp_signal(void)
{
    struct sockaddr_in a;
    int fd = bound(&a);
    connect(fd, ADDRESS(a));
    RUN(shutdown(fd, SHUT_WR));
    RUN(write(fd, "x", 1));
    close(fd);
}

static void udp_itself(void)
{
    struct sockaddr_in a;
    int fd = bound(&a);
    char buffer[8];
    RUN(connect(fd, ADDRESS(a)));
    RUN(send(fd, "me", 2, 0));
    RUN(recv(fd, buffer, 8, 0));
    close(fd);
}

static void udp_at_once(void)
{
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b);
    char buffer[8];
    RUN(sendto(first, "now", 3, 0, ADDRESS(b)));
    RUN(recv(second, buffer, 8, MSG_DONTWAIT));
    close(second);
    RUN(connect(first, ADDRESS(b)));
    RUN(send(first, "now", 3, 0));
    note("SO_ERROR %s", strerrorname_np(so_error(first)));
    close(first);
}

static void udp_full(void)
{
    static char block[1000];
    struct sockaddr_in a, b;
    int first = bound(&a), second = bound(&b), sent = 0, got = 0;
    for (int i = 0; i < 2000; i++)
        sent += sendto(first, block, sizeof block, 0, ADDRESS(b)) == (ssize_t)sizeof block;
    note("sent %d", sent);
    settle();
    note_epoll("sender", first);
    while (recv(second, block, sizeof block, 0) > 0)
        got++;
    note("some lost %d, some kept %d", got < 2000, got > 50);
    RUN(sendto(first, "x", 1, 0, ADDRESS(b)));
    settle();
    RUN(recv(second, block, sizeof block, 0));
    close(first);
    close(second);
}

const struct conformance_case datagram_cases[] = {
    { "udp/fresh", udp_fresh }, { "udp/kinds", udp_kinds }, { "udp/options", udp_options },
    { "udp/bind", udp_bind }, { "udp/reuse", udp_reuse }, { "udp/tcp_port", udp_tcp_port },
    { "udp/talk", udp_talk }, { "udp/truncated", udp_truncated }, { "udp/vectors", udp_vectors },
    { "udp/empty", udp_empty }, { "udp/sizes", udp_sizes }, { "udp/fionread", udp_fionread },
    { "udp/connected", udp_connected }, { "udp/connect_names", udp_connect_names },
    { "udp/disconnect_keeps", udp_disconnect_keeps }, { "udp/autobind", udp_autobind },
    { "udp/bad_addresses", udp_bad_addresses }, { "udp/refused", udp_refused },
    { "udp/refused_before_data", udp_refused_before_data },
    { "udp/refused_unconnected", udp_refused_unconnected }, { "udp/shutdown", udp_shutdown },
    { "udp/shutdown_blocking", udp_shutdown_blocking }, { "udp/signal", udp_signal },
    { "udp/itself", udp_itself }, { "udp/at_once", udp_at_once }, { "udp/full", udp_full },
    { NULL, NULL },
};
