/* ip.c - addresses of IPv4 and IPv6: read, written, compared, named. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "harness/world/ip.h"

enum { FIRST_EPHEMERAL = 40001, LAST_EPHEMERAL = 60999,
       SHORTEST_SIX = 24 /* before there were scopes */ };

bool fit__is_loopback(uint32_t address)
{
    return (ntohl(address) >> 24) == 127;
}

bool fit__ips_overlap(struct fit__ip a, struct fit__ip b)
{
    if (a.six != b.six)
        return (a.dual && a.v4 == INADDR_ANY) || (b.dual && b.v4 == INADDR_ANY);
    return a.v4 == INADDR_ANY || b.v4 == INADDR_ANY || a.v4 == b.v4;
}

static int read_six(const struct sockaddr_in6 *in6, struct fit__ip *ip)
{
    const uint8_t *bytes = in6->sin6_addr.s6_addr;
    *ip = (struct fit__ip){ .v4 = INADDR_ANY, .six = true };
    if (IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr))
        ip->v4 = htonl(INADDR_LOOPBACK);
    else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        memcpy(&ip->v4, bytes + 12, sizeof ip->v4);
        ip->six = false;
    } else if (!IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr)) {
        return -ENETUNREACH;
    }
    return 0;
}

int fit__ip_in(int domain, bool mixed, const struct sockaddr *address, socklen_t size,
               struct fit__ip *ip, uint16_t *port)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6 = { 0 };
    bool old = domain == AF_INET || (mixed && size >= sizeof in && address->sa_family == AF_INET);
    if (size < (old ? sizeof in : (socklen_t)SHORTEST_SIX))
        return -EINVAL;
    if (address->sa_family != (old ? AF_INET : AF_INET6))
        return -EAFNOSUPPORT;
    if (old) {
        memcpy(&in, address, sizeof in);
        *ip = (struct fit__ip){ .v4 = in.sin_addr.s_addr };
        *port = ntohs(in.sin_port);
        return 0;
    }
    memcpy(&in6, address, size < sizeof in6 ? size : sizeof in6);
    *port = ntohs(in6.sin6_port);
    return read_six(&in6, ip);
}

int fit__ip_out(int domain, struct fit__ip ip, uint16_t port, struct sockaddr *out,
                socklen_t *size)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port),
                              .sin_addr.s_addr = ip.v4 };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    if (domain == AF_INET)
        return fit__address_out(&in, sizeof in, out, size);
    if (!ip.six) {
        in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
        memcpy(in6.sin6_addr.s6_addr + 12, &ip.v4, sizeof ip.v4);
    } else if (ip.v4 != INADDR_ANY) {
        in6.sin6_addr = in6addr_loopback;
    }
    return fit__address_out(&in6, sizeof in6, out, size);
}

bool fit__ip_is_of(struct fit__ip ip, const struct fit__host *host)
{
    return ip.six || ip.v4 == INADDR_ANY || fit__is_loopback(ip.v4) || ip.v4 == host->address;
}

const char *fit__ip_name(struct fit__ip ip, char *out, size_t size)
{
    const struct fit__host *host = ip.six || fit__is_loopback(ip.v4) ? NULL : fit__host_at(ip.v4);
    if (ip.six)
        snprintf(out, size, ip.v4 == INADDR_ANY ? "::" : "ip6-localhost");
    else if (host)
        snprintf(out, size, "%s", host->name);
    else
        inet_ntop(AF_INET, &ip.v4, out, (socklen_t)size);
    return out;
}

const char *fit__ip_text(struct fit__ip ip, uint16_t port, char *out, size_t size)
{
    char address[INET_ADDRSTRLEN];
    if (ip.six)
        snprintf(out, size, "[%s]:%u", ip.v4 == INADDR_ANY ? "::" : "::1", port);
    else
        snprintf(out, size, "%s:%u", inet_ntop(AF_INET, &ip.v4, address, sizeof address), port);
    return out;
}

/* What IP_LOCAL_PORT_RANGE asked for; a half of 0 is the host's own. */
static void range_of(const struct fit__socket *socket, uint16_t *first, uint16_t *last)
{
    unsigned range = (unsigned)fit__option_stored(socket, IPPROTO_IP, FIT_PORT_RANGE);
    unsigned low = range & 0xffff, high = range >> 16;
    *first = low ? (uint16_t)low : FIRST_EPHEMERAL;
    *last = high ? (uint16_t)high : LAST_EPHEMERAL;
}

uint16_t fit__free_port(struct fit__host *host, const struct fit__socket *socket,
                        bool (*taken)(const void *who, uint16_t port), const void *who)
{
    uint16_t first, last;
    range_of(socket, &first, &last);
    for (int i = 0; i <= last - first; i++) {
        if (host->next_port < first || host->next_port > last)
            host->next_port = first;
        uint16_t port = host->next_port++;
        if (!taken(who, port))
            return port;
    }
    return 0;
}
