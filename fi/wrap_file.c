/* Opening files, and what the path functions say in a world.
 *
 * Reading is simulated: the kernel of the world gives virtual offsets over the real files.
 * Looking (stat, access, readlink...) goes to the real file system, which nobody changes.
 * Changing it is refused by name: it would leak from one case into the next. */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fi/wrap.h"

static const char no_changes[] = "changing files is not simulated yet; keep it out of this test";

void __chk_fail(void) __attribute__((noreturn));
void __fortify_fail(const char *message) __attribute__((noreturn));

/* ---- opening ----------------------------------------------------------------------------- */

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
    c.object = path;
    if (!fit__fault_make(&c, &result)) result = fit__kernel->open(dir, path, flags, mode);
    if (fit__traces())
        fit__traced(&c, result, "%s, %#x", fit__quote(text, sizeof text, path, strlen(path)),
                    (unsigned)flags);
    return fit__end(&c, result);
}

static int open_from(enum fit__call_id id, int dir, const char *path, int flags, mode_t mode,
                     const void *caller)
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_openat, dir, path, flags, mode));
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
    long result = fit__kernel->fstat(fd, st);
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

/* Nothing was written, so there is nothing to flush; what is no file cannot be. */
static int flush(int fd, long number, const void *caller)
{
    if (fit__passes()) return (int)fit__result(fit__raw(number, fd));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_fsync, fd, caller);
    long result = !fit__described(&c) ? -EBADF : c.info.class == FIT_C_FILE ? 0 : -EINVAL;
    if (fit__traces()) fit__traced(&c, result, "%d", fd);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int fsync(int fd) { return flush(fd, SYS_fsync, FIT_CALLER); }
FIT_EXPORT int fdatasync(int fd) { return flush(fd, SYS_fdatasync, FIT_CALLER); }

/* ---- statx: libuv asks for everything through it ----------------------------------------- */

static struct statx_timestamp stamp(struct timespec t)
{
    return (struct statx_timestamp){ .tv_sec = t.tv_sec, .tv_nsec = (uint32_t)t.tv_nsec };
}

static void statx_of(const struct stat *st, struct statx *out)
{
    memset(out, 0, sizeof *out);
    out->stx_mask = STATX_BASIC_STATS;
    out->stx_blksize = (uint32_t)st->st_blksize;
    out->stx_nlink = (uint32_t)st->st_nlink;
    out->stx_uid = st->st_uid;
    out->stx_gid = st->st_gid;
    out->stx_mode = (uint16_t)st->st_mode;
    out->stx_ino = st->st_ino;
    out->stx_size = (uint64_t)st->st_size;
    out->stx_blocks = (uint64_t)st->st_blocks;
    out->stx_atime = stamp(st->st_atim);
    out->stx_mtime = stamp(st->st_mtim);
    out->stx_ctime = stamp(st->st_ctim);
    out->stx_rdev_major = major(st->st_rdev);
    out->stx_rdev_minor = minor(st->st_rdev);
    out->stx_dev_major = major(st->st_dev);
    out->stx_dev_minor = minor(st->st_dev);
}

/* A path is the real file system's, and so is the answer; but a descriptor is the world's. */
FIT_EXPORT int statx(int dir, const char *restrict path, int flags, unsigned mask,
                     struct statx *restrict out)
{
    if (fit__passes() || path[0] == '/' || (path[0] && dir == AT_FDCWD))
        return (int)fit__result(fit__raw(SYS_statx, dir, path, flags, mask, out));
    if (path[0] || !(flags & AT_EMPTY_PATH))
        fit__unsupported("statx relative to a directory", FIT_CALLER, "use whole paths");
    struct stat st;
    int result = fstat_from(dir, &st, FIT_CALLER);
    if (result == 0) statx_of(&st, out);
    return result;
}

static int stat_at(int dir, const char *path, struct stat *st, int flags, const void *caller)
{
    bool by_path = path[0] == '/' || (path[0] && dir == AT_FDCWD);
    if (!fit__passes() && !by_path) {
        if (!path[0] && (flags & AT_EMPTY_PATH)) return fstat_from(dir, st, caller);
        if (dir != AT_FDCWD)
            fit__unsupported("fstatat relative to a directory", caller, "use whole paths");
    }
    return (int)fit__result(fit__raw(SYS_newfstatat, dir, path, st, flags));
}

FIT_EXPORT int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
    return stat_at(dir, path, st, flags, FIT_CALLER);
}

FIT_EXPORT int fstatat64(int dir, const char *restrict path, struct stat64 *restrict st,
                         int flags)
{
    return stat_at(dir, path, (struct stat *)st, flags, FIT_CALLER);
}

FIT_EXPORT int fstatfs(int fd, struct statfs *st)
{
    if (!fit__passes()) fit__unsupported("fstatfs", FIT_CALLER, "use statfs");
    return (int)fit__result(fit__raw(SYS_fstatfs, fd, st));
}

FIT_EXPORT int fstatfs64(int fd, struct statfs64 *st)
{
    if (!fit__passes()) fit__unsupported("fstatfs64", FIT_CALLER, "use statfs");
    return (int)fit__result(fit__raw(SYS_fstatfs, fd, st));
}

/* ---- changing: refused ------------------------------------------------------------------- */

/* What is not there cannot be changed, and the real file system says so. */
static bool exists(const char *path)
{
    struct stat st;
    return fit__raw(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) >= 0;
}

FIT_EXPORT int unlink(const char *path)
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_unlinkat, AT_FDCWD, path, 0));
    struct fit__call c;
    char text[128];
    fit__begin(&c, FIT_CALL_unlink, -1, FIT_CALLER);
    long result = fit__kernel->socket_name(path, true);
    if (result < 0 && exists(path)) fit__unsupported("unlink", c.caller, no_changes);
    if (fit__traces())
        fit__traced(&c, result, "%s", fit__quote(text, sizeof text, path, strlen(path)));
    return (int)fit__end(&c, result);
}

FIT_EXPORT int remove(const char *path)
{
    if (!fit__passes()) return unlink(path);
    long result = fit__raw(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == -EISDIR) result = fit__raw(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
    return (int)fit__result(result);
}

#define REFUSED(name, parameters, ...)                                                        \
    FIT_EXPORT int name parameters                                                            \
    {                                                                                         \
        if (!fit__passes()) fit__unsupported(#name, FIT_CALLER, no_changes);                  \
        return (int)fit__result(fit__raw(__VA_ARGS__));                                       \
    }
#define AT AT_FDCWD
#define UTIMES const struct timespec times[2]

REFUSED(rmdir, (const char *path), SYS_unlinkat, AT, path, AT_REMOVEDIR)
REFUSED(unlinkat, (int dir, const char *path, int flags), SYS_unlinkat, dir, path, flags)
REFUSED(mkdir, (const char *path, mode_t mode), SYS_mkdirat, AT, path, mode)
REFUSED(mkdirat, (int dir, const char *path, mode_t mode), SYS_mkdirat, dir, path, mode)
REFUSED(mkfifo, (const char *path, mode_t mode), SYS_mknodat, AT, path, mode | S_IFIFO, 0)
REFUSED(link, (const char *from, const char *to), SYS_linkat, AT, from, AT, to, 0)
REFUSED(symlink, (const char *to, const char *path), SYS_symlinkat, to, AT, path)
REFUSED(rename, (const char *from, const char *to), SYS_renameat2, AT, from, AT, to, 0)
REFUSED(renameat, (int fd, const char *from, int to_fd, const char *to),
        SYS_renameat2, fd, from, to_fd, to, 0)
REFUSED(chmod, (const char *path, mode_t mode), SYS_fchmodat, AT, path, mode)
REFUSED(fchmod, (int fd, mode_t mode), SYS_fchmod, fd, mode)
REFUSED(chown, (const char *path, uid_t user, gid_t group), SYS_fchownat, AT, path, user, group,
        0)
REFUSED(lchown, (const char *path, uid_t user, gid_t group), SYS_fchownat, AT, path, user, group,
        AT_SYMLINK_NOFOLLOW)
REFUSED(fchown, (int fd, uid_t user, gid_t group), SYS_fchown, fd, user, group)
REFUSED(utimensat, (int dir, const char *path, UTIMES, int flags), SYS_utimensat, dir, path,
        times, flags)
REFUSED(futimens, (int fd, UTIMES), SYS_utimensat, fd, NULL, times, 0)
REFUSED(truncate, (const char *path, off_t size), SYS_truncate, path, size)
REFUSED(truncate64, (const char *path, off64_t size), SYS_truncate, path, size)
REFUSED(ftruncate, (int fd, off_t size), SYS_ftruncate, fd, size)
REFUSED(ftruncate64, (int fd, off64_t size), SYS_ftruncate, fd, size)
REFUSED(fallocate, (int fd, int mode, off_t from, off_t size), SYS_fallocate, fd, mode, from,
        size)
REFUSED(chdir, (const char *path), SYS_chdir, path)
REFUSED(fchdir, (int fd), SYS_fchdir, fd)
REFUSED(flock, (int fd, int operation), SYS_flock, fd, operation)

#define REFUSED_TO_MAKE(type, name, parameters, ...)                                          \
    FIT_EXPORT type name parameters                                                           \
    {                                                                                         \
        if (!fit__passes()) fit__unsupported(#name, FIT_CALLER, no_changes);                  \
        return FIT_NEXT(name)(__VA_ARGS__);                                                   \
    }
REFUSED_TO_MAKE(int, mkstemp, (char *pattern), pattern)
REFUSED_TO_MAKE(int, mkstemp64, (char *pattern), pattern)
REFUSED_TO_MAKE(int, mkostemp, (char *pattern, int flags), pattern, flags)
REFUSED_TO_MAKE(int, mkostemp64, (char *pattern, int flags), pattern, flags)
REFUSED_TO_MAKE(char *, mkdtemp, (char *pattern), pattern)
