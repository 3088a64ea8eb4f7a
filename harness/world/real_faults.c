/* real_faults.c - what a sweep needs over the real kernel: a ledger of the descriptors of the code
 * under test, and faults that one end of a real connection can really make.
 *
 * A reset is a real one: a socket that is connected to nowhere sends RST to the other side. A
 * refused connection is one to a port where nobody listens. What needs the other side's help
 * (silence, delay) is left out: see fit__kernel.lacks. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/catalogue.h"
#include "fi/raw.h"
#include "fi/wrap.h"
#include "harness/world/calls.h"
#include "harness/world/inner.h"

enum { FIRST_NOTED = 3, DISCARDS_MAX = 1024 };

/* One number of the table. Numbers that share an open file have one each. */
struct held {
    int fd;
    bool edge;                           /* some epoll watches it with EPOLLET */
    bool ended;                          /* the other side counts as gone: nothing is read */
    bool empty, full;                    /* the next call gives EAGAIN */
    char peer[100];                      /* where connect() went to, or whom accept() took */
};

static struct fit__kernel below;         /* blocking done right, without ledger or faults */

/* ---- the ledger -------------------------------------------------------------------------- */

static int held_describe(struct fit__file *file, struct fit__info *info)
{
    return fit__kernel->describe(((struct held *)file->object)->fd, info);
}

static void held_release(struct fit__file *file) { fit__free(file->object); }

#define KIND(name) { .kind = name, .describe = held_describe, .release = held_release }
enum kind { SOCKET, PAIR, PIPE, EVENTFD, TIMERFD, EPOLL, INOTIFY, PLAIN };
static const struct fit__file_ops kinds[] = {
    [SOCKET] = KIND("socket"), [PAIR] = KIND("socketpair"), [PIPE] = KIND("pipe"),
    [EVENTFD] = KIND("eventfd"), [TIMERFD] = KIND("timerfd"), [EPOLL] = KIND("epoll"),
    [INOTIFY] = KIND("inotify"),
    [PLAIN] = KIND("file"),
};

static struct held *held_of(int fd)
{
    struct fit__file *file = fit__file_of(fd);
    return file ? file->object : NULL;
}

static int note(int fd, const struct fit__file_ops *kind)
{
    struct held *held;
    /* Standard streams that are put aside and back are no business of a ledger. */
    if (fd < FIRST_NOTED || !fit__current->process->service) return fd;
    held = fit__alloc(sizeof *held);
    held->fd = fd;
    fit__note(fd, fit__file_new(kind, held, 0), false);
    return fd;
}

static int note_two(int error, const int fds[2], enum kind kind)
{
    if (error < 0) return error;
    note(fds[0], &kinds[kind]);
    note(fds[1], &kinds[kind]);
    return error;
}

static int room(int count)
{
    return fit__current->process->service ? fit__room_for(count) : 0;
}

static int r_close(int fd)
{
    int error = below.close(fd);
    if (error != -EBADF) fit__unnote(fd);
    return error;
}

static const struct fit__file_ops *kind_of(int fd)
{
    const struct fit__file *file = fit__file_of(fd);
    return file ? file->ops : &kinds[PLAIN];
}

static int r_dup(int fd, int lowest, bool cloexec)
{
    int error = room(1);
    return error ? error : note(below.dup(fd, lowest, cloexec), kind_of(fd));
}

static int r_dup3(int from, int to, int flags)
{
    const struct fit__file_ops *kind = kind_of(from);
    return note(below.dup3(from, to, flags), kind);
}

static int r_socket(int domain, int type, int protocol)
{
    int error = room(1);
    return error ? error : note(below.socket(domain, type, protocol), &kinds[SOCKET]);
}

static int r_socketpair(int domain, int type, int protocol, int fds[2])
{
    int error = room(2);
    return error ? error : note_two(below.socketpair(domain, type, protocol, fds), fds, PAIR);
}

static int r_pipe(int fds[2], int flags)
{
    int error = room(2);
    return error ? error : note_two(below.pipe(fds, flags), fds, PIPE);
}

static int r_eventfd(unsigned initial, int flags)
{
    int error = room(1);
    return error ? error : note(below.eventfd(initial, flags), &kinds[EVENTFD]);
}

static int r_timerfd(int clock, int flags)
{
    int error = room(1);
    return error ? error : note(below.timerfd(clock, flags), &kinds[TIMERFD]);
}

static int r_epoll_create(int flags)
{
    int error = room(1);
    return error ? error : note(below.epoll_create(flags), &kinds[EPOLL]);
}

static int r_inotify_init(int flags)
{
    int error = room(1);
    return error ? error : note(below.inotify_init(flags), &kinds[INOTIFY]);
}

static int r_open(int dir, const char *path, int flags, mode_t mode)
{
    int error = room(1);
    return error ? error : note(below.open(dir, path, flags, mode), &kinds[PLAIN]);
}

static int r_accept(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    int error;
    fit__relieve_server();
    error = room(1);
    return error ? error : note(below.accept(fd, address, size, flags), &kinds[SOCKET]);
}

static int r_epoll_ctl(int ep, int operation, int fd, struct epoll_event *event)
{
    int error = below.epoll_ctl(ep, operation, fd, event);
    struct held *held = held_of(fd);
    if (!error && held && event && operation != EPOLL_CTL_DEL)
        held->edge = event->events & EPOLLET;
    return error;
}

/* ---- what a descriptor is ---------------------------------------------------------------- */

static int option_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    return fit__kernel_real.getsockopt(fd, level, option, &value, &size) < 0 ? -1 : value;
}

static bool is_tcp(int fd)
{
    int domain = option_of(fd, SOL_SOCKET, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6)
        && option_of(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM;
}

static bool is_connecting(int fd)
{
    struct tcp_info tcp = { 0 };
    socklen_t size = sizeof tcp;
    if (fit__kernel_real.getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &size) < 0) return false;
    return tcp.tcpi_state == TCP_SYN_SENT;
}

/* "127.0.0.1:6379" as it stands in the name of a case: with '/' before the port. */
static void name_object(char *out, size_t size, const char *peer)
{
    char *colon;
    snprintf(out, size, "%s", peer);
    if ((colon = strrchr(out, ':'))) *colon = '/';
}

static void describe_socket(int fd, const struct held *held, struct fit__info *info)
{
    struct pollfd state = { .fd = fd, .events = POLLOUT | POLLRDHUP };
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    char text[100] = "";
    fit__kernel_real.poll(&state, 1, 0);
    info->local = option_of(fd, SOL_SOCKET, SO_DOMAIN) == AF_UNIX;
    info->connecting = is_tcp(fd) && is_connecting(fd);
    info->edge_triggered = held && held->edge;
    info->peer_closed = state.revents & POLLRDHUP || (held && held->ended);
    info->broken = state.revents & (POLLERR | POLLHUP);
    info->writable = state.revents & POLLOUT ? INT_MAX : 0;
    if (held && held->peer[0])
        snprintf(text, sizeof text, "%s", held->peer);
    else if (fit__kernel_real.getpeername(fd, (void *)&peer, &size) >= 0)
        fit__address_text(text, sizeof text, (void *)&peer, size);
    if (text[0]) name_object(info->object, sizeof info->object, text);
    snprintf(info->text, sizeof info->text, "%s%s%s", is_tcp(fd) ? "tcp" : "socket",
             text[0] ? " -> " : "", text);
}

static int r_describe(int fd, struct fit__info *info)
{
    const struct held *held = held_of(fd);
    const struct fit__file_ops *kind = kind_of(fd);
    char link[64];
    long length;
    int error = fit__kernel_real.describe(fd, info);
    if (error < 0) return error;
    if (kind == &kinds[PAIR] || kind == &kinds[PIPE]) {
        info->class = FIT_C_PAIR;
        snprintf(info->text, sizeof info->text, "%s", kind->kind);
    } else if (info->class != FIT_C_FILE && info->class != FIT_C_PAIR) {
        describe_socket(fd, held, info);
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        length = fit__raw(SYS_readlinkat, AT_FDCWD, link, info->text, sizeof info->text - 1);
        if (length >= 0) info->text[length] = 0;
    }
    return 0;
}

/* ---- faults ------------------------------------------------------------------------------ */

static bool r_lacks(int fd, const struct fit__fact *fact)
{
    const struct held *held = fd < 0 ? NULL : held_of(fd);
    if (fact->family == FIT_WAIT && fact->effect == FIT_E_SPECIAL) return true;
    if (fact->what == FIT_W_NEVER) return true;
    if (fact->mode == FIT_DISK || fact->effect == FIT_E_UNDO) return true;
    if (fact->effect == FIT_E_EXHAUST) return true;
    if (fact->effect == FIT_E_AFFLICT
        && (fact->until != FIT_U_ONCE || fact->family == FIT_ACCEPT)) return true;
    if (fact->family == FIT_CONNECT && fact->effect == FIT_E_AFFLICT
        && fact->value != ECONNREFUSED) return true;
    if (fact->effect == FIT_E_AFFLICT && fact->affliction_value == EHOSTUNREACH) return true;
    if (fact->mode == FIT_DNS && fact->what != FIT_W_ERROR) return true;
    if (fact->what == FIT_W_DELAY || (fact->what == FIT_W_EOF && fact->family != FIT_READ))
        return true;
    if (fact->effect == FIT_E_CUT) return held && held->edge;
    if (fact->effect != FIT_E_AFFLICT) return false;
    if (!held || fact->affliction == FIT_A_SILENT) return true;
    if (fact->affliction == FIT_A_LATE || fact->affliction == FIT_A_FULL) return held->edge;
    return !is_tcp(fd);
}

static void forget_error(int fd)
{
    option_of(fd, SOL_SOCKET, SO_ERROR);
}

/* Connected to nowhere: Linux sends RST, drops what has arrived and leaves ECONNRESET. With both
 * directions shut down it is as after a reset from the other side. */
static void reset(int fd, int error)
{
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
    fit__kernel_real.connect(fd, &nowhere, sizeof nowhere);
    if (error == EPIPE) forget_error(fd);
    fit__kernel_real.shutdown(fd, SHUT_RDWR);
}

/* A socket that is bound and does not listen holds a port where everybody is refused. */
static int refuse(int fd)
{
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
    struct sockaddr_storage at = { .ss_family =
        (sa_family_t)option_of(fd, SOL_SOCKET, SO_DOMAIN) };
    struct sockaddr_in6 *in6 = (void *)&at;
    struct sockaddr_in *in = (void *)&at;
    socklen_t size = at.ss_family == AF_INET6 ? sizeof *in6 : sizeof *in;
    int deaf = fit__kernel_real.socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;
    if (deaf < 0) return deaf;
    if (at.ss_family == AF_INET6) in6->sin6_addr = in6addr_loopback;
    else in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    error = fit__kernel_real.bind(deaf, (void *)&at, size);
    if (!error) error = fit__kernel_real.getsockname(deaf, (void *)&at, &size);
    if (!error) {
        fit__kernel_real.connect(fd, &nowhere, sizeof nowhere);
        forget_error(fd);
        error = fit__kernel_real.connect(fd, (void *)&at, size);
    }
    fit__kernel_real.close(deaf);
    return error == -EINPROGRESS || error == -ECONNREFUSED ? 0 : error;
}

static int r_afflict(int fd, enum fit__affliction affliction, int64_t value)
{
    struct held *held = held_of(fd);
    if (!held) return -EOPNOTSUPP;
    switch (affliction) {
    case FIT_A_LATE: held->empty = true; return 0;
    case FIT_A_FULL: held->full = true; return 0;
    case FIT_A_EOF: held->ended = true; return fit__kernel_real.shutdown(fd, SHUT_RD);
    case FIT_A_RESET:
        held->empty = held->full = false;
        if (value == ECONNREFUSED) return refuse(fd);
        reset(fd, (int)value);
        return 0;
    default: return -EOPNOTSUPP;
    }
}

/* What the other side sends after its end is not there. */
static void discard(int fd)
{
    char bytes[4096];
    struct iovec one = { bytes, sizeof bytes };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1 };
    for (int i = 0; i < DISCARDS_MAX; i++)
        if (fit__kernel_real.recvmsg(fd, &message, MSG_DONTWAIT) <= 0) break;
}

/* True: the read that begins now gives EAGAIN. */
static bool finds_nothing(int fd)
{
    struct held *held = held_of(fd);
    bool empty = held && held->empty;
    if (!held) return false;
    if (held->ended) discard(fd);
    held->empty = false;
    return empty;
}

static bool finds_no_room(int fd)
{
    struct held *held = held_of(fd);
    bool full = held && held->full;
    if (full) held->full = false;
    return full;
}

static ssize_t r_readv(int fd, const struct iovec *iov, int count, off_t offset)
{
    return finds_nothing(fd) ? -EAGAIN : below.readv(fd, iov, count, offset);
}

static ssize_t r_recvmsg(int fd, struct msghdr *message, int flags)
{
    return finds_nothing(fd) ? -EAGAIN : below.recvmsg(fd, message, flags);
}

static ssize_t r_writev(int fd, const struct iovec *iov, int count, off_t offset)
{
    return finds_no_room(fd) ? -EAGAIN : below.writev(fd, iov, count, offset);
}

static ssize_t r_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return finds_no_room(fd) ? -EAGAIN : below.sendmsg(fd, message, flags);
}

static int r_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    struct held *held = held_of(fd);
    if (held && address && address->sa_family != AF_UNSPEC)
        fit__address_text(held->peer, sizeof held->peer, address, size);
    return below.connect(fd, address, size);
}

void fit__real_faults(struct fit__kernel *over)
{
    below = *over;
    over->close = r_close;
    over->dup = r_dup;
    over->dup3 = r_dup3;
    over->socket = r_socket;
    over->socketpair = r_socketpair;
    over->pipe = r_pipe;
    over->eventfd = r_eventfd;
    over->timerfd = r_timerfd;
    over->epoll_create = r_epoll_create;
    over->inotify_init = r_inotify_init;
    over->open = r_open;
    over->accept = r_accept;
    over->connect = r_connect;
    over->epoll_ctl = r_epoll_ctl;
    over->readv = r_readv;
    over->writev = r_writev;
    over->recvmsg = r_recvmsg;
    over->sendmsg = r_sendmsg;
    over->describe = r_describe;
    over->afflict = r_afflict;
    over->lacks = r_lacks;
    over->limit_descriptors = fit__call_limit_descriptors;
    over->unlimit_descriptors = fit__call_unlimit_descriptors;
    over->relieve_after = fit__call_relieve_after;
}
