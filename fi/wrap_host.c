/* gethostbyname and its family: the same names, the same faults as getaddrinfo. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdint.h>
#include <string.h>

#include "fi/wrap.h"
#include "fi/wrap_host.h"

enum { ROOM = 2048, ADDRESSES_MAX = 16 };

/* A caller's buffer, used up from its beginning. */
struct room { char *at; size_t left; };

static void *take(struct room *room, size_t size, size_t alignment)
{
    size_t skip = -(uintptr_t)room->at % alignment;
    if (room->left < skip || room->left - skip < size) return NULL;
    void *taken = room->at + skip;
    room->at += skip + size;
    room->left -= skip + size;
    return taken;
}

static const void *bytes_of(const struct addrinfo *row)
{
    return row->ai_family == AF_INET
        ? (const void *)&((const struct sockaddr_in *)(const void *)row->ai_addr)->sin_addr
        : &((const struct sockaddr_in6 *)(const void *)row->ai_addr)->sin6_addr;
}

/* 0 or ERANGE. The list of other names is empty. */
static int pack(struct hostent *host, const char *name, const struct addrinfo *rows,
                char *buffer, size_t size)
{
    struct room room = { buffer, size };
    int length = rows->ai_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    char **list = take(&room, (ADDRESSES_MAX + 2) * sizeof *list, sizeof *list);
    int count = 0;
    for (; list && rows && count < ADDRESSES_MAX; rows = rows->ai_next) {
        if (!(list[count] = take(&room, (size_t)length, 4))) return ERANGE;
        memcpy(list[count++], bytes_of(rows), (size_t)length);
    }
    char *copy = take(&room, strlen(name) + 1, 1);
    if (!list || !copy) return ERANGE;
    list[count] = list[ADDRESSES_MAX + 1] = NULL;
    *host = (struct hostent){ .h_name = strcpy(copy, name), .h_length = length,
                              .h_aliases = list + ADDRESSES_MAX + 1, .h_addr_list = list,
                              .h_addrtype = length == 4 ? AF_INET : AF_INET6 };
    return 0;
}

static int host_error(int error)
{
    switch (error) {
    case EAI_AGAIN: return TRY_AGAIN;
    case EAI_NODATA: return NO_DATA;
    case EAI_NONAME: case EAI_ADDRFAMILY: return HOST_NOT_FOUND;
    case EAI_SYSTEM: case EAI_MEMORY: return NETDB_INTERNAL;
    default: return NO_RECOVERY;
    }
}

/* As gethostbyname2_r(), but errno is not set if it succeeds. */
static int by_name(const char *name, int family, struct hostent *host, char *buffer, size_t size,
                   struct hostent **result, int *error, const void *caller)
{
    const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_family = family,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *rows = NULL;
    struct fit__call c;
    *result = NULL;
    fit__begin(&c, FIT_CALL_gethostbyname, -1, caller);
    int found = family == AF_INET || family == AF_INET6
        ? fit__look_up(&c, name, NULL, &hints, &rows) : EAI_FAMILY;
    int failed = 0;
    if (!found) {
        failed = pack(host, rows->ai_canonname, rows, buffer, size);
        freeaddrinfo(rows);
    }
    *error = failed ? NETDB_INTERNAL : found ? host_error(found) : NETDB_SUCCESS;
    if (!failed && found == EAI_AGAIN) failed = EAGAIN;
    if (!failed && found == EAI_SYSTEM) failed = c.saved_errno;
    if (!failed && found == EAI_FAMILY) failed = EAFNOSUPPORT;
    if (!found && !failed) *result = host;
    if (failed) c.saved_errno = failed;
    fit__end(&c, 0);
    return failed;
}

FIT_EXPORT int gethostbyname2_r(const char *restrict name, int family,
                                struct hostent *restrict host, char *restrict buffer,
                                size_t size, struct hostent **restrict result,
                                int *restrict error)
{
    if (fit__passes())
        return FIT_NEXT(gethostbyname2_r)(name, family, host, buffer, size, result, error);
    return by_name(name, family, host, buffer, size, result, error, FIT_CALLER);
}

FIT_EXPORT int gethostbyname_r(const char *restrict name, struct hostent *restrict host,
                               char *restrict buffer, size_t size,
                               struct hostent **restrict result, int *restrict error)
{
    if (fit__passes())
        return FIT_NEXT(gethostbyname_r)(name, host, buffer, size, result, error);
    return by_name(name, AF_INET, host, buffer, size, result, error, FIT_CALLER);
}

/* The one result that all callers of the functions without a buffer share. */
static struct hostent shared;
static char shared_room[ROOM];

FIT_EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    struct hostent *result;
    if (fit__passes()) return FIT_NEXT(gethostbyname2)(name, family);
    by_name(name, family, &shared, shared_room, ROOM, &result, &h_errno, FIT_CALLER);
    return result;
}

FIT_EXPORT struct hostent *gethostbyname(const char *name)
{
    struct hostent *result;
    if (fit__passes()) return FIT_NEXT(gethostbyname)(name);
    by_name(name, AF_INET, &shared, shared_room, ROOM, &result, &h_errno, FIT_CALLER);
    return result;
}

/* ---- by address -------------------------------------------------------------------------- */

static int by_address(const void *address, socklen_t size, int family, struct hostent *host,
                      char *buffer, size_t room, struct hostent **result, int *error,
                      const void *caller)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    bool six = family == AF_INET6;
    struct addrinfo row = { .ai_family = family,
                            .ai_addr = six ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
                            .ai_addrlen = six ? sizeof in6 : sizeof in };
    char name[NI_MAXHOST];
    struct fit__call c;
    *result = NULL;
    *error = NETDB_INTERNAL;
    if ((!six && family != AF_INET) || size != (six ? sizeof in6.sin6_addr : sizeof in.sin_addr))
        return EINVAL;
    memcpy(six ? (void *)&in6.sin6_addr : &in.sin_addr, address, size);
    fit__begin(&c, FIT_CALL_getnameinfo, -1, caller);
    int found = fit__kernel->getnameinfo(row.ai_addr, row.ai_addrlen, name, sizeof name, NULL, 0,
                                         NI_NAMEREQD);
    int failed = found ? 0 : pack(host, name, &row, buffer, room);
    if (!failed) *error = found ? host_error(found) : NETDB_SUCCESS;
    if (!found && !failed) *result = host;
    fit__end(&c, 0);
    return failed;
}

FIT_EXPORT int gethostbyaddr_r(const void *restrict address, socklen_t size, int family,
                               struct hostent *restrict host, char *restrict buffer, size_t room,
                               struct hostent **restrict result, int *restrict error)
{
    if (fit__passes())
        return FIT_NEXT(gethostbyaddr_r)(address, size, family, host, buffer, room, result,
                                         error);
    int failed = by_address(address, size, family, host, buffer, room, result, error,
                            FIT_CALLER);
    if (failed) errno = failed;
    return failed;
}

FIT_EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t size, int family)
{
    struct hostent *result;
    if (fit__passes()) return FIT_NEXT(gethostbyaddr)(address, size, family);
    int failed = by_address(address, size, family, &shared, shared_room, ROOM, &result, &h_errno,
                            FIT_CALLER);
    if (failed) errno = failed;
    return result;
}
