/* What all wrappers share: entry and return of a call, its line in the trace, vectors. */
#include "fi/wrap.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dlfcn.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/un.h>
#include <valgrind/memcheck.h>

#include "fi/hot.h"
#include "fi/signal.h"
#include "fi/thread.h"

FIT_HOT const void *fit__syscall_caller;

/* Those of glibc's functions that pthread_cancel ends. Nothing is one when called by number. */
static const bool cancellation_points[FIT_CALL_COUNT] = {
#define POINT(name) [FIT_CALL_##name] = true
    POINT(read), POINT(readv), POINT(pread), POINT(preadv), POINT(write), POINT(writev),
    POINT(pwrite), POINT(pwritev), POINT(recv), POINT(recvfrom), POINT(recvmsg), POINT(recvmmsg),
    POINT(send), POINT(sendto), POINT(sendmsg), POINT(sendmmsg), POINT(open), POINT(openat),
    POINT(creat), POINT(close), POINT(fsync), POINT(fallocate), POINT(copy_file_range),
    POINT(accept), POINT(accept4), POINT(connect), POINT(epoll_wait), POINT(epoll_pwait),
    POINT(epoll_pwait2), POINT(poll), POINT(ppoll), POINT(select), POINT(pselect),
    POINT(nanosleep), POINT(clock_nanosleep), POINT(usleep), POINT(sleep), POINT(pause),
    POINT(sigsuspend), POINT(sigtimedwait), POINT(getrandom), POINT(splice), POINT(tee),
#undef POINT
};
FIT_HOT unsigned fit__calls_begun;

void fit__begin(struct fit__call *c, enum fit__call_id id, int fd, const void *caller)
{
    c->outer_point = fit__point_begin(!fit__syscall_caller && cancellation_points[id]);
    fit__enter();
    fit__calls_begun += !fit__guard->exempt;
    c->id = id;
    c->by_number = fit__syscall_caller != NULL;
    c->caller = c->by_number ? fit__syscall_caller : caller;
    fit__syscall_caller = NULL;
    c->fd = fd;
    c->saved_errno = errno;
    c->cut = c->twice = c->passes_files = c->from_file = false;
    c->family = (uint8_t)fit__call_family(id);
    c->object = NULL;
    c->order_count = 0;
}

/* Signals that come while it waits are another question, and what fails nowhere is of no use. */
static bool may_be_interrupted(const struct fit__call *c)
{
    return fit__mode_asked(FIT_SIGNAL) && c->family != FIT_NO_FAULTS && c->family != FIT_WAIT
           && !fit__guard->exempt;
}

long fit__end(struct fit__call *c, long result)
{
    errno = c->saved_errno;
    if (fit__handlers_set && fit__extended_asked() && may_be_interrupted(c))
        fit__signals->between(c->caller);
    if (fit__guard->signal && fit__guard->inside == 1) fit__signals->deliver();
    fit__leave();
    fit__point_end(c->outer_point);
    return fit__result(result);
}

long fit__end_write(struct fit__call *c, long result, int flags)
{
    int type = SOCK_STREAM;
    socklen_t size = sizeof type;
    /* Only a stream that broke raises the signal. */
    if (result == -EPIPE) fit__kernel->getsockopt(c->fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (result > 0) fit__thread_woke(c->fd, c->caller);
    long value = fit__end(c, result);
    if (result == -EPIPE && type == SOCK_STREAM && !(flags & MSG_NOSIGNAL)
        && !fit__guard->exempt) {
        raise(SIGPIPE);
        errno = EPIPE;
    }
    return value;
}

/* As glibc does it: cancelled at any moment while the call lasts; one thread alone, by nobody. */
int fit__raw_point_begin(void)
{
    int type = -1;
    if (!__libc_single_threaded && !fit__active)
        FIT_NEXT(pthread_setcanceltype)(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
    return type;
}

void fit__raw_point_end(int type)
{
    if (type >= 0) FIT_NEXT(pthread_setcanceltype)(type, NULL);
}

void fit__traced(const struct fit__call *c, long result, const char *arguments, ...)
{
    char text[400];
    va_list list;
    va_start(list, arguments);
    vsnprintf(text, sizeof text, arguments, list);
    va_end(list);
    const char *name = fit__call_name(c->id);
    if (result >= 0) {
        fit__trace("  ", c->fd, "%s(%s) = %ld", name, text, result);
    } else {
        const char *error = strerrorname_np((int)-result);
        fit__trace("  ", c->fd, "%s(%s) = -1 %s", name, text, error ? error : "?");
    }
}

static void unix_text(char *out, size_t size, const struct sockaddr_un *name, socklen_t length)
{
    size_t most = length - offsetof(struct sockaddr_un, sun_path);
    if (!most) snprintf(out, size, "unnamed");
    else if (name->sun_path[0]) snprintf(out, size, "%.*s", (int)most, name->sun_path);
    else snprintf(out, size, "@%.*s", (int)most - 1, name->sun_path + 1);
}

const char *fit__address_text(char *out, size_t size, const struct sockaddr *address,
                              socklen_t length)
{
    char host[INET6_ADDRSTRLEN];
    if (!address || length < sizeof(sa_family_t)) {
        snprintf(out, size, "NULL");
    } else if (address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *in = (const void *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(out, size, "%s:%u", host, ntohs(in->sin_port));
    } else if (address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *in6 = (const void *)address;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(out, size, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else if (address->sa_family == AF_UNIX) {
        unix_text(out, size, (const void *)address, length);
    } else {
        snprintf(out, size, "{family %u}", address->sa_family);
    }
    return out;
}

const char *fit__quote_vector(char *out, size_t size, const struct iovec *iov, int count,
                              size_t most)
{
    char first[64];
    size_t held = 0, total = 0;
    for (int i = 0; i < count && total < most; i++) {
        size_t part = iov[i].iov_len < most - total ? iov[i].iov_len : most - total;
        size_t kept = part < sizeof first - held ? part : sizeof first - held;
        if (kept) memcpy(first + held, iov[i].iov_base, kept);
        held += kept;
        total += part;
    }
    return fit__quote(out, size, first, held);
}

ssize_t fit__vector_size(const struct iovec *iov, int count)
{
    if (count < 0 || count > FIT_IOV_MAX) return -EINVAL;
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        if (iov[i].iov_len > (size_t)SSIZE_MAX - total) return -EINVAL;
        total += iov[i].iov_len;
    }
    return (ssize_t)total;
}

int fit__vector_cut(struct iovec *out, const struct iovec *iov, int count, size_t size)
{
    int used = 0;
    while (used < count && size > 0) {
        out[used] = iov[used];
        if (out[used].iov_len > size) out[used].iov_len = size;
        size -= out[used].iov_len;
        used++;
    }
    return used;
}

void fit__check_defined(const void *start, size_t size)
{
    if (start && size) (void)VALGRIND_CHECK_MEM_IS_DEFINED(start, size);
}

void fit__check_writable(const void *start, size_t size)
{
    if (start && size) (void)VALGRIND_CHECK_MEM_IS_ADDRESSABLE(start, size);
}

void *fit__next(const char *name)
{
    bool counts = fit__active;       /* the counter is no concern of other kernel threads */
    if (counts) fit__enter();
    void *found = dlsym(RTLD_NEXT, name);
    if (counts) fit__leave();
    if (!found) {
        fprintf(stderr, "faulttest: libc has no %s\n", name);
        abort();
    }
    return found;
}
