/* Opening files, and calls that are about an open one. */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <unistd.h>

#include "fi/flags.h"
#include "fi/wrap.h"

void __chk_fail(void) __attribute__((noreturn));
void __fortify_fail(const char *message) __attribute__((noreturn));

/* ---- opening ----------------------------------------------------------------------------- */

unsigned fit__holds_of_open(int flags)
{
    unsigned holds = !(flags & O_CREAT) ? 0 : flags & O_EXCL ? FIT_N_NEW | FIT_N_NAMED
                                                            : FIT_N_NEW | FIT_N_REPLACES;
    if (flags & O_NONBLOCK) holds |= FIT_N_NONBLOCKING;
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC))) holds |= FIT_N_CHANGES;
    return holds;
}

static bool needs_mode(int flags)
{
    return (flags & O_CREAT) || (flags & __O_TMPFILE) == __O_TMPFILE;
}

static long open_simulated(enum fit__call_id id, int dir, const char *path, int flags,
                           mode_t mode, const void *caller)
{
    struct fit__call c;
    char text[PATH_MAX / 16];
    long result;
    fit__begin(&c, id, -1, caller);
    if (!fit__fault_path(&c, dir, path, fit__holds_of_open(flags), &result))
        result = fit__kernel->open(dir, path, flags, mode);
    if (fit__traces())
        fit__traced(&c, result, "%s, %s", fit__quote(text, sizeof text, path, strlen(path)),
                    FIT_FLAGS(open_flags, flags));
    return fit__end(&c, result);
}

static int open_from(enum fit__call_id id, int dir, const char *path, int flags, mode_t mode,
                     const void *caller)
{
    if (fit__passes())
        return (int)fit__result(fit__raw_point(SYS_openat, dir, path, flags, mode));
    return (int)open_simulated(id, dir, path, flags, mode, caller);
}

#define MODE_ARGUMENT(last)                                                                   \
    mode_t mode = 0;                                                                          \
    if (needs_mode(flags)) {                                                                  \
        va_list list;                                                                         \
        va_start(list, last);                                                                 \
        mode = va_arg(list, mode_t);                                                          \
        va_end(list);                                                                         \
    }

FIT_EXPORT int open(const char *path, int flags, ...)
{
    MODE_ARGUMENT(flags)
    return open_from(FIT_CALL_open, AT_FDCWD, path, flags, mode, FIT_CALLER);
}
FIT_ALIAS(open64, open);
FIT_ALIAS(__open, open);
FIT_ALIAS(__open64, open);

FIT_EXPORT int openat(int dir, const char *path, int flags, ...)
{
    MODE_ARGUMENT(flags)
    return open_from(FIT_CALL_openat, dir, path, flags, mode, FIT_CALLER);
}
FIT_ALIAS(openat64, openat);

FIT_EXPORT int creat(const char *path, mode_t mode)
{
    return open_from(FIT_CALL_creat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode,
                     FIT_CALLER);
}
FIT_ALIAS(creat64, creat);

/* Fortified: called where no mode is given, so none may be needed. */
FIT_EXPORT int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    if (needs_mode(flags)) __fortify_fail("invalid open call: O_CREAT or O_TMPFILE without mode");
    return open_from(FIT_CALL_open, AT_FDCWD, path, flags, 0, FIT_CALLER);
}
FIT_ALIAS(__open64_2, __open_2);

FIT_EXPORT int __openat_2(int dir, const char *path, int flags);
int __openat_2(int dir, const char *path, int flags)
{
    if (needs_mode(flags)) __fortify_fail("invalid openat call: O_CREAT or O_TMPFILE without mode");
    return open_from(FIT_CALL_openat, dir, path, flags, 0, FIT_CALLER);
}
FIT_ALIAS(__openat64_2, __openat_2);

/* ---- open files -------------------------------------------------------------------------- */

FIT_EXPORT off_t lseek(int fd, off_t offset, int whence)
{
    if (fit__passes()) return fit__result(fit__raw(SYS_lseek, fd, offset, whence));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_lseek, fd, FIT_CALLER);
    long result = fit__kernel->lseek(fd, offset, whence);
    if (fit__traces())
        fit__traced(&c, result, "%d, %lld, %d", fd, (long long)offset, whence);
    return fit__end(&c, result);
}
FIT_ALIAS(lseek64, lseek);
FIT_ALIAS(__lseek, lseek);

static int fstat_from(int fd, struct stat *st, const void *caller)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_fstat, fd, st));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_fstat, fd, caller);
    fit__check_writable(st, sizeof *st);
    long result;
    if (!fit__fault_open_file(&c, 0, &result)) result = fit__kernel->fstat(fd, st);
    if (fit__traces()) fit__traced(&c, result, "%d", fd);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int fstat(int fd, struct stat *st)
{
    return fstat_from(fd, st, FIT_CALLER);
}

/* On 64-bit machines both structures are one and the same. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "two kinds of stat");

FIT_EXPORT int fstat64(int fd, struct stat64 *st)
{
    return fstat_from(fd, (struct stat *)st, FIT_CALLER);
}

/* What binaries call that were built against glibc before 2.33. */
FIT_EXPORT int __fxstat(int version, int fd, struct stat *st);
int __fxstat(int version, int fd, struct stat *st)
{
    (void)version;
    return fstat_from(fd, st, FIT_CALLER);
}
FIT_ALIAS(__fxstat64, __fxstat);

static int flush(int fd, long number, const void *caller)
{
    if (fit__passes()) return (int)fit__result(fit__raw_point(number, fd));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_fsync, fd, caller);
    long result;
    if (!fit__fault_flush(&c, &result)) result = fit__kernel->fsync(fd);
    if (fit__traces()) fit__traced(&c, result, "%d", fd);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int fsync(int fd) { return flush(fd, SYS_fsync, FIT_CALLER); }
FIT_EXPORT int fdatasync(int fd) { return flush(fd, SYS_fdatasync, FIT_CALLER); }

/* The disk that must be waited for is the real one, and nothing was written to it. */
FIT_EXPORT void sync(void)
{
    if (fit__passes()) fit__raw(SYS_sync);
}

/* Hints, and orders to write now: nothing to do but to say whether it is a file, and of orders
 * whether they could be carried out. */
static long is_file(enum fit__call_id id, int fd, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, id, fd, caller);
    long result = !fit__described(&c) ? -EBADF : c.info.class == FIT_C_FILE ? 0 : -ESPIPE;
    if (!result && id != FIT_CALL_posix_fadvise && !fit__fault_flush(&c, &result)) result = 0;
    if (fit__traces()) fit__traced(&c, result, "%d", fd);
    errno = c.saved_errno;
    fit__leave();
    return result;
}

FIT_EXPORT int syncfs(int fd)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_syncfs, fd));
    long result = is_file(FIT_CALL_syncfs, fd, FIT_CALLER);
    return (int)fit__result(result == -ESPIPE ? 0 : result);
}

FIT_EXPORT int sync_file_range(int fd, off64_t from, off64_t size, unsigned flags)
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_sync_file_range, fd, from, size, flags));
    return (int)fit__result(is_file(FIT_CALL_sync_file_range, fd, FIT_CALLER));
}

/* Returns its error, and leaves errno alone. */
FIT_EXPORT int posix_fadvise(int fd, off_t from, off_t size, int advice)
{
    if (fit__passes()) return (int)-fit__raw(SYS_fadvise64, fd, from, size, advice);
    return (int)-is_file(FIT_CALL_posix_fadvise, fd, FIT_CALLER);
}
FIT_ALIAS(posix_fadvise64, posix_fadvise);

/* ---- size and locks ---------------------------------------------------------------------- */

FIT_EXPORT int ftruncate(int fd, off_t size)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_ftruncate, fd, size));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_ftruncate, fd, FIT_CALLER);
    long result;
    if (!fit__fault_open_file(&c, FIT_N_CHANGES | fit__holds_of_size(fd, size), &result))
        result = fit__kernel->truncate(fd, NULL, size);
    if (fit__traces()) fit__traced(&c, result, "%d, %lld", fd, (long long)size);
    return (int)fit__end(&c, result);
}
FIT_ALIAS(ftruncate64, ftruncate);

/* `holds`: posix_fallocate() writes zeros where there is no such call. */
static long allocate(int fd, int mode, off_t from, off_t size, unsigned holds, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, FIT_CALL_fallocate, fd, caller);
    long result;
    holds |= FIT_N_CHANGES | fit__holds_of_signals(&c);
    if (!mode) holds |= FIT_N_GROWS | fit__holds_of_size(fd, from + size);
    if (!fit__fault_open_file(&c, holds, &result))
        result = fit__kernel->fallocate(fd, mode, from, size);
    if (fit__traces())
        fit__traced(&c, result, "%d, %d, %lld, %lld", fd, mode, (long long)from, (long long)size);
    fit__end(&c, 0);                     /* errno is not for both */
    return result;
}

FIT_EXPORT int fallocate(int fd, int mode, off_t from, off_t size)
{
    if (fit__passes()) return (int)fit__result(fit__raw_point(SYS_fallocate, fd, mode, from, size));
    return (int)fit__result(allocate(fd, mode, from, size, FIT_N_RECENT, FIT_CALLER));
}
FIT_ALIAS(fallocate64, fallocate);

FIT_EXPORT int posix_fallocate(int fd, off_t from, off_t size)
{
    if (fit__passes()) return FIT_NEXT(posix_fallocate)(fd, from, size);
    return (int)-allocate(fd, 0, from, size, 0, FIT_CALLER);
}
FIT_ALIAS(posix_fallocate64, posix_fallocate);

FIT_EXPORT int flock(int fd, int operation)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_flock, fd, operation));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_flock, fd, FIT_CALLER);
    long result;
    unsigned holds = operation & LOCK_NB ? FIT_N_NONBLOCKING : fit__holds_of_signals(&c);
    if ((operation & ~LOCK_NB) == LOCK_UN || !fit__fault_lock(&c, holds, &result))
        result = fit__kernel->flock(fd, operation);
    if (fit__traces()) fit__traced(&c, result, "%d, %d", fd, operation);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int lockf(int fd, int command, off_t size)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = size };
    switch (command) {
    case F_ULOCK: lock.l_type = F_UNLCK; return fcntl(fd, F_SETLK, &lock);
    case F_LOCK: return fcntl(fd, F_SETLKW, &lock);
    case F_TLOCK: return fcntl(fd, F_SETLK, &lock);
    case F_TEST:
        if (fcntl(fd, F_GETLK, &lock) < 0) return -1;
        return lock.l_type == F_UNLCK ? 0 : (int)fit__result(-EACCES);
    default: return (int)fit__result(-EINVAL);
    }
}
FIT_ALIAS(lockf64, lockf);
