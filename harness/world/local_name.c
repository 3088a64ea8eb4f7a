/* local_name.c - names of AF_UNIX sockets. A path is a file of the world's own tree, so all that
 * works on files works on it; on the disk there is nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/world/local.h"

enum { NAME_START = offsetof(struct sockaddr_un, sun_path) };

static unsigned autobound;

void fit__local_names_restart(void)
{
    autobound = 0;
}

void fit__local_unname(struct fit__local *end)
{
    if (end->node)
        fit__node_drop(end->node);
    end->node = NULL;
}

static int create_path(struct fit__local *end, const char *path)
{
    struct fit__spot spot;
    /* Who has a name is told of a taken one before that. */
    if (end->name.size)
        return fit__spot_find(AT_FDCWD, path, 0, &spot) ? -EINVAL : -EADDRINUSE;
    int error = fit__node_make(path, S_IFSOCK | 0777, &end->node);
    return error == -EEXIST ? -EADDRINUSE : error;
}

static int find_path(const struct fit__local *whom, const char *path, struct fit__local **found)
{
    struct fit__local *end;
    struct fit__spot spot;
    int error = fit__spot_find(AT_FDCWD, path, FIT_FOLLOW, &spot);
    if (!error && !spot.foreign)
        error = fit__node_may(spot.node, W_OK);
    if (error)
        return error;
    TAILQ_FOREACH(end, &fit__locals, all)
        if (!spot.foreign && end->node == spot.node && end->file && end->host == whom->host)
            *found = end;
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
    int error = 0;
    *found = NULL;
    if (name->un.sun_path[0])
        error = find_path(whom, path_of(name, path), found);
    else
        *found = abstract_owner(whom->host, name);
    if (error)
        return error;
    if (!*found)
        return -ECONNREFUSED;
    return (*found)->socket.type == whom->socket.type ? 0 : -EPROTOTYPE;
}
