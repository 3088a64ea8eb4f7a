/* The ledger of memory: every block that the code under test holds, exactly. */
#include <assert.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "harness/judge/judge.h"

/* Memcheck takes whatever looks like a pointer for one, here too; so addresses stand here as their
 * complement, or nothing would ever be lost. */
struct block {
    uintptr_t hidden;                    /* 0: free place, GONE: was used */
    size_t size;
    uint64_t serial;                     /* which allocation it is */
    uintptr_t place;                     /* who allocated it: the caller, or its whole call stack */
    const void *caller;
    void **frames;                       /* only if stacks are wanted */
    unsigned depth;
};
enum { GONE = 1, FIRST_CAPACITY = 1 << 8, FRAMES_KEPT = 24 };

FIT_HOT static struct {
    bool on, stacks;
    struct block *blocks;
    size_t capacity, used;               /* used: places that are not NULL */
    uint64_t serial;
} ledger;

static uintptr_t hide(const void *address)
{
    return ~(uintptr_t)address;
}

static size_t place_of(uintptr_t hidden)
{
    uint64_t x = (uint64_t)hidden >> 4;
    return (size_t)(x * 0x9e3779b97f4a7c15u >> 20) & (ledger.capacity - 1);
}

static struct block *find(uintptr_t hidden)
{
    for (size_t i = place_of(hidden);; i = (i + 1) & (ledger.capacity - 1)) {
        if (!ledger.blocks[i].hidden) return NULL;
        if (ledger.blocks[i].hidden == hidden) return &ledger.blocks[i];
    }
}

static struct block *place_for(uintptr_t hidden)
{
    size_t i = place_of(hidden);
    while (ledger.blocks[i].hidden && ledger.blocks[i].hidden != GONE)
        i = (i + 1) & (ledger.capacity - 1);
    return &ledger.blocks[i];
}

static void grow(size_t capacity)
{
    struct block *old = ledger.blocks;
    size_t count = ledger.capacity;
    ledger.blocks = fit__alloc(capacity * sizeof *old);
    ledger.capacity = capacity;
    ledger.used = 0;
    assert(old || !count);
    for (size_t i = 0; i < count; i++) {
        if (!old[i].hidden || old[i].hidden == GONE) continue;
        *place_for(old[i].hidden) = old[i];
        ledger.used++;
    }
    fit__free(old);
}

static size_t live_count(void)
{
    size_t n = 0;
    for (size_t i = 0; i < ledger.capacity; i++)
        n += ledger.blocks[i].hidden && ledger.blocks[i].hidden != GONE;
    return n;
}

/* Functions that allocate for others (strdup, a list's append) have one caller each and many
 * users: with stacks at hand, the users are told apart. */
static uintptr_t place_of_stack(void *const *frames, unsigned depth)
{
    uint64_t hash = 14695981039346656037u;
    for (unsigned i = 0; i < depth; i++) hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
    return (uintptr_t)hash;
}

void fit__memory_allocated(void *address, size_t size, const void *caller)
{
    struct block *b;
    if (!ledger.on) return;
    if ((ledger.used + 1) * 4 > ledger.capacity * 3)     /* keep a quarter free */
        grow(live_count() * 4 > ledger.capacity ? ledger.capacity * 2 : ledger.capacity);
    b = place_for(hide(address));
    if (!b->hidden) ledger.used++;
    *b = (struct block){ .hidden = hide(address), .size = size, .serial = ++ledger.serial,
                          .place = (uintptr_t)caller, .caller = caller };
    if (ledger.stacks) {
        void *frames[FRAMES_KEPT];
        b->depth = fit__stack(frames, FRAMES_KEPT);
        b->place = place_of_stack(frames, b->depth);
        b->frames = fit__alloc(b->depth * sizeof frames[0] + 1);
        memcpy(b->frames, frames, b->depth * sizeof frames[0]);
    }
}

void fit__memory_released(void *address)
{
    struct block *b = ledger.on ? find(hide(address)) : NULL;
    if (!b) return;                      /* from before the test, or a peer's */
    fit__free(b->frames);
    *b = (struct block){ .hidden = GONE };
}

struct fit__memory_mark fit__memory_mark(const void *address)
{
    for (size_t i = 0; ledger.on && i < ledger.capacity; i++) {
        const struct block *b = &ledger.blocks[i];
        if (!b->hidden || b->hidden == GONE) continue;
        if ((uintptr_t)address - ~b->hidden <= b->size)
            return (struct fit__memory_mark){ b->hidden, b->serial };
    }
    return (struct fit__memory_mark){ 0, 0 };
}

bool fit__memory_lives(const struct fit__memory_mark *mark)
{
    const struct block *b = mark->hidden ? find(mark->hidden) : NULL;
    return !mark->hidden || (b && b->serial == mark->serial);
}

void fit__memory_start(bool stacks)
{
    if (!ledger.blocks) grow(FIRST_CAPACITY);
    memset(ledger.blocks, 0, ledger.capacity * sizeof *ledger.blocks);
    ledger.used = 0;
    ledger.stacks = stacks;
    ledger.on = true;
}

void fit__memory_want_stacks(void)
{
    ledger.stacks = true;
}

void fit__memory_stop(void)
{
    ledger.on = false;
}

unsigned fit__memory_census(struct fit__left *left, unsigned most)
{
    unsigned count = 0, k;
    for (size_t i = 0; i < ledger.capacity; i++) {
        const struct block *b = &ledger.blocks[i];
        if (!b->hidden || b->hidden == GONE) continue;
        for (k = 0; k < count && left[k].place != b->place; k++) { }
        if (k == most) continue;         /* too many places: the rest is not compared */
        if (k == count) left[count++] = (struct fit__left){ .place = b->place };
        left[k].blocks++;
        left[k].bytes += b->size;
    }
    return count;
}

static const struct fit__left *in_reference(const struct fit__reference *r, uintptr_t place)
{
    for (unsigned i = 0; i < r->left_count; i++)
        if (r->left[i].place == place) return &r->left[i];
    return NULL;
}

/* A block of that place tells who it was. */
static void describe(struct fit__memory_left *worst, uintptr_t place)
{
    for (size_t i = 0; i < ledger.capacity; i++) {
        const struct block *b = &ledger.blocks[i];
        if (!b->hidden || b->hidden == GONE || b->place != place) continue;
        worst->caller = b->caller;
        worst->depth = b->depth;
        if (b->depth) memcpy(worst->frames, b->frames, b->depth * sizeof b->frames[0]);
    }
}

unsigned fit__memory_left(const struct fit__reference *reference, size_t lost,
                          struct fit__memory_left *worst, size_t *bytes)
{
    struct fit__left *now = fit__alloc(FIT_LEFT_MAX * sizeof *now);
    unsigned count = fit__memory_census(now, FIT_LEFT_MAX), total = 0;
    uintptr_t place = 0;
    *worst = (struct fit__memory_left){ .caller = NULL };
    *bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct fit__left *before = in_reference(reference, now[i].place);
        unsigned blocks = before && before->blocks < now[i].blocks
                        ? now[i].blocks - before->blocks : before ? 0 : now[i].blocks;
        size_t more = before && before->bytes < now[i].bytes
                    ? now[i].bytes - before->bytes : before ? 1 : now[i].bytes;
        if (!blocks) continue;
        total += blocks;
        *bytes += more;
        /* What is larger than all that is lost is not what is lost. */
        if (place && (more > lost || (worst->bytes <= lost && worst->bytes >= more))) continue;
        place = now[i].place;
        *worst = (struct fit__memory_left){ .bytes = more };
    }
    if (total) describe(worst, place);
    fit__free(now);
    return total;
}
