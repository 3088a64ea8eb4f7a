/* transfer.c - the calls that may have to wait for an object: reading, writing, connecting. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/calls.h"

/* One call: the file stays alive while it waits, even if its number is closed meanwhile. */
struct transfer {
    const char *call;
    int fd;
    struct fit__file *file;
    bool waits;
    fit_ns deadline;
    int flags;
};

static struct transfer begin(const char *call, int fd, struct fit__file *file, int flags,
                             fit_ns timeout)
{
    bool waits = !(file->status_flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT);
    file->references++;
    return (struct transfer){ call, fd, file, waits, timeout ? fit__now() + timeout : FIT_NEVER,
                              flags };
}

/* 0: look again. -EAGAIN: the time is over, or this call does not wait. -EINTR: a signal came, and
 * Linux does not go on after one if there is a limit of time. */
static int wait_for(struct transfer *t)
{
    struct fit__waitq *queue = &t->file->queue;
    if (!t->waits) {
        fit__idle(t->call, t->fd, 0);
        return -EAGAIN;
    }
    int result = fit__block_open(t->call, &queue, 1, t->deadline, t->deadline == FIT_NEVER);
    return result == -ETIMEDOUT ? -EAGAIN : result;
}

/* The vector without its first `done` bytes; returns the new count. */
static int advance(struct iovec *out, const struct iovec *iov, int count, size_t done)
{
    int left = 0;
    for (int i = 0; i < count; i++) {
        size_t skip = done < iov[i].iov_len ? done : iov[i].iov_len;
        done -= skip;
        if (iov[i].iov_len > skip)
            out[left++] = (struct iovec){ (char *)iov[i].iov_base + skip,
                                          iov[i].iov_len - skip };
    }
    return left;
}

typedef ssize_t step(struct fit__file *, const struct iovec *, int count, int flags);

/* Moves bytes until all of them have moved (`whole`), or some have. */
static ssize_t move(struct transfer *t, step *step, const struct iovec *iov, int count, bool whole)
{
    struct iovec *rest = NULL;
    size_t size = fit__iov_size(iov, count), done = 0;
    const struct iovec *now = iov;
    int now_count = count;
    ssize_t result;
    for (;;) {
        result = step(t->file, now, now_count, t->flags);
        if (result == -EAGAIN && !(result = wait_for(t)))
            continue;
        if (result <= 0)
            break;
        done += (size_t)result;
        if (!whole || done >= size || !t->waits)
            break;
        if (!rest)
            rest = fit__alloc((size_t)count * sizeof *rest);
        now_count = advance(rest, iov, count, done);
        now = rest;
    }
    fit__free(rest);
    return done ? (ssize_t)done : result;
}

/* One message, or a stream's bytes until all have moved (`whole`) or some have. What goes beside
 * the bytes goes with the first of them. */
static ssize_t move_message(struct transfer *t, bool sends, struct msghdr *message, bool whole)
{
    const struct fit__socket_ops *ops = t->file->ops->socket;
    struct msghdr part = *message, *now = message;
    struct iovec *rest = NULL;
    size_t size = fit__iov_size(message->msg_iov, (int)message->msg_iovlen), done = 0;
    ssize_t result;
    for (;;) {
        result = sends ? ops->send(t->file, now, t->flags) : ops->receive(t->file, now, t->flags);
        if (result == -EAGAIN && !(result = wait_for(t)))
            continue;
        if (result <= 0)
            break;
        done += (size_t)result;
        if (!whole || done >= size || !t->waits || (!sends && message->msg_controllen))
            break;
        if (!rest)
            rest = fit__alloc(message->msg_iovlen * sizeof *rest);
        part.msg_iovlen = (size_t)advance(rest, message->msg_iov, (int)message->msg_iovlen, done);
        part.msg_iov = rest;
        part.msg_name = part.msg_control = NULL;
        part.msg_namelen = 0;
        part.msg_controllen = 0;
        now = &part;
    }
    fit__free(rest);
    return done ? (ssize_t)done : result;
}

static bool is_stream(const struct fit__socket *socket)
{
    return socket && socket->type == SOCK_STREAM;
}

static ssize_t receive(const char *call, int fd, struct fit__file *file, struct msghdr *message,
                       int flags)
{
    struct fit__socket *socket = fit__socket_of(file);
    struct transfer t = begin(call, fd, file, flags, socket ? socket->receive_timeout : 0);
    bool whole = (flags & MSG_WAITALL) && !(flags & MSG_PEEK) && is_stream(socket);
    file->phantom = false;
    ssize_t result = socket && file->ops->socket->receive
        ? move_message(&t, false, message, whole)
        : move(&t, file->ops->read, message->msg_iov, (int)message->msg_iovlen, whole);
    fit__file_release(file);
    return result;
}

static ssize_t transmit(const char *call, int fd, struct fit__file *file, struct msghdr *message,
                        int flags)
{
    struct fit__socket *socket = fit__socket_of(file);
    struct transfer t = begin(call, fd, file, flags, socket ? socket->send_timeout : 0);
    ssize_t result = socket && file->ops->socket->send
        ? move_message(&t, true, message, is_stream(socket))
        : move(&t, file->ops->write, message->msg_iov, (int)message->msg_iovlen, true);
    fit__file_release(file);
    return result;
}

static struct msghdr only_bytes(const struct iovec *iov, int count)
{
    return (struct msghdr){ .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count };
}

static ssize_t no_such_direction(const struct fit__file *file)
{
    return (file->status_flags & O_ACCMODE) != O_RDWR ? -EBADF : -EINVAL;
}

ssize_t fit__call_readv(int fd, const struct iovec *iov, int count, off_t offset)
{
    struct fit__file *file = fit__file_of(fd);
    fit__call_begins();
    if (!file && fit__is_standard(fd))
        return offset == -1 ? fit__raw(SYS_readv, fd, iov, count)
                            : fit__raw(SYS_preadv, fd, iov, count, offset, 0);
    if (!file)
        return -EBADF;
    if (file->ops == &fit__regular_ops)
        return fit__regular_readv(file, iov, count, offset);
    if (offset != -1)
        return -ESPIPE;
    if (!file->ops->read && !fit__is_socket(file))
        return no_such_direction(file);
    if (!count || (fit__is_socket(file) && !fit__iov_size(iov, count)))
        return 0;
    struct msghdr message = only_bytes(iov, count);
    return receive("read", fd, file, &message, 0);
}

ssize_t fit__call_writev(int fd, const struct iovec *iov, int count, off_t offset)
{
    struct fit__file *file = fit__file_of(fd);
    fit__call_begins();
    if (!file && fit__is_standard(fd))
        return offset == -1 ? fit__raw(SYS_writev, fd, iov, count)
                            : fit__raw(SYS_pwritev, fd, iov, count, offset, 0);
    if (!file)
        return -EBADF;
    if (file->ops == &fit__regular_ops)
        return fit__regular_writev(file, iov, count, offset);
    if (offset != -1)
        return -ESPIPE;
    if (!file->ops->write && !fit__is_socket(file))
        return no_such_direction(file);
    if (!count)
        return 0;
    struct msghdr message = only_bytes(iov, count);
    return transmit("write", fd, file, &message, 0);
}

/* ---- messages ---------------------------------------------------------------------------- */

static int socket_file(int fd, struct fit__file **file)
{
    *file = fit__file_of(fd);
    if (!*file)
        return fit__is_standard(fd) ? -ENOTSOCK : -EBADF;
    return fit__is_socket(*file) ? 0 : -ENOTSOCK;
}

ssize_t fit__call_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct fit__file *file;
    fit__call_begins();
    int error = socket_file(fd, &file);
    if (error)
        return error;
    if ((flags & MSG_OOB) && file->ops != &fit__tcp_ops)
        return -EOPNOTSUPP;
    if (flags & MSG_OOB)
        fit__unsupported("send", NULL, "urgent data (MSG_OOB) is not simulated");
    struct msghdr copy = *message;
    return transmit("send", fd, file, &copy, flags);
}

ssize_t fit__call_recvmsg(int fd, struct msghdr *message, int flags)
{
    struct fit__file *file;
    fit__call_begins();
    int error = socket_file(fd, &file);
    if (error)
        return error;
    if (flags & MSG_OOB)
        return file->ops != &fit__tcp_ops ? -EOPNOTSUPP : -EINVAL;
    if (flags & MSG_ERRQUEUE)
        return -EAGAIN;
    socklen_t room = message->msg_namelen;
    if (file->ops != &fit__tcp_ops) {
        ssize_t result = receive("recv", fd, file, message, flags);
        if (result < 0)
            message->msg_namelen = room;
        return result;
    }
    ssize_t result = receive("recv", fd, file, message, flags);
    if (result >= 0) {
        message->msg_namelen = 0;
        message->msg_controllen = 0;
        message->msg_flags = 0;
    }
    return result;
}

/* ---- connections ------------------------------------------------------------------------- */

static int accept_file(int fd, struct fit__file *file, int flags)
{
    struct fit__socket *socket = file->object;
    struct transfer t = begin("accept", fd, file, 0, socket->receive_timeout);
    int result;
    file->phantom = false;
    do {
        result = file->ops->socket->accept(file, flags);
        if (result == -EAGAIN && t.waits && fit__interrupted())
            result = -EINTR;
    } while (result == -EAGAIN && !(result = wait_for(&t)));
    fit__file_release(file);
    return result;
}

int fit__call_accept(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    struct fit__file *file = fit__file_of(fd);
    fit__call_begins();
    if (!file && !fit__is_standard(fd))
        return -EBADF;
    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    fit__relieve_server();
    /* Linux takes the number first, so a full table is an error even if nobody calls. */
    int result = fit__room_for(1);
    if (!result)
        result = socket_file(fd, &file);
    if (!result && !file->ops->socket->accept)
        result = -EOPNOTSUPP;
    if (!result)
        result = accept_file(fd, file, flags);
    if (result < 0 || !address)
        return result;
    struct fit__file *made = fit__file_of(result);
    int error = made->ops->socket->name(made, true, address, size);
    if (!error)
        return result;
    fit__uninstall(result);
    return error == -ENOTCONN ? -ECONNABORTED : error;
}

int fit__call_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    struct fit__file *file;
    fit__call_begins();
    int error = socket_file(fd, &file), result;
    if (error)
        return error;
    const struct fit__socket_ops *ops = file->ops->socket;
    struct fit__socket *socket = file->object;
    struct transfer t = begin("connect", fd, file, 0, socket->send_timeout);
    error = result = ops->connect(file, address, size);
    bool goes_on = error == -EINPROGRESS || error == -EALREADY || error == -EAGAIN;
    if (goes_on && t.waits && ops->connected) {
        int over = 0;
        while (!over && (result = ops->connected(file)) == -EAGAIN)
            over = wait_for(&t);
        if (over)
            result = over == -EAGAIN ? error : over;
    } else if (error == -EALREADY) {
        fit__idle("connect", fd, 0);
    }
    fit__file_release(file);
    return result;
}
