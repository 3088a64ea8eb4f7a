/* datagram.c - UDP's socket calls. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/datagram.h"
#include "harness/world/dns.h"

enum { MOST_V4 = 65507, MOST_V6 = 65527 };

struct fit__datagrams fit__datagrams = TAILQ_HEAD_INITIALIZER(fit__datagrams);

struct fit__datagram *fit__datagram_of(struct fit__file *file)
{
    assert(file->ops == &fit__datagram_ops);
    return file->object;
}

struct fit__file *fit__datagram_new(int domain, int flags)
{
    struct fit__process *process = fit__current->process;
    struct fit__datagram *socket = fit__alloc(sizeof *socket);
    socket->socket = (struct fit__socket){ .domain = domain, .type = SOCK_DGRAM,
                                           .protocol = IPPROTO_UDP };
    socket->host = process->host;
    socket->service = process->service && !fit__guard->exempt;
    socket->local.ip.six = domain == AF_INET6;
    socket->late.slot = -1;
    TAILQ_INIT(&socket->unread);
    TAILQ_INSERT_HEAD(&fit__datagrams, socket, all);
    socket->file = fit__file_new(&fit__datagram_ops, socket, O_RDWR | (flags & O_NONBLOCK));
    return socket->file;
}

static void release(struct fit__file *file)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    struct fit__udp_packet *packet;
    while ((packet = TAILQ_FIRST(&socket->unread))) {
        TAILQ_REMOVE(&socket->unread, packet, link);
        fit__free(packet);
    }
    fit__event_cancel(&socket->late);
    TAILQ_REMOVE(&fit__datagrams, socket, all);
    fit__free(socket);
}

void fit__datagram_forget_all(void)
{
    fit__datagrams_under_way_drop();
    /* Those that a thread still held when the world ended. */
    TAILQ_INIT(&fit__datagrams);
}

void fit__datagram_changed(struct fit__datagram *socket, uint32_t events)
{
    if (socket->service)
        fit__progressed();
    fit__file_changed(socket->file, events);
}

static bool v6_only(const struct fit__datagram *socket)
{
    return fit__option_stored(&socket->socket, IPPROTO_IPV6, IPV6_V6ONLY);
}

struct fit__ip fit__datagram_local(const struct fit__datagram *socket)
{
    struct fit__ip ip = socket->local.ip;
    ip.dual = ip.six && !v6_only(socket);
    return ip;
}

/* ---- addresses --------------------------------------------------------------------------- */

static bool may_share(const struct fit__datagram *a, const struct fit__datagram *b, int option)
{
    return fit__option_stored(&a->socket, SOL_SOCKET, option)
           && fit__option_stored(&b->socket, SOL_SOCKET, option);
}

static bool taken_at(const struct fit__datagram *whose, struct fit__ip ip, uint16_t port)
{
    struct fit__datagram *other;
    TAILQ_FOREACH(other, &fit__datagrams, all)
        if (other != whose && other->host == whose->host && other->local.port == port
            && fit__ips_overlap(fit__datagram_local(other), ip)
            && !may_share(whose, other, SO_REUSEADDR) && !may_share(whose, other, SO_REUSEPORT))
            return true;
    return false;
}

static bool taken(const void *who, uint16_t port)
{
    return taken_at(who, fit__datagram_local(who), port);
}

/* Every call that needs a port takes one if there is none yet. */
static int take_port(struct fit__datagram *socket)
{
    if (!socket->local.port)
        socket->local.port = fit__free_port(socket->host, &socket->socket, taken, socket);
    return socket->local.port ? 0 : -EAGAIN;
}

static int datagram_bind(struct fit__file *file, const struct sockaddr *address, socklen_t size)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    struct fit__endpoint at;
    int error = fit__ip_in(socket->socket.domain, false, address, size, &at.ip, &at.port);
    if (error)
        return error == -ENETUNREACH ? -EADDRNOTAVAIL : error;
    if (!fit__ip_is_of(at.ip, socket->host))
        return -EADDRNOTAVAIL;
    if (socket->local.port)
        return -EINVAL;
    at.ip.dual = at.ip.six && !v6_only(socket);
    if (at.port && taken_at(socket, at.ip, at.port))
        return -EADDRINUSE;
    socket->local = at;
    socket->address_asked = at.ip.v4 != INADDR_ANY;
    socket->port_asked = at.port != 0;
    return take_port(socket) ? -EADDRINUSE : 0;
}

/* Where a datagram to `address` goes. */
static int target(const struct fit__datagram *socket, const struct sockaddr *address,
                  socklen_t size, struct fit__endpoint *to)
{
    int error = fit__ip_in(socket->socket.domain, true, address, size, &to->ip, &to->port);
    if (error)
        return error;
    if (socket->socket.domain == AF_INET6 && !to->ip.six && v6_only(socket))
        return -ENETUNREACH;
    if (socket->local.ip.v4 != INADDR_ANY && socket->local.ip.six != to->ip.six)
        return -ENETUNREACH;
    if (to->ip.v4 == INADDR_ANY)
        to->ip.v4 = htonl(INADDR_LOOPBACK);
    if (!to->ip.six && ntohl(to->ip.v4) == INADDR_BROADCAST
        && !fit__option_stored(&socket->socket, SOL_SOCKET, SO_BROADCAST))
        return -EACCES;
    if (!to->ip.six && (IN_MULTICAST(ntohl(to->ip.v4)) || ntohl(to->ip.v4) == INADDR_BROADCAST))
        fit__unsupported("sendto", NULL, "datagrams to many hosts at once are not simulated");
    return 0;
}

static struct fit__ip own_ip(const struct fit__datagram *socket, struct fit__ip to)
{
    struct fit__ip ip = socket->local.ip;
    if (ip.v4 != INADDR_ANY)
        return ip;
    return (struct fit__ip){ .six = to.six, .v4 = fit__is_loopback(to.v4)
                             ? htonl(INADDR_LOOPBACK) : socket->host->address };
}

static void disconnect(struct fit__datagram *socket)
{
    socket->connected = socket->has_sent = false;
    socket->remote = (struct fit__endpoint){ .port = 0 };
    if (!socket->address_asked)
        socket->local.ip = (struct fit__ip){ .six = socket->socket.domain == AF_INET6 };
    if (!socket->port_asked)
        socket->local.port = 0;
}

static int datagram_connect(struct fit__file *file, const struct sockaddr *address,
                            socklen_t size)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    struct fit__endpoint to;
    if (size < sizeof address->sa_family)
        return -EINVAL;
    if (address->sa_family == AF_UNSPEC) {
        disconnect(socket);
        return 0;
    }
    int error = take_port(socket);
    if (!error)
        error = target(socket, address, size, &to);
    if (error)
        return error;
    if (socket->connected && !socket->address_asked)
        socket->local.ip = (struct fit__ip){ .six = socket->socket.domain == AF_INET6 };
    socket->local.ip = own_ip(socket, to.ip);
    socket->remote = to;
    socket->connected = true;
    socket->has_sent = false;
    return 0;
}

static int datagram_name(struct fit__file *file, bool of_peer, struct sockaddr *out,
                         socklen_t *size)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    const struct fit__endpoint *one = of_peer ? &socket->remote : &socket->local;
    if (of_peer && !socket->connected)
        return -ENOTCONN;
    return fit__ip_out(socket->socket.domain, one->ip, one->port, out, size);
}

static int datagram_shutdown(struct fit__file *file, unsigned how)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    socket->socket.shut |= how;
    fit__datagram_changed(socket, FIT_ALL_EVENTS);
    return socket->connected ? 0 : -ENOTCONN;
}

/* ---- sending ----------------------------------------------------------------------------- */

/* The receiver of this message, or of all since connect(). */
static int find_target(struct fit__datagram *socket, const struct msghdr *message,
                       struct fit__endpoint *to)
{
    struct sockaddr_in in;
    const struct sockaddr *address = message->msg_name;
    if (!address || !message->msg_namelen) {
        *to = socket->remote;
        return socket->connected ? 0 : -EDESTADDRREQ;
    }
    if (socket->socket.domain == AF_INET && message->msg_namelen >= sizeof in
        && address->sa_family == AF_UNSPEC) {
        memcpy(&in, address, sizeof in);
        in.sin_family = AF_INET;         /* Linux takes it for this one */
        address = (struct sockaddr *)&in;
    }
    int error = target(socket, address, message->msg_namelen, to);
    return error ? error : to->port ? 0 : -EINVAL;
}

static ssize_t datagram_send(struct fit__file *file, const struct msghdr *message, int flags)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    size_t size = fit__iov_size(message->msg_iov, (int)message->msg_iovlen);
    struct fit__endpoint to = { 0 };
    struct fit__udp_control control;
    (void)flags;
    int error = take_port(socket);
    if (!error)
        error = find_target(socket, message, &to);
    if (!error)
        error = fit__udp_control_read(socket, message, to.ip.six, &control);
    if (!error && size > (size_t)(to.ip.six ? MOST_V6 : MOST_V4))
        error = -EMSGSIZE;
    if (!error)
        error = fit__socket_take_error(&socket->socket);
    if (!error && (socket->socket.shut & FIT_SHUT_SEND))
        error = -EPIPE;
    if (error)
        return error;
    struct fit__host *host = to.ip.six || fit__is_loopback(to.ip.v4) ? socket->host
                                                                     : fit__host_for(to.ip.v4);
    socket->has_sent = true;
    if (socket->service)
        fit__progressed();
    if (!host)
        return (ssize_t)size;            /* nobody has the address: it is lost */
    struct fit__udp_packet *packet = fit__alloc(sizeof *packet + size);
    packet->arrival.slot = -1;
    packet->from_host = socket->host;
    packet->to_host = host;
    bool sourced = control.source.v4 != INADDR_ANY;
    packet->from = (struct fit__endpoint){ sourced ? control.source : own_ip(socket, to.ip),
                                           socket->local.port };
    packet->ttl = control.ttl;
    packet->tos = control.tos;
    packet->to = to;
    packet->by_service = socket->service;
    packet->size = fit__iov_read(message->msg_iov, (int)message->msg_iovlen, 0, packet->bytes,
                                 size);
    fit__datagram_send(packet);
    return (ssize_t)size;
}

/* ---- receiving --------------------------------------------------------------------------- */

struct fit__udp_packet *fit__datagram_first(const struct fit__datagram *socket)
{
    return socket->late_until > fit__now() ? NULL : TAILQ_FIRST(&socket->unread);
}

static int name_sender(const struct fit__datagram *socket, const struct fit__udp_packet *packet,
                       struct msghdr *message)
{
    if (!message->msg_name) {
        message->msg_namelen = 0;
        return 0;
    }
    return fit__ip_out(socket->socket.domain, packet->from.ip, packet->from.port,
                       message->msg_name, &message->msg_namelen);
}

static ssize_t datagram_receive(struct fit__file *file, struct msghdr *message, int flags)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    bool waits = !(file->status_flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT);
    int error = fit__socket_take_error(&socket->socket);
    if (error)
        return error;
    struct fit__udp_packet *packet = fit__datagram_first(socket);
    if (!packet)
        return waits && (socket->socket.shut & FIT_SHUT_RECEIVE) ? 0 : -EAGAIN;
    error = name_sender(socket, packet, message);
    if (error)
        return error;
    size_t copied = fit__iov_write(message->msg_iov, (int)message->msg_iovlen, packet->bytes,
                                   packet->size);
    ssize_t result = (ssize_t)(flags & MSG_TRUNC ? packet->size : copied);
    message->msg_flags = copied < packet->size ? MSG_TRUNC : 0;
    fit__udp_control_write(socket, packet, message);
    if (socket->service)
        fit__progressed();
    if (!(flags & MSG_PEEK)) {
        fit__datagram_take(socket, packet);
        fit__free(packet);
    }
    return result;
}

static uint32_t datagram_poll(struct fit__file *file)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    uint32_t bits = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    if (socket->socket.error)
        bits |= EPOLLERR;
    if (socket->socket.shut & FIT_SHUT_RECEIVE)
        bits |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
    if (socket->socket.shut == FIT_SHUT_BOTH)
        bits |= EPOLLHUP;
    if (fit__datagram_first(socket))
        bits |= EPOLLIN | EPOLLRDNORM;
    return bits;
}

/* ---- sessions ---------------------------------------------------------------------------- */

static struct fit__datagram *session_of(const struct fit__datagram *listener,
                                        const struct fit__udp_packet *packet)
{
    struct fit__datagram *session
        = fit__datagram_of(fit__datagram_new(listener->socket.domain, 0));
    session->local = (struct fit__endpoint){ packet->to.ip, listener->local.port };
    session->remote = packet->from;
    session->address_asked = session->port_asked = session->connected = true;
    return session;
}

static void hand_over(struct fit__datagram *listener, struct fit__datagram *session)
{
    struct fit__udp_packet *packet, *next;
    for (packet = TAILQ_FIRST(&listener->unread); packet; packet = next) {
        next = TAILQ_NEXT(packet, link);
        if (packet->from.port != session->remote.port
            || packet->from.ip.v4 != session->remote.ip.v4
            || packet->from.ip.six != session->remote.ip.six)
            continue;
        fit__datagram_take(listener, packet);
        fit__datagram_give(session, packet);
    }
}

int fit__datagram_accept(int fd)
{
    struct fit__file *file = fit__file_of(fd);
    struct fit__datagram *listener = fit__datagram_of(file);
    struct fit__udp_packet *packet;
    while (!(packet = fit__datagram_first(listener)))
        fit__block_on("recv", &file->queue, FIT_NEVER);
    struct fit__datagram *session = session_of(listener, packet);
    hand_over(listener, session);
    int result = fit__install(session->file, 0, false);
    if (result < 0)
        fit__file_release(session->file);
    return result;
}

/* ---- faults ------------------------------------------------------------------------------ */

static void tell(const struct fit__datagram *socket, struct fit__info *info)
{
    char local[64], remote[64];
    fit__ip_text(socket->local.ip, socket->local.port, local, sizeof local);
    if (socket->connected) {
        fit__ip_name(socket->remote.ip, remote, sizeof remote);
        snprintf(info->object, sizeof info->object, "%s/%u", remote, socket->remote.port);
        snprintf(info->text, sizeof info->text, "udp %s -> %s:%u", local, remote,
                 socket->remote.port);
        return;
    }
    snprintf(info->object, sizeof info->object, socket->port_asked ? "udp/%u" : "udp",
             socket->local.port);
    snprintf(info->text, sizeof info->text, "udp %s", local);
}

static int datagram_describe(struct fit__file *file, struct fit__info *info)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    const struct fit__udp_packet *packet = fit__datagram_first(socket);
    info->class = FIT_C_DATAGRAM;
    info->readable = packet ? packet->size : 0;
    info->waiting = packet != NULL;
    info->writable = MOST_V4;
    info->refusable = socket->connected && socket->has_sent && !socket->socket.error;
    info->unconnected = !socket->connected && !socket->socket.error;
    tell(socket, info);
    return 0;
}

static void late_over(struct fit__event *event)
{
    struct fit__datagram *socket = (struct fit__datagram *)
        (void *)((char *)event - offsetof(struct fit__datagram, late));
    socket->late_until = 0;
    if (!TAILQ_EMPTY(&socket->unread))
        fit__datagram_changed(socket, EPOLLIN | EPOLLRDNORM);
}

static void delay(struct fit__datagram *socket, fit_ns ns)
{
    socket->late_until = fit__now() + ns;
    fit__event_cancel(&socket->late);
    fit__event_set(&socket->late, socket->late_until, late_over);
}

/* Whoever has sent what can be read had sent an empty datagram before it. */
static int send_nothing(struct fit__datagram *socket)
{
    const struct fit__udp_packet *first = fit__datagram_first(socket);
    if (!first)
        return -ENOTCONN;
    struct fit__udp_packet *empty = fit__alloc(sizeof *empty);
    *empty = *first;
    empty->arrival.slot = -1;
    empty->size = 0;
    fit__datagram_give(socket, empty);
    TAILQ_REMOVE(&socket->unread, empty, link);
    TAILQ_INSERT_HEAD(&socket->unread, empty, link);
    return 0;
}

static int datagram_afflict(struct fit__file *file, enum fit__affliction affliction,
                            int64_t value)
{
    struct fit__datagram *socket = fit__datagram_of(file);
    struct fit__udp_packet *packet;
    switch (affliction) {
    case FIT_A_RESET:
        /* The other side was not there to answer. */
        while ((packet = TAILQ_FIRST(&socket->unread))) {
            fit__datagram_take(socket, packet);
            fit__free(packet);
        }
        socket->socket.error = (int)value;
        fit__datagram_changed(socket, EPOLLERR);
        return 0;
    case FIT_A_ERROR:
        socket->socket.error = (int)value;
        fit__datagram_changed(socket, EPOLLERR);
        return 0;
    case FIT_A_LATE: delay(socket, value); return 0;
    case FIT_A_SILENT:
        if (!socket->connected)
            return -ENOTCONN;
        fit__datagram_mute(fit__is_loopback(socket->remote.ip.v4)
                           ? socket->host : fit__host_at(socket->remote.ip.v4), socket->remote);
        return 0;
    case FIT_A_EOF: return send_nothing(socket);
    case FIT_A_FULL: case FIT_A_LOST: case FIT_A_UNREADABLE: case FIT_A_CUT:
    case FIT_A_OVERFLOW: break;
    }
    return -EOPNOTSUPP;
}

bool fit__datagram_waits(struct fit__file *file)
{
    return file->ops == &fit__datagram_ops && fit__datagram_first(fit__datagram_of(file));
}

void fit__datagram_hold(fit_ns ns)
{
    struct fit__datagram *socket;
    TAILQ_FOREACH(socket, &fit__datagrams, all)
        if (socket->service && !TAILQ_EMPTY(&socket->unread))
            delay(socket, ns);
}

static const struct fit__socket_ops socket_ops = {
    .bind = datagram_bind, .connect = datagram_connect, .shutdown = datagram_shutdown,
    .name = datagram_name, .send = datagram_send, .receive = datagram_receive,
};

const struct fit__file_ops fit__datagram_ops = {
    .kind = "udp", .poll = datagram_poll, .release = release, .describe = datagram_describe,
    .afflict = datagram_afflict, .socket = &socket_ops,
};
