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
#include <stdint.h>

/* All that we map for ourselves: far from where the kernel and Valgrind put things by
 * themselves, the same in every process, so that nothing in the service depends on how much we
 * keep; and below 64 GiB, where Memcheck's shadow memory is fast. AddressSanitizer on x86-64 has
 * its own shadow there: with it all lies higher. */
#define FIT_AT_ARENA      fit__own_place(0x600000000)     /* 4 GiB */
#define FIT_AT_SHARED     fit__own_place(0x800000000)     /* 4 GiB: fit__alloc_shared */
#define FIT_AT_REFERENCE  fit__own_place(0x900000000)     /* 1 GiB: what the explorer records */
#define FIT_AT_TEST_STACK fit__own_place(0xa00000000)     /* 1 GiB */
#define FIT_AT_STACKS     fit__own_place(0xa40000000)     /* of the other green threads */
#define FIT_STACKS_END    fit__own_place(0xf40000000)
extern void fit__asan(void) __asm__("__asan_init") __attribute__((weak));
static inline char *fit__own_place(uintptr_t address)
{
#if defined(__x86_64__)
    if (fit__asan) address += 0x200000000000;
#endif
    return (char *)address;
}

void *fit__alloc(size_t size);
/* Not zeroed: for what is large and seldom filled, since each page that a snapshot writes is
 * copied for it. Not for fit__resize. */
void *fit__alloc_unset(size_t size);
void fit__free(void *block);                     /* NULL is fine */
void *fit__resize(void *block, size_t size);     /* new bytes are zero; block may be NULL */
char *fit__strdup(const char *text);
char *fit__format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory shared with all snapshots made later (MAP_SHARED), zeroed. Never freed. */
void *fit__alloc_shared(size_t size);

#endif
