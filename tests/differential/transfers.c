/* transfers.c - steps that move bytes. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/known.h"
#include "tests/differential/differential.h"

enum { MOST = 70000 };
static unsigned char buffer[MOST + 1];

static void fill_buffer(struct run *run, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buffer[i] = (unsigned char)(run->next + i * 7 + (i >> 8));
}

/* What arrived: its length is the call's result, its bytes are told by a sum. */
static void also_bytes(struct run *run, long size)
{
    unsigned sum = 0;
    for (long i = 0; i < size; i++)
        sum = sum * 31 + buffer[i];
    if (size > 0)
        also(run, " %02x..%08x", buffer[0], sum);
}

/* Bytes that may be sent there without meeting the end of a buffer whose size may differ. */
static size_t allowed(struct run *run, const struct slot *slot, size_t size)
{
    size_t *sent = slot->object == PAIR ? &run->pair_bytes : &run->tcp_bytes;
    size_t most = slot->object == PAIR ? KNOWN_PAIR_BYTES : KNOWN_TCP_BYTES;
    if (!(slot->object & (STREAMS | LISTENER)))
        return size;
    size_t each = slot->object == PAIR ? KNOWN_MESSAGE_BYTES : 0;
    if (*sent + each >= most)
        return 0;
    if (size > most - *sent - each)
        size = most - *sent - each;
    *sent += size + each;
    return size;
}

void step_send(struct run *run, const struct step *step)
{
    int at = slot_for(run, step, step->a, STREAMS);
    size_t size = allowed(run, &run->slots[at], step->number);
    int flags = MSG_NOSIGNAL | (step->bits & 1 ? MSG_DONTWAIT : 0);
    if (run->slots[at].object != NOTHING && is_blocking(run->slots[at].fd))
        flags |= MSG_DONTWAIT;
    fill_buffer(run, size);
    long result = seen(run, send(run->slots[at].fd, buffer, size, flags), "send(%d, %zu)", at,
                       size);
    if (result > 0)
        run->next += (unsigned char)result;
}

void step_receive(struct run *run, const struct step *step)
{
    int at = slot_for(run, step, step->a, STREAMS);
    int flags = 0;
    char text[64] = "";
    if (step->bits % 4 == 0)
        flags |= MSG_PEEK;
    if (step->bits % 16 == 1)
        flags |= MSG_TRUNC;
    if (step->bits % 8 == 2)
        flags |= MSG_WAITALL;
    if (step->bits % 2 == 1 || (run->slots[at].object != NOTHING
                                && is_blocking(run->slots[at].fd)))
        flags |= MSG_DONTWAIT;
    snprintf(text, sizeof text, "%s%s%s", flags & MSG_PEEK ? ", peek" : "",
             flags & MSG_TRUNC ? ", trunc" : "", flags & MSG_WAITALL ? ", waitall" : "");
    long result = recv(run->slots[at].fd, buffer, step->number, flags);
    seen(run, result, "recv(%d, %u%s)", at, step->number, text);
    if (!(flags & MSG_TRUNC))
        also_bytes(run, result);
}

/* The same bytes in up to four parts, some of them empty. */
static int parts_of(const struct step *step, size_t size, struct iovec parts[4])
{
    int count = 1 + (int)(step->bits % 4);
    size_t done = 0;
    for (int i = 0; i < count; i++) {
        size_t part = i == count - 1 ? size - done : (step->bits >> (4 + 4 * i)) % 16;
        if (part > size - done)
            part = size - done;
        parts[i] = (struct iovec){ buffer + done, part };
        done += part;
    }
    return count;
}

enum { MOVABLE = STREAMS | PIPE | EVENTFD | TIMERFD };

/* A counter takes and gives eight bytes; other sizes are mostly mistakes. */
static size_t size_for(const struct slot *slot, const struct step *step)
{
    return slot->object & (EVENTFD | TIMERFD) && step->bits % 8 ? 8 : step->number;
}

void step_write(struct run *run, const struct step *step)
{
    int at = slot_for(run, step, step->a, MOVABLE);
    struct slot *slot = &run->slots[at];
    size_t size = allowed(run, slot, size_for(slot, step));
    if (slot->object == EVENTFD && size > 8)
        size = 8;                            /* known.h: eventfd-size */
    struct iovec parts[4];
    if (slot->object != NOTHING && is_blocking(slot->fd))
        return;
    fill_buffer(run, size);
    /* Small numbers for counters, and now and then one that is too big. */
    if (slot->object == EVENTFD && size >= 8)
        *(uint64_t *)(void *)buffer = step->bits % 16 == 1 ? UINT64_MAX - 2 : step->bits % 4;
    int count = parts_of(step, size, parts);
    long result = step->kind == STEP_WRITEV ? writev(slot->fd, parts, count)
                                            : write(slot->fd, buffer, size);
    seen(run, result, "%s(%d, %zu)", step->kind == STEP_WRITEV ? "writev" : "write", at, size);
    if (slot->object == EVENTFD && size >= 8)
        also(run, " value %llu", (unsigned long long)*(uint64_t *)(void *)buffer);
    if (result > 0)
        run->next += (unsigned char)result;
}

void step_read(struct run *run, const struct step *step)
{
    int at = slot_for(run, step, step->a, MOVABLE);
    struct slot *slot = &run->slots[at];
    size_t size = size_for(slot, step);
    struct iovec parts[4];
    if (slot->object != NOTHING && is_blocking(slot->fd))
        return;
    int count = parts_of(step, size, parts);
    long result = step->kind == STEP_READV ? readv(slot->fd, parts, count)
                                           : read(slot->fd, buffer, size);
    seen(run, result, "%s(%d, %zu)", step->kind == STEP_READV ? "readv" : "read", at, size);
    also_bytes(run, result);
}

/* From one slot to the next; neither waits. */
void step_splice(struct run *run, const struct step *step)
{
    bool copies = step->bits % 4 == 0;
    int from = slot_for(run, step, step->a, copies ? PIPE : PIPE | STREAMS);
    int to = slot_for(run, step, step->b, copies ? PIPE : PIPE | STREAMS);
    struct slot *in = &run->slots[from], *out = &run->slots[to];
    if ((in->object != NOTHING && is_blocking(in->fd))
        || (out->object != NOTHING && is_blocking(out->fd)))
        return;
    size_t size = allowed(run, out, step->number);
    if (copies)
        seen(run, tee(in->fd, out->fd, size, SPLICE_F_NONBLOCK), "tee(%d, %d, %zu)", from, to,
             size);
    else
        seen(run, splice(in->fd, NULL, out->fd, NULL, size, SPLICE_F_NONBLOCK),
             "splice(%d, %d, %zu)", from, to, size);
}
