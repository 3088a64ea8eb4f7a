/* stdio over simulated descriptors.
 *
 * glibc's own streams read and write by system calls that nobody can intercept, and they share
 * the file offset with every snapshot. So in a world a FILE is a cookie over a simulated
 * descriptor. The descriptor is a real one to the code under test: it counts against the limit,
 * and fileno() tells it. Nothing goes wrong in the reads and writes behind a FILE. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/wrap.h"

static const char no_writing[] = "writing to files is not simulated yet";

/* glibc keeps it for each stream; fileno() looks there, and cookies leave it at -2. */
#define DESCRIPTOR_OF(file) ((file)->_fileno)

struct stream { int fd; };

/* ---- the cookie -------------------------------------------------------------------------- */

/* The world may be over when the stream is used: then there is no such descriptor any more. */
static bool world_is_gone(void)
{
    if (fit__active) return false;
    errno = EBADF;
    return true;
}

static ssize_t done(ssize_t result)
{
    fit__leave();
    return fit__result(result);
}

static ssize_t cookie_read(void *cookie, char *buffer, size_t size)
{
    struct stream *s = cookie;
    struct iovec one = { buffer, size };
    if (world_is_gone()) return -1;
    fit__enter();
    return done(fit__kernel->readv(s->fd, &one, 1, -1));
}

/* 0 is what glibc takes for a failure here. */
static ssize_t cookie_write(void *cookie, const char *buffer, size_t size)
{
    struct stream *s = cookie;
    struct iovec one = { (void *)buffer, size };
    if (world_is_gone()) return 0;
    fit__enter();
    ssize_t put = done(fit__kernel->writev(s->fd, &one, 1, -1));
    return put < 0 ? 0 : put;
}

static int cookie_seek(void *cookie, off64_t *offset, int whence)
{
    struct stream *s = cookie;
    if (world_is_gone()) return -1;
    fit__enter();
    off_t place = done(fit__kernel->lseek(s->fd, *offset, whence));
    if (place < 0) return -1;
    *offset = place;
    return 0;
}

static int cookie_close(void *cookie)
{
    struct stream *s = cookie;
    int fd = s->fd;
    fit__free(s);
    if (world_is_gone()) return -1;
    fit__enter();
    return (int)done(fit__kernel->close(fd));
}

/* Called as code under test, not inside, for the FILE is memory of its own that may leak. */
static FILE *stream_over(int fd, const char *mode)
{
    static const cookie_io_functions_t io = {
        .read = cookie_read, .write = cookie_write, .seek = cookie_seek, .close = cookie_close,
    };
    struct stream *s = fit__alloc(sizeof *s);
    s->fd = fd;
    FILE *file = fopencookie(s, mode, io);
    if (file) DESCRIPTOR_OF(file) = fd;
    else fit__free(s);
    return file;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* O_* of fopen's words, or -1. */
static int flags_of(const char *mode)
{
    int flags = *mode == 'r' ? O_RDONLY : *mode == 'w' ? O_WRONLY | O_CREAT | O_TRUNC
              : *mode == 'a' ? O_WRONLY | O_CREAT | O_APPEND : -1;
    if (flags < 0) return flags;
    for (const char *m = mode + 1; *m && *m != ','; m++) {
        if (*m == '+') flags = (flags & ~O_ACCMODE) | O_RDWR;
        else if (*m == 'x') flags |= O_EXCL;
        else if (*m == 'e') flags |= O_CLOEXEC;
    }
    return flags;
}

static long open_stream(const char *path, const char *mode, int flags, const void *caller)
{
    struct fit__call c;
    char text[128];
    long result;
    fit__begin(&c, FIT_CALL_fopen, -1, caller);
    c.object = path;
    if (!fit__fault_make(&c, &result)) result = fit__kernel->open(AT_FDCWD, path, flags, 0666);
    if (fit__traces())
        fit__traced(&c, result, "%s, \"%s\"", fit__quote(text, sizeof text, path, strlen(path)),
                    mode);
    return fit__end(&c, result);
}

static FILE *fopen_simulated(const char *path, const char *mode, const void *caller)
{
    int flags = flags_of(mode);
    if (flags < 0) {
        errno = EINVAL;
        return NULL;
    }
    if ((flags & O_ACCMODE) != O_RDONLY && strcmp(path, "/dev/null"))
        fit__unsupported("fopen for writing", caller, no_writing);
    int fd = (int)open_stream(path, mode, flags, caller);
    if (fd < 0) return NULL;
    FILE *file = stream_over(fd, mode);
    if (!file) close(fd);
    return file;
}

FIT_EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
    if (fit__passes()) return FIT_NEXT(fopen)(path, mode);
    return fopen_simulated(path, mode, FIT_CALLER);
}

FIT_EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode)
{
    if (fit__passes()) return FIT_NEXT(fopen64)(path, mode);
    return fopen_simulated(path, mode, FIT_CALLER);
}

FIT_EXPORT FILE *fdopen(int fd, const char *mode)
{
    if (fit__passes()) return FIT_NEXT(fdopen)(fd, mode);
    struct fit__call c;
    fit__begin(&c, FIT_CALL_fdopen, fd, FIT_CALLER);
    long result = flags_of(mode) < 0 ? -EINVAL : !fit__described(&c) ? -EBADF : fd;
    if (fit__traces()) fit__traced(&c, result, "%d, \"%s\"", fd, mode);
    return fit__end(&c, result) < 0 ? NULL : stream_over(fd, mode);
}

FIT_EXPORT FILE *freopen(const char *restrict path, const char *restrict mode,
                         FILE *restrict file)
{
    if (!fit__passes()) fit__unsupported("freopen", FIT_CALLER, "use fopen");
    return FIT_NEXT(freopen)(path, mode, file);
}

FIT_EXPORT FILE *freopen64(const char *restrict path, const char *restrict mode,
                           FILE *restrict file)
{
    if (!fit__passes()) fit__unsupported("freopen64", FIT_CALLER, "use fopen");
    return FIT_NEXT(freopen64)(path, mode, file);
}

FIT_EXPORT FILE *tmpfile(void)
{
    if (!fit__passes()) fit__unsupported("tmpfile", FIT_CALLER, no_writing);
    return FIT_NEXT(tmpfile)();
}

FIT_EXPORT FILE *tmpfile64(void)
{
    if (!fit__passes()) fit__unsupported("tmpfile64", FIT_CALLER, no_writing);
    return FIT_NEXT(tmpfile64)();
}
