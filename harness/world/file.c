/* file.c - open files: of the copy-on-write file system, and the devices that everyone uses. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/calls.h"
#include "harness/world/files.h"

/* Linux tells 64-bit programs that they may make large files. */
enum { LARGE_FILES = 0100000, UNNAMED = O_TMPFILE & ~O_DIRECTORY };

enum kind { DISK, NOTHING /* /dev/null */, ZERO, FULL, ENTROPY };
struct regular {
    enum kind kind;
    struct fit__node *node;
    struct fit__dentry *dentry;          /* the name by which it was opened, or NULL */
    char *path;
    off_t offset;
    char *list;                          /* of a directory, from the first reading on */
    size_t list_size;
};

struct fit__node *fit__regular_node(const struct fit__file *file)
{
    return file->ops == &fit__regular_ops ? ((struct regular *)file->object)->node : NULL;
}

struct fit__dentry *fit__regular_dentry(const struct fit__file *file)
{
    return file->ops == &fit__regular_ops ? ((struct regular *)file->object)->dentry : NULL;
}

static bool reads(const struct fit__file *file)
{
    return (file->status_flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

/* ---- opening ----------------------------------------------------------------------------- */

static enum kind device_kind(const struct stat *st)
{
    enum { MEMORY_DEVICES = 1 };
    if (major(st->st_rdev) == MEMORY_DEVICES)
        switch (minor(st->st_rdev)) {
        case 3: return NOTHING;
        case 5: return ZERO;
        case 7: return FULL;
        case 8: case 9: return ENTROPY;
        default: break;
        }
    fit__unsupported("open", NULL, "devices are not simulated, but for /dev/null, /dev/zero, "
                     "/dev/full, /dev/random and /dev/urandom");
}

static enum kind kind_of(const struct stat *st)
{
    if (S_ISCHR(st->st_mode))
        return device_kind(st);
    if (S_ISBLK(st->st_mode) || S_ISFIFO(st->st_mode))
        fit__unsupported("open", NULL, "devices and named pipes are not simulated");
    return DISK;
}

static mode_t creation_mask(void)
{
    mode_t mask = (mode_t)fit__raw(SYS_umask, 0);
    fit__raw(SYS_umask, mask);
    return mask;
}

/* A file that is there already. */
static int check_existing(const struct fit__spot *spot, int flags)
{
    const struct stat *st = &spot->node->st;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (S_ISDIR(st->st_mode) && (writes(flags) || (flags & (O_CREAT | O_TRUNC))))
        return -EISDIR;
    if (S_ISLNK(st->st_mode))
        return flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
    if ((flags & O_DIRECTORY) && !S_ISDIR(st->st_mode))
        return -ENOTDIR;
    if (S_ISSOCK(st->st_mode))
        return -ENXIO;
    int want = (reads(&(struct fit__file){ .status_flags = flags }) ? R_OK : 0)
               | (writes(flags) || (flags & O_TRUNC) ? W_OK : 0);
    return fit__node_may(spot->node, want);
}

static int create(struct fit__spot *spot, mode_t mode)
{
    int error = fit__node_may(spot->dir, W_OK | X_OK);
    if (error)
        return error;
    if (spot->dir != fit__node_root() && !spot->dir->parent)
        return -ENOENT;                  /* the directory was removed */
    spot->node = fit__node_new(spot->dir, S_IFREG | (mode & 07777 & ~creation_mask()));
    spot->node->st.st_nlink = 1;
    fit__node_enter(spot->dir, spot->name, spot->node);
    fit__notify_name(spot, false, IN_CREATE, 0);
    return 0;
}

static int open_unnamed(int dir, const char *path, int flags, mode_t mode, struct fit__spot *spot)
{
    if (!writes(flags))
        return -EINVAL;
    int error = fit__spot_find(dir, path, FIT_FOLLOW, spot);
    if (error)
        return error;
    if (spot->foreign)
        fit__path_unsupported("open");
    if (!S_ISDIR(spot->node->st.st_mode))
        return -ENOTDIR;
    error = fit__node_may(spot->node, W_OK | X_OK);
    if (error)
        return error;
    spot->dir = spot->node;
    spot->node = fit__node_new(spot->dir, S_IFREG | (mode & 07777 & ~creation_mask()));
    spot->removed = true;
    snprintf(spot->name, sizeof spot->name, "#%llu", (unsigned long long)spot->node->st.st_ino);
    return 0;
}

static int open_foreign(struct fit__spot *spot, int flags)
{
    if (writes(flags) || (flags & (O_CREAT | O_TRUNC)))
        fit__path_unsupported("open for writing");
    return fit__given_system_file(spot->path, &spot->node);
}

static int open_path(int dir, const char *path, int flags, mode_t mode, struct fit__spot *spot,
                     bool *made)
{
    bool creates = flags & O_CREAT, exclusive = creates && (flags & O_EXCL);
    bool follows = !(flags & O_NOFOLLOW) && !exclusive;
    size_t length = strlen(path);
    unsigned how = (follows ? FIT_FOLLOW : 0) | (creates ? FIT_MAY_MISS : 0);
    if (creates && (flags & O_DIRECTORY))
        return -EINVAL;
    int error = fit__spot_find(dir, path, how, spot);
    if (!error && spot->foreign)
        return open_foreign(spot, flags);
    if (!error && creates && length > 1 && path[length - 1] == '/')
        return -EISDIR;
    if (error)
        return error;
    *made = !spot->node;
    return *made ? create(spot, mode) : check_existing(spot, flags);
}

static int install(const struct fit__spot *spot, const char *path, int flags)
{
    const int not_kept = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
    struct regular *regular = fit__alloc(sizeof *regular);
    regular->kind = kind_of(&spot->node->st);
    regular->node = fit__node_hold(spot->node);
    regular->dentry = fit__dentry_open(spot);
    regular->path = fit__strdup(path);
    struct fit__file *file = fit__file_new(&fit__regular_ops, regular,
                                           (flags & ~not_kept) | LARGE_FILES);
    int fd = fit__install(file, 0, !!(flags & O_CLOEXEC));
    if (fd < 0)
        fit__file_release(file);
    else
        fit__notify_used(file, IN_OPEN);
    return fd;
}

int fit__regular_open(int dir, const char *path, int flags, mode_t mode)
{
    struct fit__spot spot;
    bool made = false;
    int error = fit__room_for(1);
    if (error)
        return error;
    if (flags & O_PATH)
        fit__unsupported("open with O_PATH", NULL, "open it for reading");
    error = flags & UNNAMED ? open_unnamed(dir, path, flags, mode, &spot)
                            : open_path(dir, path, flags, mode, &spot, &made);
    bool empties = (flags & O_TRUNC) && !made;
    if (error || !empties || !S_ISREG(spot.node->st.st_mode))
        return error ? error : install(&spot, path, flags);
    error = fit__content_resize(spot.node, 0);
    int fd = error ? error : install(&spot, path, flags);
    if (fd >= 0)
        fit__notify_changed(&spot, IN_MODIFY);
    return fd;
}

/* ---- reading and writing ----------------------------------------------------------------- */

static ssize_t read_device(enum kind kind, const struct iovec *iov, int count)
{
    if (kind == NOTHING)
        return 0;
    for (int i = 0; i < count; i++)
        if (kind == ENTROPY)
            fit__entropy(iov[i].iov_base, iov[i].iov_len);
        else
            memset(iov[i].iov_base, 0, iov[i].iov_len);
    return (ssize_t)fit__iov_size(iov, count);
}

ssize_t fit__regular_readv(struct fit__file *file, const struct iovec *iov, int count,
                           off_t offset)
{
    struct regular *regular = file->object;
    bool current = offset == -1;
    if (!reads(file))
        return -EBADF;
    if (S_ISDIR(regular->node->st.st_mode))
        return -EISDIR;
    ssize_t result = regular->kind != DISK
        ? read_device(regular->kind, iov, count)
        : fit__content_read(regular->node, iov, count, current ? regular->offset : offset);
    if (current && result > 0 && regular->kind == DISK)
        regular->offset += result;
    if (result > 0)
        fit__notify_used(file, IN_ACCESS);
    return result;
}

ssize_t fit__regular_writev(struct fit__file *file, const struct iovec *iov, int count,
                            off_t offset)
{
    struct regular *regular = file->object;
    bool current = offset == -1;
    if (!writes(file->status_flags))
        return -EBADF;
    if (regular->kind == FULL)
        return fit__iov_size(iov, count) ? -ENOSPC : 0;
    if (regular->kind != DISK)
        return (ssize_t)fit__iov_size(iov, count);
    /* Linux appends even what pwrite() meant for another place. */
    off_t to = file->status_flags & O_APPEND ? regular->node->st.st_size
             : current ? regular->offset : offset;
    ssize_t result = fit__content_write(regular->node, iov, count, to);
    if (current && result > 0)
        regular->offset = to + result;
    if (result > 0)
        fit__notify_used(file, IN_MODIFY);
    return result;
}

static off_t seek_base(const struct regular *regular, off_t offset, int whence)
{
    switch (whence) {
    case SEEK_SET: return 0;
    case SEEK_CUR: return regular->offset;
    case SEEK_END: return regular->node->st.st_size;
    case SEEK_DATA: case SEEK_HOLE:
        return fit__content_next(regular->node, offset, whence == SEEK_DATA);
    default: return -EINVAL;
    }
}

off_t fit__regular_seek(struct fit__file *file, off_t offset, int whence)
{
    struct regular *regular = file->object;
    off_t place;
    if (regular->kind != DISK)
        return 0;
    off_t base = seek_base(regular, offset, whence);
    if (base < 0)
        return base;
    if (whence == SEEK_DATA || whence == SEEK_HOLE)
        offset = 0;
    if (__builtin_add_overflow(base, offset, &place) || place < 0)
        return -EINVAL;
    return regular->offset = place;
}

void fit__regular_fstat(struct fit__file *file, struct stat *st)
{
    *st = ((struct regular *)file->object)->node->st;
}

size_t fit__regular_unread(struct fit__file *file)
{
    struct regular *regular = file->object;
    return regular->kind == DISK ? (size_t)(regular->node->st.st_size - regular->offset) : 0;
}

bool fit__regular_flushes(struct fit__file *file)
{
    return ((struct regular *)file->object)->kind == DISK;
}

/* ---- directories ------------------------------------------------------------------------- */

/* A listing is made when reading begins, and again after a seek to the start. */
static int prepare_list(struct regular *regular)
{
    if (regular->list && regular->offset)
        return 0;
    fit__free(regular->list);
    regular->list = NULL;
    regular->list_size = 0;
    return fit__directory_list(regular->node, &regular->list, &regular->list_size);
}

ssize_t fit__call_getdents(int fd, void *out, size_t size)
{
    struct fit__file *file = fit__file_of(fd);
    struct fit__node *node = file ? fit__regular_node(file) : NULL;
    size_t done = 0;
    fit__call_begins();
    if (!file && !fit__is_standard(fd))
        return -EBADF;
    if (!node || !S_ISDIR(node->st.st_mode))
        return -ENOTDIR;
    if (node != fit__node_root() && !node->parent)
        return -ENOENT;
    struct regular *regular = file->object;
    int error = prepare_list(regular);
    if (error)
        return error;
    fit__notify_used(file, IN_ACCESS);
    while (regular->offset < (off_t)regular->list_size) {
        const struct dirent64 *one = (const void *)(regular->list + regular->offset);
        if (one->d_reclen > size - done)
            return done ? (ssize_t)done : -EINVAL;
        memcpy((char *)out + done, one, one->d_reclen);
        done += one->d_reclen;
        regular->offset += one->d_reclen;
    }
    return (ssize_t)done;
}

/* ---- as a file of the world -------------------------------------------------------------- */

static uint32_t regular_poll(struct fit__file *file)
{
    (void)file;
    return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
}

static void regular_release(struct fit__file *file)
{
    struct regular *regular = file->object;
    fit__notify_used(file, writes(file->status_flags) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    fit__lock_drop(regular->node, file);
    if (regular->dentry)
        fit__dentry_close(regular->dentry);
    fit__node_drop(regular->node);
    fit__free(regular->list);
    fit__free(regular->path);
    fit__free(regular);
}

static int regular_describe(struct fit__file *file, struct fit__info *info)
{
    struct regular *regular = file->object;
    info->class = FIT_C_FILE;
    info->mapped = regular->node->mapped;
    snprintf(info->object, sizeof info->object, "%s", regular->path);
    snprintf(info->text, sizeof info->text, "file %s", regular->path);
    return 0;
}

static int cut(struct regular *regular, off_t size)
{
    bool exempt = fit__guard->exempt;
    fit__guard->exempt = true;               /* it is somebody else who does it */
    int error = fit__content_resize(regular->node, size);
    fit__guard->exempt = exempt;
    if (!error)
        fit__notify_self(regular->node, IN_MODIFY);
    return error;
}

static int regular_afflict(struct fit__file *file, enum fit__affliction affliction, int64_t value)
{
    struct regular *regular = file->object;
    if (regular->kind != DISK || !S_ISREG(regular->node->st.st_mode))
        return -EOPNOTSUPP;
    switch (affliction) {
    case FIT_A_LOST: fit__content_lose(regular->node); return 0;
    case FIT_A_UNREADABLE: return fit__content_spoil(regular->node, value);
    case FIT_A_CUT: return regular->node->mapped ? -EOPNOTSUPP : cut(regular, value);
    default: return -EOPNOTSUPP;
    }
}

const struct fit__file_ops fit__regular_ops = {
    .kind = "file", .poll = regular_poll, .release = regular_release,
    .describe = regular_describe, .afflict = regular_afflict,
};
