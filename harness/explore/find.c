/* From the name of a case to a question of the run without faults and one of its answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/explore/explore.h"

enum { NEAREST = 3 };

struct nearest { unsigned distance; char text[FIT_CASE_MAX]; };

static bool same_text(const char *wanted, const char *have)
{
    return !wanted || (have && !strcmp(wanted, have));
}

/* `wanted` may be the beginning of the chain: what was unambiguous in the build it came from. */
static bool chain_fits(const char *wanted, const char *chain)
{
    size_t size;
    if (!wanted) return true;
    size = strlen(wanted);
    return chain && !strncmp(wanted, chain, size) && (!chain[size] || chain[size] == '/');
}

static bool same_what(const struct fit__alternative *a, const struct fit__alternative *b)
{
    return a->what == b->what && a->until == b->until
        && (a->what == FIT_W_NONE || a->value == b->value)
        && (a->what != FIT_W_ERROR || a->space == b->space || a->value == b->value);
}

/* The name as given, looked up by its parts: the place may now carry a longer chain. */
static unsigned look_up_parts(const struct fit__reference *r, const struct fit__fault *f,
                              struct fit__point **point, unsigned *alternative,
                              char *places, size_t size)
{
    unsigned found = 0;
    size_t have = 0;
    const char *last_in = NULL;
    for (struct fit__point *p = r->points; p; p = p->next) {
        if (strcmp(f->point, p->name) || !same_text(f->on, p->on) || !same_text(f->at, p->at)
            || !same_text(f->op, p->op) || !chain_fits(f->in, p->chain)
            || (f->after && !same_text(f->after, p->after)) || p->when != f->when)
            continue;
        for (unsigned a = 0; a < p->count; a++) {
            if (!same_what(&f->what, &p->alternatives[a])) continue;
            *point = p;
            *alternative = a;
            if (!found || p->in != last_in) {
                found++;
                if (have < size)
                    have += (size_t)snprintf(places + have, size - have, "%sin=%s",
                                             found > 1 ? ", " : "", p->in ? p->in : "?");
            }
            last_in = p->in;
        }
    }
    return found;
}

static unsigned distance(const char *a, const char *b)
{
    unsigned row[256], n = (unsigned)strlen(b), m = (unsigned)strlen(a);
    if (n > 250 || m > 250) return 10000;
    for (unsigned j = 0; j <= n; j++) row[j] = j;
    for (unsigned i = 1; i <= m; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned up = row[j];
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            if (up + 1 < best) best = up + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
            diagonal = up;
        }
    }
    return row[n];
}

static void note_nearest(struct nearest *list, const char *text, unsigned d)
{
    unsigned at = NEAREST;
    while (at > 0 && list[at - 1].distance > d) at--;
    if (at == NEAREST) return;
    memmove(&list[at + 1], &list[at], (NEAREST - 1 - at) * sizeof list[0]);
    list[at].distance = d;
    snprintf(list[at].text, sizeof list[at].text, "%s", text);
}

static void say_nearest(const struct nearest *list, const char *text, char *error, size_t size)
{
    size_t have = (size_t)snprintf(error, size, "the case %s does not fit this program: the run "
                                   "without faults has no such place.", text);
    for (unsigned i = 0; i < NEAREST && list[i].distance < 10000 && have < size; i++)
        have += (size_t)snprintf(error + have, size - have, "%s%s",
                                 i ? "\n  or  " : "\nDid you mean  ", list[i].text);
}

/* What fits the same call is nearer than whatever is spelt alike. */
enum { OTHER_CALL = 100 };

static int look_up_text(const struct fit__reference *r, const char *text, const char *call,
                        struct fit__point **point, unsigned *alternative, struct nearest *list)
{
    char name[FIT_CASE_MAX];
    for (struct fit__point *p = r->points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++) {
            fit__point_case(p, &p->alternatives[a], name, sizeof name);
            if (!strcmp(name, text)) {
                *point = p;
                *alternative = a;
                return 0;
            }
            if (fit__session.orders.modes[fit__point_mode(p, a)])
                note_nearest(list, name, distance(name, text)
                                         + (strcmp(p->name, call) ? OTHER_CALL : 0));
        }
    return -ENOENT;
}

int fit__find_case(const struct fit__reference *reference, const char *text,
                   struct fit__point **point, unsigned *alternative, char *error, size_t size)
{
    struct nearest *list = fit__alloc(NEAREST * sizeof *list);
    struct fit__case c;
    char full[FIT_CASE_MAX + 8], canonical[FIT_CASE_MAX], places[1000] = "";
    unsigned found;
    for (unsigned i = 0; i < NEAREST; i++) list[i].distance = 10000;
    snprintf(full, sizeof full, "t:%s", text);
    if (fit__case_parse(full, &c, error, size)) return -EINVAL;
    if (c.count > 1) {
        snprintf(error, size, "the case %s has several faults; one fault a case is what this "
                 "version can replay", text);
        return -EINVAL;
    }
    fit__fault_print(canonical, sizeof canonical, &c.faults[0]);
    if (!look_up_text(reference, canonical, c.faults[0].point, point, alternative,
                      list)) return 0;
    found = look_up_parts(reference, &c.faults[0], point, alternative, places, sizeof places);
    if (found == 1) return 0;
    if (found > 1)
        snprintf(error, size, "%u places now match: %s", found, places);
    else
        say_nearest(list, text, error, size);
    return -ENOENT;
}
