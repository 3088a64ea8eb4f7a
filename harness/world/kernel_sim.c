/* kernel_sim.c - the simulated kernel as the wrappers see it: from descriptors to objects. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

#include "fi/raw.h"
#include "harness/world/calls.h"
#include "harness/world/dns.h"
#include "harness/world/files.h"

void fit__call_begins(void)
{
    fit__spend(FIT_CALL_NS);
}

bool fit__is_standard(int fd)
{
    return fd >= 0 && fd <= 2 && fit__current->process->service && !fit__file_of(fd);
}

long fit__idle(const char *call, int fd, long result)
{
    if (fit__current->process->service)
        fit__idle_call(call, fd);
    return result;
}

fit_ns fit__deadline(int64_t timeout_ns)
{
    return timeout_ns < 0 || timeout_ns >= FIT_NEVER - fit__now() ? FIT_NEVER
                                                                  : fit__now() + timeout_ns;
}

/* ---- descriptors ------------------------------------------------------------------------- */

/* As in Linux the number is free while close() waits. */
static int close_lingering(int fd, struct fit__file *file, fit_ns limit)
{
    fit_ns deadline = fit__deadline(limit);
    struct fit__waitq *queue = &file->queue;
    int over = 0;
    file->references++;
    fit__uninstall(fd);
    while (!over && !fit__tcp_has_arrived(file))
        over = fit__block_open("close", &queue, 1, deadline, false);
    fit__file_release(file);
    return 0;
}

static int sim_close(int fd)
{
    struct fit__file *file = fit__file_of(fd);
    fit_ns limit;
    fit__call_begins();
    if (file && file->references == 1 && fit__tcp_lingers(file, &limit))
        return close_lingering(fd, file, limit);
    if (!fit__is_standard(fd))
        return fit__uninstall(fd);
    fit__standard_covered(fd);
    return (int)fit__raw(SYS_close, fd);
}

static int sim_dup(int fd, int lowest, bool cloexec)
{
    struct fit__file *file = fit__file_of(fd);
    fit__call_begins();
    const bool standard = !file && fit__is_standard(fd);
    if (!file && !standard)
        return -EBADF;
    if (lowest < 0 || lowest >= fit__current->process->limit)
        return -EINVAL;
    int error = standard ? fit__standard_new(fd, &file) : 0;
    if (error)
        return error;
    if (!standard)
        file->references++;
    int to = fit__install(file, lowest, cloexec);
    if (to < 0)
        fit__file_release(file);
    return to;
}

static int sim_dup3(int from, int to, int flags)
{
    struct fit__file *file = fit__file_of(from);
    fit__call_begins();
    if ((flags & ~O_CLOEXEC) || from == to)
        return -EINVAL;
    const bool standard = !file && fit__is_standard(from);
    if (!file && !standard)
        return -EBADF;
    if (to >= 0 && to <= 2 && fit__current->process->service) {
        if (standard || file->ops == &fit__standard_ops)
            return fit__standard_put(file, from, to);
        if (fit__is_standard(to))
            fit__standard_covered(to);
    }
    int error = standard ? fit__standard_new(from, &file) : 0;
    if (error)
        return error;
    if (!standard)
        file->references++;
    int result = fit__install_at(file, to, !!(flags & O_CLOEXEC));
    if (result < 0)
        fit__file_release(file);
    return result;
}

static int set_status_flags(struct fit__file *file, long flags)
{
    const int changeable = O_APPEND | O_NONBLOCK | O_NOATIME;
    if (flags & (O_ASYNC | O_DIRECT))
        fit__unsupported("fcntl", NULL, "O_ASYNC and O_DIRECT are not simulated");
    file->status_flags = (file->status_flags & ~changeable) | (int)(flags & changeable);
    return 0;
}

static int sim_fcntl(int fd, int command, long argument)
{
    struct fit__slot *slot = fit__slot_of(fd);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        return sim_dup(fd, (int)argument, command == F_DUPFD_CLOEXEC);
    fit__call_begins();
    if (!slot && fit__is_standard(fd) && (command == F_GETFD || command == F_GETFL))
        return (int)fit__raw(SYS_fcntl, fd, command, argument);
    if (!slot && fit__is_standard(fd))
        return 0;            /* flags of streams that others share stay as they are */
    if (!slot)
        return -EBADF;
    bool pipe = slot->file->ops == &fit__pipe_reader_ops
                || slot->file->ops == &fit__pipe_writer_ops;
    switch (command) {
    case F_GETFD: return slot->cloexec ? FD_CLOEXEC : 0;
    case F_SETFD: slot->cloexec = !!(argument & FD_CLOEXEC); return 0;
    case F_GETFL: return slot->file->status_flags;
    case F_SETFL: return set_status_flags(slot->file, argument);
    case F_GETPIPE_SZ: return pipe ? 65536 : -EBADF;
    case F_SETLK: case F_SETLKW: case F_GETLK:
        return fit__call_record_lock(slot->file, command, (void *)argument);
    case F_SETPIPE_SZ: case F_SETOWN: case F_GETOWN:
    case F_SETSIG: case F_GETSIG: case F_ADD_SEALS: case F_GET_SEALS:
        fit__unsupported("fcntl", NULL, "this command is not simulated");
    default: return -EINVAL;
    }
}

static int sim_ioctl(int fd, unsigned long request, void *argument)
{
    struct fit__slot *slot = fit__slot_of(fd);
    int number;
    fit__call_begins();
    if (!slot && fit__is_standard(fd))
        return request == FIONBIO || request == FIOCLEX || request == FIONCLEX
                   ? 0 : (int)fit__raw(SYS_ioctl, fd, request, argument);
    if (!slot)
        return -EBADF;
    switch (request) {
    case FIOCLEX: slot->cloexec = true; return 0;
    case FIONCLEX: slot->cloexec = false; return 0;
    case FIONBIO:
        memcpy(&number, argument, sizeof number);
        if (number)
            slot->file->status_flags |= O_NONBLOCK;
        else
            slot->file->status_flags &= ~O_NONBLOCK;
        return 0;
    case FIONREAD:
        if (fit__tcp_listens(slot->file) || fit__local_listens(slot->file))
            return -EINVAL;
        if (!fit__counts_unread(slot->file))
            return -ENOTTY;
        number = slot->file->ops == &fit__regular_ops ? (int)fit__regular_unread(slot->file)
                                                      : (int)fit__unread(slot->file);
        memcpy(argument, &number, sizeof number);
        return 0;
    default: break;
    }
    if (fit__is_socket(slot->file) && request >= 0x8900 && request < 0x8a00)
        fit__unsupported("ioctl", NULL, "questions about network devices are not simulated");
    return -ENOTTY;
}

static off_t sim_lseek(int fd, off_t offset, int whence)
{
    struct fit__file *file = fit__file_of(fd);
    fit__call_begins();
    if (!file)
        return fit__is_standard(fd) ? fit__raw(SYS_lseek, fd, offset, whence) : -EBADF;
    if (file->ops == &fit__regular_ops)
        return fit__regular_seek(file, offset, whence);
    bool ignores = file->ops == &fit__eventfd_ops || file->ops == &fit__timerfd_ops
                   || file->ops == &fit__epoll_ops || file->ops == &fit__signalfd_ops
                   || file->ops == &fit__inotify_ops;
    return ignores ? 0 : -ESPIPE;
}

static int sim_fstat(int fd, struct stat *st)
{
    struct fit__file *file = fit__file_of(fd);
    fit__call_begins();
    if (!file)
        return fit__is_standard(fd) ? (int)fit__raw(SYS_fstat, fd, st) : -EBADF;
    if (file->ops == &fit__standard_ops)
        return fit__standard_fstat(file, st);
    if (file->ops == &fit__regular_ops) {
        fit__regular_fstat(file, st);
        return 0;
    }
    memset(st, 0, sizeof *st);
    st->st_nlink = 1;
    st->st_blksize = 4096;
    st->st_mode = fit__is_socket(file) ? S_IFSOCK | 0777 : 0600;
    if (file->ops == &fit__pipe_reader_ops || file->ops == &fit__pipe_writer_ops)
        st->st_mode = S_IFIFO | 0600;
    return 0;
}

/* ---- making descriptors ------------------------------------------------------------------ */

int fit__number(struct fit__file *file, bool cloexec)
{
    int fd = fit__install(file, 0, cloexec);
    if (fd < 0)
        fit__file_release(file);
    return fd;
}

int fit__number_two(struct fit__file *files[2], bool cloexec, int fds[2])
{
    fds[0] = fit__number(files[0], cloexec);
    fds[1] = fit__number(files[1], cloexec);
    if (fds[0] >= 0 && fds[1] >= 0)
        return 0;
    /* There was room for two: only the real table can have refused. */
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            fit__uninstall(fds[i]);
    return -EMFILE;
}

static int sim_pipe(int fds[2], int flags)
{
    struct fit__file *files[2];
    fit__call_begins();
    if (flags & O_DIRECT)
        fit__unsupported("pipe2", NULL, "packet mode (O_DIRECT) is not simulated");
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int error = fit__room_for(2);
    if (error)
        return error;
    fit__pipe_new(flags, files);
    return fit__number_two(files, !!(flags & O_CLOEXEC), fds);
}

static int sim_eventfd(unsigned initial, int flags)
{
    fit__call_begins();
    if (flags & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE))
        return -EINVAL;
    int error = fit__room_for(1);
    return error ? error : fit__number(fit__eventfd_new(initial, flags), !!(flags & EFD_CLOEXEC));
}

static int sim_timerfd(int clock, int flags)
{
    fit__call_begins();
    if ((flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
        || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME))
        return -EINVAL;
    int error = fit__room_for(1);
    return error ? error : fit__number(fit__timerfd_new(clock, flags), !!(flags & TFD_CLOEXEC));
}

static int sim_epoll_create(int flags)
{
    fit__call_begins();
    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    int error = fit__room_for(1);
    return error ? error : fit__number(fit__epoll_new(), !!(flags & EPOLL_CLOEXEC));
}

static int sim_open(int dir, const char *path, int flags, mode_t mode)
{
    fit__call_begins();
    return fit__regular_open(dir, path, flags, mode);
}

void fit__objects_reset(void)
{
    fit__tcp_forget_all();
    fit__datagram_forget_all();
    fit__local_forget_all();
    fit__dns_forget();
    fit__entropy_restart();
    fit__nodes_forget();
    fit__inotify_restart();
    fit__standards_restore();
}

/* ---- the table --------------------------------------------------------------------------- */

const struct fit__kernel fit__kernel_sim = {
    .close = sim_close, .dup = sim_dup, .dup3 = sim_dup3, .fcntl = sim_fcntl, .ioctl = sim_ioctl,
    .readv = fit__call_readv, .writev = fit__call_writev, .lseek = sim_lseek, .fstat = sim_fstat,
    .splice = fit__call_splice, .tee = fit__call_tee, .sendfile = fit__call_sendfile,
    .socket = fit__call_socket, .socketpair = fit__call_socketpair, .pipe = sim_pipe,
    .eventfd = sim_eventfd, .timerfd = sim_timerfd, .epoll_create = sim_epoll_create,
    .inotify_init = fit__call_inotify_init, .inotify_add = fit__call_inotify_add,
    .inotify_remove = fit__call_inotify_remove,
    .open = sim_open, .bind = fit__call_bind, .listen = fit__call_listen,
    .accept = fit__call_accept, .connect = fit__call_connect, .shutdown = fit__call_shutdown,
    .getsockname = fit__call_getsockname, .getpeername = fit__call_getpeername,
    .getsockopt = fit__call_getsockopt, .setsockopt = fit__call_setsockopt,
    .sendmsg = fit__call_sendmsg, .recvmsg = fit__call_recvmsg,
    .epoll_ctl = fit__call_epoll_ctl, .epoll_await = fit__call_epoll_await,
    .epoll_order = fit__call_epoll_order,
    .epoll_sparing = fit__call_epoll_sparing, .more_soon = fit__call_more_soon,
    .epoll_wait = fit__call_epoll_wait, .poll = fit__call_poll,
    .timerfd_settime = fit__call_timerfd_settime, .timerfd_gettime = fit__call_timerfd_gettime,
    .clock_gettime = fit__call_clock_gettime, .sleep = fit__call_sleep,
    .getrandom = fit__call_getrandom, .getaddrinfo = fit__call_getaddrinfo,
    .getnameinfo = fit__call_getnameinfo,
    .describe = fit__call_describe, .afflict = fit__call_afflict, .hold = fit__call_hold,
    .stat = fit__call_stat, .access = fit__call_access, .readlink = fit__call_readlink,
    .mkdir = fit__call_mkdir, .unlink = fit__call_unlink, .rename = fit__call_rename,
    .link = fit__call_link, .symlink = fit__call_symlink, .chmod = fit__call_chmod,
    .chown = fit__call_chown, .utimens = fit__call_utimens, .truncate = fit__call_truncate,
    .fallocate = fit__call_fallocate, .fsync = fit__call_fsync, .flock = fit__call_flock,
    .chdir = fit__call_chdir, .getcwd = fit__call_getcwd, .getdents = fit__call_getdents,
    .mmap = fit__call_mmap, .limit_disk = fit__disk_limit, .spoil_disk = fit__disk_spoil,
    .limit_descriptors = fit__call_limit_descriptors,
    .unlimit_descriptors = fit__call_unlimit_descriptors, .exhaust = fit__call_exhaust,
    .relieve_after = fit__call_relieve_after,
};
