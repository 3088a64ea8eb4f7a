/* standard.c - duplicates of the standard streams, and other files on their numbers.
 *
 * Numbers 0 to 2 of the code under test are the real ones as long as nobody puts something else
 * there. A duplicate is a file of the world that holds a real descriptor of its own, high above
 * all numbers that the world gives out: so it outlives a redirection, and can be put back. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/calls.h"

enum { COUNT = 3 };

static int originals[COUNT] = { -1, -1, -1 };    /* what to put back when the world ends */

static int *real_of(const struct fit__file *file)
{
    return file->object;
}

static ssize_t standard_read(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    (void)flags;
    return fit__raw(SYS_readv, *real_of(file), iov, count);
}

static ssize_t standard_write(struct fit__file *file, const struct iovec *iov, int count,
                              int flags)
{
    (void)flags;
    return fit__raw(SYS_writev, *real_of(file), iov, count);
}

static uint32_t standard_poll(struct fit__file *file)
{
    (void)file;
    return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
}

static void standard_release(struct fit__file *file)
{
    fit__raw(SYS_close, *real_of(file));
    fit__free(file->object);
}

static int standard_describe(struct fit__file *file, struct fit__info *info)
{
    (void)file;
    info->class = FIT_C_FILE;
    snprintf(info->object, sizeof info->object, "standard stream");
    snprintf(info->text, sizeof info->text, "standard stream");
    return 0;
}

const struct fit__file_ops fit__standard_ops = {
    .kind = "standard", .read = standard_read, .write = standard_write, .poll = standard_poll,
    .release = standard_release, .describe = standard_describe,
};

int fit__standard_new(int fd, struct fit__file **file)
{
    long copy = fit__raw_duplicate_high(fd);
    if (copy == -EBADF)
        return -EBADF;
    if (copy < 0)
        fit__unsupported("dup", NULL, "too many standard streams are duplicated");
    int *real = fit__alloc(sizeof *real);
    *real = (int)copy;
    int flags = (int)fit__raw(SYS_fcntl, fd, F_GETFL);
    *file = fit__file_new(&fit__standard_ops, real, flags);
    return 0;
}

int fit__standard_fstat(struct fit__file *file, struct stat *st)
{
    return (int)fit__raw(SYS_fstat, *real_of(file), st);
}

void fit__standard_covered(int fd)
{
    assert(fd >= 0 && fd < COUNT);
    if (originals[fd] < 0)
        originals[fd] = (int)fit__raw_duplicate_high(fd);
}

int fit__standard_put(struct fit__file *file, int from, int to)
{
    fit__standard_covered(to);
    if (fit__file_of(to))
        fit__uninstall(to);
    return (int)fit__raw(SYS_dup3, file ? *real_of(file) : from, to, 0);
}

void fit__standards_restore(void)
{
    for (int fd = 0; fd < COUNT; fd++) {
        if (originals[fd] < 0)
            continue;
        fit__raw(SYS_dup3, originals[fd], fd, 0);
        fit__raw(SYS_close, originals[fd]);
        originals[fd] = -1;
    }
}
