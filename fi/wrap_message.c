/* send, recv and their like: messages over sockets. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "fi/wrap.h"

void __chk_fail(void) __attribute__((noreturn));

static const struct { int flag; const char *name; } flag_names[] = {
    { MSG_OOB, "MSG_OOB" },           { MSG_PEEK, "MSG_PEEK" },
    { MSG_DONTWAIT, "MSG_DONTWAIT" }, { MSG_WAITALL, "MSG_WAITALL" },
    { MSG_NOSIGNAL, "MSG_NOSIGNAL" }, { MSG_MORE, "MSG_MORE" },
    { MSG_TRUNC, "MSG_TRUNC" },       { MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC" },
};

static const char *flags_text(char *out, size_t size, int flags)
{
    size_t used = 0;
    for (size_t i = 0; i < sizeof flag_names / sizeof flag_names[0] && used < size; i++) {
        if (!(flags & flag_names[i].flag)) continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "|" : "",
                                 flag_names[i].name);
        flags &= ~flag_names[i].flag;
    }
    if ((flags || !used) && used < size)
        snprintf(out + used, size - used, used ? "|%#x" : flags ? "%#x" : "%d", flags);
    return out;
}

static void trace_message(const struct fit__call *c, const struct msghdr *message, int flags,
                          size_t moved, size_t wanted, long result)
{
    char bytes[160], words[128], address[128] = "";
    fit__quote_vector(bytes, sizeof bytes, message->msg_iov, (int)message->msg_iovlen, moved);
    flags_text(words, sizeof words, flags);
    if (message->msg_name && message->msg_namelen && (result >= 0 || wanted == moved)) {
        address[0] = ',';
        address[1] = ' ';
        fit__address_text(address + 2, sizeof address - 2, message->msg_name,
                          message->msg_namelen);
    }
    fit__traced(c, result, "%d, %s, %zu, %s%s", c->fd, bytes, wanted, words, address);
}

/* ---- receiving --------------------------------------------------------------------------- */

static __attribute__((noinline)) long receive_cut(int fd, struct msghdr *message, int flags,
                                                  size_t size)
{
    struct iovec cut[FIT_IOV_MAX], *all = message->msg_iov;
    size_t count = message->msg_iovlen;
    message->msg_iov = cut;
    message->msg_iovlen = (size_t)fit__vector_cut(cut, all, (int)count, size);
    long result = fit__kernel->recvmsg(fd, message, flags);
    message->msg_iov = all;
    message->msg_iovlen = count;
    return result;
}

static long message_size(const struct msghdr *message)
{
    return message->msg_iovlen > FIT_IOV_MAX
        ? -EMSGSIZE : fit__vector_size(message->msg_iov, (int)message->msg_iovlen);
}

static void check_room(const struct msghdr *message)
{
    for (size_t i = 0; i < message->msg_iovlen; i++)
        fit__check_writable(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    fit__check_writable(message->msg_name, message->msg_name ? message->msg_namelen : 0);
    fit__check_writable(message->msg_control, message->msg_controllen);
}

static long receive(enum fit__call_id id, int fd, struct msghdr *message, int flags,
                    const void *caller)
{
    struct fit__call c;
    fit__begin(&c, id, fd, caller);
    long result = message_size(message);
    if (result < 0) return fit__end(&c, result);
    size_t all = (size_t)result, size = all;
    check_room(message);
    c.passes_files = message->msg_control && message->msg_controllen;
    if (!fit__fault_read(&c, flags, &size, &result)) {
        result = size == all ? fit__kernel->recvmsg(fd, message, flags)
                             : receive_cut(fd, message, flags, size);
        fit__after_transfer(&c, result);
    }
    if (fit__traces()) {
        size_t moved = result < 0 ? 0 : (size_t)result < all ? (size_t)result : all;
        trace_message(&c, message, flags, moved, all, result);
    }
    return fit__end(&c, result);
}

static long receive_from(enum fit__call_id id, int fd, void *buffer, size_t size, int flags,
                         struct sockaddr *from, socklen_t *from_size, const void *caller)
{
    struct iovec one = { buffer, size };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1 };
    if (from && from_size) {
        message.msg_name = from;
        message.msg_namelen = *from_size;
    }
    long result = receive(id, fd, &message, flags, caller);
    if (result >= 0 && from && from_size) *from_size = message.msg_namelen;
    return result;
}

FIT_EXPORT ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL));
    return receive_from(FIT_CALL_recv, fd, buffer, size, flags, NULL, NULL, FIT_CALLER);
}
FIT_ALIAS(__recv, recv);

FIT_EXPORT ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
    if (size > room) __chk_fail();
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL));
    return receive_from(FIT_CALL_recv, fd, buffer, size, flags, NULL, NULL, FIT_CALLER);
}

FIT_EXPORT ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, __SOCKADDR_ARG from,
                            socklen_t *from_size)
{
    struct sockaddr *to = from.__sockaddr__;
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_recvfrom, fd, buffer, size, flags, to, from_size));
    return receive_from(FIT_CALL_recvfrom, fd, buffer, size, flags, to, from_size, FIT_CALLER);
}

FIT_EXPORT ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
                                  struct sockaddr *from, socklen_t *from_size);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
                       struct sockaddr *from, socklen_t *from_size)
{
    if (size > room) __chk_fail();
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_recvfrom, fd, buffer, size, flags, from, from_size));
    return receive_from(FIT_CALL_recvfrom, fd, buffer, size, flags, from, from_size, FIT_CALLER);
}

FIT_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_recvmsg, fd, message, flags));
    return receive(FIT_CALL_recvmsg, fd, message, flags, FIT_CALLER);
}

static int64_t now_ns(void)
{
    struct timespec now = { 0, 0 };
    fit__enter();
    fit__kernel->clock_gettime(CLOCK_MONOTONIC, &now);
    fit__leave();
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* An error behind messages that came is what the next call on the socket is told. */
static void keep_error(int fd, int error)
{
    if (error == EAGAIN || error == EINTR) return;
    fit__enter();
    fit__kernel->afflict(fd, FIT_A_ERROR, error);
    fit__leave();
}

static int receive_many(int fd, struct mmsghdr *messages, unsigned count, int flags,
                        const struct timespec *timeout, const void *caller)
{
    const int saved = errno, ends_with = flags & MSG_WAITFORONE;
    int64_t until = timeout ? now_ns() + timeout->tv_sec * INT64_C(1000000000)
                              + timeout->tv_nsec : INT64_MAX;
    unsigned done = 0;
    flags &= ~MSG_WAITFORONE;
    while (done < count) {
        long got = receive(FIT_CALL_recvmmsg, fd, &messages[done].msg_hdr, flags, caller);
        if (got < 0) break;
        messages[done++].msg_len = (unsigned)got;
        if (ends_with) flags |= MSG_DONTWAIT;
        if (timeout && now_ns() >= until) break;
    }
    if (!done) return count ? -1 : 0;
    if (done < count && errno != saved) keep_error(fd, errno);
    errno = saved;
    return (int)done;
}

FIT_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                        struct timespec *timeout)
{
    if (fit__passes())
        return (int)fit__result(fit__raw_point(SYS_recvmmsg, fd, messages, count, flags, timeout));
    return receive_many(fd, messages, count, flags, timeout,
                        fit__syscall_caller ? fit__syscall_caller : FIT_CALLER);
}

/* ---- sending ----------------------------------------------------------------------------- */

static __attribute__((noinline)) long send_cut(int fd, const struct msghdr *message, int flags,
                                               size_t size)
{
    struct iovec cut[FIT_IOV_MAX];
    struct msghdr part = *message;
    part.msg_iov = cut;
    part.msg_iovlen = (size_t)fit__vector_cut(cut, message->msg_iov, (int)message->msg_iovlen,
                                              size);
    return fit__kernel->sendmsg(fd, &part, flags);
}

static void check_message(const struct msghdr *message)
{
    for (size_t i = 0; i < message->msg_iovlen; i++)
        fit__check_defined(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    fit__check_defined(message->msg_name, message->msg_name ? message->msg_namelen : 0);
    fit__check_defined(message->msg_control, message->msg_controllen);
}

static bool passes_files(const struct msghdr *message)
{
    const struct cmsghdr *first = message->msg_control ? CMSG_FIRSTHDR(message) : NULL;
    return first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS;
}

static long transmit(enum fit__call_id id, int fd, const struct msghdr *message, int flags,
                     const void *caller)
{
    struct fit__call c;
    fit__begin(&c, id, fd, caller);
    long result = message_size(message);
    if (result < 0) return fit__end(&c, result);
    size_t all = (size_t)result, size = all;
    check_message(message);
    c.passes_files = passes_files(message);
    if (!fit__fault_write(&c, flags, &size, &result)) {
        result = size == all ? fit__kernel->sendmsg(fd, message, flags)
                             : send_cut(fd, message, flags, size);
        fit__after_transfer(&c, result);
    }
    if (fit__traces()) trace_message(&c, message, flags, all, all, result);
    return fit__end_write(&c, result, flags);
}

FIT_EXPORT ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_sendto, fd, buffer, size, flags, NULL, 0));
    struct iovec one = { (void *)buffer, size };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1 };
    return transmit(FIT_CALL_send, fd, &message, flags, FIT_CALLER);
}
FIT_ALIAS(__send, send);

FIT_EXPORT ssize_t sendto(int fd, const void *buffer, size_t size, int flags,
                          __CONST_SOCKADDR_ARG address, socklen_t address_size)
{
    const struct sockaddr *to = address.__sockaddr__;
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_sendto, fd, buffer, size, flags, to, address_size));
    struct iovec one = { (void *)buffer, size };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_name = (void *)to,
                              .msg_namelen = to ? address_size : 0 };
    return transmit(FIT_CALL_sendto, fd, &message, flags, FIT_CALLER);
}

FIT_EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_sendmsg, fd, message, flags));
    return transmit(FIT_CALL_sendmsg, fd, message, flags, FIT_CALLER);
}

FIT_EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    if (fit__passes())
        return (int)fit__result(fit__raw_point(SYS_sendmmsg, fd, messages, count, flags));
    const void *caller = fit__syscall_caller ? fit__syscall_caller : FIT_CALLER;
    const int saved = errno;
    unsigned done = 0;
    while (done < count) {
        long sent = transmit(FIT_CALL_sendmmsg, fd, &messages[done].msg_hdr, flags, caller);
        if (sent < 0) break;
        messages[done++].msg_len = (unsigned)sent;
    }
    if (!done) return count ? -1 : 0;
    errno = saved;
    return (int)done;
}
