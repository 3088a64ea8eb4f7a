/* harness/command/rules.c - allowances that nothing needs, selectors that select nothing. */
#include "harness/command/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/lines.h"
#include "harness/report/text.h"

uint64_t fit__rule_key(const char *test, const char *verdict, const char *reason)
{
    return fit__hash_text(fit__hash_text(fit__hash_text(0, test), verdict), reason);
}

/* Only Memcheck tells a leak, or an access that is wrong. */
static bool was_tried(const json_t *rule)
{
    const char *verdict = fit__line_text(rule, "verdict");
    bool memcheck = strcmp(verdict, "leak-memory") == 0 || strcmp(verdict, "memory-error") == 0;
    return strcmp(fit__line_text(rule, "tried"), "1") == 0
        && memcheck == (json_object_get(rule, "memcheck") != NULL);
}

static void show_rule(const struct fit__results *results, const json_t *rule)
{
    const char *test = fit__line_text(rule, "test"), *verdict = fit__line_text(rule, "verdict");
    const char *faults = fit__line_text(rule, "faults"), *reason = fit__line_text(rule, "reason");
    bool exists = strcmp(fit__line_text(rule, "exists"), "1") == 0;
    char *line = NULL;
    if (!exists && json_object_get(rule, "memcheck"))
        return;                          /* was said of the same test before */
    if (!exists)
        line = *verdict
            ? fit__print("fit_allow(\"%s\", \"%s\") in %s selects no case", verdict, faults, test)
            : fit__print("fit_must_recover(\"%s\") in %s selects no case", faults, test);
    else if (*verdict && was_tried(rule)
             && !fit__index_find(&results->needed, fit__rule_key(test, verdict, reason)))
        line = fit__print("fit_allow(\"%s\", \"%s\") in %s: no case needed it (\"%s\")", verdict,
                          faults, test, reason);
    if (line)
        fit__wrap(stdout, "stale    ", line);
    free(line);
}

void fit__rules_show(const struct fit__results *binaries, size_t count)
{
    for (size_t b = 0; b < count; b++)
        for (size_t i = 0; i < json_array_size(binaries[b].records); i++) {
            const json_t *record = json_array_get(binaries[b].records, i);
            if (strcmp(fit__line_text(record, "kind"), "rule") == 0)
                show_rule(&binaries[b], record);
        }
}
