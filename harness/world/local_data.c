/* local_data.c - AF_UNIX: messages from queue to queue, and what can be done now. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/local.h"

/* How Linux counts buffers: a message costs the memory that it takes, in pages above PIECE. */
enum { PAGE = 4096, HEAD = 320, DESCRIPTOR = 256, SMALLEST = 512, PIECE = PAGE - HEAD,
       LARGEST_CHUNK = PIECE + 8 * PAGE,
       SHARE_FREE = 4 /* writable: a quarter is used, or less */ };

static size_t up_to(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static size_t cost_of(size_t size)
{
    size_t in_pages = 0, head = SMALLEST;
    if (size > PIECE)
        in_pages = up_to(size - PIECE, PAGE) < size ? up_to(size - PIECE, PAGE) : size;
    while (head < up_to(size - in_pages, 64) + HEAD)
        head *= 2;
    return head + DESCRIPTOR + up_to(in_pages, PAGE);
}

static size_t send_buffer(const struct fit__local *end)
{
    return (size_t)fit__option_stored(&end->socket, SOL_SOCKET, SO_SNDBUF);
}

static bool buffer_full(const struct fit__local *end)
{
    return fit__local_is_full(end) || end->cost >= send_buffer(end);
}

static bool writable(const struct fit__local *end)
{
    return end->state != FIT_L_LISTENING && !fit__local_is_full(end)
           && end->cost * SHARE_FREE <= send_buffer(end);
}

static bool arrived(const struct fit__local *end)
{
    return end->late_until <= fit__now();
}

struct fit__message *fit__local_first(const struct fit__local *end)
{
    return arrived(end) && !fit__local_is_mute(end) ? TAILQ_FIRST(&end->unread) : NULL;
}

/* Its program is silent: it also hears nothing, unless the other side has gone. */
static bool is_deaf(const struct fit__local *end)
{
    return fit__local_is_mute(end) && end->peer;
}

/* ---- messages ---------------------------------------------------------------------------- */

void fit__local_free_message(struct fit__message *message)
{
    struct fit__local *sender = message->sender;
    while (message->file_count)
        fit__file_release(message->files[--message->file_count]);
    fit__free(message->files);
    if (sender) {
        assert(sender->cost >= message->cost);
        sender->cost -= message->cost;
        if (writable(sender))
            fit__local_changed(sender, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
    }
    fit__free(message);
}

/* Out of the queue before its files are let go: one of them may be this very socket. */
static void take_out(struct fit__local *end, struct fit__message *message)
{
    TAILQ_REMOVE(&end->unread, message, link);
    end->unread_count--;
    fit__local_free_message(message);
}

void fit__local_clear(struct fit__local *end)
{
    struct fit__message *message;
    while ((message = TAILQ_FIRST(&end->unread)))
        take_out(end, message);
}

static struct fit__message *new_message(struct fit__local *from, size_t room)
{
    struct fit__message *message = fit__alloc(sizeof *message + room);
    message->sender = from;
    message->from = from->name;
    message->by_service = from->service;
    return message;
}

/* `room` bytes of the vector behind `skip`; the message goes to `to`, or is lost with a sender
 * that has fallen silent. */
static void put(struct fit__local *from, struct fit__local *to, struct fit__message *message,
                const struct msghdr *header, size_t skip, size_t size)
{
    message->size = fit__iov_read(header->msg_iov, (int)header->msg_iovlen, skip, message->bytes,
                                  size);
    message->cost = cost_of(message->size);
    from->cost += message->cost;
    if (from->service)
        fit__progressed();
    if (!fit__local_arrives(from, to)) {
        fit__local_free_message(message);
        return;
    }
    TAILQ_INSERT_TAIL(&to->unread, message, link);
    to->unread_count++;
    fit__local_changed(to, EPOLLIN | EPOLLRDNORM);
}

/* A message that is not sent after all has cost nothing yet. */
static int give_up(struct fit__message *message, int error)
{
    message->sender = NULL;
    fit__local_free_message(message);
    return error;
}

/* ---- sending ----------------------------------------------------------------------------- */

static ssize_t stream_error(struct fit__local *end, const struct msghdr *header)
{
    if (header->msg_name && header->msg_namelen)
        return end->state == FIT_L_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    if (!end->peer && !end->peer_gone)
        return -ENOTCONN;
    return end->socket.shut & FIT_SHUT_SEND ? -EPIPE : 0;
}

static size_t chunk_of(const struct fit__local *end, size_t size)
{
    size_t most = send_buffer(end) / 2 - 64;
    if (most > LARGEST_CHUNK)
        most = LARGEST_CHUNK;
    return size < most ? size : most;
}

static ssize_t send_stream(struct fit__local *end, const struct msghdr *header,
                           struct fit__message *first)
{
    size_t size = fit__iov_size(header->msg_iov, (int)header->msg_iovlen), done = 0;
    ssize_t error = stream_error(end, header);
    while (!error && done < size) {
        error = fit__socket_take_error(&end->socket);
        if (!error && (!end->peer || (end->peer->socket.shut & FIT_SHUT_RECEIVE)))
            error = -EPIPE;
        if (!error && buffer_full(end))
            error = -EAGAIN;
        if (error)
            break;
        size_t part = chunk_of(end, size - done);
        struct fit__message *message = new_message(end, part);
        if (first) {
            message->files = first->files;
            message->file_count = first->file_count;
            first->files = NULL;
            first->file_count = 0;
            give_up(first, 0);
            first = NULL;
        }
        put(end, end->peer, message, header, done, part);
        done += part;
    }
    if (first)
        give_up(first, 0);
    end->unanswered += done;
    if (done && end->peer)
        end->peer->unanswered = 0;
    return done ? (ssize_t)done : error;
}

/* To whom: by name, or to the one it is connected with. */
static int receiver_of(struct fit__local *end, const struct msghdr *header,
                       struct fit__local **other)
{
    struct fit__local_name name;
    bool named = header->msg_name && header->msg_namelen && fit__local_is_datagram(end);
    int error = named ? fit__local_check(header->msg_name, header->msg_namelen, &name) : 0;
    if (error)
        return error;
    if (named)
        return fit__local_find(end, &name, other);
    *other = end->peer;
    if (*other)
        return 0;
    if (!end->peer_gone)
        return -ENOTCONN;
    if (!fit__local_is_datagram(end))
        return -EPIPE;
    end->peer_gone = false;
    end->state = FIT_L_CLOSED;
    return -ECONNREFUSED;
}

static int own_error(struct fit__local *end, size_t size)
{
    if (!fit__local_is_datagram(end)) {
        int error = fit__socket_take_error(&end->socket);
        if (error)
            return error;
        if (end->state != FIT_L_CONNECTED)
            return -ENOTCONN;
    }
    if (size > send_buffer(end) - 32)
        return -EMSGSIZE;
    int error = fit__socket_take_error(&end->socket);
    if (error)
        return error;
    if (end->socket.shut & FIT_SHUT_SEND)
        return -EPIPE;
    return buffer_full(end) ? -EAGAIN : 0;
}

static ssize_t send_whole(struct fit__local *end, const struct msghdr *header,
                          struct fit__message *message, size_t size)
{
    struct fit__local *other;
    int error = 0;
    /* Whoever is not connected, and names nobody, is told that first. */
    if (!header->msg_namelen && !end->peer && !end->peer_gone)
        error = -ENOTCONN;
    if (!error)
        error = own_error(end, size);
    if (!error)
        error = receiver_of(end, header, &other);
    if (error)
        return give_up(message, error);
    if (other->peer_gone || (other->peer && other->peer != end))
        return give_up(message, -EPERM);
    if (other->socket.shut & FIT_SHUT_RECEIVE)
        return give_up(message, -EPIPE);
    if (other != end && other->peer != end && fit__local_full(other)) {
        end->wants = other;
        return give_up(message, -EAGAIN);
    }
    put(end, other, message, header, 0, size);
    return (ssize_t)size;
}

ssize_t fit__local_send(struct fit__file *file, const struct msghdr *header, int flags)
{
    struct fit__local *end = fit__local_of(file);
    size_t size = fit__iov_size(header->msg_iov, (int)header->msg_iovlen);
    bool stream = end->socket.type == SOCK_STREAM;
    (void)flags;
    if (fit__local_is_mute(end) && end->peer)
        return (ssize_t)size;
    if (stream && !header->msg_controllen)
        return send_stream(end, header, NULL);
    struct fit__message *message = new_message(end, stream || size > send_buffer(end) ? 0 : size);
    int error = header->msg_controllen ? fit__rights_gather(header, message) : 0;
    if (error)
        return give_up(message, error);
    return stream ? send_stream(end, header, message) : send_whole(end, header, message, size);
}

/* ---- receiving --------------------------------------------------------------------------- */

static bool wants_credentials(const struct fit__local *end)
{
    return fit__option_stored(&end->socket, SOL_SOCKET, SO_PASSCRED);
}

static int name_sender(const struct fit__message *message, struct msghdr *header)
{
    if (!header->msg_name || !message->from.size) {
        header->msg_namelen = 0;
        return 0;
    }
    return fit__address_out(&message->from.un, message->from.size, header->msg_name,
                            &header->msg_namelen);
}

/* What there is instead of a message. */
static ssize_t nothing(struct fit__local *end, bool ends)
{
    if (!arrived(end) || is_deaf(end))
        return -EAGAIN;
    return ends && (end->socket.shut & FIT_SHUT_RECEIVE) ? 0 : -EAGAIN;
}

static ssize_t receive_whole(struct fit__local *end, struct msghdr *header, int flags, bool waits)
{
    if (!fit__local_is_datagram(end) && end->state != FIT_L_CONNECTED)
        return -ENOTCONN;
    int error = fit__socket_take_error(&end->socket);
    if (error)
        return error;
    struct fit__message *message = fit__local_first(end);
    if (!message)
        return nothing(end, waits || !fit__local_is_datagram(end));
    error = name_sender(message, header);
    if (error)
        return error;
    size_t copied = fit__iov_write(header->msg_iov, (int)header->msg_iovlen, message->bytes,
                                   message->size);
    ssize_t result = (ssize_t)(flags & MSG_TRUNC ? message->size : copied);
    header->msg_flags = copied < message->size ? MSG_TRUNC : 0;
    fit__rights_deliver(message, header, flags, wants_credentials(end));
    if (!(flags & MSG_PEEK)) {
        take_out(end, message);
        fit__local_room(end);
    }
    return result;
}

/* Copies of one message what fits behind `done`. */
static size_t copy_part(const struct fit__message *message, const struct msghdr *header,
                        size_t done, size_t most)
{
    size_t left = message->size - message->taken, copied = 0;
    if (left > most)
        left = most;
    for (size_t i = 0, skip = done; i < header->msg_iovlen && copied < left; i++) {
        const struct iovec *v = &header->msg_iov[i];
        if (skip >= v->iov_len) {
            skip -= v->iov_len;
            continue;
        }
        struct iovec rest = { (char *)v->iov_base + skip, v->iov_len - skip };
        copied += fit__iov_write(&rest, 1, message->bytes + message->taken + copied,
                                 left - copied);
        skip = 0;
    }
    return copied;
}

/* Reads on across messages; behind one that brings descriptors it ends. */
static ssize_t read_across(struct fit__local *end, struct msghdr *header, int flags)
{
    size_t size = fit__iov_size(header->msg_iov, (int)header->msg_iovlen), done = 0;
    struct fit__message *message = fit__local_first(end), *next;
    struct fit__message only_bytes = { .by_service = message->by_service };
    bool creds = wants_credentials(end), brings = false;
    if (name_sender(message, header))
        return -EINVAL;
    for (; message && !brings && (done < size || !done); message = next) {
        next = TAILQ_NEXT(message, link);
        size_t part = copy_part(message, header, done, size - done);
        done += part;
        brings = message->file_count > 0;
        if (brings)
            fit__rights_deliver(message, header, flags, creds);
        if (flags & MSG_PEEK)
            continue;
        message->taken += part;
        if (message->taken < message->size || !size)
            break;
        take_out(end, message);
    }
    if (!brings)
        fit__rights_deliver(&only_bytes, header, flags, creds);
    /* Whoever wants more looks for it, and thereby uses the error up. */
    if ((flags & MSG_WAITALL) && !(flags & MSG_PEEK) && done < size && !brings
        && TAILQ_EMPTY(&end->unread))
        fit__socket_take_error(&end->socket);
    return (ssize_t)done;
}

static ssize_t receive_stream(struct fit__local *end, struct msghdr *header, int flags)
{
    if (end->state != FIT_L_CONNECTED)
        return -EINVAL;
    if (fit__local_first(end))
        return read_across(end, header, flags);
    int error = fit__socket_take_error(&end->socket);
    return error ? error : nothing(end, true);
}

ssize_t fit__local_receive(struct fit__file *file, struct msghdr *header, int flags)
{
    struct fit__local *end = fit__local_of(file);
    bool waits = !(file->status_flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT);
    socklen_t name_room = header->msg_namelen;
    int old_flags = header->msg_flags;
    header->msg_flags = 0;
    ssize_t result = end->socket.type == SOCK_STREAM ? receive_stream(end, header, flags)
                                                     : receive_whole(end, header, flags, waits);
    if (result < 0) {
        header->msg_namelen = name_room;
        header->msg_flags = old_flags;
    } else if (end->service) {
        fit__progressed();
    }
    return result;
}

/* ---- readiness --------------------------------------------------------------------------- */

static uint32_t writable_bits(struct fit__local *end)
{
    struct fit__local *other = end->peer;
    if (!writable(end))
        return 0;
    if (fit__local_is_datagram(end) && other && other->peer != end && fit__local_full(other)) {
        end->wants = other;
        return 0;
    }
    return EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
}

uint32_t fit__local_poll(struct fit__file *file)
{
    struct fit__local *end = fit__local_of(file);
    uint32_t bits = writable_bits(end);
    if (end->socket.error)
        bits |= EPOLLERR;
    if (arrived(end) && !is_deaf(end)) {
        if (end->socket.shut == FIT_SHUT_BOTH)
            bits |= EPOLLHUP;
        if (end->socket.shut & FIT_SHUT_RECEIVE)
            bits |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
    }
    if (fit__local_first(end) || end->waiting)
        bits |= EPOLLIN | EPOLLRDNORM;
    if (!fit__local_is_datagram(end) && end->state == FIT_L_CLOSED)
        bits |= EPOLLHUP;
    return bits;
}
