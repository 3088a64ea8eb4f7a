/* node.c - files and directories of the copy-on-write file system, and what is in a directory. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/files.h"

/* Numbers of new files: above those that real file systems give. */
#define FIRST_INODE ((ino_t)1 << 40)
enum { GROUPS_MAX = 256 };

static struct {
    LIST_HEAD(, fit__node) nodes;
    struct fit__node *root;
    ino_t next_inode;
} tree = { .next_inode = FIRST_INODE };

struct timespec fit__file_time(void)
{
    fit_ns date = fit__realtime_start() + fit__now();
    return (struct timespec){ date / FIT_S, date % FIT_S };
}

void fit__node_touch(struct fit__node *node)
{
    node->st.st_mtim = node->st.st_ctim = fit__file_time();
}

/* ---- making and dropping ----------------------------------------------------------------- */

static struct fit__node *add(void)
{
    struct fit__node *node = fit__alloc(sizeof *node);
    LIST_INSERT_HEAD(&tree.nodes, node, all);
    fit__waitq_init(&node->unlocked);
    LIST_INIT(&node->watches);
    LIST_INIT(&node->dentries);
    return node;
}

struct fit__node *fit__node_new(const struct fit__node *dir, mode_t mode)
{
    struct fit__node *node = add();
    node->st.st_ino = tree.next_inode++;
    node->st.st_mode = mode;
    node->st.st_uid = (uid_t)fit__raw(SYS_geteuid);
    node->st.st_gid = (gid_t)fit__raw(SYS_getegid);
    if (dir && (dir->st.st_mode & S_ISGID)) {
        node->st.st_gid = dir->st.st_gid;
        if (S_ISDIR(mode))
            node->st.st_mode |= S_ISGID;
    }
    node->st.st_dev = dir ? dir->st.st_dev : 0;
    node->st.st_nlink = S_ISDIR(mode) ? 2 : 0;
    node->st.st_size = S_ISDIR(mode) ? FIT_PAGE : 0;
    node->st.st_blksize = FIT_PAGE;
    node->st.st_atim = fit__file_time();
    fit__node_touch(node);
    return node;
}

/* Two names of one real file are one node, so that what is written by one is read by the other. */
static struct fit__node *known(const struct stat *st)
{
    struct fit__node *node;
    if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
        return NULL;
    LIST_FOREACH(node, &tree.nodes, all)
        if (node->lower && node->st.st_ino == st->st_ino && node->st.st_dev == st->st_dev)
            return node;
    return NULL;
}

int fit__node_find(const char *lower, struct fit__node **node)
{
    struct stat st;
    char target[PATH_MAX];
    long error = fit__raw(SYS_newfstatat, AT_FDCWD, lower, &st, AT_SYMLINK_NOFOLLOW);
    if (error)
        return (int)error;
    *node = known(&st);
    if (*node)
        return 0;
    if (S_ISLNK(st.st_mode)) {
        long size = fit__raw(SYS_readlinkat, AT_FDCWD, lower, target, sizeof target - 1);
        if (size < 0)
            return (int)size;
        target[size] = '\0';
    }
    *node = add();
    (*node)->st = st;
    (*node)->lower = fit__strdup(lower);
    if (S_ISREG(st.st_mode))
        (*node)->lower_size = st.st_size;
    if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
        (*node)->kept = true;                /* its other names must find it as it is then */
        fit__node_hold(*node);
    }
    if (S_ISLNK(st.st_mode))
        (*node)->target = fit__strdup(target);
    return 0;
}

struct fit__node *fit__node_hold(struct fit__node *node)
{
    node->references++;
    return node;
}

static void erase(struct fit__node *node)
{
    LIST_REMOVE(node, all);
    fit__content_drop(node);
    for (size_t i = 0; i < node->entry_count; i++)
        fit__free(node->entries[i].name);
    fit__free(node->entries);
    fit__free(node->locks);
    fit__free(node->lower);
    fit__free(node->name);
    fit__free(node->target);
    fit__free(node);
}

void fit__node_drop(struct fit__node *node)
{
    assert(node->references > 0);
    if (--node->references)
        return;
    fit__notify_gone(node);
    if (S_ISREG(node->st.st_mode))
        fit__disk_give((node->lower_size + FIT_PAGE - 1) / FIT_PAGE * FIT_PAGE);
    for (size_t i = 0; i < node->entry_count; i++)
        if (node->entries[i].node)
            fit__node_drop(node->entries[i].node);
    erase(node);
}

struct fit__node *fit__node_root(void)
{
    if (!tree.root) {
        int error = fit__node_find("/", &tree.root);
        assert(!error);
        fit__node_hold(tree.root);
        fit__given_files();
    }
    return tree.root;
}

void fit__nodes_forget(void)
{
    fit__disk_spoil(0, false);
    while (!LIST_EMPTY(&tree.nodes))
        erase(LIST_FIRST(&tree.nodes));
    tree.root = NULL;
    tree.next_inode = FIRST_INODE;
}

/* ---- directories ------------------------------------------------------------------------- */

static size_t place_of(const struct fit__node *dir, const char *name)
{
    size_t low = 0, high = dir->entry_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(dir->entries[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct fit__entry *entry_of(const struct fit__node *dir, const char *name)
{
    size_t place = place_of(dir, name);
    bool found = place < dir->entry_count && !strcmp(dir->entries[place].name, name);
    return found ? &dir->entries[place] : NULL;
}

/* Takes over nothing: it holds `node` itself. What was there before is dropped. */
static void set_entry(struct fit__node *dir, const char *name, struct fit__node *node)
{
    struct fit__entry *entry = entry_of(dir, name);
    if (node)
        fit__node_hold(node);
    if (entry) {
        if (entry->node)
            fit__node_drop(entry->node);
        entry->node = node;
        return;
    }
    if (dir->entry_count == dir->entry_room) {
        dir->entry_room = dir->entry_room ? 2 * dir->entry_room : 8;
        dir->entries = fit__resize(dir->entries, dir->entry_room * sizeof *entry);
    }
    size_t place = place_of(dir, name);
    entry = &dir->entries[place];
    memmove(entry + 1, entry, (dir->entry_count++ - place) * sizeof *entry);
    *entry = (struct fit__entry){ fit__strdup(name), node };
}

static void forget_entry(struct fit__node *dir, const char *name)
{
    struct fit__entry *entry = entry_of(dir, name);
    struct fit__node *node = entry->node;
    fit__free(entry->name);
    size_t place = (size_t)(entry - dir->entries);
    memmove(entry, entry + 1, (--dir->entry_count - place) * sizeof *entry);
    if (node)
        fit__node_drop(node);
}

static void settle(struct fit__node *node, struct fit__node *dir, const char *name)
{
    if (!S_ISDIR(node->st.st_mode))
        return;
    char *copy = fit__strdup(name);
    fit__free(node->name);
    node->name = copy;
    node->parent = dir;
}

int fit__node_lookup(struct fit__node *dir, const char *name, struct fit__node **node)
{
    char path[PATH_MAX];
    struct fit__entry *entry = entry_of(dir, name);
    *node = entry ? entry->node : NULL;
    if (entry)
        return *node ? 0 : -ENOENT;
    if (!dir->lower)
        return -ENOENT;
    int length = snprintf(path, sizeof path, "%s/%s", dir->lower[1] ? dir->lower : "", name);
    if (length >= (int)sizeof path)
        return -ENAMETOOLONG;
    int error = fit__node_find(path, node);
    if (error)
        return error;
    set_entry(dir, name, *node);
    settle(*node, dir, name);
    return 0;
}

void fit__node_enter(struct fit__node *dir, const char *name, struct fit__node *node)
{
    set_entry(dir, name, node);
    settle(node, dir, name);
    fit__node_touch(dir);
}

void fit__node_remove(struct fit__node *dir, const char *name)
{
    if (dir->lower)
        set_entry(dir, name, NULL);
    else
        forget_entry(dir, name);
    fit__node_touch(dir);
}

bool fit__node_path(const struct fit__node *dir, char *out, size_t size)
{
    char text[PATH_MAX];
    size_t start = sizeof text - 1;
    text[start] = '\0';
    for (; dir != tree.root; dir = dir->parent) {
        if (!dir->parent)
            return false;
        size_t length = strlen(dir->name);
        if (length + 1 > start)
            return false;
        start -= length;
        memcpy(text + start, dir->name, length);
        text[--start] = '/';
    }
    if (!text[start])
        text[--start] = '/';
    if (sizeof text - start > size)
        return false;
    memcpy(out, text + start, sizeof text - start);
    return true;
}

/* ---- who may ----------------------------------------------------------------------------- */

static bool in_group(gid_t group)
{
    gid_t groups[GROUPS_MAX];
    if ((gid_t)fit__raw(SYS_getegid) == group)
        return true;
    long count = fit__raw(SYS_getgroups, GROUPS_MAX, groups);
    for (long i = 0; i < count; i++)
        if (groups[i] == group)
            return true;
    return false;
}

int fit__node_may(const struct fit__node *node, int want)
{
    uid_t user = (uid_t)fit__raw(SYS_geteuid);
    if (!want)
        return 0;
    if ((want & W_OK) && !S_ISCHR(node->st.st_mode) && fit__disk_is_read_only())
        return -EROFS;
    if (node->lower && !node->changed && !S_ISLNK(node->st.st_mode))
        return (int)fit__raw(SYS_faccessat2, AT_FDCWD, node->lower, want, AT_EACCESS);
    if (user == 0)
        return (want & X_OK) && !S_ISDIR(node->st.st_mode) && !(node->st.st_mode & 0111)
                   ? -EACCES : 0;
    unsigned shift = user == node->st.st_uid ? 6 : in_group(node->st.st_gid) ? 3 : 0;
    return ((node->st.st_mode >> shift) & (unsigned)want) == (unsigned)want ? 0 : -EACCES;
}
