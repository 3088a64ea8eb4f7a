/* path.c - from a path to a file: the walk through directories and symbolic links. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fi/raw.h"
#include "harness/world/calls.h"
#include "harness/world/files.h"

void fit__path_unsupported(const char *what)
{
    fit__unsupported(what, NULL, "this file below /proc or /sys is not simulated");
}

struct walk {
    struct fit__node *at;
    unsigned links;
    char *rest;                          /* in `text` */
    char text[2 * PATH_MAX];
};

static struct fit__node *working_directory(void)
{
    struct fit__process *process = fit__current->process;
    char path[PATH_MAX];
    if (!process->directory) {
        struct fit__spot spot;
        long size = fit__raw(SYS_getcwd, path, sizeof path);
        bool found = size > 0 && !fit__spot_find(AT_FDCWD, path, FIT_FOLLOW, &spot) && spot.node;
        process->directory = fit__node_hold(found ? spot.node : fit__node_root());
    }
    return process->directory;
}

int fit__path_start(int dir, struct fit__node **node)
{
    struct fit__file *file = fit__file_of(dir);
    if (dir == AT_FDCWD) {
        *node = working_directory();
        return 0;
    }
    if (!file)
        return fit__is_standard(dir) ? -ENOTDIR : -EBADF;
    *node = fit__regular_node(file);
    return *node && S_ISDIR((*node)->st.st_mode) ? 0 : -ENOTDIR;
}

/* What follows a symbolic link stands behind its target. */
static int follow_link(struct walk *w, const struct fit__node *link, const char *behind)
{
    char text[sizeof w->text];
    if (++w->links > FIT_SYMLINKS_MAX)
        return -ELOOP;
    int size = snprintf(text, sizeof text, "%s%s", link->target, behind);
    if (size >= (int)sizeof text)
        return -ENAMETOOLONG;
    memcpy(w->text, text, (size_t)size + 1);
    w->rest = w->text;
    if (w->text[0] == '/')
        w->at = fit__node_root();
    return 0;
}

/* /proc and /sys stay what they are, but for the link to the program. */
static bool leaves_the_tree(struct walk *w, struct fit__spot *spot, bool follows)
{
    if (w->at != fit__node_root() || (strncmp(w->rest, "proc/", 5) && strncmp(w->rest, "sys/", 4)))
        return false;
    snprintf(spot->path, sizeof spot->path, "/%s", w->rest);
    if (follows && !strcmp(spot->path, "/proc/self/exe")) {
        long size = fit__raw(SYS_readlinkat, AT_FDCWD, spot->path, w->text, PATH_MAX - 1);
        if (size > 0) {
            w->text[size] = '\0';
            w->rest = w->text;
            return false;
        }
    }
    spot->foreign = true;
    return true;
}

static int step_to(struct fit__node *at, const char *name, struct fit__node **node)
{
    *node = at;
    if (!strcmp(name, "."))
        return 0;
    if (!strcmp(name, "..")) {
        if (at->parent)
            *node = at->parent;
        return 0;
    }
    return fit__node_lookup(at, name, node);
}

/* One name further. 1: this is the end, 0: go on. */
static int step(struct walk *w, unsigned flags, struct fit__spot *spot)
{
    size_t length = strcspn(w->rest, "/");
    const char *behind = w->rest + length;
    const bool last = !behind[strspn(behind, "/")], slash = *behind == '/';
    const bool keeps_link = last && !(flags & FIT_FOLLOW) && (!slash || (flags & FIT_NAME_ONLY));
    struct fit__node *node;
    if (length > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(spot->name, w->rest, length);
    spot->name[length] = '\0';
    int error = fit__node_may(w->at, X_OK);
    if (!error)
        error = step_to(w->at, spot->name, &node);
    if (error && !(error == -ENOENT && last && (flags & FIT_MAY_MISS)))
        return error;
    spot->dir = w->at;
    spot->node = error ? NULL : node;
    spot->slash = slash;
    if (error)
        return 1;
    if (S_ISLNK(node->st.st_mode) && !keeps_link)
        return follow_link(w, node, behind);
    if (!S_ISDIR(node->st.st_mode) && (!last || (slash && !(flags & FIT_NAME_ONLY))))
        return -ENOTDIR;
    w->at = node;
    w->rest += length;
    return last;
}

static int walk(struct walk *w, unsigned flags, struct fit__spot *spot)
{
    for (;;) {
        w->rest += strspn(w->rest, "/");
        if (!*w->rest) {                 /* "/", or a link to it */
            spot->dir = spot->node = w->at;
            spot->name[0] = '\0';
            return 0;
        }
        const char *before = w->rest;
        if (leaves_the_tree(w, spot, flags & FIT_FOLLOW))
            return 0;
        if (w->rest != before)
            continue;
        int result = step(w, flags, spot);
        if (result)
            return result < 0 ? result : 0;
    }
}

int fit__spot_find(int dir, const char *path, unsigned flags, struct fit__spot *spot)
{
    struct walk w = { .links = 0 };
    size_t length = strlen(path);
    spot->foreign = spot->removed = false;
    if (!length)
        return -ENOENT;
    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(w.text, path, length + 1);
    w.rest = w.text;
    w.at = fit__node_root();
    int error = path[0] == '/' ? 0 : fit__path_start(dir, &w.at);
    return error ? error : walk(&w, flags, spot);
}

int fit__path_node(int dir, const char *path, unsigned flags, struct fit__spot *spot)
{
    if (path && *path)
        return fit__spot_find(dir, path, flags, spot);
    struct fit__file *file = fit__file_of(dir);
    const struct fit__dentry *dentry = file ? fit__regular_dentry(file) : NULL;
    memset(spot, 0, offsetof(struct fit__spot, path));
    if (dir == AT_FDCWD) {
        spot->node = working_directory();
        return 0;
    }
    if (!file)
        return fit__is_standard(dir) ? -EINVAL : -EBADF;
    spot->node = fit__regular_node(file);
    if (dentry) {
        spot->dir = dentry->dir;
        spot->removed = dentry->removed;
        strcpy(spot->name, dentry->name);
    }
    return spot->node ? 0 : -EINVAL;
}
