/* The name stands for two addresses, and nobody answers at the first. The client knows no other.
 * expect: not-recovered
 * options: --mode dns
 * repaired: recovered reported
 */
#include "zoo.h"

static int dial_name(const char *name, const char *port)
{
    struct addrinfo hint = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *all, *one;
    char ip[INET_ADDRSTRLEN];
    int fd = -EHOSTUNREACH;
    if (getaddrinfo(name, port, &hint, &all)) return fd;
    for (one = all; one && fd < 0; one = one->ai_next) {
        const struct sockaddr_in *in = (void *)one->ai_addr;
        fd = dial(inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip), ntohs(in->sin_port));
#ifndef REPAIRED
        break;
#endif
    }
    freeaddrinfo(all);
    return fd;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .until = "TIME\n", .send = "12:00\n" }, { 0 } };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies("clock.test:37", noon);
    fit_must_recover("getaddrinfo:return=*");
    fit_must_recover("getaddrinfo:delay=*");
    struct fit_op *op = fit_op("ask");
    int fd = dial_name("clock.test", "37"), err = fd < 0 ? fd : put(fd, "TIME\n", 5);
    if (!err) err = take_line(fd, line, sizeof line, &have);
    if (fd >= 0) close(fd);
    told(op, err, line, have);
}
ZOO_MAIN(asks)
