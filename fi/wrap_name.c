/* Names of hosts and services: getaddrinfo and its like. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fi/wrap.h"
#include "fi/wrap_host.h"

#define GIVES_UP_NS INT64_C(10000000000)   /* two attempts of five seconds */

#define NOBODY 0x0afa0000                  /* 10.250.0.0: hosts of the world are not there */

/* Three addresses, as FIT_W_ORDER has them: 1-2-3, 2-1-3. */
static const int64_t orders[] = { 0x321, 0x312 };
enum { ORDERS = sizeof orders / sizeof orders[0], IN_ORDER = 3 };

static const char no_resolver[] = "use getaddrinfo";

void __chk_fail(void) __attribute__((noreturn));

/* A literal address or a name of this host's own is not asked for anywhere. */
static bool is_asked_for(const char *node, const struct addrinfo *hints)
{
    struct in6_addr unused;
    if (!node || !*node || (hints && (hints->ai_flags & AI_NUMERICHOST))) return false;
    return strcmp(node, "localhost") && inet_pton(AF_INET, node, &unused) != 1
        && !strchr(node, ':');
}

/* An address where no host is: what is sent there is lost. */
static void make_dead(struct addrinfo *row, unsigned number)
{
    struct sockaddr_in *in = (struct sockaddr_in *)row->ai_addr;
    in->sin_addr.s_addr = htonl(NOBODY + number);
}

static struct addrinfo *copy_of(const struct addrinfo *row)
{
    struct addrinfo *copy = fit__plain_calloc(1, sizeof *copy + sizeof(struct sockaddr_in6));
    if (!copy) return NULL;
    *copy = *row;
    copy->ai_canonname = NULL;
    copy->ai_addr = memcpy(copy + 1, row->ai_addr, row->ai_addrlen);
    return copy;
}

/* Puts a dead address in front of `before`, or at the end. The name stands in the first row. */
static bool add_dead(struct addrinfo **list, struct addrinfo *before, unsigned number)
{
    struct addrinfo **at = list, *row = copy_of(*list);
    if (!row) return false;
    make_dead(row, number);
    while (*at != before) at = &(*at)->ai_next;
    row->ai_next = before;
    if (before == *list) {
        row->ai_canonname = before->ai_canonname;
        before->ai_canonname = NULL;
    }
    *at = row;
    return true;
}

/* The host has `count` addresses, and answers at the last. */
static void add_many(struct addrinfo **list, unsigned count)
{
    for (unsigned i = 1; i < count && add_dead(list, *list, count - i); i++) continue;
}

static void put_in_order(struct addrinfo **list, int64_t order)
{
    struct addrinfo *alive = *list;
    unsigned place = 0;
    while ((order >> 4 * place & 15) != 1) place++;
    for (unsigned i = 1; i < IN_ORDER; i++)
        if (!add_dead(list, i <= place ? alive : NULL, i)) return;
}

/* Each address becomes one of IPv6, of those that are for documents: 2001:db8::. */
static void only_six(struct addrinfo **list)
{
    for (struct addrinfo **at = list; *at; at = &(*at)->ai_next) {
        struct addrinfo *old = *at, *row = copy_of(old);
        if (!row) return;
        const struct sockaddr_in *in = (const struct sockaddr_in *)old->ai_addr;
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)row->ai_addr;
        *in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = in->sin_port,
                                      .sin6_addr.s6_addr = { 0x20, 0x01, 0x0d, 0xb8 } };
        memcpy(in6->sin6_addr.s6_addr + 12, &in->sin_addr, sizeof in->sin_addr);
        row->ai_family = AF_INET6;
        row->ai_addrlen = sizeof *in6;
        row->ai_canonname = old->ai_canonname;
        *at = row;
        fit__plain_free(old);
    }
}

/* Changes what was found as the fact says, `value` telling how. Hosts have one address, of IPv4. */
static void change(struct addrinfo **list, enum fit__what what, int64_t value)
{
    if ((*list)->ai_family != AF_INET) return;
    if (what == FIT_W_ORDER) put_in_order(list, value);
    else if (value) add_many(list, (unsigned)value);
    else only_six(list);
}

static int fail(struct fit__call *c, const struct fit__fact *fact, int64_t value)
{
    if (fact->what == FIT_W_NEVER) {
        fit__kernel->sleep(GIVES_UP_NS);
        return EAI_AGAIN;
    }
    if (fact->space == FIT_S_EAI) return (int)value;
    c->saved_errno = (int)value;
    return EAI_SYSTEM;
}

static void trace_resolve(const struct fit__call *c, const char *node, const char *service,
                          int result)
{
    if (c->id == FIT_CALL_gethostbyname)
        fit__trace("  ", -1, "gethostbyname(%s) = %s", node,
                   result ? gai_strerror(result) : "0");
    else
        fit__trace("  ", -1, "getaddrinfo(%s, %s) = %s", node ? node : "NULL",
                   service ? service : "NULL", result ? gai_strerror(result) : "0");
}

/* Who gives no hints does not want addresses of a kind that this host does not have. */
static unsigned conditions(const char *service, const struct addrinfo *hints)
{
    char *end;
    unsigned holds = FIT_N_SEVERAL;
    if (hints && hints->ai_family == AF_UNSPEC && !(hints->ai_flags & AI_ADDRCONFIG))
        holds |= FIT_N_EITHER;
    if (service && *service && (strtoul(service, &end, 10), *end)) holds |= FIT_N_SERVICE;
    return holds;
}

int fit__look_up(struct fit__call *c, const char *node, const char *service,
                 const struct addrinfo *hints, struct addrinfo **list)
{
    int64_t value;
    c->object = node;
    c->orders = orders;
    c->order_count = ORDERS;
    const struct fit__fact *fact = fit__asks() && is_asked_for(node, hints)
        ? fit__ask(c, conditions(service, hints), 0, &value) : NULL;
    bool late = fact && fact->what == FIT_W_DELAY;
    bool other = fact && (fact->what == FIT_W_RETURN || fact->what == FIT_W_ORDER);
    if (late) fit__kernel->sleep(value * INT64_C(1000000));
    int result = fact && !late && !other ? fail(c, fact, value)
                                         : fit__kernel->getaddrinfo(node, service, hints, list);
    if (other && !result) change(list, (enum fit__what)fact->what, value);
    if (fit__traces()) trace_resolve(c, node, service, result);
    return result;
}

FIT_EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
                           const struct addrinfo *restrict hints,
                           struct addrinfo **restrict list)
{
    if (fit__passes()) return FIT_NEXT(getaddrinfo)(node, service, hints, list);
    struct fit__call c;
    fit__begin(&c, FIT_CALL_getaddrinfo, -1, FIT_CALLER);
    int result = fit__look_up(&c, node, service, hints, list);
    fit__end(&c, 0);
    return result;
}

FIT_EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t size,
                           char *restrict host, socklen_t host_size, char *restrict service,
                           socklen_t service_size, int flags)
{
    if (fit__passes())
        return FIT_NEXT(getnameinfo)(address, size, host, host_size, service, service_size,
                                     flags);
    struct fit__call c;
    fit__begin(&c, FIT_CALL_getnameinfo, -1, FIT_CALLER);
    int64_t value;
    /* Numbers are asked of nobody. */
    bool asks = fit__asks() && host && host_size && !(flags & NI_NUMERICHOST);
    unsigned holds = (flags & NI_NAMEREQD ? FIT_N_MUST : 0)
                     | (host_size < NI_MAXHOST ? FIT_N_CRAMPED : 0);
    const struct fit__fact *fact = asks ? fit__ask(&c, holds, 0, &value) : NULL;
    int result = fact ? (int)value
        : fit__kernel->getnameinfo(address, size, host, host_size, service, service_size, flags);
    fit__end(&c, 0);
    return result;
}

FIT_EXPORT int getaddrinfo_a(int mode, struct gaicb *list[restrict], int count,
                             struct sigevent *restrict event)
{
    if (!fit__passes()) fit__unsupported("getaddrinfo_a", FIT_CALLER, no_resolver);
    return FIT_NEXT(getaddrinfo_a)(mode, list, count, event);
}

/* ---- this host --------------------------------------------------------------------------- */

static const char host_name[] = "service";

FIT_EXPORT int gethostname(char *name, size_t size)
{
    struct fit__call c;
    long result;
    if (fit__passes()) return FIT_NEXT(gethostname)(name, size);
    fit__begin(&c, FIT_CALL_gethostname, -1, FIT_CALLER);
    if (!fit__fault_simple(&c, size <= HOST_NAME_MAX ? FIT_N_CRAMPED : 0, &result))
        result = size < sizeof host_name ? -ENAMETOOLONG : 0;
    if (!result) memcpy(name, host_name, sizeof host_name);
    /* A name that begins like this one, and has no room. */
    for (size_t i = 0; result && i < size; i++)
        name[i] = i < sizeof host_name - 1 ? host_name[i] : 'x';
    return (int)fit__end(&c, result);
}

FIT_EXPORT int __gethostname_chk(char *name, size_t size, size_t room);
int __gethostname_chk(char *name, size_t size, size_t room)
{
    if (size > room) __chk_fail();
    return gethostname(name, size);
}

FIT_EXPORT int uname(struct utsname *names)
{
    int result = (int)fit__result(fit__raw(SYS_uname, names));
    if (result == 0 && !fit__passes()) {
        memset(names->nodename, 0, sizeof names->nodename);
        memcpy(names->nodename, host_name, sizeof host_name);
    }
    return result;
}

/* What a look-up of an interface gives: the real kernel knows them. 0, or -1 and errno. */
static int interface_fails(enum fit__call_id id, const char *name, const void *caller)
{
    struct fit__call c;
    long result = 0;
    if (fit__passes() || !fit__extended_asked()) return 0;
    fit__begin(&c, id, -1, caller);
    c.object = name;
    if (!fit__fault_simple(&c, name ? FIT_N_BY_NAME : FIT_N_BY_NUMBER, &result)) result = 0;
    return (int)fit__end(&c, result);
}

FIT_EXPORT unsigned if_nametoindex(const char *name)
{
    if (interface_fails(FIT_CALL_if_nametoindex, name, FIT_CALLER) < 0) return 0;
    return FIT_NEXT(if_nametoindex)(name);
}

FIT_EXPORT char *if_indextoname(unsigned number, char name[IF_NAMESIZE])
{
    if (interface_fails(FIT_CALL_if_indextoname, NULL, FIT_CALLER) < 0) return NULL;
    return FIT_NEXT(if_indextoname)(number, name);
}

FIT_EXPORT int getifaddrs(struct ifaddrs **list)
{
    if (!fit__passes())
        fit__unsupported("getifaddrs", FIT_CALLER, "the simulated host has one address");
    return FIT_NEXT(getifaddrs)(list);
}
