/* fi/wrap.h - what all wrappers have in common (private to fi/wrap_*.c).
 *
 * A wrapper has glibc's prototype. While fit__passes() it does what glibc's function does, by
 * raw system calls: it may run before libc is ready, in a signal handler, or inside dlsym. Else:
 *
 *     struct fit__call c;
 *     fit__begin(&c, FIT_CALL_recv, fd, FIT_CALLER);
 *     long result = ... fit__fault_*() ... fit__kernel->...;
 *     fit__traced(&c, result, "...", ...);
 *     return fit__end(&c, result);
 */
#ifndef FI_WRAP_H
#define FI_WRAP_H

#include <errno.h>
#include <sys/uio.h>

#include "fi/behind.h"
#include "fi/export.h"
#include "fi/fault.h"
#include "fi/guard.h"
#include "fi/kernel.h"
#include "fi/raw.h"
#include "fi/trace.h"

#define FIT_CALLER __builtin_return_address(0)

/* Another name of glibc's for the same function. */
#define FIT_ALIAS(alias_name, name) \
    extern __typeof__(name) alias_name FIT_EXPORT __attribute__((alias(#name), copy(name)))

/* The caller of syscall(), while it calls the wrapper of that name; else NULL. */
extern const void *fit__syscall_caller;

static inline long fit__result(long result)
{
    if (__builtin_expect(result >= 0, 1)) return result;
    errno = (int)-result;
    return -1;
}

/* `errno` afterwards is only changed by a failure. */
void fit__begin(struct fit__call *c, enum fit__call_id id, int fd, const void *caller);
extern unsigned fit__calls_begun;        /* by the code under test, peers left out */
long fit__end(struct fit__call *c, long result);
/* The same, and raises SIGPIPE after -EPIPE, as Linux does without MSG_NOSIGNAL. */
long fit__end_write(struct fit__call *c, long result, int flags);

/* Is a line wanted? Peers are traced by the world. */
static inline bool fit__traces(void)
{
    return fit__tracing && !fit__guard->exempt;
}
/* "NAME(ARGUMENTS) = RESULT". Only call it if fit__traces(). */
void fit__traced(const struct fit__call *c, long result, const char *arguments, ...)
    __attribute__((format(printf, 3, 4)));
/* "10.0.0.3:80", "[::1]:80", "/run/x"; cut at `size`. */
const char *fit__address_text(char *out, size_t size, const struct sockaddr *address,
                              socklen_t length);
/* The first bytes of a vector as strace quotes them. */
const char *fit__quote_vector(char *out, size_t size, const struct iovec *iov, int count,
                              size_t most);

/* Total length, or -EINVAL where Linux says so. */
ssize_t fit__vector_size(const struct iovec *iov, int count);
/* A copy of `iov` cut to `size` bytes; returns its count. `out` has room for `count`. */
int fit__vector_cut(struct iovec *out, const struct iovec *iov, int count, size_t size);

/* What is known of a file that is to be opened with these flags (FIT_N_*). */
unsigned fit__holds_of_open(int flags);

/* dup2 has put something on a standard number: stdin, stdout or stderr follows it. */
void fit__stdio_follow(int fd);

/* Memcheck sees nothing of a simulated call: these do what it does for a real one. */
void fit__check_defined(const void *start, size_t size);
void fit__check_writable(const void *start, size_t size);

/* glibc's own definition behind ours. Looked up once, when first needed, never at start-up; see
 * fi/behind.h. */
void *fit__next(const char *name);
#define FIT_NEXT(name)                                                                        \
    (__extension__({ FIT_BEHIND(fit__found_, #name, NULL);                                     \
        if (!fit__found_.address) fit__found_.address = fit__next(#name);                     \
        (__typeof__(&name))fit__found_.address; }))

/* fit__raw for a call of the real kernel in whose place glibc has a cancellation point: it can be
 * ended by pthread_cancel there, too. The two others are its parts. */
#define fit__raw_point(...)                                                                   \
    (__extension__({ int fit__type_ = fit__raw_point_begin();                                 \
        long fit__result_ = fit__raw(__VA_ARGS__);                                            \
        fit__raw_point_end(fit__type_);                                                       \
        fit__result_; }))
int fit__raw_point_begin(void);
void fit__raw_point_end(int type);

enum { FIT_IOV_MAX = 1024, FIT_PID = 4242 /* what the code under test sees */ };

#endif
