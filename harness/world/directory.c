/* directory.c - what is in a directory: the real names and those of the world, as one list. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/files.h"

enum { ROUND = 32768 };

static bool is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Each name of the real directory becomes an entry, as if someone had looked it up. */
static int look_up_all(struct fit__node *dir)
{
    struct fit__node *node;
    if (!dir->lower)
        return 0;
    long real = fit__raw(SYS_openat, AT_FDCWD, dir->lower, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (real < 0)
        return (int)real;
    char *buffer = fit__alloc(ROUND);
    long got;
    while ((got = fit__raw(SYS_getdents64, real, buffer, ROUND)) > 0)
        for (long at = 0; at < got; ) {
            const struct dirent64 *one = (const void *)(buffer + at);
            if (!is_dots(one->d_name))
                (void)fit__node_lookup(dir, one->d_name, &node);
            at += one->d_reclen;
        }
    fit__free(buffer);
    fit__raw(SYS_close, real);
    return (int)got;
}

static size_t put(char *list, size_t at, const char *name, const struct fit__node *node)
{
    size_t length = strlen(name) + 1;
    size_t size = (offsetof(struct dirent64, d_name) + length + 7) & ~(size_t)7;
    if (list) {
        struct dirent64 *one = (void *)(list + at);
        one->d_ino = node->st.st_ino;
        one->d_off = (off64_t)(at + size);
        one->d_reclen = (unsigned short)size;
        one->d_type = (unsigned char)IFTODT(node->st.st_mode);
        memcpy(one->d_name, name, length);
    }
    return at + size;
}

/* In the order of their names: any order would be true, and this one is everywhere the same. */
static size_t put_all(const struct fit__node *dir, char *list)
{
    size_t size = put(list, 0, ".", dir);
    size = put(list, size, "..", dir->parent ? dir->parent : dir);
    for (size_t i = 0; i < dir->entry_count; i++)
        if (dir->entries[i].node)
            size = put(list, size, dir->entries[i].name, dir->entries[i].node);
    return size;
}

int fit__directory_list(struct fit__node *dir, char **entries, size_t *size)
{
    int error = look_up_all(dir);
    if (error)
        return error;
    *size = put_all(dir, NULL);
    *entries = fit__alloc(*size);
    put_all(dir, *entries);
    return 0;
}

bool fit__directory_empty(struct fit__node *dir)
{
    if (look_up_all(dir))
        return false;
    for (size_t i = 0; i < dir->entry_count; i++)
        if (dir->entries[i].node)
            return false;
    return true;
}
