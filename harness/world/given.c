/* given.c - files that are the same on every machine, and what may be read of /proc and /sys. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/files.h"

/* What decides how names are found. The name server is the world's own. */
static const struct { const char *name, *text; } given[] = {
    { "hosts", "127.0.0.1\tlocalhost\n"
               "::1\tlocalhost ip6-localhost ip6-loopback\n" },
    { "resolv.conf", "nameserver 10.0.0.1\n" },
    { "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"
                       "services: files\nprotocols: files\n" },
};

static void put_text(struct fit__node *node, const char *text, size_t size)
{
    struct iovec one = { (void *)(uintptr_t)text, size };
    fit__content_write(node, &one, 1, 0);
}

void fit__given_files(void)
{
    struct fit__node *etc;
    if (fit__node_lookup(fit__node_root(), "etc", &etc) || !S_ISDIR(etc->st.st_mode))
        return;
    struct stat before = etc->st;
    for (unsigned i = 0; i < sizeof given / sizeof given[0]; i++) {
        struct fit__node *node = fit__node_new(etc, S_IFREG | 0644);
        put_text(node, given[i].text, strlen(given[i].text));
        node->st.st_uid = node->st.st_gid = 0;
        node->st.st_nlink = 1;
        node->st.st_atim = node->st.st_mtim = node->st.st_ctim
            = (struct timespec){ FIT_REALTIME_START_S, 0 };
        fit__node_enter(etc, given[i].name, node);
    }
    etc->st = before;
}

/* ---- /proc and /sys ---------------------------------------------------------------------- */

/* What libuv, libcurl and OpenSSL are known to read there. Contents are this machine's. */
static const char *const readable[] = {
    "/proc/self/stat", "/proc/self/status", "/proc/self/maps", "/proc/self/cgroup",
    "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/uptime", "/proc/loadavg",
    "/proc/version_signature", "/proc/sys/net/core/somaxconn", "/proc/sys/crypto/fips_enabled",
    "/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible",
};

/* What the world has limits of its own for. */
static const struct { const char *path; int value; } limits[] = {
    { "/proc/sys/fs/inotify/max_queued_events", FIT_INOTIFY_QUEUE },
    { "/proc/sys/fs/inotify/max_user_instances", FIT_INOTIFY_INSTANCES },
    { "/proc/sys/fs/inotify/max_user_watches", FIT_INOTIFY_WATCHES },
};

static struct fit__node *limit_file(const char *path)
{
    char text[16];
    for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (!strcmp(path, limits[i].path)) {
            struct fit__node *node = fit__node_new(NULL, S_IFREG | 0444);
            int size = snprintf(text, sizeof text, "%d\n", limits[i].value);
            put_text(node, text, (size_t)size);
            node->st.st_nlink = 1;
            return node;
        }
    return NULL;
}

static bool is_readable(const char *path)
{
    for (unsigned i = 0; i < sizeof readable / sizeof readable[0]; i++)
        if (!strcmp(path, readable[i]))
            return true;
    return !strncmp(path, "/sys/fs/cgroup/", 15);
}

/* All of it at once: such a file says something new each time it is opened. */
static int slurp(long real, struct fit__node *node)
{
    char *part = fit__alloc(FIT_PAGE);
    off_t size = 0;
    long got;
    while ((got = fit__raw(SYS_read, real, part, FIT_PAGE)) > 0) {
        struct iovec one = { part, (size_t)got };
        ssize_t put = fit__content_write(node, &one, 1, size);
        if (put < 0)
            got = put;
        if (put <= 0)
            break;
        size += put;
    }
    fit__free(part);
    return (int)got;
}

int fit__given_system_file(const char *path, struct fit__node **node)
{
    struct stat st;
    *node = limit_file(path);
    if (*node)
        return 0;
    if (!is_readable(path))
        fit__path_unsupported("open");
    long real = fit__raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (real < 0)
        return (int)real;
    int64_t room = fit__disk_free();
    fit__disk_limit(-1);
    *node = fit__node_new(NULL, S_IFREG | 0444);
    int error = slurp(real, *node);
    fit__disk_limit(room);
    for (size_t i = 0; i < (*node)->page_count; i++)
        (*node)->pages[i].charged = false;
    if (!fit__raw(SYS_fstat, real, &st))
        (*node)->st = (struct stat){ .st_mode = st.st_mode, .st_ino = st.st_ino,
            .st_dev = st.st_dev, .st_nlink = 1, .st_size = (*node)->st.st_size,
            .st_blksize = FIT_PAGE };
    fit__raw(SYS_close, real);
    if (error) {
        fit__node_hold(*node);
        fit__node_drop(*node);
    }
    return error;
}
