/* A world for the tests of the wrappers: a kernel that only counts and plays one stream socket
 * (descriptor FD) with some bytes to read and some room to write; an explorer that grants one
 * wish; a watcher and a listener that remember. Linked with the objects of fi/ themselves. */
#ifndef TESTS_UNIT_WRAP_WORLD_H
#define TESTS_UNIT_WRAP_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fi/catalogue.h"
#include "fi/choice.h"
#include "fi/guard.h"
#include "fi/kernel.h"
#include "fi/raw.h"
#include "fi/signal.h"
#include "fi/trace.h"
#include "fi/watch.h"

enum { FD = 100, EP = 101, READABLE = 10, WRITABLE = 8 };
#define MS INT64_C(1000000)

/* ---- the kernel ------------------------------------------------------------------------ */

static struct {
    struct fit__info info;
    unsigned closes, reads, writes, messages, limits, holds, opens, afflictions;
    enum fit__affliction affliction;
    int64_t affliction_value, held_ns, slept_ns, now_ns, relieved_ns;
    bool disconnected, until_close, dead, late, ended, full_table;
    size_t last_size;
} k;

static long refused(void)
{
    if (k.dead) return -k.affliction_value;
    if (k.late) return -EAGAIN;
    return 0;
}

static size_t total(const struct iovec *iov, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += iov[i].iov_len;
    return size;
}

static ssize_t take(const struct iovec *iov, size_t count)
{
    static const char data[] = "0123456789";
    size_t left = k.info.readable, size = 0;
    k.last_size = total(iov, count);
    if (refused()) return refused();
    if (k.ended) return 0;
    for (size_t i = 0; i < count && left > 0; i++) {
        size_t part = iov[i].iov_len < left ? iov[i].iov_len : left;
        memcpy(iov[i].iov_base, data + size, part);
        left -= part;
        size += part;
    }
    return (ssize_t)size;
}

static ssize_t f_readv(int fd, const struct iovec *iov, int count, off_t offset)
{
    (void)fd; (void)offset;
    k.reads++;
    return take(iov, (size_t)count);
}

static ssize_t f_recvmsg(int fd, struct msghdr *message, int flags)
{
    (void)fd; (void)flags;
    k.messages++;
    return take(message->msg_iov, message->msg_iovlen);
}

static ssize_t give(size_t size)
{
    k.last_size = size;
    if (refused()) return refused();
    return (ssize_t)(size < k.info.writable ? size : k.info.writable);
}

static ssize_t f_writev(int fd, const struct iovec *iov, int count, off_t offset)
{
    (void)fd; (void)offset;
    k.writes++;
    return give(total(iov, (size_t)count));
}

static ssize_t f_sendmsg(int fd, const struct msghdr *message, int flags)
{
    (void)fd; (void)flags;
    k.messages++;
    return give(total(message->msg_iov, message->msg_iovlen));
}

static int f_close(int fd)
{
    k.closes++;
    return fd >= FD ? 0 : -EBADF;
}

static int f_describe(int fd, struct fit__info *info)
{
    if (fd != FD) return -EBADF;
    *info = k.info;
    return 0;
}

static int f_afflict(int fd, enum fit__affliction affliction, int64_t value)
{
    (void)fd;
    k.afflictions++;
    k.affliction = affliction;
    k.affliction_value = value;
    k.dead = affliction == FIT_A_RESET;
    k.late = affliction == FIT_A_LATE || affliction == FIT_A_FULL;
    k.ended = affliction == FIT_A_EOF;
    return 0;
}

static int f_socket(int domain, int type, int protocol)
{
    (void)domain; (void)type; (void)protocol;
    return k.full_table ? -EMFILE : FD;
}

static int f_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    (void)fd; (void)size;
    k.disconnected = address->sa_family == AF_UNSPEC;
    if (k.disconnected) return 0;
    k.info.connecting = true;
    return -EINPROGRESS;
}

static void f_limit(bool until_close)
{
    k.limits++;
    k.until_close = until_close;
    k.full_table = true;
}

static void f_relieve(enum fit__resource what, int64_t ns)
{
    k.relieved_ns = what == FIT_R_DESCRIPTORS ? ns : k.relieved_ns;
}

static int f_open(int dir, const char *path, int flags, mode_t mode)
{
    (void)dir; (void)path; (void)flags; (void)mode;
    k.opens++;
    return FD + 5;
}

static int f_clock(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){ k.now_ns / 1000000000, k.now_ns % 1000000000 };
    return 0;
}

static int f_sleep(int64_t ns)
{
    k.slept_ns += ns;
    k.now_ns += ns;
    return 0;
}

static int f_await(int ep, int64_t timeout_ns)
{
    (void)ep; (void)timeout_ns;
    k.now_ns += 2 * MS;
    return FIT_READY | FIT_READY_STREAM;
}

static int f_epoll_wait(int ep, struct epoll_event *events, int most, int64_t timeout_ns)
{
    (void)ep; (void)most;
    if (k.held_ns) {
        k.now_ns += timeout_ns;
        return 0;
    }
    events[0] = (struct epoll_event){ .events = EPOLLIN, .data.fd = 7 };
    return 1;
}

static void f_hold(int64_t ns)
{
    k.holds++;
    k.held_ns = ns;
}

static int f_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
    (void)timeout_ns;
    for (nfds_t i = 0; i < count; i++) fds[i].revents = fds[i].events & POLLIN;
    return (int)count;
}

static int f_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                         struct addrinfo **list)
{
    (void)node; (void)service; (void)hints;
    *list = NULL;
    return 0;
}

static struct fit__kernel fake;

/* Signals are real ones here, to the one thread there is. */
static int send_signal(const pthread_t *thread, int number, int code, union sigval value)
{
    (void)thread, (void)code, (void)value;
    return (int)fit__raw(SYS_tgkill, fit__raw(SYS_getpid), fit__raw(SYS_gettid), number);
}

static void action_changed(int number)
{
    (void)number;
}

static const struct fit__signals fake_signals = { .send = send_signal,
                                                  .action_changed = action_changed };

/* ---- who answers ----------------------------------------------------------------------- */

static struct fit__alternative wish;
static bool wishing;
static unsigned asked;
static struct fit__question last;
static char last_object[128];

static int answer(struct fit__question *q)
{
    asked++;
    last = *q;                                 /* its object lives for the call only */
    snprintf(last_object, sizeof last_object, "%s", q->object ? q->object : "");
    last.object = last_object;
    for (unsigned i = 0; wishing && i < q->count; i++) {
        const struct fit__alternative *a = &q->alternatives[i];
        if (a->what == wish.what && a->value == wish.value && a->until == wish.until)
            return (int)i;
    }
    return -1;
}

static void wish_for(enum fit__what what, int64_t value, enum fit__until until)
{
    wish = (struct fit__alternative){ .what = (uint8_t)what, .value = value,
                                      .until = (uint8_t)until };
    wishing = true;
}

static char lines[8][512];
static unsigned line_count;

static void listen_to(const char *kind, int fd, const char *text)
{
    (void)kind; (void)fd;
    if (line_count < 8) snprintf(lines[line_count++], sizeof lines[0], "%s", text);
}

static unsigned bad_closes, allocations, releases;
static char bad_call[32];

static void on_allocated(void *block, size_t size, const void *caller)
{
    (void)block; (void)size; (void)caller;
    allocations++;
}

static void on_released(void *block) { (void)block; releases++; }

static void on_bad_close(int fd, const char *call, const void *caller)
{
    (void)fd; (void)caller;
    bad_closes++;
    snprintf(bad_call, sizeof bad_call, "%s", call);
}

static jmp_buf out_of_it;
static const char *ended_how;

static void on_ended(const char *how, const char *text, int status)
{
    (void)text; (void)status;
    ended_how = how;
    longjmp(out_of_it, 1);
}

static const struct fit__watcher watcher = { on_allocated, on_released, on_bad_close, on_ended };

static char refused_name[64];

static void on_unsupported(const char *function, const void *caller, const char *advice)
{
    (void)caller; (void)advice;
    snprintf(refused_name, sizeof refused_name, "%s", function);
    longjmp(out_of_it, 1);
}

/* Evaluates in a world; CMocka itself stays outside. */
#define IN_WORLD(expression)                                                                  \
    (__extension__({ fit__active = true; errno = 0; __typeof__(expression) r_ = (expression); \
        fit__active = false; r_; }))

static int begin(void **state)
{
    (void)state;
    memset(&k, 0, sizeof k);
    fake = fit__kernel_real;
    fake.readv = f_readv; fake.recvmsg = f_recvmsg; fake.writev = f_writev;
    fake.sendmsg = f_sendmsg; fake.close = f_close; fake.describe = f_describe;
    fake.afflict = f_afflict; fake.socket = f_socket; fake.connect = f_connect;
    fake.limit_descriptors = f_limit; fake.relieve_after = f_relieve; fake.open = f_open;
    fake.clock_gettime = f_clock;
    fake.sleep = f_sleep; fake.epoll_await = f_await; fake.epoll_wait = f_epoll_wait;
    fake.hold = f_hold; fake.poll = f_poll; fake.getaddrinfo = f_getaddrinfo;
    k.info = (struct fit__info){ .class = FIT_C_STREAM, .nonblocking = true,
                                 .readable = READABLE, .writable = WRITABLE,
                                 .object = "origin.test/80" };
    fit__kernel = &fake;
    fit__signals = &fake_signals;
    fit__chooser = answer;
    fit__watcher = &watcher;
    fit__on_unsupported = on_unsupported;
    fit__trace_listener = listen_to;
    fit__tracing = true;
    wishing = false;
    asked = line_count = bad_closes = allocations = releases = 0;
    ended_how = NULL;
    return 0;
}

static int finish(void **state)
{
    (void)state;
    fit__active = false;
    fit__guard->inside = 0;
    fit__guard->exempt = false;
    fit__chooser = NULL;
    fit__watcher = NULL;
    fit__tracing = false;
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

#endif
