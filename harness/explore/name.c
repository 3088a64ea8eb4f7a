/* Names of places: the shortest chain of the user's functions that is unambiguous in this
 * build, and the how-manieth time there. Names, never addresses, so that a case survives edits. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/symbols.h"
#include "harness/explore/explore.h"
#include "harness/loops/loops.h"

/* The interceptors of a sanitizer stand in front of libc's functions. */
static bool is_libc(const struct fit__symbol *s)
{
    return s->glibc || s->sanitizer;
}

/* No user's function on the stack: the library at work, and the exported function through
 * which it came to run. */
static size_t library_chain(void *const *frames, unsigned depth, char *out, size_t size)
{
    struct fit__symbol s;
    const char *library = NULL, *function = NULL;
    for (unsigned i = 0; i < depth; i++) {
        if (!fit__symbol_of(frames[i], &s) || s.ours || s.users || is_libc(&s)) continue;
        if (!library) library = s.library;
        if (strcmp(library, s.library)) break;
        if (s.function && s.exact) {
            function = s.function;
            break;
        }
    }
    if (!library) return (size_t)snprintf(out, size, "%s", "");
    return (size_t)snprintf(out, size, "%s%s%s", library, function ? "/" : "",
                            function ? function : "");
}

/* Is `function` the caller, with no library in between? */
static bool calls_itself(void *const *frames, unsigned depth, const char *function)
{
    struct fit__symbol s;
    for (unsigned i = 0; i < depth; i++) {
        if (!fit__symbol_of(frames[i], &s) || s.ours || is_libc(&s)) continue;
        return s.users && s.function && !strcmp(s.function, function);
    }
    return false;
}

/* C++'s `new` stands for its caller, who called malloc. */
static bool passes_on(const struct fit__symbol *s)
{
    return s->ours || !strcmp(s->library, "libstdc++") || !strcmp(s->library, "libgcc_s");
}

/* What a library allocates is told by the library and by the function of it that was called from
 * outside: stable, where its inner functions are not. So it is with libc. False: the caller is the
 * user's own function. */
static bool entry_chain(void *const *frames, unsigned depth, char *out, size_t size)
{
    struct fit__symbol s;
    const char *library = NULL, *function = NULL;
    bool libc = false;
    for (unsigned i = 0; i < depth; i++) {
        if (!fit__symbol_of(frames[i], &s) || passes_on(&s)) continue;
        if (s.users || (library && libc && !is_libc(&s))) break;
        if (library && !libc && is_libc(&s)) continue;
        libc = is_libc(&s);
        if (!library || (s.function && s.exact)) {
            library = s.library;
            function = s.exact ? s.function : NULL;
        }
    }
    if (library)
        snprintf(out, size, "%s%s%s", library, function ? "/" : "", function ? function : "");
    return library;
}

size_t fit__chain_of(void *const *frames, unsigned depth, const char *leave_out,
                     char *out, size_t size)
{
    struct fit__symbol s;
    size_t have = 0;
    out[0] = 0;
    for (unsigned i = 0; i < depth && have < size; i++) {
        if (!fit__symbol_of(frames[i], &s) || s.ours || !s.users || !s.function) continue;
        if (!strcmp(s.function, "main")) break;
        if (leave_out && !strcmp(s.function, leave_out)) continue;
        have += (size_t)snprintf(out + have, size - have, "%s%s", have ? "/" : "", s.function);
    }
    if (!have && leave_out && calls_itself(frames, depth, leave_out))
        have = (size_t)snprintf(out, size, "%s", leave_out);
    if (!have) have = library_chain(frames, depth, out, size);
    return have < size ? have : size - 1;
}

/* A name says `after` only where the place is the loop itself: between two callbacks, or in the
 * wait of a loop that belongs to a library. */
static bool by_callback(const struct fit__point *p)
{
    return p->world || !strcmp(p->name, "cancel") || !strcmp(p->name, "shutdown")
        || (p->after && p->depth
            && (!strcmp(p->name, "epoll_wait") || !strcmp(p->name, "signal")
                || !strcmp(p->name, "clock")));
}

static bool same_place(const struct fit__point *a, const struct fit__point *b)
{
    return a->name == b->name && a->in == b->in && a->on == b->on && a->at == b->at
        && a->op == b->op && (!by_callback(a) || a->after == b->after);
}

/* ---- places, counted: all of this must stay near linear, an allocation is a place, too ------- */

/* How often something came that stands for a point: its place, or the first bytes of its chain. */
struct tally { const struct fit__point *point; uint32_t length, count; };
enum { PLACE = UINT32_MAX, WHOLE = 1u << 31 /* the chain, not what is longer */ };

static struct { struct tally *entries; size_t capacity; } tallies;

static bool same_tally(const struct tally *t, const struct fit__point *p, uint32_t length)
{
    if (t->length != length) return false;
    if (length == PLACE) return same_place(t->point, p);
    length &= ~(uint32_t)WHOLE;
    return t->point->name == p->name && !memcmp(t->point->chain, p->chain, length);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

static uint32_t *count_of(const struct fit__point *p, uint32_t length, uint64_t hash)
{
    size_t mask = tallies.capacity - 1, at = (size_t)mix(hash, length) & mask;
    for (; tallies.entries[at].point; at = (at + 1) & mask)
        if (same_tally(&tallies.entries[at], p, length)) return &tallies.entries[at].count;
    tallies.entries[at] = (struct tally){ .point = p, .length = length };
    return &tallies.entries[at].count;
}

static uint64_t hash_to(const struct fit__point *p, size_t from, size_t to, uint64_t hash)
{
    for (size_t i = from; i < to; i++) hash = mix(hash, (unsigned char)p->chain[i]);
    return hash;
}

static size_t next_end(const char *chain, size_t at)
{
    if (chain[at] == '/') at++;
    return at + strcspn(chain + at, "/");
}

/* Counts a chain, once, under each of its beginnings. */
static void tally_chain(const struct fit__point *p)
{
    size_t all = strlen(p->chain), at = 0, end;
    uint64_t start = (uintptr_t)p->name, hash = start;
    if ((*count_of(p, (uint32_t)all | WHOLE, hash_to(p, 0, all, start)))++) return;
    for (; at < all; at = end) {
        end = next_end(p->chain, at);
        hash = hash_to(p, at, end, hash);
        (*count_of(p, (uint32_t)end, hash))++;
    }
}

/* How many frames of its chain tell it from every other chain among places of the same call. */
static unsigned frames_needed(const struct fit__point *p)
{
    size_t all = strlen(p->chain), at = 0, end;
    uint64_t hash = (uintptr_t)p->name;
    unsigned frames = 1;
    for (; at < all; at = end, frames++) {
        end = next_end(p->chain, at);
        hash = hash_to(p, at, end, hash);
        if (*count_of(p, (uint32_t)end, hash) == 1) break;
    }
    return frames;
}

static unsigned frames_of(const struct fit__reference *r)
{
    unsigned frames = 0;
    for (const struct fit__point *p = r->points; p; p = p->next) {
        frames += 3;                     /* its place, its chain, and one more than its slashes */
        for (const char *c = p->chain; *c; c++) frames += *c == '/';
    }
    return frames;
}

static void tallies_begin(const struct fit__reference *r)
{
    tallies.capacity = 64;
    while (tallies.capacity < 2 * (size_t)frames_of(r)) tallies.capacity *= 2;
    tallies.entries = fit__alloc(tallies.capacity * sizeof *tallies.entries);
}

static void count_places(const struct fit__reference *r)
{
    for (struct fit__point *p = r->points; p; p = p->next) {
        uint64_t hash = mix((uintptr_t)p->name, (uintptr_t)p->in);
        hash = mix(mix(hash, (uintptr_t)p->on), (uintptr_t)p->at);
        hash = mix(hash, (uintptr_t)p->op);
        p->when = ++*count_of(p, PLACE, hash);
    }
}

static const char *cut_chain(const char *chain, unsigned frames, char *out, size_t size)
{
    const char *end = chain;
    while (*end && (*end != '/' || --frames)) end++;
    assert((size_t)(end - chain) < size);
    memcpy(out, chain, (size_t)(end - chain));
    out[end - chain] = 0;
    return out;
}

/* The library form is one word of two parts; it is never cut. */
static bool is_library_chain(const struct fit__point *p, const char *leave_out)
{
    struct fit__symbol s;
    for (unsigned i = 0; i < p->depth; i++)
        if (fit__symbol_of(p->frames[i], &s) && s.users && s.function
            && (!leave_out || strcmp(s.function, leave_out)) && strcmp(s.function, "main"))
            return false;
    return true;
}

static bool is_allocation(const struct fit__point *p)
{
    return p->alternatives[0].mode == FIT_MEMORY;
}

static void name_chain(struct fit__point *p, const char *leave_out)
{
    char chain[1024];
    if (p->in || by_callback(p)) {       /* told by whoever asked, or by the callback before */
        p->chain = p->in ? p->in : fit__shared_text("");
        return;
    }
    bool entry = is_allocation(p) && entry_chain(p->frames, p->depth, chain, sizeof chain);
    if (!entry) fit__chain_of(p->frames, p->depth, leave_out, chain, sizeof chain);
    p->chain = fit__shared_text(chain);
    if (entry) p->in = p->chain;         /* never cut */
}

/* The longest of the names that places of this call have in the reference and that fit `chain`. */
static const char *place_on(const char *call, const char *chain)
{
    const char *best = NULL;
    size_t size, longest = 0;
    for (const struct fit__point *p = fit__session.reference->points; p; p = p->next) {
        if (!p->in || strcmp(p->name, call)) continue;
        size = strlen(p->in);
        if (size < longest || strncmp(p->in, chain, size)) continue;
        if (chain[size] && chain[size] != '/') continue;
        best = p->in;
        longest = size;
    }
    return best;
}

/* As in the reference where that knows the place; else the innermost function, as short as a name
 * can be, for `when` counts whatever the name fits. */
void fit__point_name_after(struct fit__point *p)
{
    const char *known, *leave_out = fit__test_function();
    char chain[1024];
    if (!p->in && !by_callback(p)) {
        fit__chain_of(p->frames, p->depth, leave_out, chain, sizeof chain);
        p->chain = fit__strdup(chain);
    } else {
        p->chain = p->in ? p->in : "";
    }
    if (!*p->chain) return;
    known = place_on(p->name, p->chain);
    if (p->in || is_library_chain(p, leave_out)) p->in = p->chain;
    else p->in = known ? known : fit__strdup(cut_chain(p->chain, 1, chain, sizeof chain));
}

static bool equal(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

bool fit__question_at(const struct fit__question *q, const struct fit__point *p)
{
    void *frames[FIT_STACK_MAX];
    char chain[1024];
    unsigned depth;
    if (strcmp(p->name, q->point) || !equal(p->on, q->object) || !equal(p->at, q->at)
        || !equal(p->op, q->op))
        return false;
    if (by_callback(p))
        return equal(p->in, q->in) && equal(p->after, q->after ? q->after : fit__last_callback());
    if (q->in) return equal(p->in, q->in);
    depth = fit__stack(frames, FIT_STACK_MAX);
    if (is_allocation(p) && entry_chain(frames, depth, chain, sizeof chain))
        return equal(p->in, chain);
    fit__chain_of(frames, depth, fit__test_function(), chain, sizeof chain);
    return equal(p->in, place_on(q->point, chain));
}

const char *fit__test_function(void)
{
    const struct fit__test *test = fit__session.test;
    struct fit__symbol s;
    if (!test || !fit__symbol_of((const char *)(uintptr_t)test->body + 1, &s)) return NULL;
    return s.function;
}

/* Equal stacks are kept once: what is known of one place holds for the next with the same. */
static void name_chains(struct fit__reference *r, const char *leave_out)
{
    enum { SLOTS = 1 << 12 };
    static const struct fit__point *last[SLOTS];
    memset(last, 0, sizeof last);
    for (struct fit__point *p = r->points; p; p = p->next) {
        bool by_stack = p->depth && !p->in && !by_callback(p);
        const struct fit__point **seen =
            &last[mix((uintptr_t)p->frames, (uintptr_t)p->name) % SLOTS];
        if (by_stack && *seen && (*seen)->frames == p->frames && (*seen)->name == p->name) {
            p->chain = (*seen)->chain;
            p->in = (*seen)->in;
            continue;
        }
        name_chain(p, leave_out);
        if (by_stack) *seen = p;
    }
}

void fit__points_name(struct fit__reference *r)
{
    const char *leave_out = fit__test_function();
    char out[1024];
    name_chains(r, leave_out);
    tallies_begin(r);
    for (struct fit__point *p = r->points; p; p = p->next) tally_chain(p);
    for (struct fit__point *p = r->points; p; p = p->next) {
        if (!*p->chain) p->in = NULL;
        else if (p->in || is_library_chain(p, leave_out)) p->in = p->chain;
        else p->in = fit__shared_text(cut_chain(p->chain, frames_needed(p), out, sizeof out));
    }
    count_places(r);
    fit__free(tallies.entries);
}

void fit__point_fault(const struct fit__point *p, const struct fit__alternative *what,
                      struct fit__fault *f)
{
    *f = (struct fit__fault){
        .point = p->name, .in = p->in, .on = p->on, .at = p->at, .op = p->op,
        .after = by_callback(p) ? p->after : NULL, .when = p->when,
        .when_last = what->until == FIT_U_ONWARDS ? 0 : p->when, .what = *what,
    };
}

size_t fit__point_case(const struct fit__point *point, const struct fit__alternative *what,
                       char *out, size_t size)
{
    struct fit__fault f;
    fit__point_fault(point, what, &f);
    return fit__fault_print(out, size, &f);
}

enum fit__mode fit__point_mode(const struct fit__point *point, unsigned alternative)
{
    return (enum fit__mode)point->alternatives[alternative].mode;
}
