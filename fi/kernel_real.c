/* The real kernel, by raw system calls. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fi/kernel.h"
#include "fi/raw.h"
#include "fi/wrap.h"

enum { SIGSET_SIZE = _NSIG / 8 };
#define SECOND INT64_C(1000000000)

static int k_close(int fd) { return (int)fit__raw(SYS_close, fd); }

static int k_dup(int fd, int lowest, bool cloexec)
{
    return (int)fit__raw(SYS_fcntl, fd, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, lowest);
}

static int k_dup3(int from, int to, int flags) { return (int)fit__raw(SYS_dup3, from, to, flags); }

static int k_fcntl(int fd, int command, long argument)
{
    return (int)fit__raw(SYS_fcntl, fd, command, argument);
}

static int k_ioctl(int fd, unsigned long request, void *argument)
{
    return (int)fit__raw(SYS_ioctl, fd, request, argument);
}

static ssize_t k_readv(int fd, const struct iovec *iov, int count, off_t offset)
{
    if (offset < 0) return fit__raw(SYS_readv, fd, iov, count);
    return fit__raw(SYS_preadv, fd, iov, count, offset, 0);
}

static ssize_t k_writev(int fd, const struct iovec *iov, int count, off_t offset)
{
    if (offset < 0) return fit__raw(SYS_writev, fd, iov, count);
    return fit__raw(SYS_pwritev, fd, iov, count, offset, 0);
}

static ssize_t k_splice(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size,
                        unsigned flags)
{
    return fit__raw(SYS_splice, in, in_offset, out, out_offset, size, flags);
}

static ssize_t k_tee(int in, int out, size_t size, unsigned flags)
{
    return fit__raw(SYS_tee, in, out, size, flags);
}

static ssize_t k_sendfile(int out, int in, off_t *offset, size_t size)
{
    return fit__raw(SYS_sendfile, out, in, offset, size);
}

static off_t k_lseek(int fd, off_t offset, int whence)
{
    return fit__raw(SYS_lseek, fd, offset, whence);
}

static int k_fstat(int fd, struct stat *st) { return (int)fit__raw(SYS_fstat, fd, st); }

/* ---- making ------------------------------------------------------------------------------ */

static int k_socket(int domain, int type, int protocol)
{
    return (int)fit__raw(SYS_socket, domain, type, protocol);
}

static int k_socketpair(int domain, int type, int protocol, int fds[2])
{
    return (int)fit__raw(SYS_socketpair, domain, type, protocol, fds);
}

static int k_pipe(int fds[2], int flags) { return (int)fit__raw(SYS_pipe2, fds, flags); }
static int k_eventfd(unsigned n, int flags) { return (int)fit__raw(SYS_eventfd2, n, flags); }
static int k_timerfd(int clock, int flags)
{
    return (int)fit__raw(SYS_timerfd_create, clock, flags);
}
static int k_epoll_create(int flags) { return (int)fit__raw(SYS_epoll_create1, flags); }

static int k_inotify_init(int flags) { return (int)fit__raw(SYS_inotify_init1, flags); }

static int k_inotify_add(int fd, const char *path, uint32_t mask)
{
    return (int)fit__raw(SYS_inotify_add_watch, fd, path, mask);
}

static int k_inotify_remove(int fd, int watch)
{
    return (int)fit__raw(SYS_inotify_rm_watch, fd, watch);
}

static int k_open(int dir, const char *path, int flags, mode_t mode)
{
    return (int)fit__raw(SYS_openat, dir, path, flags, mode);
}

/* ---- files by path ----------------------------------------------------------------------- */

static int k_stat(int dir, const char *path, struct stat *st, int flags)
{
    return (int)fit__raw(SYS_newfstatat, dir, path, st, flags);
}

/* The older call has no flags; Linux before 5.8 has only that. */
static int k_access(int dir, const char *path, int mode, int flags)
{
    if (!flags) return (int)fit__raw(SYS_faccessat, dir, path, mode);
    return (int)fit__raw(SYS_faccessat2, dir, path, mode, flags);
}

static ssize_t k_readlink(int dir, const char *path, char *out, size_t size)
{
    return fit__raw(SYS_readlinkat, dir, path, out, size);
}

static int k_mkdir(int dir, const char *path, mode_t mode)
{
    return (int)fit__raw(SYS_mkdirat, dir, path, mode);
}

static int k_unlink(int dir, const char *path, int flags)
{
    return (int)fit__raw(SYS_unlinkat, dir, path, flags);
}

static int k_rename(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return (int)fit__raw(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

static int k_link(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return (int)fit__raw(SYS_linkat, from_dir, from, to_dir, to, flags);
}

static int k_symlink(const char *target, int dir, const char *path)
{
    return (int)fit__raw(SYS_symlinkat, target, dir, path);
}

static int k_chmod(int dir, const char *path, mode_t mode, int flags)
{
    if (!path) return (int)fit__raw(SYS_fchmod, dir, mode);
    return flags ? -EOPNOTSUPP : (int)fit__raw(SYS_fchmodat, dir, path, mode);
}

static int k_chown(int dir, const char *path, uid_t user, gid_t group, int flags)
{
    if (!path) return (int)fit__raw(SYS_fchown, dir, user, group);
    return (int)fit__raw(SYS_fchownat, dir, path, user, group, flags);
}

static int k_utimens(int dir, const char *path, const struct timespec times[2], int flags)
{
    return (int)fit__raw(SYS_utimensat, dir, path, times, flags);
}

static int k_truncate(int dir, const char *path, off_t size)
{
    return (int)(path ? fit__raw(SYS_truncate, path, size) : fit__raw(SYS_ftruncate, dir, size));
}

static int k_chdir(int dir, const char *path)
{
    return (int)(path ? fit__raw(SYS_chdir, path) : fit__raw(SYS_fchdir, dir));
}

static int k_getcwd(char *out, size_t size) { return (int)fit__raw(SYS_getcwd, out, size); }

static int k_fallocate(int fd, int mode, off_t from, off_t size)
{
    return (int)fit__raw(SYS_fallocate, fd, mode, from, size);
}

static int k_fsync(int fd) { return (int)fit__raw(SYS_fsync, fd); }
static int k_flock(int fd, int operation) { return (int)fit__raw(SYS_flock, fd, operation); }

static ssize_t k_getdents(int fd, void *out, size_t size)
{
    return fit__raw(SYS_getdents64, fd, out, size);
}

static long k_mmap(void *start, size_t size, int protection, int flags, int fd, off_t offset)
{
    return fit__raw(SYS_mmap, start, size, protection, flags, fd, offset);
}

/* ---- sockets ----------------------------------------------------------------------------- */

static int k_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    return (int)fit__raw(SYS_bind, fd, address, size);
}

static int k_listen(int fd, int backlog) { return (int)fit__raw(SYS_listen, fd, backlog); }

static int k_accept(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    return (int)fit__raw(SYS_accept4, fd, address, size, flags);
}

static int k_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return (int)fit__raw(SYS_connect, fd, address, size);
}

static int k_shutdown(int fd, int how) { return (int)fit__raw(SYS_shutdown, fd, how); }

static int k_getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
    return (int)fit__raw(SYS_getsockname, fd, address, size);
}

static int k_getpeername(int fd, struct sockaddr *address, socklen_t *size)
{
    return (int)fit__raw(SYS_getpeername, fd, address, size);
}

static int k_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
    return (int)fit__raw(SYS_getsockopt, fd, level, option, value, size);
}

static int k_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    return (int)fit__raw(SYS_setsockopt, fd, level, option, value, size);
}

static ssize_t k_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return fit__raw(SYS_sendmsg, fd, message, flags);
}

static ssize_t k_recvmsg(int fd, struct msghdr *message, int flags)
{
    return fit__raw(SYS_recvmsg, fd, message, flags);
}

/* ---- waiting ----------------------------------------------------------------------------- */

static int k_epoll_ctl(int ep, int operation, int fd, struct epoll_event *event)
{
    return (int)fit__raw(SYS_epoll_ctl, ep, operation, fd, event);
}

static int k_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
    struct timespec limit = { timeout_ns / SECOND, timeout_ns % SECOND };
    return (int)fit__raw(SYS_ppoll, fds, count, timeout_ns < 0 ? NULL : &limit, NULL,
                         SIGSET_SIZE);
}

/* An epoll descriptor is readable when it has something to report. */
static int k_epoll_await(int ep, int64_t timeout_ns)
{
    struct pollfd one = { .fd = ep, .events = POLLIN };
    int ready = k_poll(&one, 1, timeout_ns);
    if (ready <= 0) return ready;
    return one.revents & POLLNVAL ? -EBADF : FIT_READY;
}

static int k_epoll_wait(int ep, struct epoll_event *events, int most, int64_t timeout_ns)
{
    int64_t ms = timeout_ns < 0 ? -1 : (timeout_ns + 999999) / 1000000;
    return (int)fit__raw(SYS_epoll_pwait, ep, events, most, ms > INT32_MAX ? INT32_MAX : ms,
                         NULL, SIGSET_SIZE);
}

static int k_timerfd_settime(int fd, int flags, const struct itimerspec *value,
                             struct itimerspec *old)
{
    return (int)fit__raw(SYS_timerfd_settime, fd, flags, value, old);
}

static int k_timerfd_gettime(int fd, struct itimerspec *value)
{
    return (int)fit__raw(SYS_timerfd_gettime, fd, value);
}

/* ---- time, entropy, names ---------------------------------------------------------------- */

static int k_clock_gettime(clockid_t clock, struct timespec *now)
{
    return (int)fit__raw(SYS_clock_gettime, clock, now);
}

static int k_sleep(int64_t ns)
{
    struct timespec time = { ns / SECOND, ns % SECOND };
    return (int)fit__raw(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
}

static ssize_t k_getrandom(void *buffer, size_t size, unsigned flags)
{
    return fit__raw(SYS_getrandom, buffer, size, flags);
}

static int k_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **result)
{
    return FIT_NEXT(getaddrinfo)(node, service, hints, result);
}

static int k_getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
                         socklen_t host_size, char *service, socklen_t service_size, int flags)
{
    return FIT_NEXT(getnameinfo)(address, size, host, host_size, service, service_size, flags);
}

/* ---- for faults -------------------------------------------------------------------------- */

static int number_option(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    return k_getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

static enum fit__class socket_class(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (number_option(fd, SO_TYPE) != SOCK_STREAM) return FIT_C_DATAGRAM;
    if (number_option(fd, SO_ACCEPTCONN) > 0) return FIT_C_LISTENER;
    return k_getpeername(fd, (struct sockaddr *)&peer, &size) < 0 ? FIT_C_SOCKET : FIT_C_STREAM;
}

static int k_describe(int fd, struct fit__info *info)
{
    struct stat st;
    int error = k_fstat(fd, &st), readable = 0;
    if (error < 0) return error;
    memset(info, 0, sizeof *info);
    if (S_ISSOCK(st.st_mode)) info->class = socket_class(fd);
    else info->class = S_ISFIFO(st.st_mode) ? FIT_C_PAIR : FIT_C_FILE;
    info->nonblocking = k_fcntl(fd, F_GETFL, 0) & O_NONBLOCK;
    struct pollfd one = { .fd = fd, .events = POLLIN };
    if (info->class == FIT_C_LISTENER) readable = k_poll(&one, 1, 0);
    else if (k_ioctl(fd, FIONREAD, &readable) < 0) readable = 0;
    if (readable > 0) info->readable = (size_t)readable;
    snprintf(info->object, sizeof info->object, "%s",
             S_ISSOCK(st.st_mode) ? "socket" : S_ISFIFO(st.st_mode) ? "pipe" : "file");
    snprintf(info->text, sizeof info->text, "%s %d", info->object, fd);
    return 0;
}

/* The real other side cannot be made to do anything. */
static int k_afflict(int fd, enum fit__affliction affliction, int64_t value)
{
    (void)fd; (void)affliction; (void)value;
    return -EOPNOTSUPP;
}

static void k_hold(int64_t ns) { (void)ns; }

static struct rlimit usual;

/* Linux looks at the number that a new descriptor would get, not at how many there are. */
static void k_limit_descriptors(bool until_close)
{
    (void)until_close;
    if (!usual.rlim_max) fit__raw(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &usual);
    long next = fit__raw(SYS_fcntl, 2, F_DUPFD, 0);
    if (next < 0) return;
    fit__raw(SYS_close, next);
    struct rlimit limit = { (rlim_t)next, usual.rlim_max };
    fit__raw(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
}

static void k_unlimit_descriptors(void)
{
    if (usual.rlim_max) fit__raw(SYS_prlimit64, 0, RLIMIT_NOFILE, &usual, NULL);
}

/* The real disk is everybody's. */
static void k_limit_disk(int64_t bytes) { (void)bytes; }
static void k_spoil_disk(int error, bool until_free) { (void)error; (void)until_free; }

/* Nothing is made scarce for the rest of the machine. */
static void k_exhaust(enum fit__resource what) { (void)what; }

static void k_relieve_after(enum fit__resource what, int64_t ns) { (void)what; (void)ns; }

const struct fit__kernel fit__kernel_real = {
    .close = k_close, .dup = k_dup, .dup3 = k_dup3, .fcntl = k_fcntl, .ioctl = k_ioctl,
    .readv = k_readv, .writev = k_writev, .splice = k_splice, .tee = k_tee,
    .sendfile = k_sendfile, .lseek = k_lseek, .fstat = k_fstat,
    .socket = k_socket, .socketpair = k_socketpair, .pipe = k_pipe, .eventfd = k_eventfd,
    .timerfd = k_timerfd, .epoll_create = k_epoll_create, .open = k_open,
    .inotify_init = k_inotify_init, .inotify_add = k_inotify_add,
    .inotify_remove = k_inotify_remove,
    .bind = k_bind, .listen = k_listen, .accept = k_accept, .connect = k_connect,
    .shutdown = k_shutdown, .getsockname = k_getsockname, .getpeername = k_getpeername,
    .getsockopt = k_getsockopt, .setsockopt = k_setsockopt, .sendmsg = k_sendmsg,
    .recvmsg = k_recvmsg,
    .epoll_ctl = k_epoll_ctl, .epoll_await = k_epoll_await, .epoll_wait = k_epoll_wait,
    .poll = k_poll, .timerfd_settime = k_timerfd_settime, .timerfd_gettime = k_timerfd_gettime,
    .clock_gettime = k_clock_gettime, .sleep = k_sleep, .getrandom = k_getrandom,
    .getaddrinfo = k_getaddrinfo, .getnameinfo = k_getnameinfo,
    .describe = k_describe, .afflict = k_afflict, .hold = k_hold,
    .stat = k_stat, .access = k_access, .readlink = k_readlink, .mkdir = k_mkdir,
    .unlink = k_unlink, .rename = k_rename, .link = k_link, .symlink = k_symlink,
    .chmod = k_chmod, .chown = k_chown, .utimens = k_utimens, .truncate = k_truncate,
    .chdir = k_chdir, .getcwd = k_getcwd, .fallocate = k_fallocate, .fsync = k_fsync,
    .flock = k_flock, .getdents = k_getdents, .mmap = k_mmap, .limit_disk = k_limit_disk,
    .spoil_disk = k_spoil_disk,
    .limit_descriptors = k_limit_descriptors, .unlimit_descriptors = k_unlimit_descriptors,
    .exhaust = k_exhaust, .relieve_after = k_relieve_after,
};
