/* bytes.c - a queue of bytes, and the vectors of readv and writev. */
#include <assert.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/objects.h"

size_t fit__iov_size(const struct iovec *iov, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    return size;
}

size_t fit__iov_read(const struct iovec *iov, int count, size_t skip, void *out, size_t size)
{
    size_t copied = 0;
    for (int i = 0; i < count && copied < size; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t part = iov[i].iov_len - skip;
        if (part > size - copied)
            part = size - copied;
        memcpy((char *)out + copied, (char *)iov[i].iov_base + skip, part);
        copied += part;
        skip = 0;
    }
    return copied;
}

size_t fit__iov_write(const struct iovec *iov, int count, const void *data, size_t size)
{
    size_t copied = 0;
    for (int i = 0; i < count && copied < size; i++) {
        size_t part = iov[i].iov_len < size - copied ? iov[i].iov_len : size - copied;
        if (part)
            memcpy(iov[i].iov_base, (const char *)data + copied, part);
        copied += part;
    }
    return copied;
}

static void make_room(struct fit__bytes *queue, size_t size)
{
    if (queue->start + queue->size + size <= queue->room)
        return;
    if (queue->size + size > queue->room) {
        size_t room = queue->room ? queue->room : 256;
        while (room < queue->size + size)
            room *= 2;
        char *data = fit__alloc(room);
        if (queue->size)
            memcpy(data, queue->data + queue->start, queue->size);
        fit__free(queue->data);
        queue->data = data;
        queue->room = room;
    } else {
        memmove(queue->data, queue->data + queue->start, queue->size);
    }
    queue->start = 0;
}

void fit__bytes_append(struct fit__bytes *queue, const void *data, size_t size)
{
    if (!size)
        return;
    make_room(queue, size);
    memcpy(queue->data + queue->start + queue->size, data, size);
    queue->size += size;
}

size_t fit__bytes_take(struct fit__bytes *queue, const struct iovec *iov, int count, int flags)
{
    size_t taken = 0;
    for (int i = 0; i < count && taken < queue->size; i++) {
        size_t part = iov[i].iov_len;
        if (part > queue->size - taken)
            part = queue->size - taken;
        if (part && !(flags & MSG_TRUNC))
            memcpy(iov[i].iov_base, queue->data + queue->start + taken, part);
        taken += part;
    }
    if (!(flags & MSG_PEEK))
        fit__bytes_drop(queue, taken);
    return taken;
}

void fit__bytes_drop(struct fit__bytes *queue, size_t size)
{
    assert(size <= queue->size);
    queue->start += size;
    queue->size -= size;
    if (!queue->size)
        queue->start = 0;
}

void fit__bytes_clear(struct fit__bytes *queue)
{
    fit__free(queue->data);
    *queue = (struct fit__bytes){ 0 };
}
