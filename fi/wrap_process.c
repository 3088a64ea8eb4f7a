/* The process itself: who it is, how it ends, its limits and memory maps. */
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fi/process.h"
#include "fi/watch.h"
#include "fi/allocate.h"
#include "fi/wrap.h"

enum { PARENT_PID = FIT_PID - 1, DESCRIPTORS = 1024 };

/* ---- who am I ---------------------------------------------------------------------------- */

static void *main_thread;

static __attribute__((constructor)) void remember_main_thread(void)
{
    main_thread = __builtin_thread_pointer();
}

FIT_EXPORT pid_t getpid(void)
{
    return fit__passes() ? (pid_t)fit__raw(SYS_getpid) : FIT_PID;
}

FIT_EXPORT pid_t getppid(void)
{
    /* A child that was forked knows its parent by the number that getpid() gave that. */
    static pid_t forked_by;
    if (!fit__passes()) return PARENT_PID;
    pid_t parent = (pid_t)fit__raw(SYS_getppid);
    if (!fit__forked) return parent;
    if (!forked_by) forked_by = parent;
    return parent == forked_by ? FIT_PID : parent;
}

/* Threads are numbered in the order in which they first ask. */
FIT_EXPORT pid_t gettid(void)
{
    enum { THREADS_MAX = 64 };
    static const struct fit__guard *seen[THREADS_MAX];
    if (fit__passes()) return (pid_t)fit__raw(SYS_gettid);
    if (__builtin_thread_pointer() == main_thread) return FIT_PID;
    int i = 0;
    while (i < THREADS_MAX - 1 && seen[i] && seen[i] != fit__guard) i++;
    seen[i] = fit__guard;
    return FIT_PID + 1 + i;
}

/* ---- the end: the watcher hears of it first, and may have other plans -------------------- */

static void tell_ended(const char *how, const char *text, int status)
{
    if (fit__passes() || !fit__watcher) return;
    fit__enter();
    fit__watcher->ended(how, text, status);
    fit__leave();
}

FIT_EXPORT void abort(void)
{
    tell_ended("abort", NULL, 134);
    FIT_NEXT(abort)();
    __builtin_unreachable();
}

FIT_EXPORT void exit(int status)
{
    tell_ended("exit", NULL, status);
    FIT_NEXT(exit)(status);
    __builtin_unreachable();
}

FIT_EXPORT void _exit(int status)
{
    tell_ended("_exit", NULL, status);
    fit__raw(SYS_exit_group, status);
    __builtin_unreachable();
}

FIT_EXPORT void _Exit(int status)
{
    tell_ended("_exit", NULL, status);
    fit__raw(SYS_exit_group, status);
    __builtin_unreachable();
}

FIT_EXPORT void quick_exit(int status)
{
    tell_ended("exit", NULL, status);
    FIT_NEXT(quick_exit)(status);
    __builtin_unreachable();
}

FIT_EXPORT void __assert_fail(const char *what, const char *file, unsigned line,
                              const char *function)
{
    char text[400];
    if (!fit__passes()) {
        fit__enter();
        snprintf(text, sizeof text, "%s:%u: %s: Assertion `%s' failed.", file, line,
                 function ? function : "?", what);
        fit__leave();
        tell_ended("assert", text, 134);
    }
    FIT_NEXT(__assert_fail)(what, file, line, function);
    __builtin_unreachable();
}

/* ---- limits and memory maps -------------------------------------------------------------- */

static int limit_of(__rlimit_resource_t resource, struct rlimit *limit)
{
    int result = (int)fit__result(fit__raw(SYS_prlimit64, 0, resource, NULL, limit));
    if (result == 0 && resource == RLIMIT_NOFILE && !fit__passes())
        *limit = (struct rlimit){ DESCRIPTORS, DESCRIPTORS };
    return result;
}

FIT_EXPORT int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
    return limit_of(resource, limit);
}

_Static_assert(sizeof(struct rlimit) == sizeof(struct rlimit64), "two kinds of rlimit");

FIT_EXPORT int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit)
{
    return limit_of(resource, (struct rlimit *)limit);
}

static int set_limit(__rlimit_resource_t resource, const struct rlimit *limit, const void *caller)
{
    if (!fit__passes() && resource == RLIMIT_NOFILE) {
        if (limit->rlim_cur == DESCRIPTORS) return 0;
        fit__unsupported("setrlimit(RLIMIT_NOFILE)", caller, "use the cases of mode emfile");
    }
    return (int)fit__result(fit__raw(SYS_prlimit64, 0, resource, limit, NULL));
}

FIT_EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    return set_limit(resource, limit, FIT_CALLER);
}

FIT_EXPORT int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
    return set_limit(resource, (const struct rlimit *)limit, FIT_CALLER);
}

FIT_EXPORT int getdtablesize(void)
{
    struct rlimit limit;
    return limit_of(RLIMIT_NOFILE, &limit) < 0 ? 256 : (int)limit.rlim_cur;
}

FIT_EXPORT long sysconf(int name)
{
    if (name == _SC_OPEN_MAX && !fit__passes()) return DESCRIPTORS;
    return FIT_NEXT(sysconf)(name);
}
FIT_ALIAS(__sysconf, sysconf);

/* What stands behind a simulated descriptor in the real table is not the file. */
FIT_EXPORT void *mmap(void *start, size_t size, int protection, int flags, int fd, off_t offset)
{
    long result;
    if (!fit__passes() && !fit__guard->exempt && fit__no_memory(FIT_CALL_mmap, size, FIT_CALLER)) {
        result = -ENOMEM;
    } else if (fit__passes() || (flags & MAP_ANONYMOUS)) {
        result = fit__raw(SYS_mmap, start, size, protection, flags, fd, offset);
    } else {
        struct fit__call c;
        fit__begin(&c, FIT_CALL_mmap, fd, FIT_CALLER);
        result = fit__kernel->mmap(start, size, protection, flags, fd, offset);
        if (fit__traces())
            fit__traced(&c, result < 0 && result > -4096 ? result : 0, "%d, %zu, %lld", fd, size,
                        (long long)offset);
        errno = c.saved_errno;
        fit__leave();
    }
    return result < 0 && result > -4096 ? (void *)fit__result(result) : (void *)result;
}
FIT_ALIAS(mmap64, mmap);
