/* file.c - files of the real file system, for reading. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/objects.h"

enum { PRIVATE_NUMBERS = 1025 };             /* above all numbers that the world gives out */

enum kind { REAL, NOTHING /* /dev/null */, ENTROPY };
struct regular { enum kind kind; char *path; off_t offset; int real; /* a peer's, or -1 */ };

/* What libuv, libcurl and OpenSSL are known to read there. Contents are this machine's. */
static const char *const readable[] = {
    "/proc/self/exe", "/proc/self/stat", "/proc/self/status", "/proc/self/maps",
    "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/uptime", "/proc/loadavg",
    "/proc/version_signature", "/proc/self/cgroup", "/proc/sys/net/core/somaxconn",
    "/proc/sys/crypto/fips_enabled", "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/possible",
};

static void check_path(const char *path)
{
    if (strncmp(path, "/proc/", 6) && strncmp(path, "/sys/", 5))
        return;
    for (unsigned i = 0; i < sizeof readable / sizeof readable[0]; i++)
        if (!strcmp(path, readable[i]))
            return;
    if (!strncmp(path, "/sys/fs/cgroup/", 15))
        return;
    fit__unsupported("open", NULL, "this file below /proc or /sys is not simulated");
}

static enum kind kind_of(const char *path, int flags)
{
    if (!strcmp(path, "/dev/null"))
        return NOTHING;
    if (!strcmp(path, "/dev/urandom") || !strcmp(path, "/dev/random"))
        return ENTROPY;
    check_path(path);
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)))
        fit__unsupported("open for writing", NULL,
                         "real files can only be read in a world; write to memory or a pipe");
    return REAL;
}

/* A real descriptor of the file, or -errno. Only files and directories are let in. */
static int open_real(int dir, const char *path, int flags)
{
    struct stat st;
    int kept = flags & (O_DIRECTORY | O_NOFOLLOW);
    long real = fit__raw(SYS_openat, dir, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | kept, 0);
    if (real < 0)
        return (int)real;
    long error = fit__raw(SYS_fstat, real, &st);
    if (!error && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && strcmp(path, "/dev/null")) {
        fit__raw(SYS_close, real);
        fit__unsupported("open", NULL, "devices and named pipes are not simulated");
    }
    return (int)real;
}

static int put_in_table(struct regular *regular, struct fit__file *file, int real, int flags)
{
    int fd = fit__install(file, 0, !!(flags & O_CLOEXEC));
    if (fd < 0 || real < 0)
        return fd;
    if (fit__current->process->service) {
        fit__raw(SYS_dup3, real, fd, O_CLOEXEC);
    } else {
        regular->real = (int)fit__raw(SYS_fcntl, real, F_DUPFD_CLOEXEC, PRIVATE_NUMBERS);
        if (regular->real < 0)
            fit__unsupported("open", NULL, "too many files are open in peers");
    }
    return fd;
}

int fit__regular_open(int dir, const char *path, int flags)
{
    enum kind kind = kind_of(path, flags);
    int error = fit__room_for(1);
    if (error)
        return error;
    int real = kind == ENTROPY ? -1 : open_real(dir, kind == NOTHING ? "/dev/null" : path, flags);
    if (real < 0 && kind != ENTROPY)
        return real;
    struct regular *regular = fit__alloc(sizeof *regular);
    regular->kind = kind;
    regular->path = fit__strdup(path);
    regular->real = -1;
    struct fit__file *file = fit__file_new(&fit__regular_ops, regular,
                                           flags & (O_ACCMODE | O_NONBLOCK | O_APPEND));
    int fd = put_in_table(regular, file, real, flags);
    if (real >= 0)
        fit__raw(SYS_close, real);
    if (fd < 0)
        fit__file_release(file);
    return fd;
}

int fit__regular_real(struct fit__file *file, int fd)
{
    struct regular *regular = file->object;
    return regular->real >= 0 ? regular->real : fd;
}

static ssize_t read_entropy(const struct iovec *iov, int count)
{
    for (int i = 0; i < count; i++)
        fit__entropy(iov[i].iov_base, iov[i].iov_len);
    return (ssize_t)fit__iov_size(iov, count);
}

ssize_t fit__regular_readv(struct fit__file *file, int fd, const struct iovec *iov, int count,
                           off_t offset)
{
    struct regular *regular = file->object;
    if ((file->status_flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (regular->kind == NOTHING)
        return 0;
    if (regular->kind == ENTROPY)
        return read_entropy(iov, count);
    bool current = offset == -1;
    ssize_t result = fit__raw(SYS_preadv, fit__regular_real(file, fd), iov, count,
                              current ? regular->offset : offset, 0);
    if (current && result > 0)
        regular->offset += result;
    return result;
}

ssize_t fit__regular_writev(struct fit__file *file, const struct iovec *iov, int count)
{
    struct regular *regular = file->object;
    if ((file->status_flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (regular->kind == REAL)
        return -EBADF;
    return (ssize_t)fit__iov_size(iov, count);
}

off_t fit__regular_seek(struct fit__file *file, int fd, off_t offset, int whence)
{
    struct regular *regular = file->object;
    struct stat st;
    if (regular->kind != REAL)
        return 0;
    off_t base = 0;
    if (whence == SEEK_CUR)
        base = regular->offset;
    else if (whence == SEEK_END) {
        long error = fit__raw(SYS_fstat, fit__regular_real(file, fd), &st);
        if (error)
            return error;
        base = st.st_size;
    } else if (whence != SEEK_SET)
        return -EINVAL;
    if (base + offset < 0)
        return -EINVAL;
    return regular->offset = base + offset;
}

int fit__regular_fstat(struct fit__file *file, int fd, struct stat *st)
{
    struct regular *regular = file->object;
    if (regular->kind != ENTROPY)
        return (int)fit__raw(SYS_fstat, fit__regular_real(file, fd), st);
    memset(st, 0, sizeof *st);
    st->st_mode = S_IFCHR | 0666;
    st->st_nlink = 1;
    st->st_blksize = 4096;
    return 0;
}

static uint32_t regular_poll(struct fit__file *file)
{
    (void)file;
    return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
}

static void regular_release(struct fit__file *file)
{
    struct regular *regular = file->object;
    if (regular->real >= 0)
        fit__raw(SYS_close, regular->real);
    fit__free(regular->path);
    fit__free(regular);
}

static int regular_describe(struct fit__file *file, struct fit__info *info)
{
    struct regular *regular = file->object;
    info->class = FIT_C_FILE;
    snprintf(info->object, sizeof info->object, "%s", regular->path);
    snprintf(info->text, sizeof info->text, "file %s", regular->path);
    return 0;
}

const struct fit__file_ops fit__regular_ops = {
    .kind = "file", .poll = regular_poll, .release = regular_release,
    .describe = regular_describe,
};
