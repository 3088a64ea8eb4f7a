/* What Memcheck knows, asked by client requests; natively they cost a few instructions. */
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

#include "harness/judge/judge.h"

bool fit__under_valgrind(void)
{
    return RUNNING_ON_VALGRIND > 0;
}

unsigned fit__memcheck_errors(void)
{
    return (unsigned)VALGRIND_COUNT_ERRORS;
}

size_t fit__memcheck_lost(void)
{
    unsigned long leaked = 0, dubious = 0, reachable = 0, suppressed = 0;
    if (!fit__under_valgrind()) return 0;
    VALGRIND_DO_QUICK_LEAK_CHECK;
    VALGRIND_COUNT_LEAKS(leaked, dubious, reachable, suppressed);
    (void)dubious; (void)reachable; (void)suppressed;
    return (size_t)leaked;
}
