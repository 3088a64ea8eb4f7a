/* name_info.c - getnameinfo: names for addresses and ports. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "harness/world/dns.h"
#include "harness/world/objects.h"

#define LOOK_UP_NS FIT_MS

static int give(const char *text, char *out, socklen_t size)
{
    if (strlen(text) >= size)
        return EAI_OVERFLOW;
    strcpy(out, text);
    return 0;
}

/* The name, or NULL. Loopback addresses stand in /etc/hosts. */
static const char *host_name(const struct sockaddr *address)
{
    const struct sockaddr_in6 *in6 = (const void *)address;
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ? "localhost" : NULL;
    uint32_t four = ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr;
    if (four == htonl(INADDR_LOOPBACK))
        return "localhost";
    fit__block("getnameinfo", NULL, 0, fit__now() + LOOK_UP_NS);
    return fit__host_name_of(four);
}

static int give_host(const struct sockaddr *address, char *out, socklen_t size, int flags)
{
    const char *name = flags & NI_NUMERICHOST ? NULL : host_name(address);
    char text[INET6_ADDRSTRLEN];
    const void *bytes = address->sa_family == AF_INET
        ? (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
        : &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (!name && (flags & NI_NAMEREQD))
        return EAI_NONAME;
    return give(name ? name : inet_ntop(address->sa_family, bytes, text, sizeof text), out, size);
}

static int give_service(uint16_t port, char *out, socklen_t size, int flags)
{
    const char *name = flags & NI_NUMERICSERV ? NULL : fit__service_name(port, flags & NI_DGRAM);
    char text[8];
    snprintf(text, sizeof text, "%u", port);
    return give(name ? name : text, out, size);
}

int fit__name_info(const struct sockaddr *address, socklen_t size, char *host,
                   socklen_t host_size, char *service, socklen_t service_size, int flags)
{
    const int known = NI_NUMERICHOST | NI_NUMERICSERV | NI_NOFQDN | NI_NAMEREQD | NI_DGRAM
                      | NI_IDN;
    if (flags & ~known)
        return EAI_BADFLAGS;
    if (!address || size < sizeof address->sa_family)
        return EAI_FAMILY;
    if ((flags & NI_NAMEREQD) && !host && !service)
        return EAI_NONAME;
    if ((address->sa_family != AF_INET || size < sizeof(struct sockaddr_in))
        && (address->sa_family != AF_INET6 || size < sizeof(struct sockaddr_in6)))
        return EAI_FAMILY;
    int error = host && host_size ? give_host(address, host, host_size, flags) : 0;
    if (error || !service || !service_size)
        return error;
    /* The port is at the same place in both. */
    uint16_t port = ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    return give_service(port, service, service_size, flags);
}
