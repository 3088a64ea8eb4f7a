/* stdio over simulated descriptors.
 *
 * glibc's own streams read and write by system calls that nobody can intercept, and they share
 * the file offset with every snapshot. So in a world a FILE is a cookie over a simulated
 * descriptor. The descriptor is a real one to the code under test: it counts against the limit,
 * and fileno() tells it. What goes wrong behind a FILE is what goes wrong on a disk, and it shows
 * in the call that happened to empty or fill the buffer, fclose() included. */
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fi/allocate.h"
#include "fi/arena.h"
#include "fi/process.h"
#include "fi/thread.h"
#include "fi/wrap.h"

/* glibc keeps it for each stream; fileno() looks there, and cookies leave it at -2. */
#define DESCRIPTOR_OF(file) ((file)->_fileno)

struct stream { int fd; FILE *file; struct stream *next; };
static struct stream *streams;

/* ---- the cookie -------------------------------------------------------------------------- */

/* The world may be over when the stream is used: then there is no such descriptor any more. */
static bool world_is_gone(void)
{
    if (fit__active || fit__forked) return false;
    errno = EBADF;
    return true;
}

static ssize_t done(ssize_t result)
{
    fit__leave();
    return fit__result(result);
}

/* Begins the call, and asks. Both calls may wait, and are cancellation points: glibc unlocks a
 * stream that is left so. */
static bool disk_fault(struct fit__call *c, enum fit__call_id id, int fd, size_t size,
                       const void *caller, long *result)
{
    fit__begin(c, id, fd, caller);
    *result = 0;
    return fit__asks() && fit__described(c)
        && fit__fault_file(c, id == FIT_CALL_write, size, -1, result);
}

static ssize_t cookie_read(void *cookie, char *buffer, size_t size)
{
    struct stream *s = cookie;
    struct iovec one = { buffer, size };
    if (world_is_gone()) return -1;
    struct fit__call c;
    long result;
    if (!disk_fault(&c, FIT_CALL_read, s->fd, size, FIT_CALLER, &result))
        result = fit__kernel->readv(s->fd, &one, 1, -1);
    return fit__end(&c, result);
}

/* All of it, or up to a failure; then glibc sees that it is less. */
static ssize_t cookie_write(void *cookie, const char *buffer, size_t size)
{
    struct stream *s = cookie;
    struct fit__call c;
    size_t put = 0;
    long result = 0;
    if (world_is_gone()) return 0;
    bool failed = disk_fault(&c, FIT_CALL_write, s->fd, size, FIT_CALLER, &result);
    while (put < size && result >= 0 && !failed) {
        struct iovec one = { (void *)(uintptr_t)(buffer + put), size - put };
        result = fit__kernel->writev(s->fd, &one, 1, -1);
        if (result > 0) put += (size_t)result;
    }
    fit__end(&c, result);
    return (ssize_t)put;
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

static void forget(struct stream *s)
{
    for (struct stream **at = &streams; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    fit__free(s);
}

static int cookie_close(void *cookie)
{
    struct stream *s = cookie;
    int fd = s->fd;
    forget(s);
    if (fd < 0) return 0;                /* freopen() has closed it */
    if (world_is_gone()) return -1;
    struct fit__call c;
    long error;
    fit__begin(&c, FIT_CALL_fclose, fd, FIT_CALLER);
    fit__fault_close(&c, &error);
    long result = fit__kernel->close(fd);
    return (int)fit__end(&c, result ? result : error);
}

/* Called as code under test, not inside, for the FILE is memory of its own that may leak. */
static FILE *stream_over(int fd, const char *mode)
{
    static const cookie_io_functions_t io = {
        .read = cookie_read, .write = cookie_write, .seek = cookie_seek, .close = cookie_close,
    };
    struct stream *s = fit__alloc(sizeof *s);
    s->fd = fd;
    s->file = fopencookie(s, mode, io);
    if (!s->file) {
        fit__free(s);
        return NULL;
    }
    FILE *file = s->file;
    DESCRIPTOR_OF(file) = fd;
    s->next = streams;
    streams = s;
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

static long open_stream(enum fit__call_id id, const char *path, const char *mode, int flags,
                        const void *caller)
{
    struct fit__call c;
    char text[128];
    long result;
    fit__begin(&c, id, -1, caller);
    unsigned holds = (flags & O_TMPFILE & ~O_DIRECTORY) ? FIT_N_NEW : 0;
    if (id != FIT_CALL_freopen && fit__memory_asked_of(caller)) holds |= FIT_N_BLOCK;
    if (!fit__fault_path(&c, AT_FDCWD, path, holds | fit__holds_of_open(flags), &result))
        result = fit__kernel->open(AT_FDCWD, path, flags, 0666);
    if (result >= 0 && *mode == 'a' && (flags & O_ACCMODE) == O_WRONLY)
        fit__kernel->lseek((int)result, 0, SEEK_END);
    if (fit__traces())
        fit__traced(&c, result, "%s, \"%s\"", fit__quote(text, sizeof text, path, strlen(path)),
                    mode);
    return fit__end(&c, result);
}

static FILE *stream_or_close(int fd, const char *mode)
{
    FILE *file = stream_over(fd, mode);
    if (!file) close(fd);
    return file;
}

static FILE *fopen_simulated(const char *path, const char *mode, const void *caller)
{
    int flags = flags_of(mode);
    if (flags < 0) {
        errno = EINVAL;
        return NULL;
    }
    int fd = (int)open_stream(FIT_CALL_fopen, path, mode, flags, caller);
    return fd < 0 ? NULL : stream_or_close(fd, mode);
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

/* What a stream needs its descriptor must be open for; a stream that appends makes it append. */
static long suits(int fd, const char *mode)
{
    int flags = flags_of(mode);
    if (flags < 0) return -EINVAL;
    int have = fit__kernel->fcntl(fd, F_GETFL, 0), way = have & O_ACCMODE;
    if (have < 0) return have;
    if (way != O_RDWR && way != (flags & O_ACCMODE)) return -EINVAL;
    if ((flags & O_APPEND) && !(have & O_APPEND))
        fit__kernel->fcntl(fd, F_SETFL, have | O_APPEND);
    return fd;
}

FIT_EXPORT FILE *fdopen(int fd, const char *mode)
{
    if (fit__passes()) return FIT_NEXT(fdopen)(fd, mode);
    struct fit__call c;
    fit__begin(&c, FIT_CALL_fdopen, fd, FIT_CALLER);
    long result = suits(fd, mode);
    if (fit__traces()) fit__traced(&c, result, "%d, \"%s\"", fd, mode);
    return fit__end(&c, result) < 0 ? NULL : stream_over(fd, mode);
}

/* A file without a name: it goes when it is closed. */
static FILE *tmpfile_simulated(const void *caller)
{
    int fd = (int)open_stream(FIT_CALL_tmpfile, P_tmpdir, "w+", O_RDWR | O_TMPFILE, caller);
    return fd < 0 ? NULL : stream_or_close(fd, "w+");
}

FIT_EXPORT FILE *tmpfile(void)
{
    return fit__passes() ? FIT_NEXT(tmpfile)() : tmpfile_simulated(FIT_CALLER);
}

FIT_EXPORT FILE *tmpfile64(void)
{
    return fit__passes() ? FIT_NEXT(tmpfile64)() : tmpfile_simulated(FIT_CALLER);
}

/* ---- freopen ----------------------------------------------------------------------------- */

/* What glibc keeps of a stream's mode. */
enum { NO_READS = 4, NO_WRITES = 8, APPENDING = 0x1000 };

static void set_mode(FILE *file, int flags)
{
    int way = flags & O_ACCMODE;
    file->_flags &= ~(NO_READS | NO_WRITES | APPENDING);
    if (way == O_RDONLY) file->_flags |= NO_WRITES;
    if (way == O_WRONLY) file->_flags |= NO_READS;
    if (flags & O_APPEND) file->_flags |= APPENDING;
}

static struct stream *stream_of(const FILE *file)
{
    struct stream *s = streams;
    while (s && s->file != file) s = s->next;
    return s;
}

/* As glibc: the old file is closed whatever comes, and if there is no new one, so is the stream. */
static FILE *freopen_simulated(const char *path, const char *mode, FILE *file, const void *caller)
{
    struct stream *s = stream_of(file);
    int flags = flags_of(mode);
    if (!s || !path)
        fit__unsupported(s ? "freopen without a path" : "freopen of a standard stream", caller,
                         "use fopen");
    fflush(file);
    __fpurge(file);
    clearerr(file);
    close(s->fd);
    int fd = flags < 0 ? (int)fit__result(-EINVAL)
                       : (int)open_stream(FIT_CALL_freopen, path, mode, flags, caller);
    s->fd = DESCRIPTOR_OF(file) = fd;
    if (fd >= 0) {
        set_mode(file, flags);
        return file;
    }
    int saved = errno;
    fclose(file);
    errno = saved;
    return NULL;
}

FIT_EXPORT FILE *freopen(const char *restrict path, const char *restrict mode,
                         FILE *restrict file)
{
    if (fit__passes()) return FIT_NEXT(freopen)(path, mode, file);
    return freopen_simulated(path, mode, file, FIT_CALLER);
}

FIT_EXPORT FILE *freopen64(const char *restrict path, const char *restrict mode,
                           FILE *restrict file)
{
    if (fit__passes()) return FIT_NEXT(freopen64)(path, mode, file);
    return freopen_simulated(path, mode, file, FIT_CALLER);
}

/* ---- standard streams on other files ----------------------------------------------------- */

/* glibc's own write to the real number by system calls of their own. While their number stands for
 * something simulated, a stream of ours has their name. */
struct standard { FILE **name, *real, *ours; int fd; };
static struct standard standards[] = { { &stdin, 0, 0, 0 }, { &stdout, 0, 0, 1 },
                                       { &stderr, 0, 0, 2 } };

/* What stands in for the terminal suffers no fault of a disk, but may wait. */
static ssize_t read_into(int fd, char *buffer, size_t size)
{
    struct iovec one = { buffer, size };
    bool outer = fit__point_begin(true);
    fit__enter();
    ssize_t result = fit__kernel->readv(fd, &one, 1, -1);
    fit__leave();
    fit__point_end(outer);
    return fit__result(result);
}

static ssize_t write_from(int fd, const char *buffer, size_t size)
{
    struct iovec one = { (void *)(uintptr_t)buffer, size };
    bool outer = fit__point_begin(true);
    fit__enter();
    ssize_t result = fit__kernel->writev(fd, &one, 1, -1);
    fit__leave();
    fit__point_end(outer);
    return fit__result(result);
}

static ssize_t standard_read(void *cookie, char *buffer, size_t size)
{
    const struct standard *s = cookie;
    return world_is_gone() ? -1 : read_into(s->fd, buffer, size);
}

static ssize_t standard_write(void *cookie, const char *buffer, size_t size)
{
    struct standard *s = cookie;
    if (!fit__active) {                  /* the world has ended, and with it the redirection */
        *s->name = s->real;
        return (ssize_t)fwrite(buffer, 1, size, s->real);
    }
    ssize_t put = write_from(s->fd, buffer, size);
    return put < 0 ? 0 : put;
}

static FILE *stand_in(struct standard *s)
{
    const cookie_io_functions_t io = { .read = standard_read, .write = standard_write };
    FILE *file = fopencookie(s, s->fd ? "w" : "r", io);
    if (!file) return NULL;
    DESCRIPTOR_OF(file) = s->fd;
    if (s->fd == 2) setvbuf(file, NULL, _IONBF, 0);
    return file;
}

void fit__stdio_follow(int fd)
{
    struct fit__info info = { .brief = true };
    if (fd < 0 || fd > 2 || fit__guard->exempt) return;
    struct standard *s = &standards[fd];
    if (!s->real) s->real = *s->name;
    bool simulated = fit__kernel->describe(fd, &info) >= 0;
    if (!simulated) {
        *s->name = s->real;
        return;
    }
    if (!s->ours) s->ours = stand_in(s);
    if (s->ours) *s->name = s->ours;
}
