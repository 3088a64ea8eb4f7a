/* The file system as a whole: its size, and what it can do. In a world the figures are fixed:
 * those of the real disk change while tests run. */
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fi/wrap.h"

enum { BLOCK = 4096, BLOCKS = 1 << 24 /* 64 GiB */, FILES = 1 << 22, EXT4 = 0xef53 };

static void figures(struct statfs *st)
{
    memset(st, 0, sizeof *st);
    st->f_type = EXT4;
    st->f_bsize = st->f_frsize = BLOCK;
    st->f_blocks = BLOCKS;
    st->f_bfree = st->f_bavail = BLOCKS / 2;
    st->f_files = FILES;
    st->f_ffree = FILES / 2;
    st->f_namelen = 255;
}

static void vfs_figures(struct statvfs *st)
{
    memset(st, 0, sizeof *st);
    st->f_bsize = st->f_frsize = BLOCK;
    st->f_blocks = BLOCKS;
    st->f_bfree = st->f_bavail = BLOCKS / 2;
    st->f_files = FILES;
    st->f_ffree = st->f_favail = FILES / 2;
    st->f_namemax = 255;
}

_Static_assert(sizeof(struct statfs) == sizeof(struct statfs64), "two kinds of statfs");
_Static_assert(sizeof(struct statvfs) == sizeof(struct statvfs64), "two kinds of statvfs");

FIT_EXPORT int statfs(const char *path, struct statfs *st)
{
    struct stat unused;
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_statfs, path, st));
    if (stat(path, &unused)) return -1;
    figures(st);
    return 0;
}

FIT_EXPORT int fstatfs(int fd, struct statfs *st)
{
    struct stat unused;
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_fstatfs, fd, st));
    if (fstat(fd, &unused)) return -1;
    figures(st);
    return 0;
}

FIT_EXPORT int statfs64(const char *path, struct statfs64 *st)
{
    return statfs(path, (struct statfs *)st);
}

FIT_EXPORT int fstatfs64(int fd, struct statfs64 *st)
{
    return fstatfs(fd, (struct statfs *)st);
}

FIT_EXPORT int statvfs(const char *restrict path, struct statvfs *restrict st)
{
    struct stat unused;
    if (fit__passes()) return FIT_NEXT(statvfs)(path, st);
    if (stat(path, &unused)) return -1;
    vfs_figures(st);
    return 0;
}

FIT_EXPORT int fstatvfs(int fd, struct statvfs *st)
{
    struct stat unused;
    if (fit__passes()) return FIT_NEXT(fstatvfs)(fd, st);
    if (fstat(fd, &unused)) return -1;
    vfs_figures(st);
    return 0;
}

FIT_EXPORT int statvfs64(const char *restrict path, struct statvfs64 *restrict st)
{
    return statvfs(path, (struct statvfs *)st);
}

FIT_EXPORT int fstatvfs64(int fd, struct statvfs64 *st)
{
    return fstatvfs(fd, (struct statvfs *)st);
}

/* ---- extended attributes: the file system of a world has none ---------------------------- */

#define NO_ATTRIBUTES(type, name, parameters, ...)                                            \
    FIT_EXPORT type name parameters                                                           \
    {                                                                                         \
        return (type)fit__result(fit__passes() ? fit__raw(__VA_ARGS__) : -EOPNOTSUPP);        \
    }

NO_ATTRIBUTES(ssize_t, getxattr, (const char *path, const char *name, void *value, size_t size),
              SYS_getxattr, path, name, value, size)
NO_ATTRIBUTES(ssize_t, lgetxattr, (const char *path, const char *name, void *value, size_t size),
              SYS_lgetxattr, path, name, value, size)
NO_ATTRIBUTES(ssize_t, fgetxattr, (int fd, const char *name, void *value, size_t size),
              SYS_fgetxattr, fd, name, value, size)
NO_ATTRIBUTES(ssize_t, listxattr, (const char *path, char *list, size_t size), SYS_listxattr,
              path, list, size)
NO_ATTRIBUTES(ssize_t, llistxattr, (const char *path, char *list, size_t size), SYS_llistxattr,
              path, list, size)
NO_ATTRIBUTES(ssize_t, flistxattr, (int fd, char *list, size_t size), SYS_flistxattr, fd, list,
              size)
NO_ATTRIBUTES(int, setxattr, (const char *path, const char *name, const void *value, size_t size,
                              int flags), SYS_setxattr, path, name, value, size, flags)
NO_ATTRIBUTES(int, lsetxattr, (const char *path, const char *name, const void *value, size_t size,
                               int flags), SYS_lsetxattr, path, name, value, size, flags)
NO_ATTRIBUTES(int, fsetxattr, (int fd, const char *name, const void *value, size_t size,
                               int flags), SYS_fsetxattr, fd, name, value, size, flags)
NO_ATTRIBUTES(int, removexattr, (const char *path, const char *name), SYS_removexattr, path, name)
NO_ATTRIBUTES(int, lremovexattr, (const char *path, const char *name), SYS_lremovexattr, path,
              name)
NO_ATTRIBUTES(int, fremovexattr, (int fd, const char *name), SYS_fremovexattr, fd, name)
