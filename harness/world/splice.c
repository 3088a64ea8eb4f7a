/* splice.c - splice, tee and sendfile: bytes that go from one file to another. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "fi/arena.h"
#include "harness/world/calls.h"
#include "harness/world/files.h"

enum { ROUND = 65536, ALL_FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE
                                  | SPLICE_F_GIFT };

/* One call: both files stay alive while it waits. */
struct way {
    const char *call;
    struct fit__file *in, *out;
    off64_t *from, *to;                      /* NULL: the file's own offset */
    size_t size;
    bool waits;                              /* for what pipes and sockets have, or take */
};

static ssize_t wait_for(const struct way *way, struct fit__file *file)
{
    struct fit__waitq *queue = &file->queue;
    if (!way->waits)
        return -EAGAIN;
    return fit__block_open(way->call, &queue, 1, FIT_NEVER, true);
}

static bool may(const struct fit__file *file, int not_only)
{
    return file && (file->status_flags & O_ACCMODE) != not_only;
}

static bool nonblocking(const struct fit__file *file)
{
    return file->status_flags & O_NONBLOCK;
}

static bool is_file(const struct fit__file *file)
{
    return file->ops == &fit__regular_ops;
}

static bool is_directory(const struct fit__file *file)
{
    return is_file(file) && S_ISDIR(fit__regular_node(file)->st.st_mode);
}

/* ---- what is no pipe: read and written without waiting ----------------------------------- */

static ssize_t read_once(struct fit__file *file, off_t offset, void *bytes, size_t size)
{
    struct iovec one = { bytes, size };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1 };
    if (is_file(file))
        return fit__regular_readv(file, &one, 1, offset);
    if (file->ops->socket->receive)
        return file->ops->socket->receive(file, &message, MSG_DONTWAIT);
    file->phantom = false;
    return file->ops->read(file, &one, 1, MSG_DONTWAIT);
}

static ssize_t write_once(struct fit__file *file, off_t offset, void *bytes, size_t size)
{
    struct iovec one = { bytes, size };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1 };
    if (is_file(file))
        return fit__regular_writev(file, &one, 1, offset);
    if (file->ops->socket->send)
        return file->ops->socket->send(file, &message, MSG_DONTWAIT);
    return file->ops->write(file, &one, 1, MSG_DONTWAIT);
}

/* Of a blocking socket: until all is written, or some and then an error. */
static ssize_t write_out(const struct way *way, char *bytes, size_t size)
{
    ssize_t result = 0;
    size_t done = 0;
    while (done < size) {
        off_t offset = way->to ? *way->to : -1;
        result = write_once(way->out, offset, bytes + done, size - done);
        if (result == -EAGAIN && !nonblocking(way->out) && !(result = wait_for(way, way->out)))
            continue;
        if (result <= 0)
            break;
        done += (size_t)result;
        if (way->to)
            *way->to += result;
    }
    return done ? (ssize_t)done : result;
}

/* ---- to and from a pipe ------------------------------------------------------------------ */

static ssize_t await_room(const struct way *way)
{
    ssize_t error = 0;
    while (!error) {
        if (fit__pipe_ended(way->out))
            return -EPIPE;
        if (fit__pipe_room(way->out))
            return 0;
        error = wait_for(way, way->out);
    }
    return error;
}

/* 0: there is something, or nothing will ever come. */
static ssize_t await_bytes(const struct way *way)
{
    ssize_t error = 0;
    while (!error && !fit__pipe_bytes(way->in) && !fit__pipe_ended(way->in))
        error = wait_for(way, way->in);
    return error;
}

static ssize_t into_pipe(struct way *way)
{
    off_t at = way->from ? *way->from : is_file(way->in) ? fit__regular_seek(way->in, 0, SEEK_CUR)
                                                         : 0;
    if (way->from && !is_file(way->in))
        return -EINVAL;
    /* Linux looks at the pipe before it asks whether the other file can be spliced at all. */
    ssize_t result = await_room(way);
    if (result)
        return result;
    if ((!is_file(way->in) && !fit__is_socket(way->in)) || is_directory(way->in) || at < 0)
        return -EINVAL;
    size_t room = fit__pipe_room(way->out) - (size_t)at % FIT_PAGE;
    size_t size = way->size < room ? way->size : room;
    char *bytes = fit__alloc(size);
    do
        result = read_once(way->in, way->from ? at : -1, bytes, size);
    while (result == -EAGAIN && !nonblocking(way->in) && !(result = wait_for(way, way->in)));
    if (result > 0)
        fit__pipe_put(way->out, bytes, (size_t)result, at);
    if (result > 0 && way->from)
        *way->from += result;
    fit__free(bytes);
    return result;
}

/* What is in the pipe now, or comes first. */
static ssize_t out_of_pipe(struct way *way)
{
    if (is_file(way->out) ? way->out->status_flags & O_APPEND
                          : way->to || !fit__is_socket(way->out))
        return -EINVAL;
    if (way->to && *way->to < 0)
        return -EINVAL;
    ssize_t result = await_bytes(way);
    char *bytes = fit__alloc(ROUND);
    size_t done = 0;
    while (!result && done < way->size && fit__pipe_bytes(way->in)) {
        size_t left = way->size - done, part = left < ROUND ? left : ROUND;
        part = fit__pipe_look(way->in, bytes, part);
        result = write_out(way, bytes, part);
        if (result <= 0)
            break;
        fit__pipe_take(way->in, (size_t)result);
        done += (size_t)result;
        result = (size_t)result < part ? -EAGAIN : 0;
    }
    fit__free(bytes);
    return done ? (ssize_t)done : result;
}

static ssize_t between_pipes(struct way *way, bool copy)
{
    if (fit__pipes_are_one(way->in, way->out))
        return -EINVAL;
    for (;;) {
        ssize_t error = await_bytes(way);
        if (!error)
            error = await_room(way);
        if (error || fit__pipe_bytes(way->in) || fit__pipe_ended(way->in))
            return error ? error : (ssize_t)fit__pipe_move(way->in, way->out, way->size, copy);
    }
}

/* ---- the calls --------------------------------------------------------------------------- */

static struct way begin(const char *call, struct fit__file *in, struct fit__file *out,
                        size_t size)
{
    in->references++;
    out->references++;
    return (struct way){ .call = call, .in = in, .out = out, .size = size };
}

static ssize_t end(struct way *way, int fd, ssize_t result)
{
    fit__file_release(way->in);
    fit__file_release(way->out);
    return result == -EAGAIN ? fit__idle(way->call, fd, result) : result;
}

static int two_files(int in, int out, struct fit__file *files[2])
{
    files[0] = fit__file_of(in);
    files[1] = fit__file_of(out);
    if ((!files[0] && fit__is_standard(in)) || (!files[1] && fit__is_standard(out)))
        fit__unsupported("splice, tee or sendfile", NULL,
                         "standard streams are no files of the world: use read and write");
    return may(files[0], O_WRONLY) && may(files[1], O_RDONLY) ? 0 : -EBADF;
}

ssize_t fit__call_splice(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags)
{
    struct fit__file *files[2];
    ssize_t result;
    fit__call_begins();
    if (!size)
        return 0;
    if (flags & ~(unsigned)ALL_FLAGS)
        return -EINVAL;
    result = two_files(in, out, files);
    if (result)
        return result;
    bool first = fit__is_pipe(files[0]), second = fit__is_pipe(files[1]);
    if ((first && from) || (second && to))
        return -ESPIPE;
    if (!first && !second)
        return -EINVAL;
    struct way way = begin("splice", files[0], files[1], size);
    way.from = from;
    way.to = to;
    way.waits = !(flags & SPLICE_F_NONBLOCK) && !(first && nonblocking(files[0]))
                && !(second && nonblocking(files[1]));
    result = first && second ? between_pipes(&way, false)
             : first ? out_of_pipe(&way) : into_pipe(&way);
    return end(&way, in, result);
}

ssize_t fit__call_tee(int in, int out, size_t size, unsigned flags)
{
    struct fit__file *files[2];
    fit__call_begins();
    if (flags & ~(unsigned)ALL_FLAGS)
        return -EINVAL;
    if (!size)
        return 0;
    ssize_t result = two_files(in, out, files);
    if (result)
        return result;
    if (!fit__is_pipe(files[0]) || !fit__is_pipe(files[1]))
        return -EINVAL;
    struct way way = begin("tee", files[0], files[1], size);
    way.waits = !(flags & SPLICE_F_NONBLOCK) && !nonblocking(files[0]) && !nonblocking(files[1]);
    return end(&way, in, between_pipes(&way, true));
}

/* In rounds, as Linux does, until one comes to nothing. */
static ssize_t send_rounds(struct way *way)
{
    char *bytes = fit__alloc(ROUND);
    ssize_t result = 0;
    size_t done = 0;
    while (done < way->size) {
        size_t left = way->size - done, part = left < ROUND ? left : ROUND;
        result = read_once(way->in, *way->from, bytes, part);
        if (result <= 0)
            break;
        part = (size_t)result;
        result = write_out(way, bytes, part);
        if (result <= 0)
            break;
        done += (size_t)result;
        *way->from += result;
        if ((size_t)result < part)
            break;
    }
    fit__free(bytes);
    return done ? (ssize_t)done : result;
}

ssize_t fit__call_sendfile(int out, int in, off_t *offset, size_t size)
{
    struct fit__file *files[2];
    off64_t at;
    fit__call_begins();
    ssize_t result = two_files(in, out, files);
    if (may(files[0], O_WRONLY) && offset && !is_file(files[0]))
        return -ESPIPE;
    if (result)
        return result;
    if (!is_file(files[0]) || is_directory(files[0]) || (offset && *offset < 0))
        return -EINVAL;
    const bool pipe = fit__is_pipe(files[1]);
    if (!pipe && !fit__is_socket(files[1]) && !is_file(files[1]))
        return -EINVAL;
    if (files[1]->status_flags & O_APPEND)
        return -EINVAL;
    at = offset ? *offset : fit__regular_seek(files[0], 0, SEEK_CUR);
    struct way way = begin("sendfile", files[0], files[1], size);
    way.from = &at;
    way.waits = !nonblocking(files[1]);
    result = !size ? 0 : pipe ? into_pipe(&way) : send_rounds(&way);
    if (result > 0 && offset)
        *offset = at;
    else if (result > 0)
        fit__regular_seek(files[0], at, SEEK_SET);
    return end(&way, out, result);
}
