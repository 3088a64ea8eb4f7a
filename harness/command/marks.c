/* harness/command/marks.c - places that some case should pass. */
#include "harness/command/marks.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/report/text.h"

static unsigned long show_missed(const struct fit__results *results)
{
    struct fit__text text = { 0 };
    unsigned long missed = 0;
    for (size_t i = 0; i < results->marks.count; i++) {
        const char *name = results->marks.list[i];
        if (fit__index_find(&results->passed, fit__hash_text(0, name)))
            continue;
        fit__text_add(&text, "%s%s", missed++ ? ", " : "", name);
    }
    size_t all = results->marks.count;
    char *line = fit__print("%zu of %zu of %s were passed%s%s", all - missed, all, results->binary,
                            missed ? "; by no case: " : "", missed ? text.data : "");
    if (all)
        fit__wrap(stdout, "marks    ", line);
    free(line);
    free(text.data);
    return missed;
}

unsigned long fit__marks_show(const struct fit__results *binaries, size_t count)
{
    unsigned long missed = 0;
    for (size_t i = 0; i < count; i++)
        missed += show_missed(&binaries[i]);
    return missed;
}
