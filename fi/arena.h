/* fi/arena.h - memory for our own data.
 *
 * The service's heap must not move because our tables grow, and Memcheck must be able to
 * ignore what we keep. So all of our own data lives in one mapping at a fixed address,
 * private to the process and copied by a snapshot; nothing of ours calls malloc.
 * Zeroed memory, aligned to 16. Never fails: exhausting the arena (4 GiB of address space)
 * ends the process with a message and status 70. Not for the service's data. */
#ifndef FI_ARENA_H
#define FI_ARENA_H

#include <stddef.h>

void *fit__alloc(size_t size);
void fit__free(void *block);                     /* NULL is fine */
void *fit__resize(void *block, size_t size);     /* new bytes are zero; block may be NULL */
char *fit__strdup(const char *text);
char *fit__format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory shared with all snapshots made later (MAP_SHARED), zeroed. Never freed. */
void *fit__alloc_shared(size_t size);

/* For the leak check: the arena's mapped part. */
void fit__arena_range(void **start, size_t *size);

#endif
