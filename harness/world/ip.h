/* harness/world/ip.h - addresses of IPv4 and IPv6, as TCP and UDP know them (harness/world/ only).
 *
 * Hosts have one IPv4 address each. Of IPv6 there is the loopback address, and IPv4 in it. */
#ifndef HARNESS_WORLD_IP_H
#define HARNESS_WORLD_IP_H

#include "harness/world/objects.h"

struct fit__ip {
    uint32_t v4;             /* network order */
    bool six;                /* IPv6: `v4` is INADDR_ANY for "::", INADDR_LOOPBACK for "::1" */
    bool dual;               /* "::" that stands for all of IPv4, too */
};

bool fit__is_loopback(uint32_t address);
/* Could a packet to one of them be meant for the other? */
bool fit__ips_overlap(struct fit__ip a, struct fit__ip b);
/* Reads the address that a socket of `domain` was given: 0, -EINVAL (too short), -EAFNOSUPPORT
 * or -ENETUNREACH (an IPv6 address that no host has). `mixed`: an AF_INET6 socket takes AF_INET
 * addresses, too. */
int fit__ip_in(int domain, bool mixed, const struct sockaddr *address, socklen_t size,
               struct fit__ip *ip, uint16_t *port);
int fit__ip_out(int domain, struct fit__ip ip, uint16_t port, struct sockaddr *out,
                socklen_t *size);
/* An address of the host's own, or one that stands for all of them. */
bool fit__ip_is_of(struct fit__ip ip, const struct fit__host *host);
/* "origin.test", "127.0.0.1", "ip6-localhost", "10.0.0.2". */
const char *fit__ip_name(struct fit__ip ip, char *out, size_t size);
/* "10.0.0.2:40001", "[::1]:80". */
const char *fit__ip_text(struct fit__ip ip, uint16_t port, char *out, size_t size);

/* The next port of the host, in the socket's own range if it has one, that `taken` does not object
 * to, or 0. */
uint16_t fit__free_port(struct fit__host *host, const struct fit__socket *socket,
                        bool (*taken)(const void *who, uint16_t port), const void *who);

#endif
