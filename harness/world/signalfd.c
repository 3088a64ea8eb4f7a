/* signalfd.c - a descriptor that pending signals are read from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "fi/arena.h"
#include "harness/world/calls.h"
#include "harness/world/signal.h"

enum { AT_ONCE = 16 };

struct receiver {
    LIST_ENTRY(receiver) link;
    struct fit__file *file;
    uint64_t bits;
};
static LIST_HEAD(, receiver) receivers = LIST_HEAD_INITIALIZER(receivers);

void fit__signalfd_notify(void)
{
    struct receiver *r;
    LIST_FOREACH(r, &receivers, link)
        fit__file_changed(r->file, FIT_ALL_EVENTS);
}

uint64_t fit__signalfd_bits(void)
{
    struct receiver *r;
    uint64_t bits = 0;
    LIST_FOREACH(r, &receivers, link) bits |= r->bits;
    return bits;
}

static struct signalfd_siginfo in_bytes(const siginfo_t *info)
{
    struct signalfd_siginfo out = {
        .ssi_signo = (uint32_t)info->si_signo, .ssi_code = info->si_code,
    };
    if (info->si_code == SI_TIMER) {
        out.ssi_tid = (uint32_t)info->si_timerid;
        out.ssi_overrun = (uint32_t)info->si_overrun;
    } else {
        out.ssi_pid = (uint32_t)info->si_pid;
        out.ssi_uid = info->si_uid;
    }
    if (info->si_code == SI_TIMER || info->si_code == SI_QUEUE) {
        out.ssi_ptr = (uint64_t)(uintptr_t)info->si_value.sival_ptr;
        out.ssi_int = info->si_value.sival_int;
    }
    return out;
}

static ssize_t receiver_read(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct receiver *r = file->object;
    struct signalfd_siginfo taken[AT_ONCE];
    struct fit__bytes bytes = { .data = (char *)taken };
    size_t room = fit__iov_size(iov, count) / sizeof taken[0], have = 0;
    siginfo_t info;
    (void)flags;
    if (!room)
        return -EINVAL;
    while (have < room && have < AT_ONCE && fit__signal_take(r->bits, &info))
        taken[have++] = in_bytes(&info);
    if (!have)
        return -EAGAIN;
    bytes.size = have * sizeof taken[0];
    fit__progressed();
    return (ssize_t)fit__bytes_take(&bytes, iov, count, 0);
}

static uint32_t receiver_poll(struct fit__file *file)
{
    struct receiver *r = file->object;
    return fit__signal_waiting() & r->bits ? EPOLLIN : 0;
}

static void receiver_release(struct fit__file *file)
{
    struct receiver *r = file->object;
    LIST_REMOVE(r, link);
    fit__free(r);
}

static int receiver_describe(struct fit__file *file, struct fit__info *info)
{
    info->class = FIT_C_SIGNALS;
    info->readable = receiver_poll(file) ? sizeof(struct signalfd_siginfo) : 0;
    snprintf(info->object, sizeof info->object, "signals");
    snprintf(info->text, sizeof info->text, "signalfd, %s",
             info->readable ? "a signal waits" : "no signal waits");
    return 0;
}

const struct fit__file_ops fit__signalfd_ops = {
    .kind = "signalfd", .read = receiver_read, .poll = receiver_poll,
    .release = receiver_release, .describe = receiver_describe,
};

static int make(uint64_t bits, int flags)
{
    int error = fit__room_for(1);
    if (error)
        return error;
    struct receiver *r = fit__alloc(sizeof *r);
    r->bits = bits;
    r->file = fit__file_new(&fit__signalfd_ops, r, O_RDWR | (flags & O_NONBLOCK));
    LIST_INSERT_HEAD(&receivers, r, link);
    return fit__number(r->file, !!(flags & SFD_CLOEXEC));
}

int fit__signalfd(int fd, const sigset_t *mask, int flags)
{
    if (fit__kernel != &fit__kernel_sim)
        fit__unsupported("signalfd", NULL, "the real kernel does not see simulated signals");
    fit__call_begins();
    if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
        return -EINVAL;
    if (fd == -1)
        return make(fit__signal_bits(mask), flags);
    struct fit__file *file = fit__file_of(fd);
    if (!file)
        return fit__is_standard(fd) ? -EINVAL : -EBADF;
    if (file->ops != &fit__signalfd_ops)
        return -EINVAL;
    ((struct receiver *)file->object)->bits = fit__signal_bits(mask);
    fit__file_changed(file, FIT_ALL_EVENTS);
    return fd;
}
