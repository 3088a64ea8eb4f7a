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
    SERVICE,                 /* the code under test */
    LIBRARY, FRAMEWORK,      /* what it uses; the latter are the libraries of loops */
    LIBC,                    /* from inside glibc: it crashes or hangs where that fails */
    NOBODYS                  /* the test framework's, and our own */
};

enum { CALLERS = 1 << 12 };

unsigned fit__memory_of = FIT_OF_SERVICE | FIT_OF_LIBRARY | FIT_OF_FRAMEWORK;

static struct { const void *caller; enum whose whose; } callers[CALLERS];

static struct {
    bool used_up;            /* from here on */
    bool in_libc;            /* it began there, so it holds there, too */
    size_t largest;          /* there are no bigger blocks; 0: there are */
} memory;

/* A program that is refused less at once finds it small blocks that are left over, too. */
enum { SIZE_BIG = 1024 };

FIT_HOT bool fit__memory_until_free;

static bool is_framework(const char *library)
{
    static const char *const parts[] = {
        "libuv", "libevent", "libev", "libglib", "libgio", "libgobject", "libgmodule",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t size = strlen(parts[i]);
        if (!strncmp(library, parts[i], size)
            && (!library[size] || library[size] == '-' || library[size] == '_'))
            return true;
    }
    return false;
}

static enum whose look_up(const void *caller)
{
    struct fit__symbol s;
    if (!fit__symbol_of(caller, &s)) return SERVICE;
    if (s.ours || !strcmp(s.library, "libcmocka")) return NOBODYS;
    if (s.glibc) return LIBC;
    return s.users ? SERVICE : is_framework(s.library) ? FRAMEWORK : LIBRARY;
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

static bool is_direct(enum whose who)
{
    return who == SERVICE || who == LIBRARY || who == FRAMEWORK;
}

static bool is_asked(enum whose who)
{
    unsigned of = who == SERVICE ? FIT_OF_SERVICE : who == FRAMEWORK ? FIT_OF_FRAMEWORK
                : FIT_OF_LIBRARY;
    return fit__memory_of & of;
}

bool fit__memory_asked_of(const void *caller)
{
    return is_asked(whose(caller));
}

static bool is_used_up(enum whose who, size_t size)
{
    if (!is_direct(who) && !memory.in_libc) return false;
    return memory.used_up || fit__memory_until_free || (memory.largest && size > memory.largest);
}

static bool ask(enum fit__call_id id, size_t size, const void *caller, enum whose who)
{
    struct fit__call c = { .id = id, .family = FIT_ALLOCATE, .caller = caller, .fd = -1 };
    int64_t value;
    if (size < SIZE_BIG) size = 0;
    const struct fit__fact *fact = fit__ask(&c, is_direct(who) ? FIT_N_DIRECT : 0, size, &value);
    if (!fact) return false;
    memory.in_libc = who == LIBC;
    if (fact->what == FIT_W_SHORT) memory.largest = (size_t)value;
    else memory.used_up = fact->until == FIT_U_ONWARDS;
    fit__memory_until_free = fact->until == FIT_U_FREE;
    return true;
}

bool fit__ask_memory(enum fit__call_id id, size_t size, const void *caller)
{
    int saved = errno;
    bool fails = false;
    if (!fit__asks()) return false;
    fit__enter();
    enum whose who = whose(caller);
    if (is_direct(who) || (who == LIBC && fit__extended_asked()))
        fails = is_used_up(who, size) || (is_asked(who) && ask(id, size, caller, who));
    fit__leave();
    errno = saved;
    return fails;
}

int fit__ask_pages(enum fit__call_id id, const void *caller, unsigned holds)
{
    int saved = errno;
    long result = 0;
    if (!fit__asks()) return 0;
    fit__enter();
    struct fit__call c = { .id = id, .family = (uint8_t)fit__call_family(id), .caller = caller,
                           .fd = -1 };
    enum whose who = whose(caller);
    if (is_direct(who) && is_asked(who))
        fit__fault_simple(&c, holds | FIT_N_DIRECT, &result);
    fit__leave();
    errno = saved;
    return (int)-result;
}

void fit__memory_again(void)
{
    memory.used_up = fit__memory_until_free = false;
    memory.largest = 0;
}
