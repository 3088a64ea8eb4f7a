/* fi/allocate.h - allocations that fail, for the wrappers that allocate (private to fi/wrap_*.c).
 *
 * Only asked about in mode `memory`; otherwise an allocation costs one comparison more. */
#ifndef FI_ALLOCATE_H
#define FI_ALLOCATE_H

#include <stdbool.h>

#include "fi/catalogue.h"

/* Called by code under test in a world, not "inside": is there no memory for the call made from
 * `caller`, which needs `size` bytes (0: some few)? Leaves errno alone. */
bool fit__ask_memory(enum fit__call_id id, size_t size, const void *caller);
static inline bool fit__no_memory(enum fit__call_id id, size_t size, const void *caller)
{
    return fit__mode_asked(FIT_MEMORY) && fit__ask_memory(id, size, caller);
}

/* The same for a call about pages that are there already: 0, or its errno. */
int fit__ask_pages(enum fit__call_id id, const void *caller, unsigned holds);

/* Whose allocations may fail: an `or` of these; all by default. What libc allocates, for whom it
 * may be, counts as a library's. */
enum { FIT_OF_SERVICE = 1, FIT_OF_LIBRARY = 2, FIT_OF_FRAMEWORK = 4 /* the loop's */ };
extern unsigned fit__memory_of;
/* Is the caller one of these? */
bool fit__memory_asked_of(const void *caller);

/* Something was freed. */
extern bool fit__memory_until_free;
static inline void fit__memory_freed(void)
{
    fit__memory_until_free = false;
}

/* Memory that was used up is there again. */
void fit__memory_again(void);

/* As malloc, but the block belongs to `caller`, and nothing is asked. */
void *fit__allocate(size_t size, const void *caller);

#endif
