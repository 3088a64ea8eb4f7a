/* harness/world/files.h - the copy-on-write file system (harness/world/ only).
 *
 * A tree of nodes in the arena lies over the real file system. A node is made when its name is
 * first looked up; as long as nothing is changed, its content stays where it is, in the real file
 * behind it (`lower`), which is opened for reading only, for one call. Whatever is written lives
 * in the node: so a snapshot copies it, and nobody else ever sees it. What is found behind a name
 * is remembered: a file of the real disk that changes while a world exists may be seen or not. */
#ifndef HARNESS_WORLD_FILES_H
#define HARNESS_WORLD_FILES_H

#include <fcntl.h>
#include <limits.h>

#include "harness/world/objects.h"

enum { FIT_PAGE = FIT_DISK_PAGE, FIT_SYMLINKS_MAX = 40 };

struct fit__node;
struct fit__page { uint64_t index; char *bytes; bool charged, flushed /* on the disk, once */; };
struct fit__entry { char *name; struct fit__node *node; /* NULL: the real one is hidden */ };
struct fit__lock { struct fit__file *owner; bool exclusive; };
struct fit__watch;

/* A name by which somebody has a file open: it follows the file when that is moved, and is
 * remembered when it is removed. */
struct fit__dentry {
    LIST_ENTRY(fit__dentry) link;        /* of the node */
    unsigned references;
    struct fit__node *node, *dir;
    char *name;
    bool removed;
};

/* A file, of any kind: what Linux calls an inode. */
struct fit__node {
    struct stat st;                      /* as stat() tells it */
    LIST_ENTRY(fit__node) all;
    unsigned references;                 /* entries, open files, working directories */
    char *lower;                         /* path of the real file behind it, or NULL */
    bool changed;                        /* owner or mode are no longer the real file's */
    bool mapped;                         /* someone sees its content as shared memory */
    bool kept;                           /* a reference more, for its other names on the disk */
    LIST_HEAD(, fit__watch) watches;     /* inotify.c */
    LIST_HEAD(, fit__dentry) dentries;
    /* a regular file: pages that were written, over the first `lower_size` bytes of the real one */
    off_t lower_size;
    struct fit__page *pages;
    size_t page_count, page_room;
    struct fit__lock *locks;             /* flock() */
    size_t lock_count;
    struct fit__waitq unlocked;
    /* a directory: what was looked up, made or removed in it, by name */
    struct fit__node *parent;            /* NULL: the root, or removed */
    char *name;
    struct fit__entry *entries;
    size_t entry_count, entry_room;
    /* a symbolic link */
    char *target;
};

/* ---- node.c ------------------------------------------------------------------------------ */

/* A new file in `dir` (NULL: nowhere), which belongs to the caller. Nobody refers to it yet. */
struct fit__node *fit__node_new(const struct fit__node *dir, mode_t mode);
/* What is at a real path, its own if it is a symbolic link; 0 or -errno. */
int fit__node_find(const char *lower, struct fit__node **node);
struct fit__node *fit__node_hold(struct fit__node *node);
void fit__node_drop(struct fit__node *node);
struct fit__node *fit__node_root(void);
void fit__nodes_forget(void);            /* a world ended */

/* What is called `name` in a directory: 0, -ENOENT or what the real file system says. */
int fit__node_lookup(struct fit__node *dir, const char *name, struct fit__node **node);
/* Puts it there, over what was there before; the directory's times change. */
void fit__node_enter(struct fit__node *dir, const char *name, struct fit__node *node);
void fit__node_remove(struct fit__node *dir, const char *name);
/* R_OK, W_OK, X_OK of the caller: 0, -EACCES, -EROFS. */
int fit__node_may(const struct fit__node *node, int want);
/* The whole path; false: it does not fit, or the directory was removed. */
bool fit__node_path(const struct fit__node *dir, char *out, size_t size);
struct timespec fit__file_time(void);
void fit__node_touch(struct fit__node *node);            /* content changed */

/* ---- content.c --------------------------------------------------------------------------- */

ssize_t fit__content_read(struct fit__node *node, const struct iovec *iov, int count, off_t from);
ssize_t fit__content_write(struct fit__node *node, const struct iovec *iov, int count, off_t to);
int fit__content_resize(struct fit__node *node, off_t size);
/* Room for these bytes is there afterwards, whatever else fills the disk. */
int fit__content_allocate(struct fit__node *node, off_t from, off_t size);
int fit__content_clear(struct fit__node *node, off_t from, off_t size);
/* SEEK_DATA, SEEK_HOLE */
off_t fit__content_next(const struct fit__node *node, off_t from, bool data);
void fit__content_drop(struct fit__node *node);
/* Bytes that can still be written, -1: no limit. What is removed makes room. */
void fit__disk_limit(int64_t bytes);
/* ENOSPC: no room from here, until something is removed or for good; EROFS: no changes any more; 0:
 * nothing is wrong. Peers do not feel it. */
void fit__disk_spoil(int error, bool until_free);
void fit__disk_relieve(fit_ns when);         /* whatever is wrong with it ends by itself */
bool fit__disk_is_read_only(void);
/* What was written so far is on the disk; or what was never flushed never will be. */
void fit__content_flush(struct fit__node *node);
/* From now on reading the block at `at` gives EIO, until it is written again or the disk is mended.
 * -ENOSPC: there are too many such blocks. */
int fit__content_spoil(struct fit__node *node, off_t at);
void fit__content_lose(struct fit__node *node);
int64_t fit__disk_free(void);
int fit__disk_take(int64_t bytes);       /* 0 or -ENOSPC */
void fit__disk_give(int64_t bytes);

/* ---- path.c ------------------------------------------------------------------------------ */

/* Where a path leads. */
struct fit__spot {
    struct fit__node *dir, *node;        /* node NULL: nothing there, but dir exists */
    char name[NAME_MAX + 1];             /* in dir; "", "." or "..": not a name of its own */
    bool slash;                          /* the path ended with one */
    bool removed;                        /* an open file whose name is not there any more */
    bool foreign;                        /* below /proc or /sys, which stay real: see `path` */
    char path[PATH_MAX];
};
enum {
    FIT_FOLLOW = 1,                      /* a symbolic link at the end, too */
    FIT_MAY_MISS = 2,                    /* nothing at the end is no error */
    FIT_NAME_ONLY = 4                    /* a slash at the end changes nothing */
};
int fit__spot_find(int dir, const char *path, unsigned flags, struct fit__spot *spot);
/* The directory that `dir` names (AT_FDCWD: the working directory), or -EBADF, -ENOTDIR. */
int fit__path_start(int dir, struct fit__node **node);
/* The node of a file; an empty `path` is `dir` itself. -EBADF for what is no file. */
int fit__path_node(int dir, const char *path, unsigned flags, struct fit__spot *spot);
void fit__path_unsupported(const char *what) __attribute__((noreturn));

/* ---- file.c, directory.c, given.c -------------------------------------------------------- */

struct fit__node *fit__regular_node(const struct fit__file *file);   /* NULL: no file of a disk */
/* By which name it was opened; NULL: by none. */
struct fit__dentry *fit__regular_dentry(const struct fit__file *file);
bool fit__regular_flushes(struct fit__file *file);       /* fsync() has something to do */
/* A listing as getdents64 gives it, all of it, in the arena. */
int fit__directory_list(struct fit__node *dir, char **entries, size_t *size);
bool fit__directory_empty(struct fit__node *dir);
/* The files whose content is the same on every machine: into a new tree. */
void fit__given_files(void);
/* What lies behind an open file below /proc or /sys, read at once. */
int fit__given_system_file(const char *path, struct fit__node **node);

/* ---- notify.c: what happens to files, for those who watch them --------------------------- */

/* Masks are those of inotify, without IN_ISDIR. */

/* The caller's reference; `name` of "", "." or ".." : the directory's own. NULL: the root. */
struct fit__dentry *fit__dentry_open(const struct fit__spot *spot);
void fit__dentry_close(struct fit__dentry *dentry);
/* The file has lost this name, or has another one now. */
void fit__dentry_removed(struct fit__node *node, const struct fit__node *dir, const char *name);
void fit__dentry_moved(const struct fit__spot *old, const struct fit__spot *new);
/* An open file was used. */
void fit__notify_used(const struct fit__file *file, uint32_t mask);
/* The file at `spot` was changed, other than by writing. */
void fit__notify_changed(const struct fit__spot *spot, uint32_t mask);
/* A directory has a name more, or less; of a move with a number that its two parts share. */
void fit__notify_name(const struct fit__spot *spot, bool directory, uint32_t mask,
                      uint32_t cookie);
/* To the file only: not to its directory. */
void fit__notify_self(struct fit__node *node, uint32_t mask);
void fit__notify_gone(struct fit__node *node);           /* nobody will ever see it again */

/* ---- inotify.c --------------------------------------------------------------------------- */

enum { FIT_INOTIFY_QUEUE = 16384, FIT_INOTIFY_INSTANCES = 128, FIT_INOTIFY_WATCHES = 8192 };
struct fit__change {
    uint32_t mask, cookie;
    const char *name;                    /* NULL: the watched file itself */
    bool unlinked;                       /* the name by which it was opened is gone */
};
/* Everybody who watches `node` is told, if he has asked for it. */
void fit__inotify_tell(struct fit__node *node, const struct fit__change *change);
void fit__inotify_end(struct fit__node *node);           /* its watches end */
uint32_t fit__inotify_cookie(void);      /* of the next move */
void fit__inotify_restart(void);         /* a world ended */

/* ---- lock.c ------------------------------------------------------------------------------ */

/* fcntl() with F_SETLK and its like: locks of a process, which is alone with its files. */
int fit__call_record_lock(struct fit__file *file, int command, struct flock *lock);
void fit__lock_drop(struct fit__node *node, const struct fit__file *owner);

/* ---- overlay.c, attribute.c, lock.c: as the system calls of the same names --------------- */

int fit__call_stat(int dir, const char *path, struct stat *st, int flags);
int fit__call_access(int dir, const char *path, int mode, int flags);
ssize_t fit__call_readlink(int dir, const char *path, char *out, size_t size);
/* Something new without content, a socket: as mknod(). The node is the caller's, too. */
int fit__node_make(const char *path, mode_t mode, struct fit__node **node);
int fit__call_mkdir(int dir, const char *path, mode_t mode);
int fit__call_unlink(int dir, const char *path, int flags);
int fit__call_rename(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int fit__call_link(int from_dir, const char *from, int to_dir, const char *to, int flags);
int fit__call_symlink(const char *target, int dir, const char *path);
int fit__call_chmod(int dir, const char *path, mode_t mode, int flags);
int fit__call_chown(int dir, const char *path, uid_t user, gid_t group, int flags);
int fit__call_utimens(int dir, const char *path, const struct timespec times[2], int flags);
int fit__call_truncate(int dir, const char *path, off_t size);
int fit__call_fallocate(int fd, int mode, off_t from, off_t size);
int fit__call_fsync(int fd);
int fit__call_flock(int fd, int operation);
int fit__call_chdir(int dir, const char *path);
int fit__call_getcwd(char *out, size_t size);
ssize_t fit__call_getdents(int fd, void *out, size_t size);
/* An address. */
long fit__call_mmap(void *start, size_t size, int protection, int flags, int fd, off_t offset);

#endif
