/* name.c - getaddrinfo: names of the world's hosts, localhost, and addresses as text.
 *
 * Results are what glibc's own freeaddrinfo releases: a block for each row, the address in it,
 * and the canonical name a block of its own. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "harness/world/objects.h"

#define LOOK_UP_NS FIT_MS

void *__libc_calloc(size_t count, size_t size);
void __libc_free(void *block);

static const struct { int type, protocol; } kinds[] = {
    { SOCK_STREAM, IPPROTO_TCP }, { SOCK_DGRAM, IPPROTO_UDP }, { SOCK_RAW, IPPROTO_IP },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const struct { const char *name; uint16_t port; bool udp; } services[] = {
    { "http", 80, false }, { "https", 443, false }, { "ftp", 21, false }, { "smtp", 25, false },
    { "domain", 53, true }, { "ntp", 123, true }, { "redis", 6379, false },
};

struct target {
    int family;                              /* AF_INET or AF_INET6 */
    struct in_addr v4;
    struct in6_addr v6;
    bool numeric;
};

static bool fits(unsigned kind, const struct addrinfo *hints)
{
    if (hints->ai_socktype && hints->ai_socktype != kinds[kind].type)
        return false;
    return !hints->ai_protocol || kinds[kind].type == SOCK_RAW
           || hints->ai_protocol == kinds[kind].protocol;
}

/* The port, whether it was given as a number, and 0 or EAI_*. */
static int find_service(const char *service, int flags, uint16_t *port, bool *numeric, bool *udp)
{
    char *end;
    *port = 0;
    *numeric = *udp = true;
    if (!service)
        return 0;
    unsigned long number = strtoul(service, &end, 10);
    if (*service && !*end) {
        *port = (uint16_t)number;
        return 0;
    }
    *numeric = false;
    if (flags & AI_NUMERICSERV)
        return EAI_NONAME;
    for (unsigned i = 0; i < sizeof services / sizeof services[0]; i++)
        if (!strcmp(service, services[i].name)) {
            *port = services[i].port;
            *udp = services[i].udp;
            return 0;
        }
    return EAI_SERVICE;
}

static bool ends_with_test(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && !strcasecmp(name + length - 5, ".test");
}

static int look_up(const char *node, int flags, struct target *target)
{
    struct fit__host *host = NULL;
    if (flags & AI_NUMERICHOST)
        return EAI_NONAME;
    fit__block("getaddrinfo", NULL, 0, fit__now() + LOOK_UP_NS);
    target->family = AF_INET;
    if (!strcasecmp(node, "localhost")) {
        target->v4.s_addr = htonl(INADDR_LOOPBACK);
        return 0;
    }
    if (ends_with_test(node))
        host = fit__host_named(node, false);
    if (!host)
        return EAI_NONAME;
    target->v4.s_addr = host->address;
    return 0;
}

static int find_target(const char *node, int flags, struct target *target)
{
    *target = (struct target){ .family = AF_INET, .numeric = true };
    if (!node) {
        target->v4.s_addr = flags & AI_PASSIVE ? INADDR_ANY : htonl(INADDR_LOOPBACK);
        return 0;
    }
    if (inet_aton(node, &target->v4))
        return 0;
    if (inet_pton(AF_INET6, node, &target->v6) == 1) {
        target->family = AF_INET6;
        return 0;
    }
    target->numeric = false;
    return look_up(node, flags, target);
}

static void fill_address(struct addrinfo *row, const struct target *target, uint16_t port)
{
    if (target->family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)(row + 1);
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        in->sin_addr = target->v4;
        row->ai_addrlen = sizeof *in;
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(row + 1);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        in6->sin6_addr = target->v6;
        row->ai_addrlen = sizeof *in6;
    }
    row->ai_addr = (struct sockaddr *)(row + 1);
}

static void free_rows(struct addrinfo *row)
{
    while (row) {
        struct addrinfo *next = row->ai_next;
        __libc_free(row->ai_canonname);
        __libc_free(row);
        row = next;
    }
}

static struct addrinfo *new_row(unsigned kind, const struct addrinfo *hints,
                                const struct target *target, uint16_t port)
{
    struct addrinfo *row = __libc_calloc(1, sizeof *row + sizeof(struct sockaddr_in6));
    if (!row)
        return NULL;
    row->ai_flags = hints->ai_flags;
    row->ai_family = target->family;
    row->ai_socktype = kinds[kind].type;
    row->ai_protocol = kinds[kind].type == SOCK_RAW ? hints->ai_protocol : kinds[kind].protocol;
    fill_address(row, target, port);
    return row;
}

static bool name_row(struct addrinfo *row, const char *node)
{
    row->ai_canonname = __libc_calloc(1, strlen(node) + 1);
    if (row->ai_canonname)
        strcpy(row->ai_canonname, node);
    return row->ai_canonname != NULL;
}

static int check_hints(const char *node, const char *service, const struct addrinfo *hints)
{
    const int known = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV | AI_V4MAPPED
                      | AI_ALL | AI_ADDRCONFIG | AI_IDN | AI_CANONIDN;
    if (!node && !service)
        return EAI_NONAME;
    if ((hints->ai_flags & ~known) || ((hints->ai_flags & AI_CANONNAME) && !node))
        return EAI_BADFLAGS;
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET
        && hints->ai_family != AF_INET6)
        return EAI_FAMILY;
    for (unsigned kind = 0; kind < KINDS; kind++)
        if (fits(kind, hints))
            return 0;
    return hints->ai_socktype ? EAI_SOCKTYPE : EAI_SERVICE;
}

int fit__resolve(const char *node, const char *service, const struct addrinfo *hints,
                 struct addrinfo **result)
{
    static const struct addrinfo none = { .ai_flags = AI_V4MAPPED | AI_ADDRCONFIG };
    struct addrinfo *rows = NULL, **last = &rows;
    struct target target;
    uint16_t port;
    bool numeric_port, udp;
    if (!hints)
        hints = &none;
    int error = check_hints(node, service, hints);
    if (!error)
        error = find_service(service, hints->ai_flags, &port, &numeric_port, &udp);
    if (!error)
        error = find_target(node, hints->ai_flags, &target);
    if (error)
        return error;
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != target.family)
        return target.numeric ? EAI_ADDRFAMILY : EAI_NODATA;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        bool known = numeric_port || kinds[kind].type == SOCK_STREAM
                     || (udp && kinds[kind].type == SOCK_DGRAM);
        if (!known || !fits(kind, hints))
            continue;
        if (!(*last = new_row(kind, hints, &target, port)))
            goto out;
        last = &(*last)->ai_next;
        /* Only who leaves both open is told of all kinds. */
        if (hints->ai_socktype || hints->ai_protocol)
            break;
    }
    if (!rows)
        return EAI_SERVICE;
    if ((hints->ai_flags & AI_CANONNAME) && !name_row(rows, node))
        goto out;
    *result = rows;
    return 0;
out:
    free_rows(rows);
    return EAI_MEMORY;
}
