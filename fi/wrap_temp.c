/* Temporary files and directories. Their names come from the kernel's entropy, which is the same
 * in each run; glibc would take the real one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fi/wrap.h"

enum { MARKS = 6 /* XXXXXX */, ATTEMPTS_MAX = 1000 };

static void new_name(char *marks)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint64_t value;
    fit__kernel->getrandom(&value, sizeof value, 0);
    for (int i = 0; i < MARKS; i++) {
        marks[i] = letters[value % (sizeof letters - 1)];
        value /= sizeof letters - 1;
    }
}

static long make(char *pattern, char *marks, bool directory, int flags)
{
    long result = -EEXIST;
    for (int i = 0; i < ATTEMPTS_MAX && result == -EEXIST; i++) {
        new_name(marks);
        result = directory ? fit__kernel->mkdir(AT_FDCWD, pattern, 0700)
                           : fit__kernel->open(AT_FDCWD, pattern, (flags & ~O_ACCMODE) | O_RDWR |
                                               O_CREAT | O_EXCL, 0600);
    }
    return result;
}

/* `pattern` still holds its marks while it is asked what goes wrong: a name that stays. */
static long temporary(enum fit__call_id id, char *pattern, int suffix, int flags,
                      const void *caller)
{
    struct fit__call c;
    char text[128];
    long result = -EINVAL;
    fit__begin(&c, id, -1, caller);
    c.object = pattern;
    int length = (int)strlen(pattern), start = length - suffix - MARKS;
    bool fits = suffix >= 0 && start >= 0 && !memcmp(pattern + start, "XXXXXX", MARKS);
    bool directory = id == FIT_CALL_mkdtemp;
    const unsigned holds = FIT_N_NEW | FIT_N_DRAWN | FIT_N_CHANGES;
    if (fits && !fit__fault_path(&c, AT_FDCWD, pattern, holds, &result))
        result = make(pattern, pattern + start, directory, flags);
    if (fits && result < 0) memset(pattern + start, 'X', MARKS);
    if (fit__traces())
        fit__traced(&c, result, "%s", fit__quote(text, sizeof text, pattern, strlen(pattern)));
    return fit__end(&c, result);
}

FIT_EXPORT int mkstemp(char *pattern)
{
    if (fit__passes()) return FIT_NEXT(mkstemp)(pattern);
    return (int)temporary(FIT_CALL_mkstemp, pattern, 0, 0, FIT_CALLER);
}
FIT_ALIAS(mkstemp64, mkstemp);

FIT_EXPORT int mkostemp(char *pattern, int flags)
{
    if (fit__passes()) return FIT_NEXT(mkostemp)(pattern, flags);
    return (int)temporary(FIT_CALL_mkstemp, pattern, 0, flags, FIT_CALLER);
}
FIT_ALIAS(mkostemp64, mkostemp);

FIT_EXPORT int mkstemps(char *pattern, int suffix)
{
    if (fit__passes()) return FIT_NEXT(mkstemps)(pattern, suffix);
    return (int)temporary(FIT_CALL_mkstemp, pattern, suffix, 0, FIT_CALLER);
}
FIT_ALIAS(mkstemps64, mkstemps);

FIT_EXPORT int mkostemps(char *pattern, int suffix, int flags)
{
    if (fit__passes()) return FIT_NEXT(mkostemps)(pattern, suffix, flags);
    return (int)temporary(FIT_CALL_mkstemp, pattern, suffix, flags, FIT_CALLER);
}
FIT_ALIAS(mkostemps64, mkostemps);

FIT_EXPORT char *mkdtemp(char *pattern)
{
    if (fit__passes()) return FIT_NEXT(mkdtemp)(pattern);
    return temporary(FIT_CALL_mkdtemp, pattern, 0, 0, FIT_CALLER) < 0 ? NULL : pattern;
}

/* ---- names without a file ---------------------------------------------------------------- */

static const char use_mkstemp[] = "use mkstemp or mkdtemp";

FIT_EXPORT char *mktemp(char *pattern)
{
    if (!fit__passes()) fit__unsupported("mktemp", FIT_CALLER, use_mkstemp);
    return FIT_NEXT(mktemp)(pattern);
}

FIT_EXPORT char *tmpnam(char name[L_tmpnam])
{
    if (!fit__passes()) fit__unsupported("tmpnam", FIT_CALLER, use_mkstemp);
    return FIT_NEXT(tmpnam)(name);
}

FIT_EXPORT char *tempnam(const char *directory, const char *prefix)
{
    if (!fit__passes()) fit__unsupported("tempnam", FIT_CALLER, use_mkstemp);
    return FIT_NEXT(tempnam)(directory, prefix);
}

static const char no_shared_memory[] = "shared memory is not simulated; threads share all of it";

FIT_EXPORT int shm_open(const char *name, int flags, mode_t mode)
{
    if (!fit__passes()) fit__unsupported("shm_open", FIT_CALLER, no_shared_memory);
    return FIT_NEXT(shm_open)(name, flags, mode);
}

FIT_EXPORT int shm_unlink(const char *name)
{
    if (!fit__passes()) fit__unsupported("shm_unlink", FIT_CALLER, no_shared_memory);
    return FIT_NEXT(shm_unlink)(name);
}
