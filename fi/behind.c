/* All variables that hold the address of a function behind ours. */
#include "fi/behind.h"

#include <stdbool.h>
#include <stddef.h>

/* The linker's names for the two ends of the section. */
extern struct fit__behind __start_fit_behind[] __attribute__((visibility("hidden")));
extern struct fit__behind __stop_fit_behind[] __attribute__((visibility("hidden")));

enum { BITS = 64 };

static size_t count(void)
{
    const size_t most = sizeof ((struct fit__behind_set *)NULL)->bits * 8;
    size_t n = (size_t)(__stop_fit_behind - __start_fit_behind);
    return n < most ? n : most;
}

void fit__behind_note(struct fit__behind_set *set)
{
    for (size_t i = 0; i < count(); i++)
        if (__start_fit_behind[i].address) set->bits[i / BITS] |= UINT64_C(1) << i % BITS;
}

void fit__behind_fill(const struct fit__behind_set *set, void *(*look)(const struct fit__behind *))
{
    for (size_t i = 0; i < count(); i++) {
        struct fit__behind *f = &__start_fit_behind[i];
        bool wanted = set->bits[i / BITS] >> i % BITS & 1;
        if (wanted && !f->address) f->address = look(f);
    }
}
