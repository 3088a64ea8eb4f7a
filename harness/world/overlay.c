/* overlay.c - names: making, moving and removing them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/calls.h"
#include "harness/world/files.h"

static bool is_dir(const struct fit__node *node)
{
    return S_ISDIR(node->st.st_mode);
}

static bool is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

static bool is_removed(const struct fit__node *dir)
{
    return dir != fit__node_root() && !dir->parent;
}

/* ---- what may be done -------------------------------------------------------------------- */

static int find(int dir, const char *path, unsigned flags, struct fit__spot *spot)
{
    int error = fit__spot_find(dir, path, flags, spot);
    if (!error && spot->foreign)
        fit__path_unsupported("changing files");
    return error;
}

/* Where something new is to be: -EEXIST if there is something. */
static int find_new(int dir, const char *path, bool is_directory, struct fit__spot *spot)
{
    int error = find(dir, path, FIT_MAY_MISS | FIT_NAME_ONLY, spot);
    if (error)
        return error;
    if (spot->node)
        return -EEXIST;
    if (spot->slash && !is_directory)
        return -ENOENT;
    if (is_removed(spot->dir))
        return -ENOENT;
    return fit__node_may(spot->dir, W_OK | X_OK);
}

static int may_delete(const struct fit__node *dir, const struct fit__node *node)
{
    uid_t user = (uid_t)fit__raw(SYS_geteuid);
    int error = fit__node_may(dir, W_OK | X_OK);
    if (error)
        return error;
    bool sticky = (dir->st.st_mode & S_ISVTX) && user && user != node->st.st_uid
                  && user != dir->st.st_uid;
    return sticky ? -EPERM : 0;
}

/* One name less. A directory that lost its only one is nowhere any more. */
static void unlinked(const struct fit__spot *spot)
{
    struct fit__node *node = spot->node;
    node->st.st_ctim = fit__file_time();
    fit__dentry_removed(node, spot->dir, spot->name);
    if (!is_dir(node)) {
        if (!--node->st.st_nlink && node->kept) {
            node->kept = false;
            fit__node_drop(node);            /* the directory's entry still holds it */
        }
        return;
    }
    node->st.st_nlink = 0;
    node->parent = NULL;
    fit__free(node->lower);
    node->lower = NULL;
}

static mode_t creation_mask(void)
{
    mode_t mask = (mode_t)fit__raw(SYS_umask, 0);
    fit__raw(SYS_umask, mask);
    return mask;
}

/* ---- making ------------------------------------------------------------------------------ */

int fit__call_mkdir(int dir, const char *path, mode_t mode)
{
    struct fit__spot spot;
    fit__call_begins();
    int error = find_new(dir, path, true, &spot);
    if (!error)
        error = fit__disk_take(FIT_PAGE);
    if (error)
        return error;
    struct fit__node *node = fit__node_new(spot.dir, S_IFDIR | (mode & 01777 & ~creation_mask()));
    fit__node_enter(spot.dir, spot.name, node);
    spot.dir->st.st_nlink++;
    fit__notify_name(&spot, is_dir(node), IN_CREATE, 0);
    return 0;
}

int fit__node_make(const char *path, mode_t mode, struct fit__node **node)
{
    struct fit__spot spot;
    int error = find_new(AT_FDCWD, path, false, &spot);
    if (error)
        return error;
    *node = fit__node_new(spot.dir, mode & ~creation_mask());
    fit__node_enter(spot.dir, spot.name, *node);
    (*node)->st.st_nlink = 1;
    fit__node_hold(*node);
    fit__notify_name(&spot, false, IN_CREATE, 0);
    return 0;
}

int fit__call_symlink(const char *target, int dir, const char *path)
{
    struct fit__spot spot;
    fit__call_begins();
    if (!*target)
        return -ENOENT;
    if (strlen(target) >= PATH_MAX)
        return -ENAMETOOLONG;
    int error = find_new(dir, path, false, &spot);
    if (error)
        return error;
    struct fit__node *node = fit__node_new(spot.dir, S_IFLNK | 0777);
    node->target = fit__strdup(target);
    node->st.st_size = (off_t)strlen(target);
    node->st.st_nlink = 1;
    fit__node_enter(spot.dir, spot.name, node);
    fit__notify_name(&spot, is_dir(node), IN_CREATE, 0);
    return 0;
}

int fit__call_link(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    struct fit__spot old, new;
    fit__call_begins();
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = flags & AT_EMPTY_PATH && !*from
        ? fit__path_node(from_dir, NULL, 0, &old)
        : find(from_dir, from, flags & AT_SYMLINK_FOLLOW ? FIT_FOLLOW : 0, &old);
    if (!error)
        error = find_new(to_dir, to, false, &new);
    if (error)
        return error;
    if (old.node->st.st_dev != new.dir->st.st_dev)
        return -EXDEV;
    if (is_dir(old.node))
        return -EPERM;
    if (!old.node->st.st_nlink)
        return -ENOENT;
    old.node->st.st_nlink++;
    old.node->st.st_ctim = fit__file_time();
    fit__node_enter(new.dir, new.name, old.node);
    fit__notify_self(old.node, IN_ATTRIB);
    fit__notify_name(&new, false, IN_CREATE, 0);
    return 0;
}

/* ---- removing ---------------------------------------------------------------------------- */

/* Of a file that is gone with it Linux tells the end first. */
static void remove_name(const struct fit__spot *spot)
{
    bool directory = is_dir(spot->node);
    fit__node_remove(spot->dir, spot->name);
    fit__notify_name(spot, directory, IN_DELETE, 0);
}

static int remove_directory(int dir, const char *path)
{
    struct fit__spot spot;
    int error = find(dir, path, FIT_NAME_ONLY, &spot);
    if (error)
        return error;
    if (is_dots(spot.name))
        return spot.name[1] ? -ENOTEMPTY : -EINVAL;
    if (!*spot.name)
        return -EBUSY;
    error = may_delete(spot.dir, spot.node);
    if (error)
        return error;
    if (!is_dir(spot.node))
        return -ENOTDIR;
    if (!fit__directory_empty(spot.node))
        return -ENOTEMPTY;
    unlinked(&spot);
    fit__disk_give(FIT_PAGE);
    spot.dir->st.st_nlink--;
    remove_name(&spot);
    return 0;
}

int fit__call_unlink(int dir, const char *path, int flags)
{
    struct fit__spot spot;
    fit__call_begins();
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    if (flags & AT_REMOVEDIR)
        return remove_directory(dir, path);
    int error = find(dir, path, FIT_NAME_ONLY, &spot);
    if (error)
        return error;
    if (!*spot.name || is_dots(spot.name))
        return -EISDIR;
    if (spot.slash)
        return is_dir(spot.node) ? -EISDIR : -ENOTDIR;
    error = may_delete(spot.dir, spot.node);
    if (error)
        return error;
    if (is_dir(spot.node))
        return -EISDIR;
    unlinked(&spot);
    fit__notify_self(spot.node, IN_ATTRIB);
    remove_name(&spot);
    return 0;
}

/* ---- moving ------------------------------------------------------------------------------ */

static bool is_inside(const struct fit__node *node, const struct fit__node *dir)
{
    for (; node; node = node->parent)
        if (node == dir)
            return true;
    return false;
}

static int may_replace(const struct fit__spot *old, const struct fit__spot *new)
{
    int error = may_delete(new->dir, new->node);
    if (error)
        return error;
    if (is_dir(old->node) && !is_dir(new->node))
        return -ENOTDIR;
    if (!is_dir(old->node) && is_dir(new->node))
        return -EISDIR;
    return is_dir(new->node) && !fit__directory_empty(new->node) ? -ENOTEMPTY : 0;
}

static int may_move(const struct fit__spot *old, const struct fit__spot *new, unsigned flags)
{
    if (new->node && (flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (!is_dir(old->node) && (old->slash || new->slash))
        return -ENOTDIR;
    if (is_dir(old->node) && is_inside(new->dir, old->node))
        return -EINVAL;
    if (new->node && is_dir(new->node) && is_inside(old->dir, new->node))
        return -ENOTEMPTY;
    if (new->node == old->node)
        return 0;
    int error = may_delete(old->dir, old->node);
    if (error)
        return error;
    if (new->node)
        return may_replace(old, new);
    return is_removed(new->dir) ? -ENOENT : fit__node_may(new->dir, W_OK | X_OK);
}

static void notify_move(const struct fit__spot *old, const struct fit__spot *new)
{
    uint32_t cookie = fit__inotify_cookie();
    fit__notify_name(old, is_dir(old->node), IN_MOVED_FROM, cookie);
    fit__notify_name(new, is_dir(old->node), IN_MOVED_TO, cookie);
    if (new->node)
        fit__notify_self(new->node, IN_ATTRIB);
    fit__notify_self(old->node, IN_MOVE_SELF);
}

static void move(struct fit__spot *old, struct fit__spot *new)
{
    struct fit__node *node = fit__node_hold(old->node), *replaced = new->node;
    if (replaced) {
        fit__node_hold(replaced);
        if (is_dir(replaced))
            new->dir->st.st_nlink--;
        unlinked(new);
    }
    fit__node_remove(old->dir, old->name);
    fit__node_enter(new->dir, new->name, node);
    fit__dentry_moved(old, new);
    if (is_dir(node)) {
        old->dir->st.st_nlink--;
        new->dir->st.st_nlink++;
    }
    node->st.st_ctim = fit__file_time();
    notify_move(old, new);
    fit__node_drop(node);
    if (replaced)
        fit__node_drop(replaced);
}

int fit__call_rename(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    struct fit__spot old, new;
    fit__call_begins();
    if (flags & RENAME_EXCHANGE)
        fit__unsupported("renameat2 with RENAME_EXCHANGE", NULL, "use a third name");
    if (flags & ~RENAME_NOREPLACE)
        return -EINVAL;
    int error = find(from_dir, from, FIT_MAY_MISS | FIT_NAME_ONLY, &old);
    if (!error)
        error = find(to_dir, to, FIT_MAY_MISS | FIT_NAME_ONLY, &new);
    if (error)
        return error;
    if (old.dir->st.st_dev != new.dir->st.st_dev)
        return -EXDEV;
    if (!*old.name || is_dots(old.name))
        return -EBUSY;
    if (!*new.name || is_dots(new.name))
        return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    if (!old.node)
        return -ENOENT;
    error = may_move(&old, &new, flags);
    if (!error && new.node != old.node)
        move(&old, &new);
    return error;
}

/* ---- where we are ------------------------------------------------------------------------ */

int fit__call_chdir(int dir, const char *path)
{
    struct fit__process *process = fit__current->process;
    struct fit__node *node, *old;
    struct fit__spot spot;
    int error;
    fit__call_begins();
    if (path) {
        error = find(dir, path, FIT_FOLLOW, &spot);
        node = error ? NULL : spot.node;
    } else {
        error = fit__path_start(dir, &node);
    }
    if (error)
        return error;
    if (!is_dir(node))
        return -ENOTDIR;
    error = fit__node_may(node, X_OK);
    if (error)
        return error;
    old = process->directory;
    process->directory = fit__node_hold(node);
    if (old)
        fit__node_drop(old);
    return 0;
}

int fit__call_getcwd(char *out, size_t size)
{
    char path[PATH_MAX];
    struct fit__node *node;
    fit__call_begins();
    fit__path_start(AT_FDCWD, &node);
    if (is_removed(node))
        return -ENOENT;
    if (!fit__node_path(node, path, sizeof path))
        return -ENAMETOOLONG;
    size_t length = strlen(path) + 1;
    if (length > size)
        return -ERANGE;
    memcpy(out, path, length);
    return (int)length;
}
