/* local.c - AF_UNIX: making, listening, connecting, the last close. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/local.h"

enum { MAX_BACKLOG = 4096, MOST_DATAGRAMS = 10 };

struct fit__locals fit__locals = TAILQ_HEAD_INITIALIZER(fit__locals);

struct fit__local *fit__local_of(struct fit__file *file)
{
    assert(file->ops == &fit__local_ops || file->ops == &fit__pair_ops);
    return file->object;
}

static bool is_local(const struct fit__file *file)
{
    return file->ops == &fit__local_ops || file->ops == &fit__pair_ops;
}

static struct fit__local *make(int type, struct fit__host *host, bool service)
{
    struct fit__local *end = fit__alloc(sizeof *end);
    end->socket.domain = AF_UNIX;
    end->socket.type = type;
    end->host = host;
    end->service = service;
    end->backlog = MOST_DATAGRAMS;
    end->late.slot = end->full.slot = -1;
    TAILQ_INIT(&end->unread);
    TAILQ_INIT(&end->accept_queue);
    TAILQ_INSERT_TAIL(&fit__locals, end, all);
    return end;
}

/* Of a raw socket Linux makes a datagram socket. */
static int kind_of(int type)
{
    int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    return kind == SOCK_RAW ? SOCK_DGRAM : kind;
}

struct fit__file *fit__local_new(int type, int flags)
{
    struct fit__process *process = fit__current->process;
    struct fit__local *end = make(kind_of(type), process->host,
                                  process->service && !fit__guard->exempt);
    end->file = fit__file_new(&fit__local_ops, end, O_RDWR | (flags & O_NONBLOCK));
    return end->file;
}

static void join(struct fit__local *a, struct fit__local *b)
{
    a->peer = b;
    b->peer = a;
    a->state = b->state = FIT_L_CONNECTED;
}

void fit__local_pair(int type, int flags, struct fit__file *ends[2])
{
    struct fit__process *process = fit__current->process;
    struct fit__local *two[2];
    for (int i = 0; i < 2; i++) {
        two[i] = make(kind_of(type), process->host, process->service && !fit__guard->exempt);
        two[i]->pair = true;
        two[i]->file = fit__file_new(&fit__pair_ops, two[i], O_RDWR | (flags & O_NONBLOCK));
        ends[i] = two[i]->file;
    }
    join(two[0], two[1]);
}

void fit__local_changed(struct fit__local *end, uint32_t events)
{
    if (end->service)
        fit__progressed();
    if (end->file)
        fit__file_changed(end->file, events);
}

bool fit__local_full(const struct fit__local *end)
{
    unsigned count = end->state == FIT_L_LISTENING ? end->waiting : end->unread_count;
    return count > (unsigned)end->backlog;
}

void fit__local_room(struct fit__local *end)
{
    struct fit__local *other;
    if (fit__local_full(end))
        return;
    TAILQ_FOREACH(other, &fit__locals, all)
        if (other->wants == end) {
            other->wants = NULL;
            fit__local_changed(other, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
        }
}

/* ---- listening --------------------------------------------------------------------------- */

static int local_listen(struct fit__file *file, int backlog)
{
    struct fit__local *end = fit__local_of(file);
    if (fit__local_is_datagram(end))
        return -EOPNOTSUPP;
    if (!end->name.size || end->state == FIT_L_CONNECTED)
        return -EINVAL;
    end->state = FIT_L_LISTENING;
    end->backlog = backlog < 0 || backlog > MAX_BACKLOG ? MAX_BACKLOG : backlog;
    fit__local_room(end);
    return 0;
}

bool fit__local_listens(struct fit__file *file)
{
    return is_local(file) && fit__local_of(file)->state == FIT_L_LISTENING;
}

static int local_accept(struct fit__file *file, int flags)
{
    struct fit__local *listener = fit__local_of(file);
    if (fit__local_is_datagram(listener))
        return -EOPNOTSUPP;
    if (listener->state != FIT_L_LISTENING)
        return -EINVAL;
    struct fit__local *child = TAILQ_FIRST(&listener->accept_queue);
    if (!child) {
        bool waits = !(file->status_flags & O_NONBLOCK);
        return waits && (listener->socket.shut & FIT_SHUT_RECEIVE) ? -EINVAL : -EAGAIN;
    }
    struct fit__file *made = fit__file_new(&fit__local_ops, child, O_RDWR | (flags & O_NONBLOCK));
    child->file = made;
    int fd = fit__install(made, 0, !!(flags & SOCK_CLOEXEC));
    if (fd < 0) {
        fit__file_release(made);         /* it goes on waiting: see release */
        return fd;
    }
    TAILQ_REMOVE(&listener->accept_queue, child, queued);
    child->listener = NULL;
    listener->waiting--;
    if (listener->service)
        fit__progressed();
    fit__local_room(listener);
    return fd;
}

/* ---- connecting -------------------------------------------------------------------------- */

static void open_child(struct fit__local *listener, struct fit__local *end)
{
    struct fit__local *child = make(end->socket.type, listener->host, listener->service);
    child->name = listener->name;
    child->called = true;
    join(child, end);
    child->listener = listener;
    TAILQ_INSERT_TAIL(&listener->accept_queue, child, queued);
    listener->waiting++;
    fit__local_changed(listener, EPOLLIN | EPOLLRDNORM);
}

static int dial(struct fit__local *end, const struct fit__local_name *name)
{
    struct fit__local *listener;
    int error = fit__local_find(end, name, &listener);
    if (error)
        return error;
    if (listener->state != FIT_L_LISTENING || (listener->socket.shut & FIT_SHUT_RECEIVE))
        return -ECONNREFUSED;
    if (fit__local_full(listener)) {
        end->wants = listener;
        return -EAGAIN;
    }
    if (end->state != FIT_L_CLOSED)
        return end->state == FIT_L_CONNECTED ? -EISCONN : -EINVAL;
    open_child(listener, end);
    return 0;
}

/* Those to whom it was connected so far, and what they sent, are forgotten. */
static void leave_peer(struct fit__local *end)
{
    struct fit__local *old = end->peer;
    end->peer = NULL;
    end->peer_gone = false;
    if (!old)
        return;
    if (!TAILQ_EMPTY(&end->unread)) {
        fit__local_clear(end);
        if (old->peer == end) {
            old->socket.error = ECONNRESET;
            fit__local_changed(old, EPOLLERR);
        }
    }
}

static int connect_datagram(struct fit__local *end, const struct sockaddr *address,
                            socklen_t size)
{
    struct fit__local_name name;
    struct fit__local *other;
    if (size < sizeof address->sa_family)
        return -EINVAL;
    if (address->sa_family == AF_UNSPEC) {
        leave_peer(end);
        end->state = FIT_L_CLOSED;
        return 0;
    }
    int error = fit__local_check(address, size, &name);
    if (!error)
        error = fit__local_find(end, &name, &other);
    if (error)
        return error;
    if (other->peer_gone || (other->peer && other->peer != end))
        return -EPERM;
    if (end->peer != other)
        leave_peer(end);
    end->peer = other;
    end->state = FIT_L_CONNECTED;
    return 0;
}

static int local_connect(struct fit__file *file, const struct sockaddr *address, socklen_t size)
{
    struct fit__local *end = fit__local_of(file);
    if (fit__local_is_datagram(end))
        return connect_datagram(end, address, size);
    int error = fit__local_check(address, size, &end->dials);
    return error ? error : dial(end, &end->dials);
}

static int local_connected(struct fit__file *file)
{
    struct fit__local *end = fit__local_of(file);
    return dial(end, &end->dials);
}

/* ---- the end ----------------------------------------------------------------------------- */

static int local_shutdown(struct fit__file *file, unsigned how)
{
    struct fit__local *end = fit__local_of(file), *peer = end->peer;
    end->socket.shut |= how;
    fit__local_changed(end, FIT_ALL_EVENTS);
    if (peer && !fit__local_is_datagram(end) && fit__local_arrives(end, peer)) {
        peer->socket.shut |= (how & FIT_SHUT_RECEIVE ? FIT_SHUT_SEND : 0)
                             | (how & FIT_SHUT_SEND ? FIT_SHUT_RECEIVE : 0);
        fit__local_changed(peer, FIT_ALL_EVENTS);
    }
    return 0;
}

/* Everybody who knows it forgets it. */
static void forget(struct fit__local *end)
{
    struct fit__local *other;
    struct fit__message *message;
    TAILQ_FOREACH(other, &fit__locals, all) {
        if (other->peer == end) {
            other->peer = NULL;
            other->peer_gone = true;
            other->peer_name = end->name;
        }
        if (other->wants == end) {
            other->wants = NULL;
            fit__local_changed(other, FIT_ALL_EVENTS);
        }
        TAILQ_FOREACH(message, &other->unread, link)
            if (message->sender == end)
                message->sender = NULL;
    }
}

static void tell_peer(struct fit__local *end)
{
    struct fit__local *peer = end->peer;
    if (!peer || fit__local_is_datagram(end) || !fit__local_arrives(end, peer))
        return;
    bool lost = !TAILQ_EMPTY(&end->unread) || end->listener;
    peer->socket.shut = FIT_SHUT_BOTH;
    if (lost)
        peer->socket.error = ECONNRESET;
    fit__local_changed(peer, FIT_ALL_EVENTS);
}

void fit__local_dropped(struct fit__local *end)
{
    struct fit__local *child;
    tell_peer(end);
    while ((child = TAILQ_FIRST(&end->accept_queue))) {
        TAILQ_REMOVE(&end->accept_queue, child, queued);
        fit__local_dropped(child);
    }
    TAILQ_REMOVE(&fit__locals, end, all);
    forget(end);
    fit__local_unname(end);
    fit__local_clear(end);
    fit__event_cancel(&end->late);
    fit__event_cancel(&end->full);
    fit__free(end);
}

static void release(struct fit__file *file)
{
    struct fit__local *end = fit__local_of(file);
    end->file = NULL;
    if (end->listener)
        return;                          /* accept() found no number for it */
    if (end->service)
        fit__progressed();
    fit__local_dropped(end);
}

void fit__local_forget_all(void)
{
    /* What is left belongs to threads that waited when the world ended, or was under way itself. */
    TAILQ_INIT(&fit__locals);
    fit__local_names_restart();
}

/* ---- names ------------------------------------------------------------------------------- */

static int local_name(struct fit__file *file, bool of_peer, struct sockaddr *out, socklen_t *size)
{
    static const sa_family_t unnamed = AF_UNIX;
    struct fit__local *end = fit__local_of(file);
    if (of_peer && !end->peer && !end->peer_gone)
        return -ENOTCONN;
    const struct fit__local_name *name = !of_peer ? &end->name
                                         : end->peer ? &end->peer->name : &end->peer_name;
    return name->size ? fit__address_out(&name->un, name->size, out, size)
                      : fit__address_out(&unnamed, sizeof unnamed, out, size);
}

void fit__local_peer(struct fit__file *file, struct ucred *who)
{
    *who = (struct ucred){ .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
    if (!is_local(file) || fit__local_of(file)->state == FIT_L_CLOSED)
        return;
    struct fit__local *end = fit__local_of(file);
    *who = fit__rights_who(end->state == FIT_L_LISTENING || !end->peer ? end->service
                                                                       : end->peer->service);
}

static const struct fit__socket_ops socket_ops = {
    .bind = fit__local_bind, .listen = local_listen, .accept = local_accept,
    .connect = local_connect, .connected = local_connected, .shutdown = local_shutdown,
    .name = local_name, .send = fit__local_send, .receive = fit__local_receive,
};

const struct fit__file_ops fit__local_ops = {
    .kind = "unix", .poll = fit__local_poll, .release = release,
    .describe = fit__local_describe, .afflict = fit__local_afflict, .socket = &socket_ops,
};

const struct fit__file_ops fit__pair_ops = {
    .kind = "pair", .poll = fit__local_poll, .release = release,
    .describe = fit__local_describe, .afflict = fit__local_afflict, .socket = &socket_ops,
};
