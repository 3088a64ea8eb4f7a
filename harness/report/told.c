/* harness/report/told.c - fault and symptom of a case as sentences for people. */
#include "harness/report/told.h"

#include <stdlib.h>
#include <string.h>

#include "harness/report/places.h"

enum { FAULTS_MAX = 4 };

/* Without a stack: the name of a case gives the place of each of its faults, but never the
 * symptom's. */
static char *place_without_stack(const struct fit__record *record, const char *what)
{
    const char *fault = fit__value_or_empty(record, "case");
    if (strncmp(what, "fault", strlen("fault")) != 0)
        return fit__copy("a place that replay shows");
    for (unsigned long n = strtoul(what + strlen("fault"), NULL, 10); n > 1; n--)
        fault += strcspn(fault, ",") + (fault[strcspn(fault, ",")] == ',');
    const char *in = strstr(fault, "in=");
    if (!in || in > fault + strcspn(fault, ","))
        return fit__copy("a place that replay shows");
    in += strlen("in=");
    return fit__print("%.*s", (int)strcspn(in, ":/,"), in);
}

char *fit__told(const struct fit__record *record, const char *what)
{
    const char *text = fit__value(record, what);
    if (!text || !*text)
        return NULL;
    char *key = fit__print("%s.stack", what);
    char *place = fit__place(fit__value(record, key));
    if (!place)
        place = place_without_stack(record, what);
    const char *mark = strncmp(what, "fault", strlen("fault")) == 0 ? "{fault}" : "{symptom}";
    /* A client or server of Faulttest's own has no place that would help. */
    char *by = fit__print(" by %s", mark);
    char *told = *place == '?' && strstr(text, by) ? fit__fill_in(text, by, "")
                                                   : fit__fill_in(text, mark, place);
    free(by);
    free(key);
    free(place);
    return told;
}

char *fit__told_faults(const struct fit__record *record)
{
    char *all = fit__told(record, "fault");
    for (unsigned n = 2; all && n <= FAULTS_MAX; n++) {
        char *key = fit__print("fault%u", n), *next = fit__told(record, key);
        char *both = next ? fit__print("%s; then %s", all, next) : fit__copy(all);
        free(key);
        free(next);
        free(all);
        all = both;
    }
    return all;
}
