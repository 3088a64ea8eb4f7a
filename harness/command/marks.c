/* harness/command/marks.c - places that some case should pass. */
#include "harness/command/marks.h"

#include <stdio.h>

unsigned long fit__marks_show(const struct fit__results *binaries, size_t count)
{
    unsigned long all = 0, missed = 0;
    for (size_t b = 0; b < count; b++) {
        for (size_t i = 0; i < binaries[b].marks.count; i++) {
            const char *name = binaries[b].marks.list[i];
            all++;
            if (fit__index_find(&binaries[b].passed, fit__hash_text(0, name)))
                continue;
            missed++;
            printf("unreached-mark  %s of %s: no case passed it\n", name, binaries[b].binary);
        }
    }
    if (all)
        printf("marks    %lu of %lu were passed\n", all - missed, all);
    return missed;
}
