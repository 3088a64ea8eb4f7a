/* Which allocations may fail, and memory that is used up for a while. */
#include "fi/allocate.h"

#include <errno.h>
#include <string.h>

#include "fi/fault.h"
#include "fi/hot.h"
#include "fi/symbols.h"

/* Whose allocation it is, by the object that calls. */
enum whose {
    UNKNOWN,
    DIRECT,                  /* the code under test, or one of its libraries */
    LIBC,                    /* from inside glibc: it crashes or hangs where that fails */
    NOBODYS                  /* the test framework's, and our own */
};

enum { CALLERS = 1 << 12 };

static struct { const void *caller; enum whose whose; } callers[CALLERS];

static struct {
    bool used_up;            /* from here on */
    bool in_libc;            /* it began there, so it holds there, too */
} memory;

FIT_HOT bool fit__memory_until_free;

static enum whose look_up(const void *caller)
{
    struct fit__symbol s;
    if (!fit__symbol_of(caller, &s)) return DIRECT;
    if (s.ours || !strcmp(s.library, "libcmocka")) return NOBODYS;
    return s.glibc ? LIBC : DIRECT;
}

/* A look at the object files would cost more than the allocation. */
static enum whose whose(const void *caller)
{
    size_t at = (size_t)((uintptr_t)caller * 0x9e3779b97f4a7c15u >> 52) & (CALLERS - 1);
    if (callers[at].caller != caller) {
        callers[at].whose = look_up(caller);
        callers[at].caller = caller;
    }
    return callers[at].whose;
}

static bool is_used_up(enum whose who)
{
    return (memory.used_up || fit__memory_until_free) && (who == DIRECT || memory.in_libc);
}

static bool ask(enum fit__call_id id, const void *caller, enum whose who)
{
    struct fit__call c = { .id = id, .family = FIT_ALLOCATE, .caller = caller, .fd = -1 };
    int64_t value;
    const struct fit__fact *fact = fit__ask(&c, who == DIRECT ? FIT_N_DIRECT : 0, 0, &value);
    if (!fact) return false;
    memory.in_libc = who == LIBC;
    memory.used_up = fact->until == FIT_U_ONWARDS;
    fit__memory_until_free = fact->until == FIT_U_FREE;
    return true;
}

bool fit__ask_memory(enum fit__call_id id, const void *caller)
{
    int saved = errno;
    bool fails = false;
    if (!fit__asks()) return false;
    fit__enter();
    enum whose who = whose(caller);
    if (who == DIRECT || (who == LIBC && fit__extended_asked()))
        fails = is_used_up(who) || ask(id, caller, who);
    fit__leave();
    errno = saved;
    return fails;
}

void fit__memory_again(void)
{
    memory.used_up = fit__memory_until_free = false;
}
