/* slots.c - what a run has open, and what it writes down. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/differential/differential.h"

static void append(struct log *log, const char *format, va_list arguments)
{
    int length = vsnprintf(log->text + log->length, LOG_SIZE - log->length, format, arguments);
    log->length += (size_t)length;
    if (log->length >= LOG_SIZE)
        log->length = LOG_SIZE - 1;
}

void also(struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(run->log, format, arguments);
    va_end(arguments);
}

long seen(struct run *run, long result, const char *format, ...)
{
    int error = errno;
    va_list arguments;
    also(run, "\n");
    va_start(arguments, format);
    append(run->log, format, arguments);
    va_end(arguments);
    if (result < 0)
        also(run, " = %s", strerrorname_np(error));
    else
        also(run, " = %ld", result);
    run->log->calls++;
    return result;
}

const char *event_bits(uint32_t bits, char *out)
{
    static const struct { uint32_t bit; const char *name; } names[] = {
        { EPOLLIN, "IN" }, { EPOLLPRI, "PRI" }, { EPOLLOUT, "OUT" }, { EPOLLERR, "ERR" },
        { EPOLLHUP, "HUP" }, { 0x20, "NVAL" }, { EPOLLRDNORM, "RDNORM" },
        { EPOLLRDBAND, "RDBAND" }, { EPOLLWRNORM, "WRNORM" }, { EPOLLWRBAND, "WRBAND" },
        { EPOLLRDHUP, "RDHUP" }, { EPOLLEXCLUSIVE, "EXCLUSIVE" }, { EPOLLONESHOT, "ONESHOT" },
        { EPOLLET, "ET" },
    };
    char *end = out;
    *out = 0;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bits & names[i].bit)
            end += sprintf(end, "%s%s", end == out ? "" : "|", names[i].name);
    return *out ? out : "0";
}

int slot_for(const struct run *run, const struct step *step, unsigned slot, unsigned objects)
{
    for (unsigned i = 0; i < SLOTS && !step->strict; i++)
        if (run->slots[(slot + i) % SLOTS].object & objects)
            return (int)((slot + i) % SLOTS);
    return (int)slot;
}

void make_room(struct run *run, int slot)
{
    struct slot *it = &run->slots[slot];
    if (it->object == NOTHING)
        return;
    seen(run, close(it->fd), "close(%d)", slot);
    *it = (struct slot){ .fd = -1 };
}

void put(struct run *run, int slot, int fd, enum object object)
{
    make_room(run, slot);
    if (fd >= 0)
        run->slots[slot] = (struct slot){ .fd = fd, .object = object };
}

bool is_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && !(flags & O_NONBLOCK);
}
