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
#include "harness/loops/loops.h"

/* Address space only: pages come when touched. At a fixed place, because pointers into it must
 * mean the same in every process. */
#define POOL_SIZE ((size_t)1 << 30)
enum { TEXTS = 1 << 14 };

struct pool {
    size_t used;
    const char *texts[TEXTS];            /* open addressing */
};
static struct pool *pool;

void *fit__shared_take(size_t size)
{
    size_t at = (pool->used + 15) & ~(size_t)15;
    assert(at + size <= POOL_SIZE);
    pool->used = at + size;
    VALGRIND_MAKE_MEM_DEFINED((char *)pool + at, size);
    return (char *)pool + at;
}

const char *fit__shared_text(const char *text)
{
    uint32_t hash = 2166136261u;
    char *copy;
    if (!text) return NULL;
    for (const char *p = text; *p; p++) hash = (hash ^ (unsigned char)*p) * 16777619u;
    for (unsigned step = 0; step < TEXTS; step++) {
        const char **entry = &pool->texts[(hash + step) % TEXTS];
        if (*entry && strcmp(*entry, text)) continue;
        if (!*entry) {
            copy = fit__shared_take(strlen(text) + 1);
            *entry = strcpy(copy, text);
        }
        return *entry;
    }
    copy = fit__shared_take(strlen(text) + 1);       /* the table is full: no sharing */
    return strcpy(copy, text);
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
struct keeper { void *(*take)(size_t size); const char *(*text)(const char *text); };

static const char *own_text(const char *text)
{
    return text ? fit__strdup(text) : NULL;
}

static const struct keeper shared = { fit__shared_take, fit__shared_text };
static const struct keeper own = { fit__alloc, own_text };

static void copy_alternatives(struct fit__point *p, const struct fit__question *q,
                              const struct keeper *k)
{
    size_t size = q->count * sizeof q->alternatives[0];
    p->count = q->count;
    p->alternatives = k->take(size);
    memcpy(p->alternatives, q->alternatives, size);
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
    p->frames = k->take(p->depth * sizeof frames[0]);
    memcpy(p->frames, frames, p->depth * sizeof frames[0]);
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
