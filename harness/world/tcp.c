/* tcp.c - TCP's socket calls: listen, accept, connect, shutdown, names, the last close. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>

#include "harness/world/dns.h"
#include "harness/world/link.h"
#include "harness/world/tcp.h"

enum { MAX_BACKLOG = 4096 };

struct fit__tcp *fit__tcp_of(struct fit__file *file)
{
    assert(file->ops == &fit__tcp_ops);
    return file->object;
}

struct fit__file *fit__tcp_new(int domain, int flags)
{
    struct fit__process *process = fit__current->process;
    struct fit__tcp *end = fit__tcp_make(process->host,
                                         process->service && !fit__guard->exempt);
    end->socket.domain = domain;
    end->local_six = domain == AF_INET6;
    end->file = fit__file_new(&fit__tcp_ops, end, O_RDWR | (flags & O_NONBLOCK));
    return end->file;
}

void fit__tcp_forget_all(void)
{
    struct fit__tcp *end;
    while ((end = TAILQ_FIRST(&fit__tcps))) {
        /* A thread that waited when the world ended may still hold the file. */
        end->file = NULL;
        end->listener = NULL;
        fit__tcp_free(end);
    }
}

/* ---- listening --------------------------------------------------------------------------- */

int fit__tcp_listen(struct fit__file *file, int backlog)
{
    struct fit__tcp *end = fit__tcp_of(file);
    if (end->phase != FIT_UNCONNECTED
        || (end->state != FIT_TCP_CLOSED && end->state != FIT_TCP_LISTENING))
        return -EINVAL;
    end->backlog = backlog < 0 || backlog > MAX_BACKLOG ? MAX_BACKLOG : backlog;
    if (end->state == FIT_TCP_LISTENING)
        return 0;
    if (!end->has_port) {
        if (fit__tcp_take_port(end))
            return -EADDRINUSE;
    } else if (fit__tcp_port_taken(end, fit__tcp_local(end), end->local_port)) {
        return -EADDRINUSE;
    }
    end->bound = true;
    end->state = FIT_TCP_LISTENING;
    return 0;
}

bool fit__tcp_listens(struct fit__file *file)
{
    return file->ops == &fit__tcp_ops && fit__tcp_of(file)->state == FIT_TCP_LISTENING;
}

void fit__tcp_look(struct fit__file *file)
{
    if (file->ops == &fit__tcp_ops && fit__tcp_of(file)->state == FIT_TCP_OPEN)
        fit__tcp_of(file)->noticed = true;
}

bool fit__tcp_is_stream(struct fit__file *file)
{
    return file->ops == &fit__tcp_ops && fit__tcp_of(file)->phase != FIT_UNCONNECTED;
}

static struct fit__tcp *listener_at(const struct fit__host *host, struct fit__ip address,
                                    uint16_t port)
{
    struct fit__tcp *end, *any = NULL;
    TAILQ_FOREACH(end, &fit__tcps, all) {
        if (end->state != FIT_TCP_LISTENING || end->host != host || end->local_port != port
            || !fit__ips_overlap(fit__tcp_local(end), address))
            continue;
        if (end->local != INADDR_ANY)
            return end;                      /* nearer than one that listens everywhere */
        if (!any)
            any = end;
    }
    return any;
}

void fit__tcp_forget_child(struct fit__tcp *child)
{
    struct fit__tcp *listener = child->listener;
    assert(listener);
    child->listener = NULL;
    if (child->state == FIT_TCP_SYN_RECEIVED) {
        listener->handshakes--;
    } else {
        TAILQ_REMOVE(&listener->accept_queue, child, queued);
        listener->waiting--;
    }
}

void fit__tcp_accepted(struct fit__tcp *child)
{
    struct fit__tcp *listener = child->listener;
    assert(listener && child->state == FIT_TCP_SYN_RECEIVED);
    listener->handshakes--;
    child->state = FIT_TCP_OPEN;
    TAILQ_INSERT_TAIL(&listener->accept_queue, child, queued);
    listener->waiting++;
    /* Who is shut down before it listens has connections that are shut down, too. */
    if (child->socket.shut & FIT_SHUT_SEND)
        fit__tcp_queue_end(child);
    fit__tcp_changed(listener, FIT_DATA_EVENTS);
}

int fit__tcp_accept(struct fit__file *file, int flags)
{
    struct fit__tcp *listener = fit__tcp_of(file);
    if (listener->state != FIT_TCP_LISTENING)
        return -EINVAL;
    struct fit__tcp *child = TAILQ_FIRST(&listener->accept_queue);
    if (!child || fit__tcp_is_full(listener))
        return -EAGAIN;
    child->file = fit__file_new(&fit__tcp_ops, child, O_RDWR | (flags & O_NONBLOCK));
    int fd = fit__install(child->file, 0, !!(flags & SOCK_CLOEXEC));
    if (fd < 0) {
        fit__file_release(child->file);
        return fd;
    }
    fit__tcp_forget_child(child);
    child->phase = FIT_CONNECTED;
    /* A peer in the service's process may serve a listener that the test has made. */
    if (fit__guard->exempt)
        child->service = false;
    if (listener->service)
        fit__progressed();
    return fd;
}

/* Over the loopback what is sent has arrived before the call goes on, so that the other end is
 * told first. */
static void let_arrive(const struct fit__tcp *end)
{
    fit__spend(fit__link_latency(end->host, end->host));
}

static bool on_one_host(const struct fit__tcp *end)
{
    return end->peer && end->peer->host == end->host;
}

/* Whoever waits to be accepted is reset. */
static void stop_listening(struct fit__tcp *listener)
{
    struct fit__tcp *next;
    fit__tcp_close_state(listener);
    for (struct fit__tcp *child = TAILQ_FIRST(&fit__tcps); child; child = next) {
        next = TAILQ_NEXT(child, all);
        if (child->listener != listener)
            continue;
        fit__tcp_forget_child(child);
        fit__tcp_send_reset(child);
        fit__tcp_die(child, 0);
    }
}

/* ---- connecting -------------------------------------------------------------------------- */

static struct fit__host *target_of(const struct fit__tcp *end)
{
    return fit__is_loopback(end->remote) ? end->host : fit__host_for(end->remote);
}

static void open_child(struct fit__tcp *listener, struct fit__tcp *end)
{
    struct fit__tcp *child = fit__tcp_make(listener->host, listener->service);
    fit_ns latency = fit__link_latency(end->host, listener->host);
    child->socket = listener->socket;
    child->socket.error = 0;
    child->local = end->remote;
    child->local_six = end->remote_six;
    child->local_port = end->remote_port;
    child->remote = end->local;
    child->remote_six = end->local_six;
    child->remote_port = end->local_port;
    child->bound = child->accepted = child->has_port = true;
    child->address_locked = listener->address_locked;
    child->state = FIT_TCP_SYN_RECEIVED;
    child->listener = listener;
    child->peer = end;
    end->peer = child;
    listener->handshakes++;
    fit__tcp_send_packet(end, FIT_PK_SYN_ACK, NULL, 0, latency);
    fit__tcp_send_packet(child, FIT_PK_ACK, NULL, 0, 2 * latency);
}

static struct fit__tcp *tcp_of_syn(struct fit__event *event)
{
    return (struct fit__tcp *)((char *)event - offsetof(struct fit__tcp, syn));
}

static bool connects_too_long(const struct fit__tcp *end)
{
    const struct fit__socket *socket = &end->socket;
    fit_ns limit = fit__option_stored(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) * FIT_MS;
    int tries = end->gives_up_early ? 1 : fit__option_stored(socket, IPPROTO_TCP, TCP_SYNCNT);
    return (int)end->syn_tries > tries
           || (limit && end->syn_tries && fit__now() - end->syn_began >= limit);
}

/* One try of ours reaches the other host, or is lost; after the last one this is the end. */
static void syn_due(struct fit__event *event)
{
    struct fit__tcp *end = tcp_of_syn(event);
    struct fit__host *host = target_of(end);
    if (connects_too_long(end)) {
        fit__tcp_die(end, ETIMEDOUT);
        return;
    }
    if (host && !end->syn_lost && !fit__link_is_cut(end->host, host)) {
        struct fit__tcp *listener = listener_at(host, fit__tcp_remote(end), end->remote_port);
        if (!listener && fit__dns_starts_listening(host, end->remote_port)) {
            fit__tcp_start_syn(end, fit__now() + FIT_MS);
            return;
        }
        if (!listener) {
            fit__tcp_send_packet(end, FIT_PK_RST, NULL, 0, fit__link_latency(end->host, host));
            return;
        }
        if (listener->handshakes + listener->waiting <= (unsigned)listener->backlog) {
            open_child(listener, end);
            return;
        }
    }
    end->syn_tries++;
    fit__tcp_start_syn(end, end->syn_began + ((fit_ns)(1 << end->syn_tries) - 1) * FIT_S);
}

void fit__tcp_start_syn(struct fit__tcp *end, fit_ns at)
{
    struct fit__host *host = target_of(end);
    fit_ns way = host ? fit__link_latency(end->host, host) : FIT_MS;
    fit__event_set(&end->syn, at + (connects_too_long(end) ? 0 : way), syn_due);
}

void fit__tcp_lose_handshake(struct fit__tcp *end)
{
    struct fit__tcp *child = end->peer;
    fit__tcp_clear_packets(&end->wire);
    end->wire_bytes = 0;
    fit__tcp_rearm(end);
    if (child) {
        /* Its SYN did arrive: the listener's half-open end is dropped with it. */
        child->peer = end->peer = NULL;
        fit__tcp_clear_packets(&child->wire);
        fit__tcp_rearm(child);
        if (child->listener)
            fit__tcp_forget_child(child);
        fit__tcp_die(child, 0);
        fit__tcp_reap(child);
    }
    if (!end->syn_tries)
        end->syn_tries = 1;
    fit__tcp_start_syn(end, end->syn_began + ((fit_ns)(1 << end->syn_tries) - 1) * FIT_S);
}

/* Back to a socket that was never connected; an address given by bind() stays. */
static void disconnect(struct fit__tcp *end)
{
    bool near = on_one_host(end) || end->waiting;
    bool was_under_way = end->state == FIT_TCP_SYN_SENT || end->state == FIT_TCP_OPEN;
    if (end->state == FIT_TCP_LISTENING)
        stop_listening(end);
    fit__event_cancel(&end->syn);
    if (end->peer) {
        struct fit__tcp *peer = end->peer;
        fit__tcp_send_reset(end);
        peer->peer = NULL;
        end->peer = NULL;
        fit__tcp_reap(peer);
    }
    fit__tcp_clear_packets(&end->wire);
    fit__tcp_rearm(end);
    fit__bytes_clear(&end->unread);
    end->wire_bytes = 0;
    if (end->state != FIT_TCP_CLOSED)
        fit__tcp_close_state(end);
    end->phase = FIT_UNCONNECTED;
    end->socket.shut = 0;
    if (was_under_way)
        end->socket.error = ECONNRESET;
    end->end_received = end->end_sent = end->end_arrived = false;
    end->remote_port = 0;
    if (!end->address_locked) {
        end->local = INADDR_ANY;
        end->local_six = end->socket.domain == AF_INET6;
    }
    if (near)
        let_arrive(end);
    fit__tcp_changed(end, EPOLLERR);
}

int fit__tcp_connected(struct fit__file *file)
{
    struct fit__tcp *end = fit__tcp_of(file);
    if (end->state == FIT_TCP_SYN_SENT)
        return -EAGAIN;
    if (end->state == FIT_TCP_CLOSED) {
        int error = fit__socket_take_error(&end->socket);
        disconnect(end);
        return error ? error : -ECONNABORTED;
    }
    end->phase = FIT_CONNECTED;
    end->noticed = true;
    return 0;
}

static int begin_connect(struct fit__tcp *end, struct fit__ip remote, uint16_t port)
{
    if (end->socket.domain == AF_INET6 && !remote.six
        && fit__option_stored(&end->socket, IPPROTO_IPV6, IPV6_V6ONLY))
        return -ENETUNREACH;
    if (end->local != INADDR_ANY && end->local_six != remote.six)
        return -ENETUNREACH;
    if (remote.v4 == INADDR_ANY)
        remote.v4 = htonl(INADDR_LOOPBACK);
    if (end->local == INADDR_ANY)
        end->local = fit__is_loopback(remote.v4) ? htonl(INADDR_LOOPBACK) : end->host->address;
    end->local_six = remote.six;
    if (!end->has_port) {
        int error = fit__tcp_take_port(end);
        if (error)
            return error;
    }
    end->remote = remote.v4;
    end->remote_six = remote.six;
    end->remote_port = port;
    end->state = FIT_TCP_SYN_SENT;
    end->phase = FIT_CONNECTING;
    end->syn_began = fit__now();
    end->syn_tries = 0;
    end->syn_lost = end->noticed = end->gives_up_early = end->reset_when_open = false;
    end->socket.error = 0;
    fit__tcp_start_syn(end, end->syn_began);
    return -EINPROGRESS;
}

int fit__tcp_connect(struct fit__file *file, const struct sockaddr *address, socklen_t size)
{
    struct fit__tcp *end = fit__tcp_of(file);
    struct fit__ip remote;
    uint16_t port;
    if (size < sizeof address->sa_family)
        return -EINVAL;
    if (address->sa_family == AF_UNSPEC) {
        disconnect(end);
        return 0;
    }
    if (end->phase == FIT_CONNECTED)
        return -EISCONN;
    if (end->phase == FIT_DISCONNECTING)
        return -EINVAL;
    if (end->phase == FIT_CONNECTING)
        return end->state == FIT_TCP_SYN_SENT ? -EALREADY : fit__tcp_connected(file);
    if (end->state != FIT_TCP_CLOSED)
        return -EISCONN;
    int error = fit__ip_in(end->socket.domain, false, address, size, &remote, &port);
    return error ? error : begin_connect(end, remote, port);
}

/* ---- the end ----------------------------------------------------------------------------- */

int fit__tcp_shutdown(struct fit__file *file, unsigned how)
{
    struct fit__tcp *end = fit__tcp_of(file);
    int result = 0;
    if (end->phase == FIT_CONNECTING)
        end->phase = end->state == FIT_TCP_CLOSED ? FIT_DISCONNECTING : FIT_CONNECTED;
    switch (end->state) {
    case FIT_TCP_LISTENING:
        if (how & FIT_SHUT_RECEIVE) {
            bool called = end->waiting;
            stop_listening(end);
            end->socket.shut = 0;
            if (called)
                let_arrive(end);
        }
        fit__tcp_changed(end, FIT_ALL_EVENTS);
        return 0;
    case FIT_TCP_SYN_SENT:
        disconnect(end);
        fit__tcp_changed(end, FIT_ALL_EVENTS);
        return 0;
    case FIT_TCP_CLOSED:
        result = -ENOTCONN;
        break;
    default:
        break;
    }
    end->socket.shut |= how;
    if (!result && (how & FIT_SHUT_SEND))
        fit__tcp_queue_end(end);
    if (on_one_host(end))
        let_arrive(end);
    fit__tcp_changed(end, FIT_ALL_EVENTS);
    return result;
}

static void close_open(struct fit__tcp *end)
{
    bool abrupt = end->unread.size || (end->socket.linger_on && !end->socket.linger_seconds);
    if (fit__tcp_is_mute(end))
        return;          /* the other side is to notice nothing */
    end->socket.shut = FIT_SHUT_BOTH;
    if (!abrupt) {
        fit__tcp_queue_end(end);
        return;
    }
    fit__bytes_clear(&end->unread);
    fit__tcp_send_reset(end);
    fit__tcp_die(end, 0);
}

bool fit__tcp_lingers(struct fit__file *file, fit_ns *limit)
{
    if (file->ops != &fit__tcp_ops)
        return false;
    struct fit__tcp *end = fit__tcp_of(file);
    const struct fit__socket *socket = &end->socket;
    if (!socket->linger_on || socket->linger_seconds <= 0 || end->state != FIT_TCP_OPEN
        || end->unread.size || fit__tcp_is_mute(end))
        return false;
    *limit = socket->linger_seconds * FIT_S;
    end->socket.shut = FIT_SHUT_BOTH;
    fit__tcp_queue_end(end);
    return true;
}

bool fit__tcp_has_arrived(struct fit__file *file)
{
    const struct fit__tcp *end = fit__tcp_of(file);
    return end->state != FIT_TCP_OPEN || end->end_arrived;
}

void fit__tcp_release(struct fit__file *file)
{
    struct fit__tcp *end = fit__tcp_of(file);
    end->file = NULL;
    /* accept() found no number for it: it goes on waiting. */
    if (end->listener)
        return;
    if (end->service)
        fit__progressed();
    fit__event_cancel(&end->full);
    if (end->peer && fit__tcp_is_mute(end->peer))
        fit__tcp_changed(end->peer, FIT_ALL_EVENTS);
    switch (end->state) {
    case FIT_TCP_LISTENING: stop_listening(end); break;
    case FIT_TCP_SYN_SENT:
        fit__event_cancel(&end->syn);
        fit__tcp_close_state(end);
        break;
    case FIT_TCP_OPEN: close_open(end); break;
    default: break;
    }
    fit__tcp_reap(end);
}

/* ---- names ------------------------------------------------------------------------------- */

int fit__tcp_name(struct fit__file *file, bool of_peer, struct sockaddr *out, socklen_t *size)
{
    struct fit__tcp *end = fit__tcp_of(file);
    if (of_peer && (!end->remote_port || end->state == FIT_TCP_CLOSED
                    || end->state == FIT_TCP_SYN_SENT))
        return -ENOTCONN;
    if (of_peer)
        end->noticed = true;
    return fit__ip_out(end->socket.domain, of_peer ? fit__tcp_remote(end) : fit__tcp_local(end),
                       of_peer ? end->remote_port : end->local_port, out, size);
}

void fit__tcp_info(struct fit__file *file, void *value, socklen_t *size)
{
    static const uint8_t states[] = { TCP_CLOSE, TCP_LISTEN, TCP_SYN_SENT, TCP_SYN_RECV,
                                      TCP_ESTABLISHED };
    struct fit__tcp *end = fit__tcp_of(file);
    struct tcp_info info = { .tcpi_state = states[end->state], .tcpi_snd_mss = FIT_SEGMENT,
                             .tcpi_rcv_mss = FIT_SEGMENT };
    if (end->state == FIT_TCP_OPEN && end->end_received)
        info.tcpi_state = end->end_sent ? TCP_LAST_ACK : TCP_CLOSE_WAIT;
    else if (end->state == FIT_TCP_OPEN && end->end_sent)
        info.tcpi_state = end->end_arrived ? TCP_FIN_WAIT2 : TCP_FIN_WAIT1;
    if (*size > sizeof info)
        *size = sizeof info;
    memcpy(value, &info, *size);
}

static const struct fit__socket_ops socket_ops = {
    .bind = fit__tcp_bind, .listen = fit__tcp_listen, .accept = fit__tcp_accept,
    .connect = fit__tcp_connect, .connected = fit__tcp_connected, .shutdown = fit__tcp_shutdown,
    .name = fit__tcp_name,
};

const struct fit__file_ops fit__tcp_ops = {
    .kind = "tcp", .socket = &socket_ops,
    .read = fit__tcp_read, .write = fit__tcp_write, .poll = fit__tcp_poll,
    .release = fit__tcp_release, .describe = fit__tcp_describe, .afflict = fit__tcp_afflict,
};
