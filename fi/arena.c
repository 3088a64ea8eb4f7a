/* Memory for our own data: size classes of powers of two over one mapping. */
#include "fi/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "fi/hot.h"
#include "fi/raw.h"

/* Address space is reserved at once and opened by steps: Memcheck's leak check would read
 * through all that is readable. */
#define REGION_SIZE ((size_t)4 << 30)
#define STEP ((size_t)1 << 20)

enum { CLASS_MIN = 5, CLASSES = 33 };      /* 32 bytes ... 4 GiB */

struct block {                             /* stands before each block */
    uint32_t class;
    uint32_t magic;
    struct block *next_free;
};
enum { MAGIC_USED = 0x46495475, MAGIC_FREE = 0x46495466 };

struct region {
    char *next, *open_end, *end;
};
FIT_HOT static struct {
    struct region own, shared;
    struct block *free[CLASSES];
} arena;

static void __attribute__((noreturn)) give_up(const char *text)
{
    fit__raw(SYS_write, 2, text, strlen(text));
    fit__raw(SYS_exit_group, 70);
    __builtin_unreachable();
}

static void reserve(struct region *r, char *at, int sharing)
{
    long got = fit__raw(SYS_mmap, at, REGION_SIZE, PROT_NONE,
                        sharing | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != (long)at) give_up("faulttest: cannot map memory of its own\n");
    r->next = r->open_end = at;
    r->end = at + REGION_SIZE;
}

static char *take(struct region *r, size_t size)
{
    char *memory = r->next;
    if (size > (size_t)(r->end - memory)) give_up("faulttest: its own memory is used up\n");
    r->next += size;
    if (r->next > r->open_end) {
        size_t more = ((size_t)(r->next - r->open_end) + STEP - 1) & ~(STEP - 1);
        if (fit__raw(SYS_mprotect, r->open_end, more, PROT_READ | PROT_WRITE))
            give_up("faulttest: cannot map memory of its own\n");
        r->open_end += more;
    }
    return memory;
}

static unsigned class_for(size_t size)
{
    unsigned class = CLASS_MIN;
    while (((size_t)1 << class) < size) class++;
    return class;
}

static void *take_block(size_t size, bool zeroed)
{
    unsigned class = class_for(size + sizeof(struct block));
    struct block *b = class < CLASSES ? arena.free[class] : NULL;
    if (b) {
        assert(b->magic == MAGIC_FREE);
        arena.free[class] = b->next_free;
        if (zeroed) memset(b + 1, 0, ((size_t)1 << class) - sizeof *b);
    } else {
        if (!arena.own.next) reserve(&arena.own, FIT_AT_ARENA, MAP_PRIVATE);
        b = (struct block *)(void *)take(&arena.own, (size_t)1 << class);
    }
    b->class = class;
    b->magic = MAGIC_USED;
    b->next_free = NULL;
    return b + 1;
}

void *fit__alloc(size_t size)
{
    return take_block(size, true);
}

void *fit__alloc_unset(size_t size)
{
    return take_block(size, false);
}

void fit__free(void *memory)
{
    struct block *b;
    if (!memory) return;
    b = (struct block *)memory - 1;
    assert(b->magic == MAGIC_USED);
    b->magic = MAGIC_FREE;
    b->next_free = arena.free[b->class];
    arena.free[b->class] = b;
}

void *fit__resize(void *memory, size_t size)
{
    struct block *b;
    size_t old;
    void *fresh;
    if (!memory) return fit__alloc(size);
    b = (struct block *)memory - 1;
    old = ((size_t)1 << b->class) - sizeof *b;
    if (size <= old) return memory;
    fresh = fit__alloc(size);
    memcpy(fresh, memory, old);
    fit__free(memory);
    return fresh;
}

char *fit__strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(fit__alloc(size), text, size);
}

char *fit__format(const char *format, ...)
{
    va_list args;
    int size;
    char *text;
    va_start(args, format);
    size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = fit__alloc((size_t)size + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    return text;
}

void *fit__alloc_shared(size_t size)
{
    if (!arena.shared.next) reserve(&arena.shared, FIT_AT_SHARED, MAP_SHARED);
    return take(&arena.shared, (size + 4095) & ~(size_t)4095);
}
