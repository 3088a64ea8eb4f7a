/* Call stacks, by glibc's own unwinder. */
#include "fi/stack.h"

#include <assert.h>
#include <execinfo.h>
#include <stdint.h>

#include "fi/symbols.h"

enum { OURS_MOST = 24 };         /* frames of libfaulttest between the code under test and here */

unsigned fit__stack(void **frames, unsigned most)
{
    void *all[FIT_STACK_MAX + OURS_MOST];
    static uintptr_t start, end;
    unsigned kept = 0;
    int count;
    assert(most <= FIT_STACK_MAX);
    if (!end) fit__symbols_self(&start, &end);
    count = backtrace(all, FIT_STACK_MAX + OURS_MOST);
    for (int i = 1; i < count && kept < most; i++) {       /* 0 is this very function */
        uintptr_t at = (uintptr_t)all[i];
        if (at < start || at >= end) frames[kept++] = all[i];
    }
    return kept;
}

void fit__stack_warm_up(void)
{
    void *frame;
    (void)fit__stack(&frame, 1);
}
