/* name.c - getaddrinfo: the world's hosts, localhost, and addresses as text.
 *
 * Results are what glibc's own freeaddrinfo releases: a block for each row, the address in it,
 * and the canonical name a block of its own. */
#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "harness/world/dns.h"
#include "harness/world/ip.h"

#define LOOK_UP_NS FIT_MS


/* In glibc's order. Who asks for no kind in particular is told of the common ones. */
static const struct { int type, protocol; bool common; } kinds[] = {
    { SOCK_STREAM, IPPROTO_TCP, true }, { SOCK_DGRAM, IPPROTO_UDP, true },
    { SOCK_DCCP, IPPROTO_DCCP, false }, { SOCK_DGRAM, IPPROTO_UDPLITE, false },
    { SOCK_STREAM, IPPROTO_SCTP, false }, { SOCK_SEQPACKET, IPPROTO_SCTP, false },
    { SOCK_RAW, IPPROTO_IP, true },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* What /etc/services of Debian says about them. */
static const struct service { const char *name; uint16_t port; bool tcp, udp; } services[] = {
    { "http", 80, true, false }, { "https", 443, true, true }, { "www", 80, true, false },
    { "ftp", 21, true, false }, { "ssh", 22, true, false }, { "smtp", 25, true, false },
    { "echo", 7, true, true }, { "discard", 9, true, true }, { "time", 37, true, true },
    { "domain", 53, true, true }, { "ntp", 123, false, true }, { "redis", 6379, true, false },
    { "imaps", 993, true, false }, { "postgresql", 5432, true, false },
};
enum { SERVICES = sizeof services / sizeof services[0] };

/* An address as found; IPv4 addresses of AF_INET6 rows are mapped. */
struct target { int family; struct in6_addr v6; };
enum { TARGETS_MAX = 3 };
struct targets { struct target rows[TARGETS_MAX]; unsigned count; const char *canonical; };

/* ---- what is known ----------------------------------------------------------------------- */

static bool ends_with_test(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && !strcasecmp(name + length - 5, ".test");
}

bool fit__address_of(const char *name, uint32_t *address)
{
    char plain[sizeof ((struct fit__host *)0)->name];
    size_t length = strlen(name);
    length -= length && name[length - 1] == '.';
    if (length >= sizeof plain)
        return false;
    memcpy(plain, name, length);
    plain[length] = 0;
    const struct fit__host *host = ends_with_test(plain) ? fit__host_named(plain, false) : NULL;
    if (host)
        *address = host->address;
    return host != NULL;
}

const char *fit__host_name_of(uint32_t address)
{
    const struct fit__host *host = fit__is_loopback(address) ? NULL : fit__host_at(address);
    return host && ends_with_test(host->name) ? host->name : NULL;
}

/* ---- services ---------------------------------------------------------------------------- */

static bool fits(unsigned kind, const struct addrinfo *hints)
{
    if (!hints->ai_socktype && !hints->ai_protocol)
        return kinds[kind].common;
    if (hints->ai_socktype && hints->ai_socktype != kinds[kind].type)
        return false;
    return !hints->ai_protocol || kinds[kind].type == SOCK_RAW
           || hints->ai_protocol == kinds[kind].protocol;
}

/* A service as asked for: a number, or one that only some kinds have. */
struct wanted { uint16_t port; bool given, numeric; const struct service *named; };

static int find_service(const char *text, int flags, struct wanted *wanted)
{
    char *end;
    *wanted = (struct wanted){ .given = text != NULL, .numeric = true };
    if (!text)
        return 0;
    int number = (int)strtoul(text, &end, 10);
    if (!*end) {
        wanted->port = (uint16_t)number;
        return number < 0 ? EAI_SERVICE : 0;
    }
    wanted->numeric = false;
    if (flags & AI_NUMERICSERV)
        return EAI_NONAME;
    for (unsigned i = 0; i < SERVICES; i++)
        if (!strcmp(text, services[i].name)) {
            wanted->named = &services[i];
            wanted->port = services[i].port;
            return 0;
        }
    return EAI_SERVICE;
}

const char *fit__service_name(uint16_t port, bool udp)
{
    for (unsigned i = 0; i < SERVICES; i++)
        if (services[i].port == port && (udp ? services[i].udp : services[i].tcp))
            return services[i].name;
    return NULL;
}

static bool has_service(unsigned kind, const struct wanted *wanted, bool asked_for)
{
    if (kinds[kind].type == SOCK_RAW)
        return wanted->numeric && !(asked_for && wanted->given);
    return wanted->numeric || (kinds[kind].protocol == IPPROTO_TCP && wanted->named->tcp)
           || (kinds[kind].protocol == IPPROTO_UDP && wanted->named->udp);
}

/* ---- addresses --------------------------------------------------------------------------- */

static void add_four(struct targets *found, uint32_t address, bool mapped)
{
    struct target *row = &found->rows[found->count++];
    assert(found->count <= TARGETS_MAX);
    *row = (struct target){ .family = mapped ? AF_INET6 : AF_INET };
    row->v6.s6_addr[10] = row->v6.s6_addr[11] = 0xff;
    memcpy(row->v6.s6_addr + 12, &address, sizeof address);
}

static void add_six(struct targets *found, struct in6_addr address)
{
    assert(found->count < TARGETS_MAX);
    found->rows[found->count++] = (struct target){ AF_INET6, address };
}

/* `count` rows of an IPv4 address for who asks for `family`: false, it is of no use there. */
static bool add_any_four(struct targets *found, uint32_t address, unsigned count, int family,
                         int flags)
{
    if (family == AF_INET6 && !(flags & AI_V4MAPPED))
        return false;
    while (count--)
        add_four(found, address, family == AF_INET6);
    return true;
}

/* As the world's /etc/hosts makes glibc answer: each line that names ::1 is one for 127.0.0.1,
 * too, if only IPv4 is asked for. */
static void find_local(bool both_lines, int family, int flags, struct targets *found)
{
    const int all = AI_V4MAPPED | AI_ALL;
    const uint32_t four = htonl(INADDR_LOOPBACK);
    found->canonical = "localhost";
    if (family != AF_INET)
        add_six(found, in6addr_loopback);
    if (family == AF_UNSPEC ? both_lines : family == AF_INET || (flags & all) == all)
        add_any_four(found, four, family == AF_UNSPEC ? 1 : 1 + both_lines, family, flags);
}

static int look_up(const char *node, int family, int flags, struct targets *found)
{
    uint32_t address;
    if ((flags & AI_NUMERICHOST) || !*node)
        return EAI_NONAME;
    fit__block("getaddrinfo", NULL, 0, fit__now() + LOOK_UP_NS);
    bool localhost = !strcasecmp(node, "localhost");
    if (localhost || !strcasecmp(node, "ip6-localhost") || !strcasecmp(node, "ip6-loopback")) {
        find_local(localhost, family, flags, found);
        return 0;
    }
    if (!fit__address_of(node, &address))
        return EAI_NONAME;
    return add_any_four(found, address, 1, family, flags) ? 0 : EAI_NODATA;
}

static void find_own(int family, bool passive, struct targets *found)
{
    uint32_t four = passive ? INADDR_ANY : htonl(INADDR_LOOPBACK);
    if (passive && family != AF_INET6)
        add_four(found, four, false);
    if (family != AF_INET)
        add_six(found, passive ? in6addr_any : in6addr_loopback);
    if (!passive && family != AF_INET6)
        add_four(found, four, false);
}

static int find_targets(const char *node, int family, int flags, struct targets *found)
{
    struct in_addr four;
    struct in6_addr six;
    *found = (struct targets){ .canonical = node };
    if (!node) {
        find_own(family, flags & AI_PASSIVE, found);
        return 0;
    }
    /* Unlike inet_aton(), getaddrinfo() takes nothing behind an address. */
    if (!strpbrk(node, " \t\n\v\f\r") && inet_aton(node, &four))
        return add_any_four(found, four.s_addr, 1, family, flags) ? 0 : EAI_ADDRFAMILY;
    if (inet_pton(AF_INET6, node, &six) != 1)
        return look_up(node, family, flags, found);
    if (family != AF_INET) {
        add_six(found, six);
        return 0;
    }
    memcpy(&four.s_addr, six.s6_addr + 12, sizeof four.s_addr);
    if (!IN6_IS_ADDR_V4MAPPED(&six))
        return EAI_ADDRFAMILY;
    add_four(found, four.s_addr, false);
    return 0;
}

/* ---- rows -------------------------------------------------------------------------------- */

static void fill_address(struct addrinfo *row, const struct target *target, uint16_t port)
{
    if (target->family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)(row + 1);
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, target->v6.s6_addr + 12, sizeof in->sin_addr);
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
        fit__plain_free(row->ai_canonname);
        fit__plain_free(row);
        row = next;
    }
}

static struct addrinfo *new_row(unsigned kind, const struct addrinfo *hints,
                                const struct target *target, uint16_t port)
{
    struct addrinfo *row = fit__plain_calloc(1, sizeof *row + sizeof(struct sockaddr_in6));
    if (!row)
        return NULL;
    row->ai_flags = hints->ai_flags;
    row->ai_family = target->family;
    row->ai_socktype = kinds[kind].type;
    row->ai_protocol = kinds[kind].type == SOCK_RAW ? hints->ai_protocol
                                                    : kinds[kind].protocol;
    fill_address(row, target, port);
    return row;
}

static bool name_row(struct addrinfo *row, const char *node)
{
    row->ai_canonname = fit__plain_calloc(1, strlen(node) + 1);
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
    /* Hosts have no address of IPv6 but the loopback, which does not count here. */
    if ((hints->ai_flags & AI_ADDRCONFIG) && hints->ai_family == AF_INET6)
        return EAI_NONAME;
    for (unsigned kind = 0; kind < KINDS; kind++)
        if (fits(kind, hints))
            return 0;
    return hints->ai_socktype ? EAI_SOCKTYPE : EAI_SERVICE;
}

/* The kinds that have the service, as bits. */
static unsigned kinds_of(const struct addrinfo *hints, const struct wanted *wanted)
{
    bool asked_for = hints->ai_socktype || hints->ai_protocol;
    unsigned set = 0;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        if (!fits(kind, hints))
            continue;
        if (has_service(kind, wanted, asked_for))
            set |= 1U << kind;
        /* Only who leaves both open is told of all kinds. */
        if (asked_for)
            break;
    }
    return set;
}

static int make_rows(const struct targets *found, unsigned set, const struct addrinfo *hints,
                     uint16_t port, struct addrinfo **result)
{
    struct addrinfo *rows = NULL, **last = &rows;
    for (unsigned i = 0; i < found->count; i++)
        for (unsigned kind = 0; kind < KINDS; kind++) {
            if (!(set & 1U << kind))
                continue;
            if (!(*last = new_row(kind, hints, &found->rows[i], port)))
                goto out;
            last = &(*last)->ai_next;
        }
    if ((hints->ai_flags & AI_CANONNAME) && !name_row(rows, found->canonical))
        goto out;
    *result = rows;
    return 0;
out:
    free_rows(rows);
    return EAI_MEMORY;
}

int fit__resolve(const char *node, const char *service, const struct addrinfo *hints,
                 struct addrinfo **result)
{
    static const struct addrinfo none = { .ai_flags = AI_V4MAPPED | AI_ADDRCONFIG };
    struct targets found;
    struct wanted wanted;
    if (!hints)
        hints = &none;
    int family = hints->ai_family, error = check_hints(node, service, hints);
    if (family == AF_UNSPEC && (hints->ai_flags & AI_ADDRCONFIG))
        family = AF_INET;
    if (!error)
        error = find_service(service, hints->ai_flags, &wanted);
    if (error)
        return error;
    unsigned set = kinds_of(hints, &wanted);
    if (!set)
        return EAI_SERVICE;
    error = find_targets(node, family, hints->ai_flags, &found);
    return error ? error : make_rows(&found, set, hints, wanted.port, result);
}
