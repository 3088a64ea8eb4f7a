/* pair.c - socketpair(AF_UNIX, SOCK_STREAM): two ends in one process, no way between them. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/objects.h"

enum { BUFFER = 212992, SHARE_FREE = 4 /* writable while less than a quarter is used */ };
enum { MESSAGE_MOST = 36544 /* of one send; more is cut up */ };

struct pair_end {
    struct fit__socket socket;               /* first */
    struct fit__file *file;
    struct pair_end *other;                  /* NULL: closed */
    struct fit__bytes unread;
    struct fit__bytes messages;              /* a size_t for each: what is left of it unread */
};

static void changed(struct pair_end *end, uint32_t events)
{
    if (end)
        fit__file_changed(end->file, events);
}

static size_t room(const struct pair_end *end)
{
    return BUFFER - (end->other ? end->other->unread.size : 0);
}

static uint32_t pair_poll(struct fit__file *file)
{
    struct pair_end *end = file->object;
    uint32_t bits = 0;
    if (end->socket.error)
        bits |= EPOLLERR;
    if (end->socket.shut == FIT_SHUT_BOTH)
        bits |= EPOLLHUP;
    if (end->socket.shut & FIT_SHUT_RECEIVE)
        bits |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
    if (end->unread.size)
        bits |= EPOLLIN | EPOLLRDNORM;
    if ((BUFFER - room(end)) * SHARE_FREE <= BUFFER)
        bits |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    return bits;
}

/* Room is told of when a message has been read to its end, not before. */
static bool message_ended(struct pair_end *end, size_t taken)
{
    bool ended = false;
    while (taken) {
        size_t left;
        char *front = end->messages.data + end->messages.start;
        memcpy(&left, front, sizeof left);
        if (taken < left) {
            left -= taken;
            memcpy(front, &left, sizeof left);
            break;
        }
        taken -= left;
        fit__bytes_drop(&end->messages, sizeof left);
        ended = true;
    }
    return ended;
}

static ssize_t pair_read(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct pair_end *end = file->object;
    if (end->unread.size) {
        size_t taken = fit__bytes_take(&end->unread, iov, count, flags);
        fit__progressed();
        if (!(flags & MSG_PEEK) && message_ended(end, taken))
            changed(end->other, FIT_ROOM_EVENTS);
        /* Whoever wants more looks for it, and thereby uses the error up. */
        if ((flags & MSG_WAITALL) && !(flags & MSG_PEEK) && taken < fit__iov_size(iov, count))
            fit__socket_take_error(&end->socket);
        return (ssize_t)taken;
    }
    int error = fit__socket_take_error(&end->socket);
    if (error)
        return error;
    return end->socket.shut & FIT_SHUT_RECEIVE ? 0 : -EAGAIN;
}

static ssize_t pair_write(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct pair_end *end = file->object;
    size_t size = fit__iov_size(iov, count), space = room(end), done = 0;
    char part[1024];
    (void)flags;
    if (end->socket.shut & FIT_SHUT_SEND)
        return -EPIPE;
    if (size && !space)
        return -EAGAIN;
    if (size > space)
        size = space;
    for (size_t left = size; left;) {
        size_t message = left < MESSAGE_MOST ? left : MESSAGE_MOST;
        fit__bytes_append(&end->other->messages, &message, sizeof message);
        left -= message;
    }
    while (done < size) {
        size_t next = size - done < sizeof part ? size - done : sizeof part;
        next = fit__iov_read(iov, count, done, part, next);
        fit__bytes_append(&end->other->unread, part, next);
        done += next;
    }
    if (done) {
        fit__progressed();
        changed(end->other, FIT_DATA_EVENTS);
    }
    return (ssize_t)done;
}

int fit__pair_shutdown(struct fit__file *file, unsigned how)
{
    struct pair_end *end = file->object;
    end->socket.shut |= how;
    changed(end, FIT_ALL_EVENTS);
    if (end->other) {
        end->other->socket.shut |= (how & FIT_SHUT_RECEIVE ? FIT_SHUT_SEND : 0)
                                   | (how & FIT_SHUT_SEND ? FIT_SHUT_RECEIVE : 0);
        changed(end->other, FIT_ALL_EVENTS);
    }
    return 0;
}

static void pair_release(struct fit__file *file)
{
    struct pair_end *end = file->object, *other = end->other;
    if (other) {
        other->other = NULL;
        other->socket.shut = FIT_SHUT_BOTH;
        if (end->unread.size)
            other->socket.error = ECONNRESET;
        changed(other, FIT_ALL_EVENTS);
    }
    fit__bytes_clear(&end->unread);
    fit__bytes_clear(&end->messages);
    fit__free(end);
}

static int pair_describe(struct fit__file *file, struct fit__info *info)
{
    struct pair_end *end = file->object;
    info->class = FIT_C_PAIR;
    info->readable = end->unread.size;
    info->writable = room(end);
    info->peer_closed = !!(end->socket.shut & FIT_SHUT_RECEIVE);
    info->broken = !end->other;
    snprintf(info->object, sizeof info->object, "pair");
    snprintf(info->text, sizeof info->text, "pair, %s",
             end->other ? "connected" : "other end closed");
    return 0;
}

const struct fit__file_ops fit__pair_ops = {
    .kind = "pair", .read = pair_read, .write = pair_write, .poll = pair_poll,
    .release = pair_release, .describe = pair_describe,
};

static struct pair_end *new_end(int flags)
{
    struct pair_end *end = fit__alloc(sizeof *end);
    end->socket.domain = AF_UNIX;
    end->socket.type = SOCK_STREAM;
    end->file = fit__file_new(&fit__pair_ops, end, O_RDWR | (flags & O_NONBLOCK));
    return end;
}

void fit__pair_new(int flags, struct fit__file *ends[2])
{
    struct pair_end *a = new_end(flags), *b = new_end(flags);
    a->other = b;
    b->other = a;
    ends[0] = a->file;
    ends[1] = b->file;
}
