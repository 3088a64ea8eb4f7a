/* port.c - who has which port of TCP: bind, and ports for those who do not ask for one. */
#include <arpa/inet.h>
#include <errno.h>

#include "harness/world/tcp.h"

static bool may_share(const struct fit__tcp *a, const struct fit__tcp *b)
{
    if (fit__option_stored(&a->socket, SOL_SOCKET, SO_REUSEPORT)
        && fit__option_stored(&b->socket, SOL_SOCKET, SO_REUSEPORT))
        return true;
    return b->state != FIT_TCP_LISTENING
           && fit__option_stored(&a->socket, SOL_SOCKET, SO_REUSEADDR)
           && fit__option_stored(&b->socket, SOL_SOCKET, SO_REUSEADDR);
}

static bool holds_port(const struct fit__tcp *end)
{
    if (end->state != FIT_TCP_CLOSED || end->time_wait > fit__now())
        return true;
    return end->file && end->has_port;
}

bool fit__tcp_port_taken(const struct fit__tcp *for_whom, struct fit__ip address, uint16_t port)
{
    struct fit__tcp *other;
    TAILQ_FOREACH(other, &fit__tcps, all)
        if (other != for_whom && other->host == for_whom->host && other->local_port == port
            && holds_port(other) && fit__ips_overlap(fit__tcp_local(other), address)
            && !may_share(for_whom, other))
            return true;
    return false;
}

static bool taken(const void *who, uint16_t port)
{
    return fit__tcp_port_taken(who, fit__tcp_local(who), port);
}

int fit__tcp_take_port(struct fit__tcp *end)
{
    if (fit__used_up(FIT_R_PORTS))
        return -EADDRNOTAVAIL;
    end->local_port = fit__free_port(end->host, &end->socket, taken, end);
    end->has_port = end->local_port != 0;
    return end->has_port ? 0 : -EADDRNOTAVAIL;
}

int fit__tcp_bind(struct fit__file *file, const struct sockaddr *address, socklen_t size)
{
    struct fit__tcp *end = fit__tcp_of(file);
    struct sockaddr_in any = { .sin_family = AF_INET };
    struct fit__ip ip;
    uint16_t port;
    if (end->socket.domain == AF_INET && size >= sizeof any && address->sa_family == AF_UNSPEC
        && ((const struct sockaddr_in *)address)->sin_addr.s_addr == INADDR_ANY) {
        any.sin_port = ((const struct sockaddr_in *)address)->sin_port;
        address = (const struct sockaddr *)&any;
    }
    int error = fit__ip_in(end->socket.domain, false, address, size, &ip, &port);
    if (error)
        return error == -ENETUNREACH ? -EADDRNOTAVAIL : error;
    if (!fit__ip_is_of(ip, end->host))
        return -EADDRNOTAVAIL;
    if (end->state != FIT_TCP_CLOSED || end->has_port)
        return -EINVAL;
    ip.dual = ip.six && !fit__option_stored(&end->socket, IPPROTO_IPV6, IPV6_V6ONLY);
    if (port && fit__tcp_port_taken(end, ip, port))
        return -EADDRINUSE;
    const uint32_t before = end->local;
    end->local = ip.v4;
    end->local_six = ip.six;
    end->local_port = port;
    if (!port && fit__tcp_take_port(end)) {
        end->local = before;
        return -EADDRINUSE;
    }
    end->bound = end->has_port = true;
    end->accepted = false;
    end->address_locked = ip.v4 != INADDR_ANY;
    end->port_locked = port != 0;
    return 0;
}
