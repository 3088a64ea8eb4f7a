/* port.c - who has which port: bind, and ports for those who do not ask for one. */
#include <arpa/inet.h>
#include <errno.h>

#include "harness/world/tcp.h"

enum { FIRST_EPHEMERAL = 40001, LAST_EPHEMERAL = 60999 };

bool fit__is_loopback(uint32_t address)
{
    return (ntohl(address) >> 24) == 127;
}

bool fit__addresses_overlap(uint32_t a, uint32_t b)
{
    return a == INADDR_ANY || b == INADDR_ANY || a == b;
}

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

bool fit__tcp_port_taken(const struct fit__tcp *for_whom, uint32_t address, uint16_t port)
{
    struct fit__tcp *other;
    TAILQ_FOREACH(other, &fit__tcps, all)
        if (other != for_whom && other->host == for_whom->host && other->local_port == port
            && holds_port(other) && fit__addresses_overlap(other->local, address)
            && !may_share(for_whom, other))
            return true;
    return false;
}

int fit__tcp_take_port(struct fit__tcp *end)
{
    struct fit__host *host = end->host;
    for (int i = 0; i <= LAST_EPHEMERAL - FIRST_EPHEMERAL; i++) {
        if (host->next_port < FIRST_EPHEMERAL || host->next_port > LAST_EPHEMERAL)
            host->next_port = FIRST_EPHEMERAL;
        uint16_t port = host->next_port++;
        if (!fit__tcp_port_taken(end, end->local, port)) {
            end->local_port = port;
            end->has_port = true;
            return 0;
        }
    }
    return -EADDRNOTAVAIL;
}

int fit__tcp_bind(struct fit__file *file, const struct sockaddr *address, socklen_t size)
{
    struct fit__tcp *end = fit__tcp_of(file);
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    if (size < sizeof *in)
        return -EINVAL;
    if (in->sin_family != AF_INET
        && !(in->sin_family == AF_UNSPEC && in->sin_addr.s_addr == INADDR_ANY))
        return -EAFNOSUPPORT;
    uint32_t local = in->sin_addr.s_addr;
    if (local != INADDR_ANY && !fit__is_loopback(local) && local != end->host->address)
        return -EADDRNOTAVAIL;
    if (end->state != FIT_TCP_CLOSED || end->has_port)
        return -EINVAL;
    uint16_t port = ntohs(in->sin_port);
    if (port && fit__tcp_port_taken(end, local, port))
        return -EADDRINUSE;
    end->local = local;
    end->local_port = port;
    end->bound = true;
    end->accepted = false;
    end->address_locked = local != INADDR_ANY;
    end->has_port = end->port_locked = port != 0;
    return port ? 0 : fit__tcp_take_port(end);
}
