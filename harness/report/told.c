/* harness/report/told.c - fault and symptom of a case as sentences for people. */
#include "harness/report/told.h"

#include <stdlib.h>
#include <string.h>

#include "harness/report/places.h"

/* Without a stack: the name of a case gives the place of its fault, but never the symptom's. */
static char *place_without_stack(const struct fit__record *record, const char *what)
{
    const char *in = strstr(fit__value_or_empty(record, "case"), "in=");
    if (!in || strcmp(what, "fault") != 0)
        return fit__copy("a place that replay shows");
    in += strlen("in=");
    return fit__print("%.*s", (int)strcspn(in, ":/,"), in);
}

char *fit__told(const struct fit__record *record, const char *what)
{
    const char *text = fit__value(record, what);
    if (!text || !*text)
        return NULL;
    char *key = fit__print("%s.stack", what), *mark = fit__print("{%s}", what);
    char *place = fit__place(fit__value(record, key));
    if (!place)
        place = place_without_stack(record, what);
    /* A client or server of Faulttest's own has no place that would help. */
    char *by = fit__print(" by %s", mark);
    char *told = *place == '?' && strstr(text, by) ? fit__fill_in(text, by, "")
                                                   : fit__fill_in(text, mark, place);
    free(by);
    free(key);
    free(mark);
    free(place);
    return told;
}
