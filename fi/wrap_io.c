/* read, write and their like. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/wrap.h"

/* glibc ends the program when a fortified call would overrun its buffer. */
void __chk_fail(void) __attribute__((noreturn));

/* ---- reading ----------------------------------------------------------------------------- */

static void trace_read(const struct fit__call *c, const struct iovec *iov, int count,
                       long result, off_t offset)
{
    char bytes[160] = "", place[32] = "";
    fit__quote_vector(bytes, sizeof bytes, iov, count, result > 0 ? (size_t)result : 0);
    if (offset >= 0) snprintf(place, sizeof place, ", %lld", (long long)offset);
    if (count == 1)
        fit__traced(c, result, "%d, %s, %zu%s", c->fd, bytes, iov->iov_len, place);
    else
        fit__traced(c, result, "%d, [%s], %d%s", c->fd, bytes, count, place);
}

/* Apart, because of its big frame. Only streams are cut, and they have no offset. */
static __attribute__((noinline)) long read_cut(int fd, const struct iovec *iov, int count,
                                               size_t size)
{
    struct iovec cut[FIT_IOV_MAX];
    return fit__kernel->readv(fd, cut, fit__vector_cut(cut, iov, count, size), -1);
}

static long read_simulated(enum fit__call_id id, int fd, const struct iovec *iov, int count,
                           off_t offset, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, id, fd, caller);
    long result = fit__vector_size(iov, count);
    if (result < 0) return fit__end(&c, result);
    size_t all = (size_t)result, size = all;
    if (!all && (id == FIT_CALL_readv || id == FIT_CALL_preadv)) count = 0;
    for (int i = 0; i < count; i++) fit__check_writable(iov[i].iov_base, iov[i].iov_len);
    if (!fit__fault_read(&c, 0, &size, &result)
        && !fit__fault_file(&c, false, all, offset, &result)
        && !fit__fault_counter(&c, all, &result)) {
        fit__fault_notices(&c);
        result = size == all ? fit__kernel->readv(fd, iov, count, offset)
                             : read_cut(fd, iov, count, size);
        fit__after_transfer(&c, result);
    }
    if (fit__traces()) trace_read(&c, iov, count, result, offset);
    return fit__end(&c, result);
}

FIT_EXPORT ssize_t read(int fd, void *buffer, size_t size)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_read, fd, buffer, size));
    struct iovec one = { buffer, size };
    return read_simulated(FIT_CALL_read, fd, &one, 1, -1, FIT_CALLER);
}
FIT_ALIAS(__read, read);

FIT_EXPORT ssize_t readv(int fd, const struct iovec *iov, int count)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_readv, fd, iov, count));
    return read_simulated(FIT_CALL_readv, fd, iov, count, -1, FIT_CALLER);
}

FIT_EXPORT ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_pread64, fd, buffer, size, offset));
    struct iovec one = { buffer, size };
    if (offset < 0) return fit__result(-EINVAL);
    return read_simulated(FIT_CALL_pread, fd, &one, 1, offset, FIT_CALLER);
}
FIT_ALIAS(pread64, pread);
FIT_ALIAS(__pread64, pread);

FIT_EXPORT ssize_t preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_preadv, fd, iov, count, offset, 0));
    if (offset < 0) return fit__result(-EINVAL);
    return read_simulated(FIT_CALL_preadv, fd, iov, count, offset, FIT_CALLER);
}
FIT_ALIAS(preadv64, preadv);

FIT_EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
    if (size > room) __chk_fail();
    if (fit__passes()) return fit__result(fit__raw_point(SYS_read, fd, buffer, size));
    struct iovec one = { buffer, size };
    return read_simulated(FIT_CALL_read, fd, &one, 1, -1, FIT_CALLER);
}

FIT_EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);
ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room)
{
    if (size > room) __chk_fail();
    if (fit__passes()) return fit__result(fit__raw_point(SYS_pread64, fd, buffer, size, offset));
    struct iovec one = { buffer, size };
    if (offset < 0) return fit__result(-EINVAL);
    return read_simulated(FIT_CALL_pread, fd, &one, 1, offset, FIT_CALLER);
}
FIT_ALIAS(__pread64_chk, __pread_chk);

FIT_EXPORT int eventfd_read(int fd, eventfd_t *value)
{
    ssize_t got = read(fd, value, sizeof *value);
    return got == (ssize_t)sizeof *value ? 0 : -1;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void trace_write(const struct fit__call *c, const struct iovec *iov, int count,
                        size_t size, long result)
{
    char bytes[160];
    fit__quote_vector(bytes, sizeof bytes, iov, count, size);
    if (count == 1) fit__traced(c, result, "%d, %s, %zu", c->fd, bytes, size);
    else fit__traced(c, result, "%d, [%s], %d", c->fd, bytes, count);
}

static __attribute__((noinline)) long write_cut(int fd, const struct iovec *iov, int count,
                                                size_t size)
{
    struct iovec cut[FIT_IOV_MAX];
    return fit__kernel->writev(fd, cut, fit__vector_cut(cut, iov, count, size), -1);
}

static long write_simulated(enum fit__call_id id, int fd, const struct iovec *iov, int count,
                            off_t offset, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, id, fd, caller);
    long result = fit__vector_size(iov, count);
    if (result < 0) return fit__end(&c, result);
    size_t all = (size_t)result, size = all;
    if (!all && (id == FIT_CALL_writev || id == FIT_CALL_pwritev)) count = 0;
    for (int i = 0; i < count; i++) fit__check_defined(iov[i].iov_base, iov[i].iov_len);
    if (!fit__fault_write(&c, 0, &size, &result)
        && !fit__fault_file(&c, true, all, offset, &result)) {
        result = size == all ? fit__kernel->writev(fd, iov, count, offset)
                             : write_cut(fd, iov, count, size);
        fit__after_transfer(&c, result);
    }
    if (fit__traces()) trace_write(&c, iov, count, all, result);
    return fit__end_write(&c, result, 0);
}

FIT_EXPORT ssize_t write(int fd, const void *buffer, size_t size)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_write, fd, buffer, size));
    struct iovec one = { (void *)buffer, size };
    return write_simulated(FIT_CALL_write, fd, &one, 1, -1, FIT_CALLER);
}
FIT_ALIAS(__write, write);

FIT_EXPORT ssize_t writev(int fd, const struct iovec *iov, int count)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_writev, fd, iov, count));
    return write_simulated(FIT_CALL_writev, fd, iov, count, -1, FIT_CALLER);
}

FIT_EXPORT ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_pwrite64, fd, buffer, size, offset));
    struct iovec one = { (void *)buffer, size };
    if (offset < 0) return fit__result(-EINVAL);
    return write_simulated(FIT_CALL_pwrite, fd, &one, 1, offset, FIT_CALLER);
}
FIT_ALIAS(pwrite64, pwrite);
FIT_ALIAS(__pwrite64, pwrite);

FIT_EXPORT ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    if (fit__passes()) return fit__result(fit__raw_point(SYS_pwritev, fd, iov, count, offset, 0));
    if (offset < 0) return fit__result(-EINVAL);
    return write_simulated(FIT_CALL_pwritev, fd, iov, count, offset, FIT_CALLER);
}
FIT_ALIAS(pwritev64, pwritev);

FIT_EXPORT int eventfd_write(int fd, eventfd_t value)
{
    ssize_t put = write(fd, &value, sizeof value);
    return put == (ssize_t)sizeof value ? 0 : -1;
}

/* ---- from one to the other --------------------------------------------------------------- */

enum { COPY_ROUND = 65536 };

static long must_be_file(int fd)
{
    struct stat st;
    long error = fit__kernel->fstat(fd, &st);
    if (error < 0) return error;
    return S_ISDIR(st.st_mode) ? -EISDIR : S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

/* As much as one round holds; a file's own offset moves where no other is given. */
static long copy_round(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size)
{
    long error = must_be_file(in);
    if (!error) error = must_be_file(out);
    if (error < 0) return error;
    if (fit__kernel->fcntl(out, F_GETFL, 0) & O_APPEND) return -EBADF;
    off_t from = in_offset ? *in_offset : -1, to = out_offset ? *out_offset : -1;
    if ((in_offset && from < 0) || (out_offset && to < 0)) return -EINVAL;
    if (size > COPY_ROUND) size = COPY_ROUND;
    struct iovec one = { fit__alloc(size ? size : 1), size };
    long result = fit__kernel->readv(in, &one, 1, from), got = result;
    if (result >= 0) {
        one.iov_len = (size_t)result;
        result = fit__kernel->writev(out, &one, 1, to);
    }
    fit__free(one.iov_base);
    long put = result > 0 ? result : 0;
    if (got > put && !in_offset) fit__kernel->lseek(in, put - got, SEEK_CUR);
    if (in_offset) *in_offset += put;
    if (out_offset) *out_offset += put;
    return result;
}

FIT_EXPORT ssize_t copy_file_range(int in, off64_t *in_offset, int out, off64_t *out_offset,
                                   size_t size, unsigned flags)
{
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_copy_file_range, in, in_offset, out, out_offset, size,
                                    flags));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_copy_file_range, out, FIT_CALLER);
    long result = -EINVAL;
    off_t from = in_offset ? *in_offset : -1, to = out_offset ? *out_offset : -1;
    if (!flags && !fit__fault_copy(&c, in, from, to, &size, &result))
        result = copy_round(in, in_offset, out, out_offset, size);
    if (fit__traces()) fit__traced(&c, result, "%d, %d, %zu", in, out, size);
    return fit__end(&c, result);
}
