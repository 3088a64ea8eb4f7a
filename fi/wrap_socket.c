/* Sockets. */
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fi/flags.h"
#include "fi/thread.h"
#include "fi/wrap.h"

enum { ADDRESS_TEXT = 128 };

void __chk_fail(void) __attribute__((noreturn));

/* glibc hides this behind a transparent union, so that any sockaddr type may be passed. */
static const struct sockaddr *plain(__CONST_SOCKADDR_ARG address)
{
    return address.__sockaddr__;
}

/* ---- making ------------------------------------------------------------------------------ */

FIT_EXPORT int socket(int domain, int type, int protocol)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_socket, domain, type, protocol));
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_socket, -1, FIT_CALLER);
    if (!fit__fault_simple(&c, domain == AF_INET6 ? FIT_N_SIX : 0, &result))
        result = fit__kernel->socket(domain, type, protocol);
    if (fit__traces())
        fit__traced(&c, result, "%s, %s, %d", FIT_FLAGS(domains, domain),
                    FIT_FLAGS(socket_flags, type), protocol);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int socketpair(int domain, int type, int protocol, int fds[2])
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_socketpair, domain, type, protocol, fds));
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_socketpair, -1, FIT_CALLER);
    fit__check_writable(fds, 2 * sizeof *fds);
    if (!fit__fault_make(&c, &result))
        result = fit__kernel->socketpair(domain, type, protocol, fds);
    if (fit__traces())
        fit__traced(&c, result, "%s, %s, %d, [%d, %d]", FIT_FLAGS(domains, domain),
                    FIT_FLAGS(socket_flags, type), protocol,
                    result < 0 ? -1 : fds[0], result < 0 ? -1 : fds[1]);
    return (int)fit__end(&c, result);
}

/* Any address, and those of the loopback, are always there. */
static bool could_be_lost(const struct sockaddr *address, socklen_t size)
{
    const struct sockaddr_in *in = (const void *)address;
    const struct sockaddr_in6 *six = (const void *)address;
    if (address->sa_family == AF_INET)
        return in->sin_addr.s_addr != INADDR_ANY && ntohl(in->sin_addr.s_addr) >> 24 != 127;
    return size >= sizeof *six && !IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr)
        && !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* What could go wrong with a name: somebody else has it, or it may not be had. 0: nothing. */
static unsigned holds_of_name(const struct sockaddr *address, socklen_t size)
{
    const struct sockaddr_in *in = (const void *)address;
    if (!address || size <= sizeof address->sa_family) return 0;
    if (address->sa_family == AF_UNIX)
        return FIT_N_LOCAL | (address->sa_data[0] ? FIT_N_PATH : 0);
    /* The port is at the same place in an address of IPv6. */
    if (size < sizeof *in || (in->sin_family != AF_INET && in->sin_family != AF_INET6)) return 0;
    if (!in->sin_port) return 0;
    return FIT_N_INET | (ntohs(in->sin_port) < IPPORT_RESERVED ? FIT_N_PRIVILEGED : 0)
        | (could_be_lost(address, size) ? FIT_N_ADDRESS : 0);
}

FIT_EXPORT int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_bind, fd, plain(address), size));
    struct fit__call c;
    char text[ADDRESS_TEXT];
    fit__begin(&c, FIT_CALL_bind, fd, FIT_CALLER);
    fit__check_defined(plain(address), size);
    long result;
    unsigned holds = holds_of_name(plain(address), size);
    if (!holds || !fit__fault_simple(&c, holds, &result))
        result = fit__kernel->bind(fd, plain(address), size);
    if (fit__traces())
        fit__traced(&c, result, "%d, %s", fd,
                    fit__address_text(text, sizeof text, plain(address), size));
    return (int)fit__end(&c, result);
}

/* Two sockets may be bound to one port, but only one may listen. */
static bool could_collide(struct fit__call *c)
{
    return fit__asks() && fit__described(c) && c->info.class == FIT_C_SOCKET && !c->info.local;
}

FIT_EXPORT int listen(int fd, int backlog)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_listen, fd, backlog));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_listen, fd, FIT_CALLER);
    long result;
    if (!could_collide(&c) || !fit__fault_simple(&c, FIT_N_INET, &result))
        result = fit__kernel->listen(fd, backlog);
    if (fit__traces()) fit__traced(&c, result, "%d, %d", fd, backlog);
    return (int)fit__end(&c, result);
}

/* ---- accept ------------------------------------------------------------------------------ */

/* 0: something waits to be accepted, possibly after we waited for it. Negative: nothing does;
 * -EINTR: and the wait is over. */
static int pending(struct fit__call *c)
{
    if (!fit__described(c) || c->info.class != FIT_C_LISTENER) return -EINVAL;
    if (c->info.readable) return 0;
    return c->info.nonblocking ? -EAGAIN : fit__wait_for(c, POLLIN, SO_RCVTIMEO);
}

/* The connection that waits was given up by the other side before we took it. */
static long accept_aborted(int fd, long error)
{
    int taken = fit__kernel->accept(fd, NULL, NULL, SOCK_CLOEXEC);
    if (taken < 0) return taken;
    fit__kernel->afflict(taken, FIT_A_RESET, ECONNRESET);
    fit__kernel->close(taken);
    return -error;
}

/* True: *result is what accept gives. *reset: what it takes is to be reset at once. */
static bool fault_accept(struct fit__call *c, long *result, bool *reset)
{
    int64_t value;
    int none = fit__asks() ? pending(c) : -EAGAIN;
    *result = none;
    if (none) return none == -EINTR;
    unsigned holds = (c->info.local ? FIT_N_LOCAL : FIT_N_INET)
                     | (c->info.nonblocking ? FIT_N_NONBLOCKING : 0);
    const struct fit__fact *fact = fit__ask(c, holds, 0, &value);
    if (!fact) return false;
    if (fact->effect != FIT_E_SPECIAL) return fit__carry_out(c, fact, result);
    *reset = fact->what == FIT_W_EOF;
    if (*reset) return false;
    *result = accept_aborted(c->fd, (long)value);
    return true;
}

static long accept_simulated(enum fit__call_id id, int fd, struct sockaddr *address,
                             socklen_t *size, int flags, const void *caller)
{
    struct fit__call c;
    char text[ADDRESS_TEXT] = "NULL";
    long result;
    bool reset = false;
    fit__begin(&c, id, fd, caller);
    if (address && size) fit__check_defined(size, sizeof *size);
    if (address && size) fit__check_writable(address, *size);
    if (!fault_accept(&c, &result, &reset))
        result = fit__kernel->accept(fd, address, size, flags);
    if (reset && result >= 0) fit__kernel->afflict((int)result, FIT_A_RESET, ECONNRESET);
    if (fit__traces()) {
        if (result >= 0 && address && size)
            fit__address_text(text, sizeof text, address, *size);
        fit__traced(&c, result, "%d, %s, %s", fd, text, FIT_FLAGS(socket_flags, flags));
    }
    return fit__end(&c, result);
}

FIT_EXPORT int accept(int fd, __SOCKADDR_ARG address, socklen_t *size)
{
    struct sockaddr *to = address.__sockaddr__;
    if (fit__passes()) return (int)fit__result(fit__raw_point(SYS_accept4, fd, to, size, 0));
    return (int)accept_simulated(FIT_CALL_accept, fd, to, size, 0, FIT_CALLER);
}

FIT_EXPORT int accept4(int fd, __SOCKADDR_ARG address, socklen_t *size, int flags)
{
    struct sockaddr *to = address.__sockaddr__;
    if (fit__passes()) return (int)fit__result(fit__raw_point(SYS_accept4, fd, to, size, flags));
    return (int)accept_simulated(FIT_CALL_accept4, fd, to, size, flags, FIT_CALLER);
}

/* ---- connect ----------------------------------------------------------------------------- */

/* Could the connection that begins here meet trouble on its way? */
static bool on_its_way(struct fit__call *c, const struct sockaddr *address, socklen_t size)
{
    if (!fit__asks() || !address || size < sizeof address->sa_family) return false;
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6) return false;
    return fit__described(c) && c->info.class == FIT_C_SOCKET && !c->info.connecting;
}

/* Waits for the end of a connection begun without waiting, as connect() itself would have: calling
 * it again collects the result and leaves the socket in the state that goes with it. */
static long await_connection(struct fit__call *c, const struct sockaddr *address, socklen_t size)
{
    int rc;
    do rc = fit__wait_for(c, POLLOUT, SO_SNDTIMEO); while (rc == -EINTR && !fit__called_off());
    if (rc < 0) return -EINPROGRESS;
    return fit__kernel->connect(c->fd, address, size);
}

/* Was a port asked for by bind()? Then somebody else may have the same connection. */
static bool has_own_port(int fd)
{
    struct sockaddr_in6 own = { 0 };
    socklen_t size = sizeof own;
    return fit__kernel->getsockname(fd, (struct sockaddr *)&own, &size) >= 0 && own.sin6_port;
}

/* The question comes when the first packet is sent: by then the socket has a name for people,
 * and the fault is something that happens to the connection. A blocking socket is made to start
 * without waiting, and waits afterwards. */
static long connect_asking(struct fit__call *c, const struct sockaddr *address, socklen_t size)
{
    bool waits = !c->info.nonblocking;
    unsigned holds = FIT_N_INET | (has_own_port(c->fd) ? FIT_N_ADDRESS : 0);
    int flags = waits ? fit__kernel->fcntl(c->fd, F_GETFL, 0) : 0;
    if (waits) fit__kernel->fcntl(c->fd, F_SETFL, flags | O_NONBLOCK);
    long result = fit__kernel->connect(c->fd, address, size), failed;
    if (waits) fit__kernel->fcntl(c->fd, F_SETFL, flags);
    if (result != -EINPROGRESS) return result;
    int64_t value;
    c->object = NULL;
    fit__described(c);
    const struct fit__fact *fact = fit__ask(c, holds, 0, &value);
    if (fact && fit__carry_out(c, fact, &failed)) return failed;
    return waits ? await_connection(c, address, size) : result;
}

/* A local connect that would succeed finds nobody. */
static bool local_refused(struct fit__call *c, const struct sockaddr *address, socklen_t size,
                          long *result)
{
    char text[ADDRESS_TEXT];
    int64_t value;
    if (!fit__asks() || !address || size <= sizeof address->sa_family) return false;
    if (address->sa_family != AF_UNIX || !fit__described(c)) return false;
    if (c->info.class != FIT_C_SOCKET) return false;
    fit__address_text(text, sizeof text, address, size);
    c->object = text[0] == '@' ? text + 1 : text;
    unsigned holds = holds_of_name(address, size)
                     | (c->info.nonblocking ? FIT_N_NONBLOCKING : 0);
    const struct fit__fact *fact = fit__ask(c, holds, 0, &value);
    c->object = NULL;
    return fact && fit__carry_out(c, fact, result);
}

FIT_EXPORT int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
    if (fit__passes())
        return (int)fit__result(fit__raw_point(SYS_connect, fd, plain(address), size));
    struct fit__call c;
    char text[ADDRESS_TEXT];
    fit__begin(&c, FIT_CALL_connect, fd, FIT_CALLER);
    fit__check_defined(plain(address), size);
    long result;
    if (on_its_way(&c, plain(address), size))
        result = connect_asking(&c, plain(address), size);
    else if (!local_refused(&c, plain(address), size, &result))
        result = fit__kernel->connect(fd, plain(address), size);
    if (fit__traces())
        fit__traced(&c, result, "%d, %s", fd,
                    fit__address_text(text, sizeof text, plain(address), size));
    return (int)fit__end(&c, result);
}
FIT_ALIAS(__connect, connect);

/* ---- what a socket is -------------------------------------------------------------------- */

FIT_EXPORT int shutdown(int fd, int how)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_shutdown, fd, how));
    struct fit__call c;
    int64_t value;
    long result;
    bool done = false;
    fit__begin(&c, FIT_CALL_shutdown, fd, FIT_CALLER);
    if (fit__asks() && fit__described(&c) && c.info.class == FIT_C_STREAM && !c.info.broken
        && !c.info.local) {
        unsigned holds = c.info.peer_closed ? FIT_N_PEER_CLOSED : FIT_N_PEER_OPEN;
        const struct fit__fact *fact = fit__ask(&c, holds, 0, &value);
        done = fact && fit__carry_out(&c, fact, &result);
    }
    if (!done) result = fit__kernel->shutdown(fd, how);
    if (fit__traces()) fit__traced(&c, result, "%d, %d", fd, how);
    return (int)fit__end(&c, result);
}

/* The other side may be gone by now. */
static bool fault_peer_name(struct fit__call *c, long *result)
{
    if (!fit__asks() || !fit__described(c) || c->info.class != FIT_C_STREAM || c->info.broken)
        return false;
    return fit__fault_simple(c, c->info.local ? FIT_N_LOCAL : FIT_N_INET, result);
}

static long name_simulated(enum fit__call_id id, int fd, struct sockaddr *address,
                           socklen_t *size, const void *caller)
{
    struct fit__call c;
    char text[ADDRESS_TEXT];
    fit__begin(&c, id, fd, caller);
    fit__check_defined(size, sizeof *size);
    fit__check_writable(address, *size);
    long result;
    if (id != FIT_CALL_getpeername || !fault_peer_name(&c, &result))
        result = (id == FIT_CALL_getsockname ? fit__kernel->getsockname
                                             : fit__kernel->getpeername)(fd, address, size);
    if (fit__traces())
        fit__traced(&c, result, "%d, %s", fd,
                    result < 0 ? "NULL" : fit__address_text(text, sizeof text, address, *size));
    return fit__end(&c, result);
}

FIT_EXPORT int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *size)
{
    struct sockaddr *to = address.__sockaddr__;
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_getsockname, fd, to, size));
    return (int)name_simulated(FIT_CALL_getsockname, fd, to, size, FIT_CALLER);
}

FIT_EXPORT int getpeername(int fd, __SOCKADDR_ARG address, socklen_t *size)
{
    struct sockaddr *to = address.__sockaddr__;
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_getpeername, fd, to, size));
    return (int)name_simulated(FIT_CALL_getpeername, fd, to, size, FIT_CALLER);
}

static void trace_option(const struct fit__call *c, int level, int option, const void *value,
                         socklen_t size, long result)
{
    int number = 0;
    if (level == SOL_SOCKET && option == SO_ERROR && result >= 0 && size >= sizeof number) {
        memcpy(&number, value, sizeof number);
        const char *name = number ? strerrorname_np(number) : "0";
        fit__traced(c, result, "%d, SOL_SOCKET, SO_ERROR, [%s]", c->fd, name ? name : "?");
    } else if (size == sizeof number && value) {
        memcpy(&number, value, sizeof number);
        fit__traced(c, result, "%d, %d, %d, [%d]", c->fd, level, option, number);
    } else {
        fit__traced(c, result, "%d, %d, %d", c->fd, level, option);
    }
}

FIT_EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_getsockopt, fd, level, option, value, size));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_getsockopt, fd, FIT_CALLER);
    fit__check_defined(size, sizeof *size);
    fit__check_writable(value, *size);
    long result;
    if (!fit__asks() || !fit__described(&c) || !fit__fault_simple(&c, 0, &result))
        result = fit__kernel->getsockopt(fd, level, option, value, size);
    if (fit__traces())
        trace_option(&c, level, option, result < 0 ? NULL : value, result < 0 ? 0 : *size,
                     result);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_setsockopt, fd, level, option, value, size));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_setsockopt, fd, FIT_CALLER);
    fit__check_defined(value, size);
    long result;
    if (!fit__asks() || !fit__described(&c) || !fit__fault_simple(&c, 0, &result))
        result = fit__kernel->setsockopt(fd, level, option, value, size);
    if (fit__traces()) trace_option(&c, level, option, value, size, result);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int sockatmark(int fd)
{
    if (!fit__passes()) fit__unsupported("sockatmark", FIT_CALLER, "there is no urgent data");
    return FIT_NEXT(sockatmark)(fd);
}

FIT_EXPORT int isfdtype(int fd, int type)
{
    struct stat st;
    if (fit__passes()) return FIT_NEXT(isfdtype)(fd, type);
    int saved = errno;
    if (fstat(fd, &st) < 0) return -1;
    errno = saved;
    return (st.st_mode & S_IFMT) == (mode_t)type;
}
