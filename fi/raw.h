/* fi/raw.h - system calls without libc.
 *
 * Passing through must never call a libc function that we define ourselves, nor dlsym:
 * both lead back into our own wrappers. So it goes to the kernel directly. Every function
 * returns what the kernel returns: a result >= 0, or -errno. errno is never touched.
 * May be called from any thread, signal handler or snapshot, at any time. */
#ifndef FI_RAW_H
#define FI_RAW_H

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

static inline long fit__raw6(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#else
#error "Faulttest knows x86-64 and aarch64 only"
#endif
}

/* fit__raw(SYS_x, up to six arguments of any integer or pointer type). */
#define fit__raw(...) FIT__RAW_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define FIT__RAW_PICK(n, a, b, c, d, e, f, ...) \
    fit__raw6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* A duplicate above the numbers that the code under test may have; where the kernel's limit is
 * lower, near that. Negative: -errno. */
static inline long fit__raw_duplicate_high(long fd)
{
    static const int from[] = { 1100, 900, 520 };
    long high = -EINVAL;
    for (unsigned i = 0; i < sizeof from / sizeof from[0] && high == -EINVAL; i++)
        high = fit__raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from[i]);
    return high;
}

#endif
