/* splice, tee and sendfile. */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "fi/wrap.h"

FIT_EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
    if (fit__passes()) return fit__result(fit__raw(SYS_sendfile, out, in, offset, count));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_sendfile, out, FIT_CALLER);
    if (offset) fit__check_defined(offset, sizeof *offset);
    long result = fit__kernel->sendfile(out, in, offset, count);
    if (fit__traces()) fit__traced(&c, result, "%d, %d, %zu", out, in, count);
    return fit__end_write(&c, result, 0);
}
FIT_ALIAS(sendfile64, sendfile);

FIT_EXPORT ssize_t splice(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size,
                          unsigned flags)
{
    if (fit__passes())
        return fit__result(fit__raw_point(SYS_splice, in, in_offset, out, out_offset, size, flags));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_splice, out, FIT_CALLER);
    if (in_offset) fit__check_defined(in_offset, sizeof *in_offset);
    if (out_offset) fit__check_defined(out_offset, sizeof *out_offset);
    long result = fit__kernel->splice(in, in_offset, out, out_offset, size, flags);
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
