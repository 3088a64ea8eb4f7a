/* pipe.c - pipes: one queue of bytes, a reader's and a writer's file.
 *
 * Linux keeps the bytes in pages, and whether there is room depends on how they lie there. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "fi/arena.h"
#include "harness/world/objects.h"

enum { PAGES = 16, PAGE = 4096 };

struct page { size_t end, size; };           /* the last byte used; bytes not read yet */
struct pipe {
    struct fit__bytes bytes;
    struct page pages[PAGES];
    unsigned first, used;
    struct fit__file *reader, *writer;
};

static struct page *page_at(struct pipe *pipe, unsigned i)
{
    return &pipe->pages[(pipe->first + i) % PAGES];
}

/* Bytes of a write of `size` that find room; takes the room. The odd part of a page goes
 * behind the bytes that are there if it fits as a whole, everything else into new pages. */
static size_t take_room(struct pipe *pipe, size_t size)
{
    size_t odd = size % PAGE, done = 0;
    struct page *last = pipe->used ? page_at(pipe, pipe->used - 1) : NULL;
    if (odd && last && last->end + odd <= PAGE) {
        last->end += odd;
        last->size += odd;
        done = odd;
    }
    while (done < size && pipe->used < PAGES) {
        size_t part = size - done < PAGE ? size - done : PAGE;
        *page_at(pipe, pipe->used++) = (struct page){ part, part };
        done += part;
    }
    return done;
}

static void give_room(struct pipe *pipe, size_t size)
{
    while (size) {
        struct page *page = page_at(pipe, 0);
        size_t part = size < page->size ? size : page->size;
        page->size -= part;
        size -= part;
        if (page->size)
            return;
        pipe->first = (pipe->first + 1) % PAGES;
        pipe->used--;
    }
}

static void was_read(struct pipe *pipe, size_t size)
{
    bool was_full = pipe->used == PAGES;
    give_room(pipe, size);
    fit__progressed();
    if (pipe->writer && was_full && pipe->used < PAGES)
        fit__file_changed(pipe->writer, EPOLLOUT | EPOLLWRNORM);
}

static void was_written(struct pipe *pipe)
{
    fit__progressed();
    fit__file_changed(pipe->reader, EPOLLIN | EPOLLRDNORM);
}

static ssize_t pipe_read(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct pipe *pipe = file->object;
    (void)flags;
    if (!fit__iov_size(iov, count))
        return 0;
    if (!pipe->bytes.size)
        return pipe->writer ? -EAGAIN : 0;
    size_t taken = fit__bytes_take(&pipe->bytes, iov, count, 0);
    was_read(pipe, taken);
    return (ssize_t)taken;
}

static ssize_t pipe_write(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct pipe *pipe = file->object;
    size_t size = fit__iov_size(iov, count), done = 0;
    char part[1024];
    (void)flags;
    if (!size)
        return 0;
    if (!pipe->reader)
        return -EPIPE;
    size = take_room(pipe, size);
    if (!size)
        return -EAGAIN;
    while (done < size) {
        size_t next = size - done < sizeof part ? size - done : sizeof part;
        next = fit__iov_read(iov, count, done, part, next);
        fit__bytes_append(&pipe->bytes, part, next);
        done += next;
    }
    was_written(pipe);
    return (ssize_t)done;
}

static uint32_t reader_poll(struct fit__file *file)
{
    struct pipe *pipe = file->object;
    return (pipe->bytes.size ? EPOLLIN | EPOLLRDNORM : 0) | (pipe->writer ? 0 : EPOLLHUP);
}

static uint32_t writer_poll(struct fit__file *file)
{
    struct pipe *pipe = file->object;
    return (pipe->used < PAGES ? EPOLLOUT | EPOLLWRNORM : 0)
           | (pipe->reader ? 0 : EPOLLERR);
}

static void free_unused(struct pipe *pipe)
{
    if (pipe->reader || pipe->writer)
        return;
    fit__bytes_clear(&pipe->bytes);
    fit__free(pipe);
}

static void reader_release(struct fit__file *file)
{
    struct pipe *pipe = file->object;
    pipe->reader = NULL;
    if (pipe->writer)
        fit__file_changed(pipe->writer, EPOLLOUT | EPOLLWRNORM | EPOLLERR | EPOLLHUP);
    free_unused(pipe);
}

static void writer_release(struct fit__file *file)
{
    struct pipe *pipe = file->object;
    pipe->writer = NULL;
    if (pipe->reader)
        fit__file_changed(pipe->reader, EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP);
    free_unused(pipe);
}

static int pipe_describe(struct fit__file *file, struct fit__info *info)
{
    struct pipe *pipe = file->object;
    bool reads = file == pipe->reader;
    info->class = FIT_C_PAIR;
    info->readable = reads ? pipe->bytes.size : 0;
    info->writable = reads ? 0 : (PAGES - pipe->used) * PAGE;
    info->peer_closed = reads && !pipe->writer;
    info->broken = !reads && !pipe->reader;
    snprintf(info->object, sizeof info->object, "pipe");
    snprintf(info->text, sizeof info->text, "pipe, %s end", reads ? "reading" : "writing");
    return 0;
}

const struct fit__file_ops fit__pipe_reader_ops = {
    .kind = "pipe", .read = pipe_read, .poll = reader_poll, .release = reader_release,
    .describe = pipe_describe,
};
const struct fit__file_ops fit__pipe_writer_ops = {
    .kind = "pipe", .write = pipe_write, .poll = writer_poll, .release = writer_release,
    .describe = pipe_describe,
};

void fit__pipe_new(int flags, struct fit__file *ends[2])
{
    struct pipe *pipe = fit__alloc(sizeof *pipe);
    int status = flags & O_NONBLOCK;
    pipe->reader = fit__file_new(&fit__pipe_reader_ops, pipe, O_RDONLY | status);
    pipe->writer = fit__file_new(&fit__pipe_writer_ops, pipe, O_WRONLY | status);
    ends[0] = pipe->reader;
    ends[1] = pipe->writer;
}

/* ---- for splice -------------------------------------------------------------------------- */

bool fit__is_pipe(const struct fit__file *file)
{
    return file->ops == &fit__pipe_reader_ops || file->ops == &fit__pipe_writer_ops;
}

size_t fit__pipe_bytes(const struct fit__file *end)
{
    return ((const struct pipe *)end->object)->bytes.size;
}

size_t fit__pipe_room(const struct fit__file *end)
{
    return (size_t)(PAGES - ((const struct pipe *)end->object)->used) * PAGE;
}

bool fit__pipe_ended(const struct fit__file *end)
{
    const struct pipe *pipe = end->object;
    return end == pipe->reader ? !pipe->writer : !pipe->reader;
}

bool fit__pipes_are_one(const struct fit__file *a, const struct fit__file *b)
{
    return a->object == b->object;
}

/* Into a page of its own; `end` of PAGE: nothing is ever written behind it. */
static void put_page(struct pipe *pipe, const char *bytes, size_t size, size_t end)
{
    assert(pipe->used < PAGES && size);
    *page_at(pipe, pipe->used++) = (struct page){ end, size };
    fit__bytes_append(&pipe->bytes, bytes, size);
}

void fit__pipe_put(struct fit__file *writer, const char *bytes, size_t size, off_t offset)
{
    struct pipe *pipe = writer->object;
    size_t done = 0, skip = (size_t)offset % PAGE;
    while (done < size) {
        size_t part = PAGE - skip < size - done ? PAGE - skip : size - done;
        put_page(pipe, bytes + done, part, PAGE);
        done += part;
        skip = 0;
    }
    was_written(pipe);
}

size_t fit__pipe_look(struct fit__file *reader, char *bytes, size_t size)
{
    struct iovec one = { bytes, size };
    return fit__bytes_take(&((struct pipe *)reader->object)->bytes, &one, 1, MSG_PEEK);
}

void fit__pipe_take(struct fit__file *reader, size_t size)
{
    struct pipe *pipe = reader->object;
    fit__bytes_drop(&pipe->bytes, size);
    was_read(pipe, size);
}

size_t fit__pipe_move(struct fit__file *reader, struct fit__file *writer, size_t size, bool copy)
{
    struct pipe *from = reader->object, *to = writer->object;
    size_t done = 0;
    for (unsigned i = 0; i < from->used && done < size && to->used < PAGES; i++) {
        const struct page *page = page_at(from, i);
        bool whole = page->size <= size - done;
        size_t part = whole ? page->size : size - done;
        const char *bytes = from->bytes.data + from->bytes.start + done;
        put_page(to, bytes, part, whole && !copy ? page->end : PAGE);
        done += part;
    }
    if (done)
        was_written(to);
    if (done && !copy)
        fit__pipe_take(reader, done);
    return done;
}

bool fit__counts_unread(const struct fit__file *file)
{
    return fit__is_socket(file) || file->ops == &fit__pipe_reader_ops
           || file->ops == &fit__pipe_writer_ops || file->ops == &fit__regular_ops
           || file->ops == &fit__inotify_ops;
}

size_t fit__unread(struct fit__file *file)
{
    struct fit__info info = { .readable = 0 };
    if (file->ops == &fit__pipe_writer_ops)
        return ((struct pipe *)file->object)->bytes.size;
    if (file->ops->describe)
        file->ops->describe(file, &info);
    return info.readable;
}
