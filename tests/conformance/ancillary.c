/* Control messages of UDP: where a datagram came in, how far it may go, when it arrived. */
#include "tests/conformance/udp.h"

enum { ROOM = 256 };

/* What a number of a control message is, without what differs between two runs. */
static void note_control(const struct cmsghdr *c)
{
    const unsigned char *data = CMSG_DATA(c);
    char text[INET6_ADDRSTRLEN];
    struct in_pktinfo in;
    struct in6_pktinfo in6;
    struct timespec now, at;
    struct timeval rough;
    int number = 0;
    size_t size = c->cmsg_len - CMSG_LEN(0);
    clock_gettime(CLOCK_REALTIME, &now);
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO && size == sizeof in) {
        memcpy(&in, data, sizeof in);
        note("  to %s", inet_ntop(AF_INET, &in.ipi_addr, text, sizeof text));
        note("  local %s, interface %d", inet_ntop(AF_INET, &in.ipi_spec_dst, text, sizeof text),
             in.ipi_ifindex);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO
               && size == sizeof in6) {
        memcpy(&in6, data, sizeof in6);
        note("  to %s, interface %u", inet_ntop(AF_INET6, &in6.ipi6_addr, text, sizeof text),
             in6.ipi6_ifindex);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMP) {
        memcpy(&rough, data, sizeof rough);
        note("  now %d", now.tv_sec - rough.tv_sec <= 1);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
        memcpy(&at, data, sizeof at);
        note("  now, in ns %d", now.tv_sec - at.tv_sec <= 1);
    } else {
        memcpy(&number, data, size < sizeof number ? size : sizeof number);
        note("  %d/%d, %zu bytes: %d", c->cmsg_level, c->cmsg_type, size, number);
    }
}

static void receive(int fd, size_t room)
{
    _Alignas(struct cmsghdr) char control[ROOM] = "";
    char bytes[16];
    struct iovec one = { bytes, sizeof bytes };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control,
                              .msg_controllen = room };
    struct cmsghdr *c;
    RUN(recvmsg(fd, &message, 0));
    note("control %zu flags %#x", message.msg_controllen, (unsigned)message.msg_flags);
    for (c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
        note_control(c);
}

static void set(int fd, int level, int option, int value)
{
    int now = -1;
    socklen_t size = sizeof now;
    noted("set", setsockopt(fd, level, option, &value, sizeof value));
    getsockopt(fd, level, option, &now, &size);
    note("now %d", now);
}

static int bound4(uint32_t address, struct sockaddr_in *in)
{
    socklen_t size = sizeof *in;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    *in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
    bind(fd, (struct sockaddr *)in, sizeof *in);
    getsockname(fd, (struct sockaddr *)in, &size);
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd;
}

static void say(int fd, const struct sockaddr_in *to)
{
    noted("sent", sendto(fd, "x", 1, 0, (const struct sockaddr *)to, sizeof *to));
    settle();
}

static void where_it_came_in(void)
{
    struct sockaddr_in in, from;
    int fd = bound4(INADDR_ANY, &in), sender = bound4(INADDR_LOOPBACK, &from);
    set(fd, IPPROTO_IP, IP_PKTINFO, 5);
    say(sender, &in);
    receive(fd, ROOM);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    say(sender, &in);
    receive(fd, ROOM);
    say(sender, &in);
    receive(fd, 0);
    say(sender, &in);
    receive(fd, CMSG_LEN(4));
    set(fd, IPPROTO_IP, IP_PKTINFO, 0);
    say(sender, &in);
    receive(fd, ROOM);
    close(fd);
    close(sender);
}

static void how_far(void)
{
    struct sockaddr_in in, from;
    int fd = bound4(INADDR_LOOPBACK, &in), sender = bound4(INADDR_LOOPBACK, &from);
    set(fd, IPPROTO_IP, IP_RECVTTL, 1);
    set(fd, IPPROTO_IP, IP_RECVTOS, 1);
    say(sender, &in);
    receive(fd, ROOM);
    set(sender, IPPROTO_IP, IP_TTL, 7);
    set(sender, IPPROTO_IP, IP_TOS, 0x10);
    say(sender, &in);
    receive(fd, ROOM);
    set(sender, IPPROTO_IP, IP_TTL, 0);
    set(sender, IPPROTO_IP, IP_TTL, 256);
    set(sender, IPPROTO_IP, IP_TTL, -1);
    say(sender, &in);
    receive(fd, ROOM);
    close(fd);
    close(sender);
}

static void when(void)
{
    struct sockaddr_in in, from;
    int fd = bound4(INADDR_LOOPBACK, &in), sender = bound4(INADDR_LOOPBACK, &from), now;
    socklen_t size = sizeof now;
    set(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
    say(sender, &in);
    receive(fd, ROOM);
    set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    RUN(getsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &now, &size));
    note("the other one %d", now);
    set(fd, IPPROTO_IP, IP_PKTINFO, 1);
    say(sender, &in);
    receive(fd, ROOM);
    set(fd, SOL_SOCKET, SO_TIMESTAMP, 0);
    say(sender, &in);
    receive(fd, ROOM);
    close(fd);
    close(sender);
}

/* One control message with `size` bytes of data. */
static long send_with(int fd, const struct sockaddr *to, socklen_t to_size, int level, int type,
                      const void *data, size_t size)
{
    _Alignas(struct cmsghdr) char control[ROOM] = "";
    struct iovec one = { (char[]){ "x" }, 1 };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control,
                              .msg_controllen = CMSG_SPACE(size), .msg_name = (void *)to,
                              .msg_namelen = to_size };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(c), data, size);
    long result = noted("sent", sendmsg(fd, &message, 0));
    settle();
    return result;
}

static void from_where(void)
{
    struct sockaddr_in in, own, from;
    socklen_t size = sizeof from;
    int fd = bound4(INADDR_ANY, &in), sender = bound4(INADDR_ANY, &own);
    struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK + 5) };
    char byte, text[INET_ADDRSTRLEN];
    const int ttls[] = { 9, 0, 255, 256, -1 };
    unsigned char tos = 0x20;
    if (send_with(sender, ADDRESS(in), IPPROTO_IP, IP_PKTINFO, &info, sizeof info) > 0) {
        RUN(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &size));
        note("from %s", inet_ntop(AF_INET, &from.sin_addr, text, sizeof text));
    }
    info.ipi_spec_dst.s_addr = INADDR_ANY;
    send_with(sender, ADDRESS(in), IPPROTO_IP, IP_PKTINFO, &info, 4);
    set(fd, IPPROTO_IP, IP_RECVTTL, 1);
    set(fd, IPPROTO_IP, IP_RECVTOS, 1);
    while (recv(fd, &byte, 1, 0) >= 0)
        ;
    for (unsigned i = 0; i < sizeof ttls / sizeof ttls[0]; i++)
        if (send_with(sender, ADDRESS(in), IPPROTO_IP, IP_TTL, &ttls[i], sizeof ttls[i]) > 0)
            receive(fd, ROOM);
    if (send_with(sender, ADDRESS(in), IPPROTO_IP, IP_TOS, &tos, sizeof tos) > 0)
        receive(fd, ROOM);
    if (send_with(sender, ADDRESS(in), IPPROTO_IP, IP_TOS, &ttls[0], sizeof ttls[0]) > 0)
        receive(fd, ROOM);
    close(fd);
    close(sender);
}

static int bound6(struct sockaddr_in6 *in6)
{
    socklen_t size = sizeof *in6;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    *in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
    bind(fd, (struct sockaddr *)in6, sizeof *in6);
    getsockname(fd, (struct sockaddr *)in6, &size);
    in6->sin6_addr = in6addr_loopback;
    return fd;
}

static void over_six(void)
{
    struct sockaddr_in6 in6, own;
    struct sockaddr_in in, from;
    int fd = bound6(&in6), sender = bound6(&own), old = bound4(INADDR_LOOPBACK, &from);
    struct in6_pktinfo info = { .ipi6_addr = in6addr_loopback };
    const int hops = 12;
    set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    noted("sent", sendto(sender, "x", 1, 0, ADDRESS(in6)));
    settle();
    receive(fd, ROOM);
    in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = in6.sin6_port,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    say(old, &in);
    receive(fd, ROOM);
    if (send_with(sender, ADDRESS(in6), IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info) > 0)
        receive(fd, ROOM);
    if (send_with(sender, ADDRESS(in6), IPPROTO_IPV6, IPV6_HOPLIMIT, &hops, sizeof hops) > 0)
        receive(fd, ROOM);
    if (send_with(sender, ADDRESS(in6), IPPROTO_IPV6, IPV6_TCLASS, &hops, sizeof hops) > 0)
        receive(fd, ROOM);
    close(fd);
    close(sender);
    close(old);
}

const struct conformance_case ancillary_cases[] = {
    { "ancillary/where_it_came_in", where_it_came_in }, { "ancillary/how_far", how_far },
    { "ancillary/when", when }, { "ancillary/from_where", from_where },
    { "ancillary/over_six", over_six },
    { NULL, NULL },
};
