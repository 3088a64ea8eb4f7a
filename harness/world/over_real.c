/* Green threads over the real kernel: one kernel thread, so a call that would block asks the
 * kernel again and again, and lets the other threads run in between. Time is the virtual clock,
 * driven by the real one: where no real server is involved it also jumps when nobody waits for the
 * kernel and all only sleep. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/time.h>

#include "fi/raw.h"
#include "fi/signal.h"
#include "fi/thread.h"
#include "harness/world/inner.h"

enum { STEP_ALONE_NS = 1000000, STEP_AMONG_NS = 20000, IOV_MOST = 1024 };

static struct fit__kernel over;
static fit_ns seen;                          /* of the real clock */

static fit_ns real_now(void)
{
    struct timespec now;
    fit__raw(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * FIT_S + now.tv_nsec;
}

static void catch_up(void)
{
    fit_ns now = real_now();
    fit_ns passed = seen && now > seen ? now - seen : 0;
    seen = now;
    fit__spend(passed);
}

static bool others_could_run(void)
{
    struct fit__thread *t;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        if (t != fit__current && t->state == FIT_T_RUNNABLE) return true;
    return false;
}

static int await(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
    catch_up();
    fit_ns deadline = timeout_ns < 0 || timeout_ns >= FIT_NEVER - 1 - fit__now()
                          ? FIT_NEVER : fit__now() + timeout_ns;
    fit_ns step = 0;
    for (;;) {
        int ready = fit__kernel_real.poll(fds, count, step);
        if (fit__children_look() && ready == -EINTR) ready = 0;
        fit__progressed();
        catch_up();
        if (ready || fit__now() >= deadline) return ready;
        if ((fit__current->guard.signal || fit__called_off())
            && fit__block_open("poll", NULL, 0, FIT_NEVER, false) == -EINTR)
            return -EINTR;
        if (others_could_run()) {
            fit__yield();
            step = STEP_AMONG_NS;
        } else {
            step = STEP_ALONE_NS < deadline - fit__now() ? STEP_ALONE_NS : deadline - fit__now();
        }
    }
}

/* ---- calls that may block ---------------------------------------------------------------- */

static bool may_block(int fd, int flags)
{
    long status = fit__raw(SYS_fcntl, fd, F_GETFL);
    return status >= 0 && !(status & O_NONBLOCK) && !(flags & MSG_DONTWAIT);
}

static int64_t limit_of(int fd, int option)
{
    struct timeval limit = { 0 };
    socklen_t size = sizeof limit;
    if (fit__raw(SYS_getsockopt, fd, SOL_SOCKET, option, &limit, &size)) return -1;
    if (!limit.tv_sec && !limit.tv_usec) return -1;
    return limit.tv_sec * FIT_S + limit.tv_usec * (FIT_MS / 1000);
}

static int until_ready(int fd, short events)
{
    struct pollfd one = { .fd = fd, .events = events };
    int64_t limit = limit_of(fd, events == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO);
    int ready = 0;
    do {
        fit__signal_restarts = false;
        ready = await(&one, 1, limit);
    } while (ready == -EINTR && limit < 0 && fit__signal_restarts);
    return ready < 0 ? ready : ready == 0 ? -EAGAIN : 0;
}

static ssize_t o_readv(int fd, const struct iovec *iov, int count, off_t offset)
{
    int error = offset < 0 && may_block(fd, 0) ? until_ready(fd, POLLIN) : 0;
    return error ? error : fit__kernel_real.readv(fd, iov, count, offset);
}

static ssize_t o_recvmsg(int fd, struct msghdr *message, int flags)
{
    int error = may_block(fd, flags) ? until_ready(fd, POLLIN) : 0;
    return error ? error : fit__kernel_real.recvmsg(fd, message, flags);
}

static int o_accept(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    int error = may_block(fd, 0) ? until_ready(fd, POLLIN) : 0;
    return error ? error : fit__kernel_real.accept(fd, address, size, flags);
}

/* What is left of `iov` after `done` bytes, in `out`; returns its count. */
static int rest_of(struct iovec *out, const struct iovec *iov, int count, size_t done)
{
    int used = 0;
    for (int i = 0; i < count; i++) {
        size_t skipped = done < iov[i].iov_len ? done : iov[i].iov_len;
        done -= skipped;
        if (skipped == iov[i].iov_len && (i + 1 < count || used)) continue;
        out[used++] = (struct iovec){ (char *)iov[i].iov_base + skipped,
                                      iov[i].iov_len - skipped };
    }
    return used;
}

/* A call that does not block, of a descriptor that does. */
static ssize_t put_once(int fd, const struct msghdr *message, const struct iovec *iov, int count,
                        int flags)
{
    struct msghdr part;
    long status, sent;
    if (message) {
        part = *message;
        part.msg_iov = (struct iovec *)iov;
        part.msg_iovlen = (size_t)count;
        return fit__kernel_real.sendmsg(fd, &part, flags | MSG_DONTWAIT);
    }
    status = fit__raw(SYS_fcntl, fd, F_GETFL);
    fit__raw(SYS_fcntl, fd, F_SETFL, status | O_NONBLOCK);
    sent = fit__kernel_real.writev(fd, iov, count, -1);
    fit__raw(SYS_fcntl, fd, F_SETFL, status);
    return sent;
}

static ssize_t put_all(int fd, const struct msghdr *message, const struct iovec *iov, int count,
                       int flags)
{
    struct iovec rest[IOV_MOST];
    size_t total = 0, done = 0;
    if (count > IOV_MOST) return -EINVAL;
    for (int i = 0; i < count; i++) total += iov[i].iov_len;
    do {
        int left = rest_of(rest, iov, count, done);
        ssize_t sent = put_once(fd, message, rest, left, flags);
        if (sent == -EAGAIN) {
            int error = until_ready(fd, POLLOUT);
            if (error) return done ? (ssize_t)done : error;
            continue;
        }
        if (sent < 0) return done ? (ssize_t)done : sent;
        done += (size_t)sent;
    } while (done < total);
    return (ssize_t)done;
}

static ssize_t o_writev(int fd, const struct iovec *iov, int count, off_t offset)
{
    if (offset >= 0 || !may_block(fd, 0))
        return fit__kernel_real.writev(fd, iov, count, offset);
    return put_all(fd, NULL, iov, count, 0);
}

static ssize_t o_sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (!may_block(fd, flags)) return fit__kernel_real.sendmsg(fd, message, flags);
    return put_all(fd, message, message->msg_iov, (int)message->msg_iovlen, flags);
}

/* ---- from one descriptor to another ------------------------------------------------------ */

static ssize_t o_splice(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size,
                        unsigned flags)
{
    bool waits = !(flags & SPLICE_F_NONBLOCK);
    int error = waits && may_block(in, 0) ? until_ready(in, POLLIN) : 0;
    if (!error && waits && may_block(out, 0)) error = until_ready(out, POLLOUT);
    if (error) return error;
    long status = fit__raw(SYS_fcntl, out, F_GETFL);
    fit__raw(SYS_fcntl, out, F_SETFL, status | O_NONBLOCK);
    ssize_t moved = fit__kernel_real.splice(in, in_offset, out, out_offset, size,
                                            flags | SPLICE_F_NONBLOCK);
    fit__raw(SYS_fcntl, out, F_SETFL, status);
    return moved;
}

static ssize_t o_tee(int in, int out, size_t size, unsigned flags)
{
    bool waits = !(flags & SPLICE_F_NONBLOCK);
    int error = waits && may_block(in, 0) ? until_ready(in, POLLIN) : 0;
    if (!error && waits && may_block(out, 0)) error = until_ready(out, POLLOUT);
    return error ? error : fit__kernel_real.tee(in, out, size, flags | SPLICE_F_NONBLOCK);
}

static ssize_t o_sendfile(int out, int in, off_t *offset, size_t size)
{
    if (!may_block(out, 0)) return fit__kernel_real.sendfile(out, in, offset, size);
    size_t done = 0;
    ssize_t sent;
    long status = fit__raw(SYS_fcntl, out, F_GETFL);
    do {
        fit__raw(SYS_fcntl, out, F_SETFL, status | O_NONBLOCK);
        sent = fit__kernel_real.sendfile(out, in, offset, size - done);
        fit__raw(SYS_fcntl, out, F_SETFL, status);
        if (sent > 0) done += (size_t)sent;
        if (sent == -EAGAIN && !(sent = until_ready(out, POLLOUT))) sent = 1;
    } while (sent > 0 && done < size);
    return done ? (ssize_t)done : sent;
}

static int o_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int result, error = 0;
    socklen_t length = sizeof error;
    if (!may_block(fd, 0)) return fit__kernel_real.connect(fd, address, size);
    long status = fit__raw(SYS_fcntl, fd, F_GETFL);
    fit__raw(SYS_fcntl, fd, F_SETFL, status | O_NONBLOCK);
    result = fit__kernel_real.connect(fd, address, size);
    if (result == -EINPROGRESS) {
        result = until_ready(fd, POLLOUT);
        if (!result) fit__raw(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error) result = -error;
    }
    fit__raw(SYS_fcntl, fd, F_SETFL, status);
    return result;
}

/* ---- waiting and time -------------------------------------------------------------------- */

static int o_epoll_await(int ep, int64_t timeout_ns)
{
    struct pollfd one = { .fd = ep, .events = POLLIN };
    int ready = await(&one, 1, timeout_ns);
    if (ready <= 0) return ready;
    return one.revents & POLLNVAL ? -EBADF : FIT_READY;
}

static int o_epoll_wait(int ep, struct epoll_event *events, int most, int64_t timeout_ns)
{
    int ready = fit__kernel_real.epoll_wait(ep, events, most, 0);
    if (ready || !timeout_ns) return ready;
    ready = o_epoll_await(ep, timeout_ns);
    return ready < 0 ? ready : fit__kernel_real.epoll_wait(ep, events, most, 0);
}

static int o_clock_gettime(clockid_t clock, struct timespec *now)
{
    catch_up();
    return fit__kernel_sim.clock_gettime(clock, now);
}

/* ---- real time: a server outside of this process knows no other ----------------------------- */

static int o_real_clock_gettime(clockid_t clock, struct timespec *now)
{
    catch_up();
    return fit__kernel_real.clock_gettime(clock, now);
}

static int o_real_sleep(int64_t ns)
{
    return await(NULL, 0, ns);
}

/* The end of a child may let somebody run earlier. */
static void wait_until(fit_ns due)
{
    catch_up();
    while (fit__now() < due) {
        fit_ns left = due - fit__now();
        bool children = fit__children_exist();
        fit__kernel_real.sleep(children && left > STEP_ALONE_NS ? STEP_ALONE_NS : left);
        catch_up();
        if (children && fit__children_look()) return;
    }
}

static void in_real_time(void)
{
    fit__wait_until = wait_until;
    over.clock_gettime = o_real_clock_gettime;
    over.sleep = o_real_sleep;
    over.getrandom = fit__kernel_real.getrandom;
}

const struct fit__kernel *fit__kernel_over_real(bool swept)
{
    over = fit__kernel_real;
    over.readv = o_readv;
    over.writev = o_writev;
    over.splice = o_splice;
    over.tee = o_tee;
    over.sendfile = o_sendfile;
    over.accept = o_accept;
    over.connect = o_connect;
    over.sendmsg = o_sendmsg;
    over.recvmsg = o_recvmsg;
    over.epoll_await = o_epoll_await;
    over.epoll_wait = o_epoll_wait;
    over.poll = await;
    over.clock_gettime = o_clock_gettime;
    over.sleep = fit__kernel_sim.sleep;
    over.getrandom = fit__kernel_sim.getrandom;
    if (swept) {
        in_real_time();
        fit__real_faults(&over);
    }
    return &over;
}
