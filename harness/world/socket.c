/* socket.c - the calls on sockets that never wait, for all kinds of sockets. */
#include <errno.h>
#include <netinet/in.h>

#include "harness/world/calls.h"

/* ---- making ------------------------------------------------------------------------------ */

static int base_of(int type)
{
    return type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static int check_local(int type, int protocol)
{
    int base = base_of(type);
    if (protocol && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    return base == SOCK_STREAM || base == SOCK_DGRAM || base == SOCK_SEQPACKET
           || base == SOCK_RAW ? 0 : -ESOCKTNOSUPPORT;
}

static int check_socket(int domain, int type, int protocol)
{
    int base = base_of(type);
    if (base & ~0xf)
        return -EINVAL;
    if (domain == AF_UNIX)
        return check_local(type, protocol);
    if (domain == AF_NETLINK || domain == AF_PACKET)
        fit__unsupported("socket", NULL, "questions about network devices are not simulated");
    if (domain != AF_INET && domain != AF_INET6)
        return -EAFNOSUPPORT;
    if (base == SOCK_RAW)
        fit__unsupported("socket", NULL, "raw packets are not simulated; TCP and UDP are");
    if (base != SOCK_STREAM && base != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    int own = base == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    return protocol == 0 || protocol == own ? 0 : -EPROTONOSUPPORT;
}

int fit__call_socket(int domain, int type, int protocol)
{
    struct fit__file *file;
    fit__call_begins();
    int error = check_socket(domain, type, protocol);
    if (!error)
        error = fit__room_for(1);
    if (error)
        return error;
    if (domain == AF_UNIX)
        file = fit__local_new(base_of(type), type);
    else if (base_of(type) == SOCK_DGRAM)
        file = fit__datagram_new(domain, type);
    else
        file = fit__tcp_new(domain, type);
    return fit__number(file, !!(type & SOCK_CLOEXEC));
}

int fit__call_socketpair(int domain, int type, int protocol, int fds[2])
{
    struct fit__file *files[2];
    fit__call_begins();
    if (base_of(type) & ~0xf)
        return -EINVAL;
    if (domain == AF_INET || domain == AF_INET6)
        return -EOPNOTSUPP;
    if (domain != AF_UNIX)
        return -EAFNOSUPPORT;
    int error = check_local(type, protocol);
    if (!error)
        error = fit__room_for(2);
    if (error)
        return error;
    fit__local_pair(base_of(type), type, files);
    return fit__number_two(files, !!(type & SOCK_CLOEXEC), fds);
}

/* ---- names and states -------------------------------------------------------------------- */

static int socket_at(int fd, struct fit__file **file)
{
    fit__call_begins();
    *file = fit__file_of(fd);
    if (!*file)
        return fit__is_standard(fd) ? -ENOTSOCK : -EBADF;
    return fit__is_socket(*file) ? 0 : -ENOTSOCK;
}

int fit__call_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    struct fit__file *file;
    int error = socket_at(fd, &file);
    return error ? error : file->ops->socket->bind(file, address, size);
}

int fit__call_listen(int fd, int backlog)
{
    struct fit__file *file;
    int error = socket_at(fd, &file);
    if (!error && !file->ops->socket->listen)
        error = -EOPNOTSUPP;
    return error ? error : file->ops->socket->listen(file, backlog);
}

int fit__call_shutdown(int fd, int how)
{
    struct fit__file *file;
    int error = socket_at(fd, &file);
    if (error)
        return error;
    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    return file->ops->socket->shutdown(file, (unsigned)how + 1);
}

static int name_of(int fd, bool of_peer, struct sockaddr *address, socklen_t *size)
{
    struct fit__file *file;
    int error = socket_at(fd, &file);
    return error ? error : file->ops->socket->name(file, of_peer, address, size);
}

int fit__call_getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
    return name_of(fd, false, address, size);
}

int fit__call_getpeername(int fd, struct sockaddr *address, socklen_t *size)
{
    return name_of(fd, true, address, size);
}

int fit__call_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
    struct fit__file *file;
    int error = socket_at(fd, &file);
    return error ? error : fit__option_get(file, level, option, value, size);
}

int fit__call_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    struct fit__file *file;
    int error = socket_at(fd, &file);
    return error ? error : fit__option_set(file, level, option, value, size);
}

/* ---- what has arrived, taken back -------------------------------------------------------- */

bool fit__can_be_held(struct fit__file *file)
{
    return fit__tcp_is_stream(file) || fit__datagram_waits(file) || fit__local_is_stream(file);
}

void fit__call_hold(int64_t ns)
{
    fit__tcp_hold(ns);
    fit__datagram_hold(ns);
    fit__local_hold(ns);
}
