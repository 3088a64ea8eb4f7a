/* What the run without faults showed: kept in memory shared with all snapshots, so that the
 * parent, the trunk and every case can look at what a child of the parent recorded. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <valgrind/memcheck.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/explore/explore.h"
#include "harness/explore/record.h"
#include "harness/loops/loops.h"

/* Address space only: pages come when touched. At a fixed place, because pointers into it must
 * mean the same in every process. */
#define POOL_SIZE ((size_t)1 << 30)
enum { ENTRIES_FIRST = 1 << 12 };

struct entry { const void *bytes; uint32_t size, hash; };

struct pool {
    size_t used;
    struct entry *entries;               /* what is kept once: open addressing */
    unsigned room, count;                /* of entries; room is a power of two */
};
static struct pool *pool;

static void __attribute__((noreturn)) too_long(void)
{
    fit__send_error(FIT_X_UNSUPPORTED, "the test asks too many questions: what a run without "
                    "faults may fill, %zu MiB, is full after %u of them; make the test shorter",
                    POOL_SIZE >> 20, fit__session.reference ? fit__session.reference->questions
                                                            : 0);
    fit__die();
}

void *fit__shared_take(size_t size)
{
    size_t at = (pool->used + 15) & ~(size_t)15;
    if (at + size > POOL_SIZE) too_long();
    pool->used = at + size;
    VALGRIND_MAKE_MEM_DEFINED((char *)pool + at, size);
    return (char *)pool + at;
}

static struct entry *entry_of(const void *bytes, size_t size, uint32_t hash)
{
    unsigned at = hash;
    for (;; at++) {
        struct entry *e = &pool->entries[at & (pool->room - 1)];
        if (!e->bytes || (e->hash == hash && e->size == size && !memcmp(e->bytes, bytes, size)))
            return e;
    }
}

/* Twice as much room, at least; the old table is lost with the pool. */
static void make_room(void)
{
    struct entry *old = pool->entries;
    unsigned count = pool->room;
    if (pool->count * 2 < pool->room) return;
    pool->room = count ? count * 4 : ENTRIES_FIRST;
    pool->entries = fit__shared_take(pool->room * sizeof *old);
    for (unsigned i = 0; i < count; i++)
        if (old[i].bytes) *entry_of(old[i].bytes, old[i].size, old[i].hash) = old[i];
}

const void *fit__shared_bytes(const void *bytes, size_t size)
{
    uint32_t hash = (uint32_t)fit__hash(bytes, size);
    struct entry *e;
    make_room();
    e = entry_of(bytes, size, hash);
    if (!e->bytes) {
        *e = (struct entry){ memcpy(fit__shared_take(size), bytes, size), (uint32_t)size, hash };
        pool->count++;
    }
    return e->bytes;
}

const char *fit__shared_text(const char *text)
{
    return text ? fit__shared_bytes(text, strlen(text) + 1) : NULL;
}

uint64_t fit__hash(const void *bytes, size_t size)
{
    uint64_t hash = 14695981039346656037u;
    for (const unsigned char *p = bytes, *end = p + size; p < end; p++)
        hash = (hash ^ *p) * 1099511628211u;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;      /* the low bits of FNV are weak */
    return hash ^ hash >> 32;
}

struct fit__reference *fit__reference_new(void)
{
    struct fit__reference *r;
    long got = fit__raw(SYS_mmap, FIT_AT_REFERENCE, POOL_SIZE, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    assert(got == (long)FIT_AT_REFERENCE);
    pool = (struct pool *)(void *)FIT_AT_REFERENCE;
    VALGRIND_MAKE_MEM_NOACCESS(FIT_AT_REFERENCE, POOL_SIZE);
    VALGRIND_MAKE_MEM_DEFINED(FIT_AT_REFERENCE, sizeof *pool);
    pool->used = sizeof *pool;
    r = fit__shared_take(sizeof *r);
    r->last_point = &r->points;
    r->line_capacity = 1 << 17;
    r->lines = fit__shared_take(r->line_capacity * sizeof *r->lines);
    return r;
}

/* Memcheck's leak check reads whatever is accessible: all of the pool, and so fills it with
 * memory. What a snapshot has opened of it, the others must open, too. */
void fit__reference_grown(void)
{
    VALGRIND_MAKE_MEM_DEFINED(FIT_AT_REFERENCE, pool->used);
}

void fit__reference_drop(struct fit__reference *reference)
{
    (void)reference;
    fit__raw(SYS_munmap, FIT_AT_REFERENCE, POOL_SIZE);
    pool = NULL;
}

/* Where a question is kept: with the reference, or, as the copies of a process must not write there
 * side by side, in this process alone. */
struct keeper {
    void *(*take)(size_t size);
    const void *(*bytes)(const void *bytes, size_t size);
    const char *(*text)(const char *text);
};

static const char *own_text(const char *text)
{
    return text ? fit__strdup(text) : NULL;
}

static const void *own_bytes(const void *bytes, size_t size)
{
    return memcpy(fit__alloc(size), bytes, size);
}

static const struct keeper shared = { fit__shared_take, fit__shared_bytes, fit__shared_text };
static const struct keeper own = { fit__alloc, own_bytes, own_text };

static void copy_alternatives(struct fit__point *p, const struct fit__question *q,
                              const struct keeper *k)
{
    struct fit__alternative clean[FIT_ALTERNATIVES_MAX];
    memset(clean, 0, sizeof clean);      /* what lies between the fields is compared, too */
    for (unsigned i = 0; i < q->count; i++) {
        const struct fit__alternative *a = &q->alternatives[i];
        clean[i].mode = a->mode;
        clean[i].what = a->what;
        clean[i].space = a->space;
        clean[i].until = a->until;
        clean[i].extended = a->extended;
        clean[i].value = a->value;
        clean[i].until_ms = a->until_ms;
    }
    p->count = q->count;
    p->alternatives = k->bytes(clean, q->count * sizeof clean[0]);
}

/* A question that the world asks has no place in the program; a callback that is about to run is
 * not on the stack yet, but it is the place. */
static void copy_stack(struct fit__point *p, const struct fit__question *q,
                       const struct keeper *k)
{
    void *frames[FIT_STACK_MAX];
    unsigned first = q->in && q->caller;
    if (q->world) return;
    if (first) frames[0] = (void *)(uintptr_t)q->caller;
    p->depth = first + fit__stack(frames + first, FIT_STACK_MAX - first);
    p->frames = k->bytes(frames, p->depth * sizeof frames[0]);
}

static struct fit__point *keep(const struct fit__question *q, const struct keeper *k)
{
    struct fit__point *p = k->take(sizeof *p);
    memset(p, 0, sizeof *p);
    p->name = k->text(q->point);
    p->on = k->text(q->object);
    p->at = k->text(q->at);
    p->op = k->text(q->op);
    p->after = k->text(q->after ? q->after : fit__last_callback());
    p->in = q->in ? k->text(q->in) : NULL;
    p->world = q->world;
    p->ns = fit__now();
    p->turn = fit__session.turn;
    copy_alternatives(p, q, k);
    copy_stack(p, q, k);
    return p;
}

void fit__point_record(const struct fit__question *q)
{
    struct fit__reference *r = fit__session.reference;
    struct fit__point *p = keep(q, &shared);
    *r->last_point = p;
    r->last_point = &p->next;
    r->questions++;
    if (!strcmp(q->point, "cancel") || !strcmp(q->point, "shutdown")) r->cancel_places++;
}

struct fit__point *fit__point_after(const struct fit__question *q)
{
    struct fit__point *p = keep(q, &own);
    fit__point_name_after(p);
    return p;
}
