/* TCP and UDP over IPv6: the loopback address, and IPv4 inside it. */
#include "tests/conformance/conformance.h"

#define ADDRESS(in) (struct sockaddr *)&(in), sizeof (in)

static int socket6(int type)
{
    return socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void note_six(const char *what, const struct sockaddr_in6 *in6, socklen_t size)
{
    char text[INET6_ADDRSTRLEN];
    note("%s: %d %s %s size %u flow %u scope %u", what, in6->sin6_family,
         inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text),
         in6->sin6_port ? "port" : "no port", size, in6->sin6_flowinfo, in6->sin6_scope_id);
}

static void note_names(const char *what, int fd)
{
    struct sockaddr_in6 in6 = { 0 };
    socklen_t size = sizeof in6;
    if (RUN(getsockname(fd, (struct sockaddr *)&in6, &size)) == 0)
        note_six(what, &in6, size);
    size = sizeof in6;
    if (RUN(getpeername(fd, (struct sockaddr *)&in6, &size)) == 0)
        note_six(what, &in6, size);
}

static int bound(int type, const char *address, int only, struct sockaddr_in6 *in6)
{
    socklen_t size = sizeof *in6;
    int fd = socket6(type);
    *in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
    inet_pton(AF_INET6, address, &in6->sin6_addr);
    if (only >= 0)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    RUN(bind(fd, (struct sockaddr *)in6, sizeof *in6));
    getsockname(fd, (struct sockaddr *)in6, &size);
    return fd;
}

static struct sockaddr_in four(const struct sockaddr_in6 *in6)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = in6->sin6_port,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void six_fresh(void)
{
    int fd = socket6(SOCK_STREAM), value = -1;
    socklen_t size = sizeof value;
    note_names("fresh", fd);
    note_epoll("fresh", fd);
    RUN(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size));
    note("%d", value);
    RUN(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &size));
    note("%d", value);
    value = 1;
    RUN(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, size));
    RUN(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &size));
    note("%d", value);
    RUN(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, size));
    close(fd);
}

static void six_tcp(void)
{
    struct sockaddr_in6 in6, from = { 0 };
    socklen_t size = sizeof from;
    int listener = bound(SOCK_STREAM, "::1", -1, &in6), client = socket6(SOCK_STREAM);
    char buffer[8];
    RUN(listen(listener, 3));
    note_names("listener", listener);
    RUN(connect(client, ADDRESS(in6)));
    settle();
    int server = accept4(listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK);
    note_six("accepted", &from, size);
    note_names("client", client);
    note_names("server", server);
    RUN(send(client, "six", 3, 0));
    settle();
    RUN(recv(server, buffer, 8, 0));
    close(server);
    close(client);
    close(listener);
}

static void six_refused(void)
{
    struct sockaddr_in6 in6;
    int listener = bound(SOCK_STREAM, "::1", -1, &in6), client = socket6(SOCK_STREAM);
    close(listener);
    RUN(connect(client, ADDRESS(in6)));
    settle();
    RUN(connect(client, ADDRESS(in6)));
    close(client);
}

static void six_errors(void)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(1) };
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(1) };
    int fd = socket6(SOCK_STREAM), old = nonblocking_tcp();
    RUN(connect(fd, (struct sockaddr *)&in6, 16));
    RUN(connect(fd, ADDRESS(in)));
    RUN(bind(fd, ADDRESS(in)));
    RUN(bind(fd, (struct sockaddr *)&in6, 16));
    RUN(bind(old, ADDRESS(in6)));
    RUN(connect(old, ADDRESS(in6)));
    inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
    RUN(bind(fd, ADDRESS(in6)));
    close(fd);
    close(old);
}

static void six_dual(void)
{
    struct sockaddr_in6 in6, from = { 0 };
    socklen_t size = sizeof from;
    int listener = bound(SOCK_STREAM, "::", 0, &in6), client = nonblocking_tcp();
    struct sockaddr_in in = four(&in6);
    RUN(listen(listener, 3));
    note_names("listener", listener);
    RUN(connect(client, ADDRESS(in)));
    settle();
    int server = accept4(listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK);
    note_six("accepted", &from, size);
    note_names("server", server);
    close(server);
    close(client);
    client = socket6(SOCK_STREAM);
    inet_pton(AF_INET6, "::1", &in6.sin6_addr);
    RUN(connect(client, ADDRESS(in6)));
    settle();
    server = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    note_names("server", server);
    close(server);
    close(client);
    close(listener);
}

static void six_only(void)
{
    struct sockaddr_in6 in6;
    int listener = bound(SOCK_STREAM, "::", 1, &in6), client = nonblocking_tcp(), fd;
    struct sockaddr_in in = four(&in6);
    RUN(listen(listener, 3));
    RUN(connect(client, ADDRESS(in)));
    settle();
    RUN(connect(client, ADDRESS(in)));
    fd = nonblocking_tcp();
    RUN(bind(fd, ADDRESS(in)));
    close(fd);
    close(client);
    close(listener);
}

static void six_conflicts(void)
{
    struct sockaddr_in6 in6;
    int one = 1, first = bound(SOCK_STREAM, "::", 0, &in6), second = nonblocking_tcp();
    struct sockaddr_in in = four(&in6);
    RUN(bind(second, ADDRESS(in)));
    int third = socket6(SOCK_STREAM);
    setsockopt(third, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    RUN(bind(third, ADDRESS(in6)));
    close(first);
    RUN(bind(second, ADDRESS(in)));
    RUN(bind(third, ADDRESS(in6)));
    close(second);
    close(third);
}

static void six_mapped(void)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    struct sockaddr_in in;
    int one = 1, listener = listen_loopback(3, &in), client = socket6(SOCK_STREAM);
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6.sin6_addr);
    in6.sin6_port = in.sin_port;
    RUN(connect(client, ADDRESS(in6)));
    settle();
    note_names("client", client);
    close(client);
    client = socket6(SOCK_STREAM);
    setsockopt(client, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    RUN(connect(client, ADDRESS(in6)));
    close(client);
    close(listener);
}

static void six_mapped_bind(void)
{
    struct sockaddr_in6 in6;
    int fd = bound(SOCK_STREAM, "::ffff:127.0.0.1", -1, &in6), client = nonblocking_tcp();
    struct sockaddr_in in = four(&in6);
    RUN(listen(fd, 2));
    note_names("mapped", fd);
    RUN(connect(client, ADDRESS(in)));
    settle();
    RUN(connect(client, ADDRESS(in)));
    close(client);
    close(fd);
}

static void six_udp(void)
{
    struct sockaddr_in6 a, b, from = { 0 };
    socklen_t size = sizeof from;
    int first = bound(SOCK_DGRAM, "::1", -1, &a), second = bound(SOCK_DGRAM, "::1", -1, &b);
    char buffer[8];
    RUN(sendto(first, "six", 3, 0, ADDRESS(b)));
    settle();
    RUN(recvfrom(second, buffer, 8, 0, (struct sockaddr *)&from, &size));
    note_six("from", &from, size);
    RUN(connect(first, ADDRESS(b)));
    note_names("connected", first);
    close(second);
    RUN(send(first, "x", 1, 0));
    settle();
    RUN(recv(first, buffer, 8, 0));
    close(first);
}

static void six_udp_dual(void)
{
    struct sockaddr_in6 in6, from = { 0 };
    socklen_t size = sizeof from;
    int second = bound(SOCK_DGRAM, "::", 0, &in6);
    int first = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in in = four(&in6), back = { 0 };
    char buffer[8];
    RUN(sendto(first, "four", 4, 0, ADDRESS(in)));
    settle();
    RUN(recvfrom(second, buffer, 8, 0, (struct sockaddr *)&from, &size));
    note_six("from", &from, size);
    RUN(sendto(second, "back", 4, 0, ADDRESS(from)));
    settle();
    size = sizeof back;
    RUN(recvfrom(first, buffer, 8, 0, (struct sockaddr *)&back, &size));
    note("%d %s %d", back.sin_family, inet_ntoa(back.sin_addr), back.sin_port == in.sin_port);
    close(first);
    close(second);
}

static void six_udp_four(void)
{
    struct sockaddr_in6 b;
    int fd = socket6(SOCK_DGRAM), second = bound(SOCK_DGRAM, "::", 0, &b);
    struct sockaddr_in in = four(&b);
    char buffer[8];
    RUN(sendto(fd, "x", 1, 0, ADDRESS(in)));
    RUN(sendto(fd, "x", 1, 0, (struct sockaddr *)&b, 20));
    RUN(connect(fd, ADDRESS(in)));
    note_names("connected", fd);
    RUN(send(fd, "yz", 2, 0));
    settle();
    RUN(recv(second, buffer, 8, 0));
    RUN(recv(second, buffer, 8, 0));
    close(fd);
    close(second);
}

static void six_names(void)
{
    struct addrinfo hints = { .ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM }, *found = NULL;
    RUN(getaddrinfo("::1", "53", &hints, &found));
    note_six("found", (struct sockaddr_in6 *)(void *)found->ai_addr, found->ai_addrlen);
    note("%d %d", found->ai_socktype, found->ai_protocol);
    freeaddrinfo(found);
}

const struct conformance_case six_cases[] = {
    { "six/fresh", six_fresh }, { "six/tcp", six_tcp }, { "six/refused", six_refused },
    { "six/errors", six_errors }, { "six/dual", six_dual }, { "six/only", six_only },
    { "six/conflicts", six_conflicts }, { "six/mapped", six_mapped },
    { "six/mapped_bind", six_mapped_bind }, { "six/udp", six_udp },
    { "six/udp_dual", six_udp_dual }, { "six/udp_four", six_udp_four },
    { "six/names", six_names },
    { NULL, NULL },
};
