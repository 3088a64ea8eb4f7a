/* The allocator: glibc's own, by the names it has for that purpose; we only tell the watcher.
 *
 * This works under Memcheck, too, which with --soname-synonyms=somalloc=nouserintercepts replaces
 * what these names lead to, and not our definitions. */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/export.h"
#include "fi/guard.h"
#include "fi/kernel.h"
#include "fi/watch.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

const struct fit__watcher *fit__watcher;

/* AddressSanitizer's own allocator is found before ours, and hands nothing on. */
void *fit__plain_calloc(size_t count, size_t size)
{
    static void *(*its)(size_t, size_t);
    if (!fit__asan) return __libc_calloc(count, size);
    if (!its) *(void **)&its = dlsym(RTLD_DEFAULT, "calloc");
    return its(count, size);
}

void fit__plain_free(void *block)
{
    static void (*its)(void *);
    if (!fit__asan) {
        __libc_free(block);
        return;
    }
    if (!its) *(void **)&its = dlsym(RTLD_DEFAULT, "free");
    its(block);
}

static inline bool simulated(void)
{
    return __builtin_expect(fit__active, 0) && !fit__guard->inside && fit__watcher;
}

/* What a peer allocates is in no ledger; but it may free what the code under test gave it. */
static inline bool watched(void)
{
    return simulated() && !fit__guard->exempt;
}

static void __attribute__((noinline)) tell_allocated(void *block, size_t size, const void *caller)
{
    int saved = errno;
    if (!block) return;
    fit__enter();
    fit__watcher->allocated(block, size, caller);
    fit__leave();
    errno = saved;
}

static void __attribute__((noinline)) tell_released(void *block)
{
    int saved = errno;
    fit__enter();
    fit__watcher->released(block);
    fit__leave();
    errno = saved;
}

FIT_EXPORT void *malloc(size_t size)
{
    if (!watched()) return __libc_malloc(size);
    void *block = __libc_malloc(size);
    tell_allocated(block, size, __builtin_return_address(0));
    return block;
}

FIT_EXPORT void *calloc(size_t count, size_t size)
{
    if (!watched()) return __libc_calloc(count, size);
    void *block = __libc_calloc(count, size);
    tell_allocated(block, count * size, __builtin_return_address(0));
    return block;
}

/* The old block is spoken of before it is gone: another could have its address by then. But a
 * failed realloc leaves it as it was, and that is known only afterwards; nothing runs between. */
static void *resize(void *block, size_t size, const void *caller)
{
    void *moved = __libc_realloc(block, size);
    bool released = moved || (block && !size);
    if (block && released) tell_released(block);
    if (watched()) tell_allocated(moved, size, caller);
    return moved;
}

FIT_EXPORT void *realloc(void *block, size_t size)
{
    if (!simulated()) return __libc_realloc(block, size);
    return resize(block, size, __builtin_return_address(0));
}

FIT_EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    if (!simulated()) return __libc_realloc(block, total);
    return resize(block, total, __builtin_return_address(0));
}

FIT_EXPORT void free(void *block)
{
    if (block && simulated()) tell_released(block);
    __libc_free(block);
}

static void *aligned(size_t alignment, size_t size, const void *caller)
{
    void *block = __libc_memalign(alignment, size);
    if (watched()) tell_allocated(block, size, caller);
    return block;
}

FIT_EXPORT void *memalign(size_t alignment, size_t size)
{
    return aligned(alignment, size, __builtin_return_address(0));
}

FIT_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return aligned(alignment, size, __builtin_return_address(0));
}

/* Returns its error, and leaves errno alone. */
FIT_EXPORT int posix_memalign(void **result, size_t alignment, size_t size)
{
    bool power = alignment && !(alignment & (alignment - 1));
    if (!power || alignment % sizeof(void *)) return EINVAL;
    int saved = errno;
    void *block = aligned(alignment, size, __builtin_return_address(0));
    errno = saved;
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

FIT_EXPORT void *valloc(size_t size)
{
    return aligned((size_t)getpagesize(), size, __builtin_return_address(0));
}

FIT_EXPORT void *pvalloc(size_t size)
{
    size_t page = (size_t)getpagesize();
    if (size > SIZE_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    return aligned(page, (size + page - 1) / page * page, __builtin_return_address(0));
}
