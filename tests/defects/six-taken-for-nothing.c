/* The name stands for an address of IPv6 alone. A client that only takes those of IPv4 finds none
 * in the list, and goes on as if it had a connection.
 * expect: bad-close
 * options: --mode dns
 * repaired: recovered reported
 */
#include "zoo.h"

static int dial_name(const char *name, const char *port, int *fd)
{
    struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *all, *one;
    char ip[INET_ADDRSTRLEN];
#ifdef REPAIRED
    int err = -EHOSTUNREACH;
#else
    int err = 0;                         /* what is left of no attempt at all */
#endif
    if (getaddrinfo(name, port, &hint, &all)) return -EHOSTUNREACH;
    for (one = all; one && *fd < 0; one = one->ai_next) {
        const struct sockaddr_in *in = (void *)one->ai_addr;
        if (one->ai_family != AF_INET) continue;
        *fd = dial(inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip), ntohs(in->sin_port));
        err = *fd < 0 ? *fd : 0;
    }
    freeaddrinfo(all);
    return err;
}

static void tells(void **state)
{
    static const struct fit_reply noon[] = { { .until = "NOON\n" }, { 0 } };
    int fd = -1;
    (void)state;
    fit_peer_replies("clock.test:37", noon);
    struct fit_op *op = fit_op("tell");
    int err = dial_name("clock.test", "37", &fd);
    if (!err) {
        err = put(fd, "NOON\n", 5);
        close(fd);
    }
    told(op, err, "told", 4);
}
ZOO_MAIN(tells)
