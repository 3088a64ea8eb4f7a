/* Looking at files by their paths. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fi/allocate.h"
#include "fi/wrap.h"

void __chk_fail(void) __attribute__((noreturn));

static long finish(struct fit__call *c, const char *path, long result)
{
    char text[128];
    if (fit__traces())
        fit__traced(c, result, "%s", fit__quote(text, sizeof text, path, strlen(path)));
    return fit__end(c, result);
}

/* ---- stat -------------------------------------------------------------------------------- */

static int stat_from(enum fit__call_id id, int dir, const char *path, struct stat *st, int flags,
                     const void *caller)
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_newfstatat, dir, path, st, flags));
    struct fit__call c;
    fit__begin(&c, id, -1, caller);
    fit__check_writable(st, sizeof *st);
    long result;
    unsigned holds = id == FIT_CALL_statx ? FIT_N_RECENT : 0;
    if (!fit__fault_path(&c, dir, path, holds, &result))
        result = fit__kernel->stat(dir, path, st, flags);
    return (int)finish(&c, path, result);
}

/* On 64-bit machines both structures are one and the same. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "two kinds of stat");

FIT_EXPORT int stat(const char *restrict path, struct stat *restrict st)
{
    return stat_from(FIT_CALL_stat, AT_FDCWD, path, st, 0, FIT_CALLER);
}

FIT_EXPORT int stat64(const char *restrict path, struct stat64 *restrict st)
{
    return stat_from(FIT_CALL_stat, AT_FDCWD, path, (struct stat *)st, 0, FIT_CALLER);
}

FIT_EXPORT int lstat(const char *restrict path, struct stat *restrict st)
{
    return stat_from(FIT_CALL_lstat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW, FIT_CALLER);
}

FIT_EXPORT int lstat64(const char *restrict path, struct stat64 *restrict st)
{
    return stat_from(FIT_CALL_lstat, AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW,
                     FIT_CALLER);
}

FIT_EXPORT int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
    return stat_from(FIT_CALL_fstatat, dir, path, st, flags, FIT_CALLER);
}

FIT_EXPORT int fstatat64(int dir, const char *restrict path, struct stat64 *restrict st,
                         int flags)
{
    return stat_from(FIT_CALL_fstatat, dir, path, (struct stat *)st, flags, FIT_CALLER);
}

/* What binaries call that were built against glibc before 2.33. */
FIT_EXPORT int __xstat(int version, const char *path, struct stat *st);
int __xstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return stat_from(FIT_CALL_stat, AT_FDCWD, path, st, 0, FIT_CALLER);
}
FIT_ALIAS(__xstat64, __xstat);

FIT_EXPORT int __lxstat(int version, const char *path, struct stat *st);
int __lxstat(int version, const char *path, struct stat *st)
{
    (void)version;
    return stat_from(FIT_CALL_lstat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW, FIT_CALLER);
}
FIT_ALIAS(__lxstat64, __lxstat);

FIT_EXPORT int __fxstatat(int version, int dir, const char *path, struct stat *st, int flags);
int __fxstatat(int version, int dir, const char *path, struct stat *st, int flags)
{
    (void)version;
    return stat_from(FIT_CALL_fstatat, dir, path, st, flags, FIT_CALLER);
}
FIT_ALIAS(__fxstatat64, __fxstatat);

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

/* libuv asks for everything through it. */
FIT_EXPORT int statx(int dir, const char *restrict path, int flags, unsigned mask,
                     struct statx *restrict out)
{
    const int known = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_statx, dir, path, flags, mask, out));
    struct stat st;
    int result = stat_from(FIT_CALL_statx, dir, path, &st, flags & known, FIT_CALLER);
    if (result == 0) statx_of(&st, out);
    return result;
}

/* ---- access, readlink -------------------------------------------------------------------- */

static int access_from(int dir, const char *path, int mode, int flags, const void *caller)
{
    if (fit__passes()) return (int)fit__result(fit__kernel_real.access(dir, path, mode, flags));
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_access, -1, caller);
    if (!fit__fault_path(&c, dir, path, 0, &result))
        result = fit__kernel->access(dir, path, mode, flags);
    return (int)finish(&c, path, result);
}

FIT_EXPORT int access(const char *path, int mode)
{
    return access_from(AT_FDCWD, path, mode, 0, FIT_CALLER);
}

FIT_EXPORT int faccessat(int dir, const char *path, int mode, int flags)
{
    return access_from(dir, path, mode, flags, FIT_CALLER);
}

FIT_EXPORT int euidaccess(const char *path, int mode)
{
    return access_from(AT_FDCWD, path, mode, AT_EACCESS, FIT_CALLER);
}
FIT_ALIAS(eaccess, euidaccess);

static ssize_t readlink_from(int dir, const char *path, char *out, size_t size,
                             const void *caller)
{
    if (fit__passes()) return fit__result(fit__raw(SYS_readlinkat, dir, path, out, size));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_readlink, -1, caller);
    fit__check_writable(out, size);
    long result;
    if (!fit__fault_path(&c, dir, path, 0, &result))
        result = fit__kernel->readlink(dir, path, out, size);
    return finish(&c, path, result);
}

FIT_EXPORT ssize_t readlink(const char *restrict path, char *restrict out, size_t size)
{
    return readlink_from(AT_FDCWD, path, out, size, FIT_CALLER);
}

FIT_EXPORT ssize_t readlinkat(int dir, const char *restrict path, char *restrict out, size_t size)
{
    return readlink_from(dir, path, out, size, FIT_CALLER);
}

FIT_EXPORT ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room);
ssize_t __readlink_chk(const char *path, char *out, size_t size, size_t room)
{
    if (size > room) __chk_fail();
    return readlink_from(AT_FDCWD, path, out, size, FIT_CALLER);
}

FIT_EXPORT ssize_t __readlinkat_chk(int dir, const char *path, char *out, size_t size,
                                    size_t room);
ssize_t __readlinkat_chk(int dir, const char *path, char *out, size_t size, size_t room)
{
    if (size > room) __chk_fail();
    return readlink_from(dir, path, out, size, FIT_CALLER);
}

/* ---- the working directory --------------------------------------------------------------- */

static long directory_text(char out[PATH_MAX], const void *caller)
{
    struct fit__call c;
    fit__begin(&c, FIT_CALL_getcwd, -1, caller);
    long result = fit__kernel->getcwd(out, PATH_MAX);
    return finish(&c, "", result);
}

/* Memory for the result, if the caller has brought none. */
static char *result_room(enum fit__call_id id, size_t size, const void *caller)
{
    if (!fit__guard->exempt && fit__no_memory(id, size, caller)) {
        errno = ENOMEM;
        return NULL;
    }
    return fit__allocate(size, caller);
}

static char *getcwd_from(char *out, size_t size, const void *caller)
{
    char text[PATH_MAX];
    if (fit__passes()) return FIT_NEXT(getcwd)(out, size);
    if (out && !size) return (void *)(fit__result(-EINVAL) + 1);
    long length = directory_text(text, caller);
    if (length < 0) return NULL;
    if (size && (size_t)length > size) return (void *)(fit__result(-ERANGE) + 1);
    if (!out) out = result_room(FIT_CALL_getcwd, size ? size : (size_t)length, caller);
    return out ? memcpy(out, text, (size_t)length) : NULL;
}

FIT_EXPORT char *getcwd(char *out, size_t size)
{
    return getcwd_from(out, size, FIT_CALLER);
}

FIT_EXPORT char *__getcwd_chk(char *out, size_t size, size_t room);
char *__getcwd_chk(char *out, size_t size, size_t room)
{
    if (size > room) __chk_fail();
    return getcwd_from(out, size, FIT_CALLER);
}

FIT_EXPORT char *get_current_dir_name(void)
{
    return fit__passes() ? FIT_NEXT(get_current_dir_name)()
                         : getcwd_from(NULL, 0, FIT_CALLER);
}

/* ---- realpath ---------------------------------------------------------------------------- */

/* What is resolved so far, and what is still to come. */
struct resolution {
    char done[PATH_MAX], rest[2 * PATH_MAX];
    unsigned links;
};

static void up(struct resolution *r)
{
    char *slash = strrchr(r->done, '/');
    slash[slash == r->done] = '\0';
}

/* A link's target stands before the rest. */
static long go_by(struct resolution *r, const char *target, const char *behind)
{
    char text[2 * PATH_MAX];
    enum { LINKS_MAX = 40 };
    if (++r->links > LINKS_MAX) return -ELOOP;
    if (snprintf(text, sizeof text, "%s%s", target, behind) >= (int)sizeof text)
        return -ENAMETOOLONG;
    strcpy(r->rest, text);
    up(r);
    if (*target == '/') strcpy(r->done, "/");
    return 0;
}

static long must_be_directory(const char *path)
{
    struct stat st;
    long error = fit__kernel->stat(AT_FDCWD, path, &st, 0);
    return error < 0 ? error : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static long resolve_name(struct resolution *r, const char *name, size_t length, const char *behind)
{
    char target[PATH_MAX];
    size_t have = strlen(r->done);
    if (have + length + 2 > sizeof r->done) return -ENAMETOOLONG;
    if (length == 1 && *name == '.') {
        memmove(r->rest, behind, strlen(behind) + 1);
        return must_be_directory(r->done);
    }
    if (length == 2 && !memcmp(name, "..", 2)) {
        up(r);
        memmove(r->rest, behind, strlen(behind) + 1);
        return 0;
    }
    snprintf(r->done + have, sizeof r->done - have, "%s%.*s", have > 1 ? "/" : "", (int)length,
             name);
    long size = fit__kernel->readlink(AT_FDCWD, r->done, target, sizeof target - 1);
    if (size >= 0) {
        target[size] = '\0';
        return go_by(r, target, behind);
    }
    if (size != -EINVAL) return size;
    long error = *behind ? must_be_directory(r->done) : 0;
    memmove(r->rest, behind, strlen(behind) + 1);
    return error;
}

static long resolve(struct resolution *r, const char *path)
{
    long error = 0;
    if (!*path) return -ENOENT;
    if (strlen(path) >= PATH_MAX) return -ENAMETOOLONG;
    strcpy(r->rest, path);
    strcpy(r->done, "/");
    if (*path != '/') error = fit__kernel->getcwd(r->done, sizeof r->done);
    while (error >= 0) {
        const char *name = r->rest + strspn(r->rest, "/");
        size_t length = strcspn(name, "/");
        if (!length) return 0;
        error = resolve_name(r, name, length, name + length);
    }
    return error;
}

static char *realpath_simulated(const char *path, char *out, const void *caller)
{
    struct fit__call c;
    struct resolution r = { .links = 0 };
    fit__begin(&c, FIT_CALL_realpath, -1, caller);
    if (finish(&c, path ? path : "", path ? resolve(&r, path) : -EINVAL) < 0) return NULL;
    if (!out) out = result_room(FIT_CALL_realpath, strlen(r.done) + 1, caller);
    return out ? strcpy(out, r.done) : NULL;
}

FIT_EXPORT char *realpath(const char *restrict path, char *restrict out)
{
    if (fit__passes()) return FIT_NEXT(realpath)(path, out);
    return realpath_simulated(path, out, FIT_CALLER);
}

FIT_EXPORT char *__realpath_chk(const char *path, char *out, size_t room);
char *__realpath_chk(const char *path, char *out, size_t room)
{
    if (room < PATH_MAX) __chk_fail();
    if (fit__passes()) return FIT_NEXT(realpath)(path, out);
    return realpath_simulated(path, out, FIT_CALLER);
}

FIT_EXPORT char *canonicalize_file_name(const char *path)
{
    if (fit__passes()) return FIT_NEXT(realpath)(path, NULL);
    return realpath_simulated(path, NULL, FIT_CALLER);
}
