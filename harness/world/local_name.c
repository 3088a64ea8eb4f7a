/* local_name.c - names of AF_UNIX sockets. A path is an entry of the world's own table: on the
 * disk there is nothing. The table holds a name until it is unlinked, like a folder. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/local.h"

enum { NAME_START = offsetof(struct sockaddr_un, sun_path) };

struct entry { struct entry *next; struct fit__host *host; struct fit__local *owner;
               char path[PATH_MAX]; };
static struct entry *entries;
static unsigned autobound;

/* ---- paths ------------------------------------------------------------------------------- */

static void drop_last(char *path, size_t *length)
{
    while (*length && path[--*length] != '/') { }
    path[*length] = 0;
}

/* Absolute, without "." and "..", and without asking the disk for links. */
static int absolute(const char *path, char out[PATH_MAX])
{
    size_t length = 0;
    out[0] = 0;
    if (*path != '/') {
        long size = fit__raw(SYS_getcwd, out, PATH_MAX);
        if (size < 0)
            return (int)size;
        length = strcmp(out, "/") ? strlen(out) : 0;
    }
    while (*path) {
        size_t part = strcspn(path, "/");
        if (part == 2 && !strncmp(path, "..", 2))
            drop_last(out, &length);
        else if (part && !(part == 1 && *path == '.')) {
            if (length + part + 2 > PATH_MAX)
                return -ENAMETOOLONG;
            out[length++] = '/';
            memcpy(out + length, path, part);
            length += part;
        }
        out[length] = 0;
        path += part + (path[part] == '/');
    }
    return 0;
}

static struct entry **entry_at(const struct fit__host *host, const char *path)
{
    char whole[PATH_MAX];
    struct entry **at;
    if (absolute(path, whole))
        return NULL;
    for (at = &entries; *at; at = &(*at)->next)
        if ((*at)->host == host && !strcmp((*at)->path, whole))
            return at;
    return NULL;
}

int fit__local_name_at(const char *path, bool remove)
{
    struct entry **at = entry_at(fit__current->process->host, path), *entry = at ? *at : NULL;
    if (!entry)
        return -ENOENT;
    if (remove) {
        *at = entry->next;
        fit__free(entry);
    }
    return 0;
}

void fit__local_names_drop(void)
{
    for (struct entry *next; entries; entries = next) {
        next = entries->next;
        fit__free(entries);
    }
    autobound = 0;
}

void fit__local_unname(struct fit__local *end)
{
    for (struct entry *entry = entries; entry; entry = entry->next)
        if (entry->owner == end)
            entry->owner = NULL;
}

/* Is there something on the disk? 0 or -errno. */
static int on_disk(const char *path, struct stat *st)
{
    return (int)fit__raw(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

/* The folder must be there, and nothing of that name in it. */
static int may_create(const char *path)
{
    char folder[PATH_MAX];
    struct stat st;
    int error = on_disk(path, &st);
    if (!error)
        return -EADDRINUSE;
    if (error != -ENOENT)
        return error;
    if (absolute(path, folder))
        return -ENAMETOOLONG;
    size_t length = strlen(folder);
    drop_last(folder, &length);
    return on_disk(length ? folder : "/", &st);
}

static int create_path(struct fit__local *end, const char *path)
{
    if (entry_at(end->host, path))
        return -EADDRINUSE;
    int error = may_create(path);
    if (error)
        return error;
    struct entry *entry = fit__alloc(sizeof *entry);
    error = absolute(path, entry->path);
    if (error || end->name.size) {
        fit__free(entry);
        return error ? error : -EINVAL;
    }
    entry->host = end->host;
    entry->owner = end;
    entry->next = entries;
    entries = entry;
    return 0;
}

/* ---- addresses --------------------------------------------------------------------------- */

int fit__local_check(const struct sockaddr *address, socklen_t size, struct fit__local_name *name)
{
    *name = (struct fit__local_name){ .size = size };
    if (size <= NAME_START || size > sizeof name->un)
        return -EINVAL;
    memcpy(&name->un, address, size);
    if (name->un.sun_family != AF_UNIX)
        return -EINVAL;
    if (!name->un.sun_path[0])
        return 0;
    /* A path ends at its first NUL, which counts, even where there is no room for it. */
    size_t length = strnlen(name->un.sun_path, size - NAME_START);
    memset(name->un.sun_path + length, 0, sizeof name->un.sun_path - length);
    name->size = (socklen_t)(NAME_START + length + 1);
    return 0;
}

/* As text: a path may fill its whole field, without a NUL. */
static const char *path_of(const struct fit__local_name *name, char out[sizeof name->un])
{
    snprintf(out, sizeof name->un, "%.*s", (int)sizeof name->un.sun_path, name->un.sun_path);
    return out;
}

static struct fit__local *abstract_owner(const struct fit__host *host,
                                         const struct fit__local_name *name)
{
    struct fit__local *end;
    TAILQ_FOREACH(end, &fit__locals, all)
        if (end->file && end->host == host && end->name.size == name->size
            && !memcmp(&end->name.un, &name->un, name->size))
            return end;
    return NULL;
}

static void autobind(struct fit__local *end)
{
    char digits[6];
    do {
        end->name = (struct fit__local_name){ .size = NAME_START + 6, .un.sun_family = AF_UNIX };
        snprintf(digits, sizeof digits, "%05x", ++autobound);
        memcpy(end->name.un.sun_path + 1, digits, 5);
    } while (abstract_owner(end->host, &end->name) != end && autobound < 0xfffff);
}

int fit__local_bind(struct fit__file *file, const struct sockaddr *address, socklen_t size)
{
    struct fit__local *end = fit__local_of(file);
    struct fit__local_name name;
    char path[sizeof name.un];
    if (size == NAME_START && address->sa_family == AF_UNIX) {
        if (!end->name.size)
            autobind(end);
        return 0;
    }
    int error = fit__local_check(address, size, &name);
    if (error)
        return error;
    if (name.un.sun_path[0])
        error = create_path(end, path_of(&name, path));
    else if (end->name.size)
        error = -EINVAL;
    else if (abstract_owner(end->host, &name))
        error = -EADDRINUSE;
    if (!error)
        end->name = name;
    return error;
}

int fit__local_find(const struct fit__local *whom, const struct fit__local_name *name,
                    struct fit__local **found)
{
    char path[sizeof name->un];
    struct stat st;
    *found = NULL;
    if (name->un.sun_path[0]) {
        struct entry **at = entry_at(whom->host, path_of(name, path));
        if (!at) {
            int error = on_disk(path, &st);
            return error ? error : -ECONNREFUSED;
        }
        *found = (*at)->owner;
    } else {
        *found = abstract_owner(whom->host, name);
    }
    if (!*found)
        return -ECONNREFUSED;
    return (*found)->socket.type == whom->socket.type ? 0 : -EPROTOTYPE;
}
