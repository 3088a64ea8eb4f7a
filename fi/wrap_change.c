/* Changing what is in directories, and what a file is apart from its content. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "fi/wrap.h"

static int finish(struct fit__call *c, const char *path, long result)
{
    char text[128];
    if (fit__traces() && path)
        fit__traced(c, result, "%s", fit__quote(text, sizeof text, path, strlen(path)));
    else if (fit__traces())
        fit__traced(c, result, "%d", c->fd);
    return (int)fit__end(c, result);
}

/* A call of one path, or of the descriptor `fd` if `path` is NULL. The rest: the kernel's
 * operation, and the system call. */
#define CALL(name, parameters, fd, path, operation, ...)                                      \
    FIT_EXPORT int name parameters                                                            \
    {                                                                                         \
        if (fit__passes()) return (int)fit__result(fit__raw(__VA_ARGS__));                    \
        struct fit__call c;                                                                   \
        fit__begin(&c, FIT_CALL_##name, fd, FIT_CALLER);                                      \
        return finish(&c, path, fit__kernel->operation);                                      \
    }
/* The same of the path `asked` in the directory `in`, where something can go wrong (FIT_N_*: what
 * holds). */
#define ASKED(name, parameters, in, asked, holds, path, operation, ...)                       \
    FIT_EXPORT int name parameters                                                            \
    {                                                                                         \
        if (fit__passes()) return (int)fit__result(fit__raw(__VA_ARGS__));                    \
        struct fit__call c;                                                                   \
        long result;                                                                          \
        fit__begin(&c, FIT_CALL_##name, -1, FIT_CALLER);                                      \
        if (!fit__fault_path(&c, in, asked, (holds) | FIT_N_CHANGES, &result)) {              \
            if (c.twice) fit__kernel->operation;                                              \
            result = fit__kernel->operation;                                                  \
        }                                                                                     \
        return finish(&c, path, result);                                                      \
    }
/* The same of the open file `fd`. */
#define ASKED_OPEN(name, parameters, fd, operation, ...)                                      \
    FIT_EXPORT int name parameters                                                            \
    {                                                                                         \
        if (fit__passes()) return (int)fit__result(fit__raw(__VA_ARGS__));                    \
        struct fit__call c;                                                                   \
        long result;                                                                          \
        fit__begin(&c, FIT_CALL_##name, fd, FIT_CALLER);                                      \
        if (!fit__fault_open_file(&c, FIT_N_THERE | FIT_N_CHANGES, &result))                  \
            result = fit__kernel->operation;                                                  \
        return finish(&c, NULL, result);                                                      \
    }
#define NEW (FIT_N_NEW | FIT_N_NAMED)
#define NEW_LINK (NEW | FIT_N_MANY)

/* Could the two be on different disks? */
static unsigned apart(const char *from, const char *to)
{
    const char *a = strrchr(from, '/'), *b = strrchr(to, '/');
    size_t length = a ? (size_t)(a - from) : 0;
    bool same = length == (b ? (size_t)(b - to) : 0) && !a == !b && !memcmp(from, to, length);
    return same ? 0 : FIT_N_APART;
}
#define AT AT_FDCWD
#define UTIMES const struct timespec times[2]

/* ---- names ------------------------------------------------------------------------------- */

ASKED(mkdir, (const char *path, mode_t mode), AT, path, NEW_LINK, path,
      mkdir(AT, path, mode), SYS_mkdirat, AT, path, mode)
ASKED(mkdirat, (int dir, const char *path, mode_t mode), dir, path, NEW_LINK, path,
      mkdir(dir, path, mode), SYS_mkdirat, dir, path, mode)
ASKED(rmdir, (const char *path), AT, path, FIT_N_FOLDER, path,
      unlink(AT, path, AT_REMOVEDIR), SYS_unlinkat, AT, path, AT_REMOVEDIR)
ASKED(unlink, (const char *path), AT, path, 0, path,
      unlink(AT, path, 0), SYS_unlinkat, AT, path, 0)
ASKED(unlinkat, (int dir, const char *path, int flags), dir, path,
      flags & AT_REMOVEDIR ? FIT_N_FOLDER : 0, path,
      unlink(dir, path, flags), SYS_unlinkat, dir, path, flags)
ASKED(link, (const char *from, const char *to), AT, to, NEW_LINK | apart(from, to), to,
      link(AT, from, AT, to, 0), SYS_linkat, AT, from, AT, to, 0)
ASKED(linkat, (int from_dir, const char *from, int to_dir, const char *to, int flags),
      to_dir, to, NEW_LINK | apart(from, to), to,
      link(from_dir, from, to_dir, to, flags), SYS_linkat, from_dir, from, to_dir, to, flags)
ASKED(symlink, (const char *target, const char *path), AT, path, NEW, path,
      symlink(target, AT, path), SYS_symlinkat, target, AT, path)
ASKED(symlinkat, (const char *target, int dir, const char *path), dir, path, NEW, path,
      symlink(target, dir, path), SYS_symlinkat, target, dir, path)
ASKED(rename, (const char *from, const char *to), AT, from, apart(from, to), to,
      rename(AT, from, AT, to, 0), SYS_renameat2, AT, from, AT, to, 0)
ASKED(renameat, (int from_dir, const char *from, int to_dir, const char *to),
      from_dir, from, apart(from, to), to,
      rename(from_dir, from, to_dir, to, 0), SYS_renameat2, from_dir, from, to_dir, to, 0)
ASKED(renameat2, (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
      from_dir, from, apart(from, to), to,
      rename(from_dir, from, to_dir, to, flags), SYS_renameat2, from_dir, from, to_dir, to, flags)

FIT_EXPORT int remove(const char *path)
{
    if (fit__passes()) {
        long result = fit__raw(SYS_unlinkat, AT, path, 0);
        if (result == -EISDIR) result = fit__raw(SYS_unlinkat, AT, path, AT_REMOVEDIR);
        return (int)fit__result(result);
    }
    struct fit__call c;
    fit__begin(&c, FIT_CALL_unlink, -1, FIT_CALLER);
    long result;
    bool failed = fit__fault_path(&c, AT, path, FIT_N_CHANGES | FIT_N_FOLDER, &result);
    for (int turn = !c.twice; turn < 2 && !failed; turn++) {
        result = fit__kernel->unlink(AT, path, 0);
        if (result == -EISDIR) result = fit__kernel->unlink(AT, path, AT_REMOVEDIR);
    }
    return finish(&c, path, result);
}

/* ---- mode, owner, times ------------------------------------------------------------------ */

ASKED(chmod, (const char *path, mode_t mode), AT, path, 0, path, chmod(AT, path, mode, 0),
      SYS_fchmodat, AT, path, mode)
ASKED_OPEN(fchmod, (int fd, mode_t mode), fd, chmod(fd, NULL, mode, 0), SYS_fchmod, fd, mode)
ASKED(chown, (const char *path, uid_t user, gid_t group), AT, path, 0, path,
      chown(AT, path, user, group, 0), SYS_fchownat, AT, path, user, group, 0)
ASKED(lchown, (const char *path, uid_t user, gid_t group), AT, path, 0, path,
      chown(AT, path, user, group, AT_SYMLINK_NOFOLLOW),
      SYS_fchownat, AT, path, user, group, AT_SYMLINK_NOFOLLOW)
ASKED_OPEN(fchown, (int fd, uid_t user, gid_t group), fd, chown(fd, NULL, user, group, 0),
           SYS_fchown, fd, user, group)
ASKED(fchownat, (int dir, const char *path, uid_t user, gid_t group, int flags), dir, path, 0, path,
      chown(dir, path, user, group, flags), SYS_fchownat, dir, path, user, group, flags)
ASKED(utimensat, (int dir, const char *path, UTIMES, int flags), dir, path, 0, path,
      utimens(dir, path, times, flags), SYS_utimensat, dir, path, times, flags)
ASKED_OPEN(futimens, (int fd, UTIMES), fd, utimens(fd, NULL, times, 0),
           SYS_utimensat, fd, NULL, times, 0)
ASKED(truncate, (const char *path, off_t size), AT, path, 0, path,
      truncate(AT, path, size), SYS_truncate, path, size)
FIT_ALIAS(truncate64, truncate);

/* glibc, not the kernel, knows how to leave a symbolic link alone. */
FIT_EXPORT int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
    if (fit__passes()) return FIT_NEXT(fchmodat)(dir, path, mode, flags);
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_fchmodat, -1, FIT_CALLER);
    if (!fit__fault_path(&c, dir, path, FIT_N_CHANGES, &result))
        result = fit__kernel->chmod(dir, path, mode, flags);
    return finish(&c, path, result);
}

/* The older ways to set times lead to the newer one. */
static const struct timespec *from_timevals(const struct timeval *old, struct timespec new[2])
{
    for (int i = 0; old && i < 2; i++)
        new[i] = (struct timespec){ old[i].tv_sec, old[i].tv_usec * 1000 };
    return old ? new : NULL;
}

FIT_EXPORT int utimes(const char *path, const struct timeval times[2])
{
    struct timespec new[2];
    return utimensat(AT, path, from_timevals(times, new), 0);
}

FIT_EXPORT int lutimes(const char *path, const struct timeval times[2])
{
    struct timespec new[2];
    return utimensat(AT, path, from_timevals(times, new), AT_SYMLINK_NOFOLLOW);
}

FIT_EXPORT int futimes(int fd, const struct timeval times[2])
{
    struct timespec new[2];
    return futimens(fd, from_timevals(times, new));
}

FIT_EXPORT int futimesat(int dir, const char *path, const struct timeval times[2])
{
    struct timespec new[2];
    return utimensat(dir, path, from_timevals(times, new), 0);
}

FIT_EXPORT int utime(const char *path, const struct utimbuf *times)
{
    struct timespec new[2];
    if (times) {
        new[0] = (struct timespec){ .tv_sec = times->actime };
        new[1] = (struct timespec){ .tv_sec = times->modtime };
    }
    return utimensat(AT, path, times ? new : NULL, 0);
}

/* ---- where we are ------------------------------------------------------------------------ */

CALL(chdir, (const char *path), -1, path, chdir(AT, path), SYS_chdir, path)
CALL(fchdir, (int fd), fd, NULL, chdir(fd, NULL), SYS_fchdir, fd)

/* ---- not simulated ----------------------------------------------------------------------- */

#define REFUSED(name, parameters, advice, ...)                                                \
    FIT_EXPORT int name parameters                                                            \
    {                                                                                         \
        if (!fit__passes()) fit__unsupported(#name, FIT_CALLER, advice);                      \
        return (int)fit__result(fit__raw(__VA_ARGS__));                                       \
    }
static const char only_pipes[] = "named pipes and devices are not simulated; use pipe()";

REFUSED(mkfifo, (const char *path, mode_t mode), only_pipes, SYS_mknodat, AT, path,
        mode | S_IFIFO, 0)
REFUSED(mkfifoat, (int dir, const char *path, mode_t mode), only_pipes, SYS_mknodat, dir, path,
        mode | S_IFIFO, 0)
REFUSED(mknod, (const char *path, mode_t mode, dev_t device), only_pipes, SYS_mknodat, AT, path,
        mode, device)
REFUSED(mknodat, (int dir, const char *path, mode_t mode, dev_t device), only_pipes, SYS_mknodat,
        dir, path, mode, device)
REFUSED(chroot, (const char *path), "use paths below a directory of the test's own", SYS_chroot,
        path)
