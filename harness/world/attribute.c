/* attribute.c - looking at files, and changing what is not their content. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "fi/raw.h"
#include "harness/world/calls.h"
#include "harness/world/files.h"

/* ---- looking ----------------------------------------------------------------------------- */

/* Numbers of descriptors mean something else there than to the code under test. */
static const char *real_path(const struct fit__spot *spot)
{
    if (strstr(spot->path, "/fd"))
        fit__path_unsupported("looking at open files by name");
    return spot->path;
}

int fit__call_stat(int dir, const char *path, struct stat *st, int flags)
{
    struct fit__spot spot;
    if (!*path && (flags & AT_EMPTY_PATH) && dir != AT_FDCWD)
        return fit__kernel_sim.fstat(dir, st);
    fit__call_begins();
    if (!*path && (flags & AT_EMPTY_PATH))
        path = ".";
    int error = fit__spot_find(dir, path, flags & AT_SYMLINK_NOFOLLOW ? 0 : FIT_FOLLOW, &spot);
    if (error)
        return error;
    if (spot.foreign)
        return (int)fit__raw(SYS_newfstatat, AT_FDCWD, real_path(&spot), st,
                             flags & AT_SYMLINK_NOFOLLOW);
    *st = spot.node->st;
    return 0;
}

int fit__call_access(int dir, const char *path, int mode, int flags)
{
    struct fit__spot spot;
    fit__call_begins();
    if (mode & ~(R_OK | W_OK | X_OK))
        return -EINVAL;
    int error = fit__spot_find(dir, path, flags & AT_SYMLINK_NOFOLLOW ? 0 : FIT_FOLLOW, &spot);
    if (error)
        return error;
    if (spot.foreign)
        return (int)fit__raw(SYS_faccessat2, AT_FDCWD, real_path(&spot), mode, flags);
    return fit__node_may(spot.node, mode);
}

ssize_t fit__call_readlink(int dir, const char *path, char *out, size_t size)
{
    struct fit__spot spot;
    fit__call_begins();
    if (!size)
        return -EINVAL;
    int error = fit__spot_find(dir, path, 0, &spot);
    if (error)
        return error;
    if (spot.foreign)
        return fit__raw(SYS_readlinkat, AT_FDCWD, real_path(&spot), out, size);
    if (!spot.node->target)
        return -EINVAL;
    size_t length = strlen(spot.node->target);
    if (length > size)
        length = size;
    memcpy(out, spot.node->target, length);
    return (ssize_t)length;
}

/* ---- changing ---------------------------------------------------------------------------- */

/* The node of a call that takes a path, or NULL and a descriptor. */
static int find(int dir, const char *path, int flags, struct fit__spot *spot)
{
    int error;
    if (path && !*path && !(flags & AT_EMPTY_PATH))
        return -ENOENT;
    error = fit__path_node(dir, path, flags & AT_SYMLINK_NOFOLLOW ? 0 : FIT_FOLLOW, spot);
    if (!error && spot->foreign)
        fit__path_unsupported("changing files");
    return error;
}

static bool is_owner(const struct fit__node *node)
{
    uid_t user = (uid_t)fit__raw(SYS_geteuid);
    return !user || user == node->st.st_uid;
}

int fit__call_chmod(int dir, const char *path, mode_t mode, int flags)
{
    struct fit__spot spot;
    fit__call_begins();
    int error = find(dir, path, flags, &spot);
    if (error)
        return error;
    if (S_ISLNK(spot.node->st.st_mode))
        return -EOPNOTSUPP;
    if (fit__disk_is_read_only())
        return -EROFS;
    if (!is_owner(spot.node))
        return -EPERM;
    spot.node->st.st_mode = (spot.node->st.st_mode & S_IFMT) | (mode & 07777);
    spot.node->st.st_ctim = fit__file_time();
    spot.node->changed = true;
    fit__notify_changed(&spot, IN_ATTRIB);
    return 0;
}

int fit__call_chown(int dir, const char *path, uid_t user, gid_t group, int flags)
{
    struct fit__spot spot;
    fit__call_begins();
    int error = find(dir, path, flags, &spot);
    if (error)
        return error;
    if (fit__disk_is_read_only())
        return -EROFS;
    struct stat *st = &spot.node->st;
    bool same = (user == (uid_t)-1 || user == st->st_uid)
                && (group == (gid_t)-1 || group == st->st_gid);
    if (fit__raw(SYS_geteuid) && !(same && is_owner(spot.node)))
        return -EPERM;
    if (user != (uid_t)-1)
        st->st_uid = user;
    if (group != (gid_t)-1)
        st->st_gid = group;
    st->st_ctim = fit__file_time();
    spot.node->changed = true;
    if (user != (uid_t)-1 || group != (gid_t)-1)
        fit__notify_changed(&spot, IN_ATTRIB);
    return 0;
}

static int set_time(struct timespec *time, const struct timespec *wanted)
{
    if (wanted->tv_nsec == UTIME_OMIT)
        return 0;
    if (wanted->tv_nsec == UTIME_NOW) {
        *time = fit__file_time();
        return 0;
    }
    if (wanted->tv_nsec < 0 || wanted->tv_nsec >= FIT_S)
        return -EINVAL;
    *time = *wanted;
    return 0;
}

int fit__call_utimens(int dir, const char *path, const struct timespec times[2], int flags)
{
    static const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
    struct fit__spot spot;
    fit__call_begins();
    int error = find(dir, path, flags, &spot);
    if (error)
        return error;
    if (fit__disk_is_read_only())
        return -EROFS;
    if (!is_owner(spot.node))
        return times ? -EPERM : fit__node_may(spot.node, W_OK);
    struct stat st = spot.node->st;
    if (!times)
        times = now;
    error = set_time(&st.st_atim, &times[0]);
    if (!error)
        error = set_time(&st.st_mtim, &times[1]);
    if (error)
        return error;
    bool first = times[0].tv_nsec != UTIME_OMIT, second = times[1].tv_nsec != UTIME_OMIT;
    if (!first && !second)
        return 0;
    st.st_ctim = fit__file_time();
    spot.node->st = st;
    fit__notify_changed(&spot, first && second ? IN_ATTRIB : first ? IN_ACCESS : IN_MODIFY);
    return 0;
}

/* ---- size -------------------------------------------------------------------------------- */

static bool is_open_for_writing(int fd)
{
    return (fit__file_of(fd)->status_flags & O_ACCMODE) != O_RDONLY;
}

int fit__call_truncate(int dir, const char *path, off_t size)
{
    struct fit__spot spot;
    fit__call_begins();
    if (size < 0)
        return -EINVAL;
    int error = find(dir, path, 0, &spot);
    if (error)
        return error;
    if (!path && !is_open_for_writing(dir))
        return -EINVAL;
    if (path && S_ISDIR(spot.node->st.st_mode))
        return -EISDIR;
    if (!S_ISREG(spot.node->st.st_mode))
        return -EINVAL;
    error = path ? fit__node_may(spot.node, W_OK) : 0;
    if (!error)
        error = fit__content_resize(spot.node, size);
    if (!error)
        fit__notify_changed(&spot, IN_MODIFY);
    return error;
}

static int allocate(struct fit__node *node, int mode, off_t from, off_t size)
{
    const bool keeps_size = mode & FALLOC_FL_KEEP_SIZE;
    if (mode & FALLOC_FL_PUNCH_HOLE)
        return keeps_size ? fit__content_clear(node, from, size) : -EOPNOTSUPP;
    int error = fit__content_allocate(node, from, size);
    if (!error && !keeps_size && from + size > node->st.st_size)
        error = fit__content_resize(node, from + size);
    return error;
}

int fit__call_fallocate(int fd, int mode, off_t from, off_t size)
{
    struct fit__file *file = fit__file_of(fd);
    off_t end;
    fit__call_begins();
    if (!file)
        return fit__is_standard(fd) ? -ESPIPE : -EBADF;
    if (from < 0 || size <= 0)
        return -EINVAL;
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
        return -EOPNOTSUPP;
    struct fit__node *node = fit__regular_node(file);
    bool pipe = file->ops == &fit__pipe_reader_ops || file->ops == &fit__pipe_writer_ops;
    if (!is_open_for_writing(fd))
        return -EBADF;
    if (pipe)
        return -ESPIPE;
    if (!node || !S_ISREG(node->st.st_mode))
        return -ENODEV;
    if (__builtin_add_overflow(from, size, &end))
        return -EFBIG;
    int error = allocate(node, mode, from, size);
    if (!error)
        fit__notify_used(file, IN_MODIFY);
    return error;
}

int fit__call_fsync(int fd)
{
    struct fit__file *file = fit__file_of(fd);
    fit__call_begins();
    if (!file)
        return fit__is_standard(fd) ? -EINVAL : -EBADF;
    if (file->ops != &fit__regular_ops || !fit__regular_flushes(file))
        return -EINVAL;
    if (fit__disk_is_read_only())            /* ext4 has given up after an error */
        return -EROFS;
    fit__content_flush(fit__regular_node(file));
    return 0;
}
