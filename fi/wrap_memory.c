/* The allocator: glibc's own, by the names it has for that purpose; we only tell the watcher.
 *
 * This works under Memcheck, too, which with --soname-synonyms=somalloc=nouserintercepts replaces
 * what these names lead to, and not our definitions. */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fi/allocate.h"
#include "fi/arena.h"
#include "fi/export.h"
#include "fi/guard.h"
#include "fi/kernel.h"
#include "fi/watch.h"
#include "fi/wrap.h"

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

/* Code under test asks for memory: is there none? */
static inline bool refused(enum fit__call_id id, size_t size, const void *caller)
{
    if (!fit__no_memory(id, size, caller)) return false;
    errno = ENOMEM;
    return true;
}

void *fit__allocate(size_t size, const void *caller)
{
    void *block = __libc_malloc(size);
    if (watched()) tell_allocated(block, size, caller);
    return block;
}

FIT_EXPORT void *malloc(size_t size)
{
    if (!watched()) return __libc_malloc(size);
    if (refused(FIT_CALL_malloc, size, FIT_CALLER)) return NULL;
    void *block = __libc_malloc(size);
    tell_allocated(block, size, FIT_CALLER);
    return block;
}

FIT_EXPORT void *calloc(size_t count, size_t size)
{
    if (!watched()) return __libc_calloc(count, size);
    if (refused(FIT_CALL_calloc, count * size, FIT_CALLER)) return NULL;
    void *block = __libc_calloc(count, size);
    tell_allocated(block, count * size, FIT_CALLER);
    return block;
}

/* The old block is spoken of before it is gone: another could have its address by then. But a
 * failed realloc leaves it as it was, and that is known only afterwards; nothing runs between. */
static void *resize(enum fit__call_id id, void *block, size_t size, const void *caller)
{
    if (watched() && !(block && !size) && refused(id, size, caller)) return NULL;
    void *moved = __libc_realloc(block, size);
    bool released = moved || (block && !size);
    if (block && released) tell_released(block);
    if (watched()) tell_allocated(moved, size, caller);
    return moved;
}

FIT_EXPORT void *realloc(void *block, size_t size)
{
    if (!simulated()) return __libc_realloc(block, size);
    return resize(FIT_CALL_realloc, block, size, FIT_CALLER);
}

FIT_EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    if (!simulated()) return __libc_realloc(block, total);
    return resize(FIT_CALL_reallocarray, block, total, FIT_CALLER);
}

FIT_EXPORT void free(void *block)
{
    if (block && simulated()) {
        tell_released(block);
        if (!fit__guard->exempt) fit__memory_freed();
    }
    __libc_free(block);
}

static void *aligned(enum fit__call_id id, size_t alignment, size_t size, const void *caller)
{
    if (watched() && refused(id, size, caller)) return NULL;
    void *block = __libc_memalign(alignment, size);
    if (watched()) tell_allocated(block, size, caller);
    return block;
}

FIT_EXPORT void *memalign(size_t alignment, size_t size)
{
    return aligned(FIT_CALL_memalign, alignment, size, FIT_CALLER);
}

FIT_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return aligned(FIT_CALL_aligned_alloc, alignment, size, FIT_CALLER);
}

/* Returns its error, and leaves errno alone. */
FIT_EXPORT int posix_memalign(void **result, size_t alignment, size_t size)
{
    bool power = alignment && !(alignment & (alignment - 1));
    if (!power || alignment % sizeof(void *)) return EINVAL;
    int saved = errno;
    void *block = aligned(FIT_CALL_posix_memalign, alignment, size, FIT_CALLER);
    errno = saved;
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

FIT_EXPORT void *valloc(size_t size)
{
    return aligned(FIT_CALL_valloc, (size_t)getpagesize(), size, FIT_CALLER);
}

FIT_EXPORT void *pvalloc(size_t size)
{
    size_t page = (size_t)getpagesize();
    if (size > SIZE_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    return aligned(FIT_CALL_pvalloc, page, (size + page - 1) / page * page, FIT_CALLER);
}

/* ---- what allocates inside libc for its caller ------------------------------------------- */

static char *copy_text(enum fit__call_id id, const char *text, size_t length, const void *caller)
{
    if (watched() && refused(id, length + 1, caller)) return NULL;
    char *copy = fit__allocate(length + 1, caller);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

FIT_EXPORT char *strdup(const char *text)
{
    return copy_text(FIT_CALL_strdup, text, strlen(text), FIT_CALLER);
}
FIT_ALIAS(__strdup, strdup);

FIT_EXPORT char *strndup(const char *text, size_t most)
{
    return copy_text(FIT_CALL_strndup, text, strnlen(text, most), FIT_CALLER);
}
FIT_ALIAS(__strndup, strndup);

FIT_EXPORT int vasprintf(char **out, const char *format, va_list list)
{
    if (watched() && refused(FIT_CALL_asprintf, 0, FIT_CALLER)) return -1;
    return FIT_NEXT(vasprintf)(out, format, list);
}

FIT_EXPORT int asprintf(char **out, const char *format, ...)
{
    va_list list;
    if (watched() && refused(FIT_CALL_asprintf, 0, FIT_CALLER)) return -1;
    va_start(list, format);
    int length = FIT_NEXT(vasprintf)(out, format, list);
    va_end(list);
    return length;
}
FIT_ALIAS(__asprintf, asprintf);

FIT_EXPORT int __vasprintf_chk(char **out, int flag, const char *format, va_list list);
int __vasprintf_chk(char **out, int flag, const char *format, va_list list)
{
    if (watched() && refused(FIT_CALL_asprintf, 0, FIT_CALLER)) return -1;
    return FIT_NEXT(__vasprintf_chk)(out, flag, format, list);
}

FIT_EXPORT int __asprintf_chk(char **out, int flag, const char *format, ...);
int __asprintf_chk(char **out, int flag, const char *format, ...)
{
    va_list list;
    if (watched() && refused(FIT_CALL_asprintf, 0, FIT_CALLER)) return -1;
    va_start(list, format);
    int length = FIT_NEXT(__vasprintf_chk)(out, flag, format, list);
    va_end(list);
    return length;
}

/* It allocates the first time; that it must grow a line later is not asked about. */
static ssize_t take_line(char **line, size_t *room, int end, FILE *stream, const void *caller)
{
    if (line && room && !*line && watched() && refused(FIT_CALL_getdelim, 0, caller)) return -1;
    return FIT_NEXT(getdelim)(line, room, end, stream);
}

FIT_EXPORT ssize_t getdelim(char **restrict line, size_t *restrict room, int end,
                            FILE *restrict stream)
{
    return take_line(line, room, end, stream, FIT_CALLER);
}
FIT_ALIAS(__getdelim, getdelim);

FIT_EXPORT ssize_t getline(char **restrict line, size_t *restrict room, FILE *restrict stream)
{
    return take_line(line, room, '\n', stream, FIT_CALLER);
}

FIT_EXPORT FILE *open_memstream(char **text, size_t *size)
{
    if (watched() && refused(FIT_CALL_open_memstream, 0, FIT_CALLER)) return NULL;
    return FIT_NEXT(open_memstream)(text, size);
}
