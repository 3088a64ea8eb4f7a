/* Memory by pages: what the kernel may refuse. The pages themselves are real ones. mmap() is in
 * wrap_process.c, for it also knows files. */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "fi/allocate.h"
#include "fi/wrap.h"

static bool refused(enum fit__call_id id, const void *caller, unsigned holds)
{
    int error;
    if (fit__passes() || fit__guard->exempt || !fit__mode_asked(FIT_MEMORY)) return false;
    error = fit__ask_pages(id, caller, holds);
    if (error) errno = error;
    return error;
}

FIT_EXPORT int mprotect(void *start, size_t size, int protection)
{
    if (refused(FIT_CALL_mprotect, FIT_CALLER, 0)) return -1;
    return (int)fit__result(fit__raw(SYS_mprotect, start, size, protection));
}

/* To give pages back always succeeds; the other advice splits what is mapped. */
FIT_EXPORT int madvise(void *start, size_t size, int advice)
{
    bool frees = advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE;
    if (!frees && refused(FIT_CALL_madvise, FIT_CALLER, 0)) return -1;
    return (int)fit__result(fit__raw(SYS_madvise, start, size, advice));
}

FIT_EXPORT int mlock(const void *start, size_t size)
{
    if (refused(FIT_CALL_mlock, FIT_CALLER, FIT_N_PRIVILEGE)) return -1;
    return (int)fit__result(fit__raw(SYS_mlock, start, size));
}

FIT_EXPORT int mlock2(const void *start, size_t size, unsigned flags)
{
    if (refused(FIT_CALL_mlock2, FIT_CALLER, FIT_N_PRIVILEGE)) return -1;
    return (int)fit__result(fit__raw(SYS_mlock2, start, size, flags));
}

FIT_EXPORT int mlockall(int flags)
{
    if (refused(FIT_CALL_mlockall, FIT_CALLER, FIT_N_PRIVILEGE)) return -1;
    return (int)fit__result(fit__raw(SYS_mlockall, flags));
}

/* One that becomes smaller, or stays where it is with its size, needs nothing. */
FIT_EXPORT void *mremap(void *start, size_t size, size_t wanted, int flags, ...)
{
    void *to = NULL;
    if (flags & MREMAP_FIXED) {
        va_list list;
        va_start(list, flags);
        to = va_arg(list, void *);
        va_end(list);
    }
    if (!fit__passes() && !fit__guard->exempt && wanted > size
        && fit__no_memory(FIT_CALL_mremap, wanted, FIT_CALLER)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)fit__result(fit__raw(SYS_mremap, start, size, wanted, flags, to));
}
