/* Names of hosts and services: getaddrinfo and its like. */
#include <arpa/inet.h>
#include <ifaddrs.h>
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
    struct addrinfo *copy = fit__plain_calloc(1, sizeof *copy + row->ai_addrlen);
    if (!copy) return NULL;
    *copy = *row;
    copy->ai_canonname = NULL;
    copy->ai_addr = memcpy(copy + 1, row->ai_addr, row->ai_addrlen);
    return copy;
}

/* The host has `count` addresses, and answers at the last. The name stands in the first row. */
static void add_dead(struct addrinfo **list, unsigned count)
{
    struct addrinfo *first = *list;
    for (unsigned i = 1; i < count && first->ai_family == AF_INET; i++) {
        struct addrinfo *row = copy_of(first);
        if (!row) return;
        make_dead(row, count - i);
        row->ai_next = *list;
        row->ai_canonname = (*list)->ai_canonname;
        (*list)->ai_canonname = NULL;
        *list = row;
    }
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

int fit__look_up(struct fit__call *c, const char *node, const char *service,
                 const struct addrinfo *hints, struct addrinfo **list)
{
    int64_t value;
    c->object = node;
    const struct fit__fact *fact =
        fit__asks() && is_asked_for(node, hints) ? fit__ask(c, 0, 0, &value) : NULL;
    bool late = fact && fact->what == FIT_W_DELAY, more = fact && fact->what == FIT_W_RETURN;
    if (late) fit__kernel->sleep(value * INT64_C(1000000));
    int result = fact && !late && !more ? fail(c, fact, value)
                                        : fit__kernel->getaddrinfo(node, service, hints, list);
    if (more && !result) add_dead(list, (unsigned)value);
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
    const struct fit__fact *fact = asks ? fit__ask(&c, 0, 0, &value) : NULL;
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
    if (fit__passes()) return FIT_NEXT(gethostname)(name, size);
    if (size < sizeof host_name) return (int)fit__result(-ENAMETOOLONG);
    memcpy(name, host_name, sizeof host_name);
    return 0;
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

FIT_EXPORT int getifaddrs(struct ifaddrs **list)
{
    if (!fit__passes())
        fit__unsupported("getifaddrs", FIT_CALLER, "the simulated host has one address");
    return FIT_NEXT(getifaddrs)(list);
}
