/* What the cases of UDP over IPv4 share. */
#ifndef TESTS_CONFORMANCE_UDP_H
#define TESTS_CONFORMANCE_UDP_H

#include "tests/conformance/conformance.h"

#define ADDRESS(in) (struct sockaddr *)&(in), sizeof (in)

static inline int udp(void)
{
    return socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A socket with a port of its own on the loopback address. */
static inline int bound(struct sockaddr_in *in)
{
    socklen_t size = sizeof *in;
    int fd = udp();
    *in = (struct sockaddr_in){ .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    bind(fd, (struct sockaddr *)in, sizeof *in);
    getsockname(fd, (struct sockaddr *)in, &size);
    return fd;
}

static inline struct sockaddr_in nobody(void)
{
    struct sockaddr_in in;
    close(bound(&in));
    return in;
}

#endif
