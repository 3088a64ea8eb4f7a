/* splice, tee and sendfile. */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "fi/wrap.h"

/* How much of the file is left to be sent; -1: it is none. */
static off_t left_of(int in, const off_t *offset)
{
    struct stat st;
    if (fit__kernel->fstat(in, &st) < 0 || !S_ISREG(st.st_mode)) return -1;
    off_t at = offset ? *offset : fit__kernel->lseek(in, 0, SEEK_CUR);
    return at < 0 ? -1 : at < st.st_size ? st.st_size - at : 0;
}

static bool fault_sendfile(struct fit__call *c, int in, const off_t *offset, size_t *count,
                           long *result)
{
    off_t left = fit__asks() ? left_of(in, offset) : -1;
    if (left <= 0) return false;
    size_t size = (size_t)left < *count ? (size_t)left : *count;
    c->from_file = true;
    bool over = fit__fault_write(c, 0, &size, result);
    if (c->cut) *count = size;
    return over;
}

FIT_EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
    if (fit__passes()) return fit__result(fit__raw(SYS_sendfile, out, in, offset, count));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_sendfile, out, FIT_CALLER);
    if (offset) fit__check_defined(offset, sizeof *offset);
    long result;
    if (!fault_sendfile(&c, in, offset, &count, &result)) {
        result = fit__kernel->sendfile(out, in, offset, count);
        fit__after_transfer(&c, result);
    }
    if (fit__traces()) fit__traced(&c, result, "%d, %d, %zu", out, in, count);
    return fit__end_write(&c, result, 0);
}
FIT_ALIAS(sendfile64, sendfile);

/* One side is a pipe; what can go wrong lies at the other one. How much is in a full or an empty
 * pipe only the call itself finds out: then nothing is asked. */
static bool fault_splice(struct fit__call *c, int in, int out, size_t *size, int flags,
                         long *result)
{
    struct pollfd pipe = { .fd = in, .events = POLLIN };
    struct fit__info info = { .brief = true };
    if (!fit__asks() || fit__kernel->describe(in, &info) < 0) return false;
    if (info.class == FIT_C_STREAM) {
        pipe = (struct pollfd){ .fd = out, .events = POLLOUT };
        c->fd = in;
        c->family = FIT_READ;
    }
    if (fit__kernel->poll(&pipe, 1, 0) <= 0 || !(pipe.revents & pipe.events)) return false;
    if (info.class == FIT_C_STREAM) return fit__fault_read(c, flags, size, result);
    size_t most = info.readable < *size ? info.readable : *size, part = most;
    bool over = part && fit__fault_write(c, flags, &part, result);
    if (c->cut) *size = part;
    return over;
}

FIT_EXPORT ssize_t splice(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size,
                          unsigned flags)
{
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_splice, in, in_offset, out, out_offset, size, flags));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_splice, out, FIT_CALLER);
    if (in_offset) fit__check_defined(in_offset, sizeof *in_offset);
    if (out_offset) fit__check_defined(out_offset, sizeof *out_offset);
    long result;
    int waits = flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0;
    if (!fault_splice(&c, in, out, &size, waits, &result)) {
        result = fit__kernel->splice(in, in_offset, out, out_offset, size, flags);
        fit__after_transfer(&c, result);
    }
    c.fd = out;
    if (fit__traces()) fit__traced(&c, result, "%d, %d, %zu, %#x", in, out, size, flags);
    return fit__end_write(&c, result, 0);
}

FIT_EXPORT ssize_t tee(int in, int out, size_t size, unsigned flags)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_tee, in, out, size, flags));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_tee, out, FIT_CALLER);
    long result = fit__kernel->tee(in, out, size, flags);
    if (fit__traces()) fit__traced(&c, result, "%d, %d, %zu, %#x", in, out, size, flags);
    return fit__end_write(&c, result, 0);
}

/* The reader would see what happens to the memory after the call: no copy tells that. */
FIT_EXPORT ssize_t vmsplice(int fd, const struct iovec *iov, size_t count, unsigned flags)
{
    if (!fit__passes()) fit__unsupported("vmsplice", FIT_CALLER, "use writev or readv");
    return fit__result(fit__raw_point(SYS_vmsplice, fd, iov, count, flags));
}
