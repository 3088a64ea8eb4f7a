/* ancillary.c - control messages of UDP, in both directions. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#include "harness/world/datagram.h"

enum { LOOPBACK_INTERFACE = 1, OTHER_INTERFACE = 2, BYTE = 255 };

/* ---- what goes with a datagram ----------------------------------------------------------- */

static bool number_in(const struct cmsghdr *c, int least, int *number)
{
    size_t size = c->cmsg_len - CMSG_LEN(0);
    *number = 0;
    if (size == sizeof *number)
        memcpy(number, CMSG_DATA(c), sizeof *number);
    else if (size == 1 && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
        *number = *CMSG_DATA(c);
    else
        return false;
    return *number >= least && *number <= BYTE;
}

static int source_four(const struct cmsghdr *c, struct fit__ip *source)
{
    struct in_pktinfo info;
    if (c->cmsg_len != CMSG_LEN(sizeof info))
        return -EINVAL;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    *source = (struct fit__ip){ .v4 = info.ipi_spec_dst.s_addr };
    return 0;
}

static int source_six(const struct cmsghdr *c, struct fit__ip *source)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    struct in6_pktinfo info;
    uint16_t port;
    if (c->cmsg_len < CMSG_LEN(sizeof info))
        return -EINVAL;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    in6.sin6_addr = info.ipi6_addr;
    int error = fit__ip_in(AF_INET6, false, (struct sockaddr *)&in6, sizeof in6, source, &port);
    return error ? -EINVAL : 0;
}

static int read_one(const struct cmsghdr *c, struct fit__udp_control *control)
{
    const bool four = c->cmsg_level == IPPROTO_IP, six = c->cmsg_level == IPPROTO_IPV6;
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        return -EINVAL;
    if (four && c->cmsg_type == IP_PKTINFO)
        return source_four(c, &control->source);
    if (six && c->cmsg_type == IPV6_PKTINFO)
        return source_six(c, &control->source);
    if ((four && c->cmsg_type == IP_TTL) || (six && c->cmsg_type == IPV6_HOPLIMIT))
        return number_in(c, four, &control->ttl) ? 0 : -EINVAL;
    if ((four && c->cmsg_type == IP_TOS) || (six && c->cmsg_type == IPV6_TCLASS))
        return number_in(c, 0, &control->tos) ? 0 : -EINVAL;
    fit__unsupported("sendmsg", NULL,
                     "of UDP's control messages only those of address, TTL and TOS are simulated");
}

int fit__udp_control_read(const struct fit__datagram *socket, const struct msghdr *message,
                          bool six, struct fit__udp_control *control)
{
    const struct fit__socket *options = &socket->socket;
    struct cmsghdr *c;
    *control = (struct fit__udp_control){
        .ttl = six ? fit__option_stored(options, IPPROTO_IPV6, IPV6_UNICAST_HOPS)
                   : fit__option_stored(options, IPPROTO_IP, IP_TTL),
        .tos = six ? fit__option_stored(options, IPPROTO_IPV6, IPV6_TCLASS)
                   : fit__option_stored(options, IPPROTO_IP, IP_TOS),
    };
    if (!message->msg_controllen)
        return 0;
    for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR((struct msghdr *)message, c)) {
        int error = c->cmsg_len < sizeof *c ? -EINVAL : read_one(c, control);
        if (error)
            return error;
    }
    return fit__ip_is_of(control->source, socket->host) ? 0 : -ENETUNREACH;
}

/* ---- what is told of one that came ------------------------------------------------------- */

struct out { struct msghdr *message; size_t room, used; };

static void put(struct out *out, int level, int type, const void *data, size_t size)
{
    struct cmsghdr head = { .cmsg_level = level, .cmsg_type = type,
                            .cmsg_len = CMSG_LEN(size) };
    size_t left = out->room - out->used, step = CMSG_SPACE(size);
    char *at = (char *)out->message->msg_control + out->used;
    if (left < sizeof head) {
        out->message->msg_flags |= MSG_CTRUNC;
        return;
    }
    if (left < head.cmsg_len) {
        out->message->msg_flags |= MSG_CTRUNC;
        head.cmsg_len = left;
    }
    memcpy(at, &head, sizeof head);
    memcpy(at + CMSG_LEN(0), data, head.cmsg_len - CMSG_LEN(0));
    out->used += step < left ? step : left;
}

static int interface_of(const struct fit__udp_packet *packet)
{
    return packet->from_host == packet->to_host ? LOOPBACK_INTERFACE : OTHER_INTERFACE;
}

static void put_time(struct out *out, const struct fit__socket *socket, fit_ns at)
{
    struct timespec fine = { FIT_REALTIME_START_S + at / FIT_S, at % FIT_S };
    struct timeval rough = { fine.tv_sec, fine.tv_nsec / 1000 };
    if (fit__option_stored(socket, SOL_SOCKET, SO_TIMESTAMPNS))
        put(out, SOL_SOCKET, SO_TIMESTAMPNS, &fine, sizeof fine);
    else if (fit__option_stored(socket, SOL_SOCKET, SO_TIMESTAMP))
        put(out, SOL_SOCKET, SO_TIMESTAMP, &rough, sizeof rough);
}

static void put_four(struct out *out, const struct fit__socket *socket,
                     const struct fit__udp_packet *packet)
{
    struct in_pktinfo info = { .ipi_ifindex = interface_of(packet),
                               .ipi_spec_dst.s_addr = packet->to.ip.v4,
                               .ipi_addr.s_addr = packet->to.ip.v4 };
    uint8_t tos = (uint8_t)packet->tos;
    if (fit__option_stored(socket, IPPROTO_IP, IP_PKTINFO))
        put(out, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    if (fit__option_stored(socket, IPPROTO_IP, IP_RECVTTL))
        put(out, IPPROTO_IP, IP_TTL, &packet->ttl, sizeof packet->ttl);
    if (fit__option_stored(socket, IPPROTO_IP, IP_RECVTOS))
        put(out, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
}

static void put_six(struct out *out, const struct fit__socket *socket,
                    const struct fit__udp_packet *packet)
{
    struct in6_pktinfo info = { .ipi6_ifindex = (unsigned)interface_of(packet) };
    struct sockaddr_in6 in6;
    socklen_t size = sizeof in6;
    fit__ip_out(AF_INET6, packet->to.ip, 0, (struct sockaddr *)&in6, &size);
    info.ipi6_addr = in6.sin6_addr;
    if (fit__option_stored(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO))
        put(out, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    if (packet->to.ip.six && fit__option_stored(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT))
        put(out, IPPROTO_IPV6, IPV6_HOPLIMIT, &packet->ttl, sizeof packet->ttl);
    if (packet->to.ip.six && fit__option_stored(socket, IPPROTO_IPV6, IPV6_RECVTCLASS))
        put(out, IPPROTO_IPV6, IPV6_TCLASS, &packet->tos, sizeof packet->tos);
}

void fit__udp_control_write(const struct fit__datagram *socket,
                            const struct fit__udp_packet *packet, struct msghdr *message)
{
    struct out out = { .message = message,
                       .room = message->msg_control ? message->msg_controllen : 0 };
    put_time(&out, &socket->socket, packet->arrived);
    if (socket->socket.domain == AF_INET6)
        put_six(&out, &socket->socket, packet);
    if (!packet->to.ip.six)
        put_four(&out, &socket->socket, packet);
    message->msg_controllen = out.used;
}
