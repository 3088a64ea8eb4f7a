/* notify.c - what happens to files, and who may be watching: the file, and its directory. */
#include <string.h>
#include <sys/inotify.h>

#include "fi/arena.h"
#include "harness/world/files.h"

static bool is_dir(const struct fit__node *node)
{
    return S_ISDIR(node->st.st_mode);
}

/* ---- names of open files ----------------------------------------------------------------- */

static bool is(const struct fit__dentry *dentry, const struct fit__node *dir, const char *name)
{
    return !dentry->removed && dentry->dir == dir && !strcmp(dentry->name, name);
}

static struct fit__dentry *find(const struct fit__node *node, const struct fit__node *dir,
                                const char *name)
{
    struct fit__dentry *dentry;
    LIST_FOREACH(dentry, &node->dentries, link)
        if (is(dentry, dir, name))
            return dentry;
    return NULL;
}

static struct fit__dentry *add(struct fit__node *node, struct fit__node *dir, const char *name)
{
    struct fit__dentry *dentry = fit__alloc(sizeof *dentry);
    dentry->node = node;
    dentry->dir = fit__node_hold(dir);
    dentry->name = fit__strdup(name);
    LIST_INSERT_HEAD(&node->dentries, dentry, link);
    return dentry;
}

struct fit__dentry *fit__dentry_open(const struct fit__spot *spot)
{
    struct fit__node *node = spot->node, *dir = spot->dir;
    const char *name = spot->name;
    if (spot->foreign)
        return NULL;
    if (is_dir(node)) {                      /* the path may have ended with ".." */
        dir = node->parent;
        name = node->name;
    }
    if (!dir)
        return NULL;
    struct fit__dentry *dentry = spot->removed ? NULL : find(node, dir, name);
    if (!dentry)
        dentry = add(node, dir, name);
    dentry->removed = spot->removed;
    dentry->references++;
    return dentry;
}

void fit__dentry_close(struct fit__dentry *dentry)
{
    if (--dentry->references)
        return;
    LIST_REMOVE(dentry, link);
    fit__node_drop(dentry->dir);
    fit__free(dentry->name);
    fit__free(dentry);
}

void fit__dentry_removed(struct fit__node *node, const struct fit__node *dir, const char *name)
{
    struct fit__dentry *dentry = find(node, dir, name);
    if (dentry)
        dentry->removed = true;
}

void fit__dentry_moved(const struct fit__spot *old, const struct fit__spot *new)
{
    struct fit__dentry *dentry = find(old->node, old->dir, old->name);
    if (!dentry)
        return;
    fit__node_hold(new->dir);
    fit__node_drop(dentry->dir);
    fit__free(dentry->name);
    dentry->dir = new->dir;
    dentry->name = fit__strdup(new->name);
}

/* ---- telling ----------------------------------------------------------------------------- */

static uint32_t with_kind(const struct fit__node *node, uint32_t mask)
{
    return is_dir(node) ? mask | IN_ISDIR : mask;
}

void fit__notify_used(const struct fit__file *file, uint32_t mask)
{
    struct fit__node *node = fit__regular_node(file);
    const struct fit__dentry *dentry = fit__regular_dentry(file);
    struct fit__change change = { .mask = with_kind(node, mask) };
    if (dentry) {
        change.unlinked = dentry->removed;
        change.name = dentry->name;
        fit__inotify_tell(dentry->dir, &change);
        change.name = NULL;
    }
    fit__inotify_tell(node, &change);
}

void fit__notify_changed(const struct fit__spot *spot, uint32_t mask)
{
    struct fit__node *node = spot->node, *dir = spot->dir;
    struct fit__change change = { .mask = with_kind(node, mask), .name = spot->name };
    if (is_dir(node) && !spot->removed) {
        dir = node->parent;
        change.name = node->name;
    }
    if (dir)
        fit__inotify_tell(dir, &change);
    change.name = NULL;
    fit__inotify_tell(node, &change);
}

void fit__notify_name(const struct fit__spot *spot, bool directory, uint32_t mask,
                      uint32_t cookie)
{
    struct fit__change change = { .mask = directory ? mask | IN_ISDIR : mask,
                                  .cookie = cookie, .name = spot->name };
    fit__inotify_tell(spot->dir, &change);
}

void fit__notify_self(struct fit__node *node, uint32_t mask)
{
    fit__inotify_tell(node, &(struct fit__change){ .mask = mask });
}

void fit__notify_gone(struct fit__node *node)
{
    if (!node->st.st_nlink)
        fit__notify_self(node, IN_DELETE_SELF);
    fit__inotify_end(node);
}
