/* Functions that are found when they are first called are found in the run without faults; here
 * the process that all cases are copies of gets to know them, too. Otherwise most cases would look
 * up anew what the end of the test calls, and a look-up reads tables of every library: in a copy
 * each page of them is dearer than the look-up itself. */
#include <string.h>

#include "fi/arena.h"
#include "harness/explore/explore.h"
#include "harness/explore/tables.h"
#include "harness/loops/loops.h"

/* A slot of a procedure linkage table, and what the loader has put there. */
struct fit__bound { uintptr_t slot, function; bool slot_is_here, function_is_here; };
enum { BOUND_MOST = 2048 };

/* A slot that points into its own object is not bound yet, or is one of the few that always do. */
static void note_object(struct fit__reference *r, const struct fit__tables *t)
{
    for (size_t i = 0; i < t->lazy_size / sizeof *t->lazy && r->bound_count < BOUND_MOST; i++) {
        uintptr_t slot = t->load_address + t->lazy[i].r_offset, function;
        if (ELF64_R_TYPE(t->lazy[i].r_info) != FIT_JUMP_SLOT) continue;
        function = *(const uintptr_t *)slot;
        if (function >= t->start && function < t->end) continue;
        r->bound[r->bound_count++] = (struct fit__bound){ .slot = slot, .function = function };
    }
}

static int note(struct dl_phdr_info *info, size_t size, void *reference)
{
    struct fit__tables t;
    (void)size;
    fit__tables_read(info, &t);
    if (t.lazy && !t.at_once) note_object(reference, &t);
    return 0;
}

/* What the run had loaded itself is not here, and stays as it is. */
static int look_for(struct dl_phdr_info *info, size_t size, void *reference)
{
    struct fit__reference *r = reference;
    struct fit__tables t;
    (void)size;
    fit__tables_read(info, &t);
    for (unsigned i = 0; i < r->bound_count; i++) {
        struct fit__bound *b = &r->bound[i];
        b->slot_is_here |= t.lazy && !t.at_once && b->slot >= t.start && b->slot < t.end;
        b->function_is_here |= b->function >= t.start && b->function < t.end;
    }
    return 0;
}

void fit__ahead_note(struct fit__reference *r)
{
    fit__behind_note(&r->behind);
    r->bound = fit__shared_take(BOUND_MOST * sizeof *r->bound);
    dl_iterate_phdr(note, r);
}

void fit__ahead_fill(struct fit__reference *r)
{
    fit__behind_fill(&r->behind, fit__real_ahead);
    dl_iterate_phdr(look_for, r);
    for (unsigned i = 0; i < r->bound_count; i++) {
        const struct fit__bound *b = &r->bound[i];
        if (b->slot_is_here && b->function_is_here) *(uintptr_t *)b->slot = b->function;
    }
}
