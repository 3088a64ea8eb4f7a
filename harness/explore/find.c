/* From the name of a case to a question of the run without faults and one of its answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/explore/explore.h"

enum { NEAREST = 3, FAR = 10000 };

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

/* `at` is never left out of a name, so that without it no place that has one is meant: what goes
 * wrong with a callback, or what cancels there, does so at its beginning or at its end. */
bool fit__fault_fits(const struct fit__fault *f, const struct fit__point *p)
{
    return !strcmp(f->point, p->name) && same_text(f->on, p->on)
        && !f->at == !p->at && same_text(f->at, p->at)
        && same_text(f->op, p->op) && same_text(f->after, p->after) && chain_fits(f->in, p->chain);
}

bool fit__same_what(const struct fit__alternative *a, const struct fit__alternative *b)
{
    return a->what == b->what && a->until == b->until && a->until_ms == b->until_ms
        && (a->what == FIT_W_NONE || a->value == b->value)
        && (a->what != FIT_W_ERROR || a->space == b->space || a->value == b->value);
}

/* The same, but for how long it lasts: that is for the name to say. */
static bool fits_for_a_time(const struct fit__alternative *named,
                            const struct fit__alternative *offered)
{
    struct fit__alternative what = *named;
    if (what.until == FIT_U_TIME) what.until_ms = offered->until_ms;
    return fit__same_what(&what, offered);
}

static void choose_time(struct fit__point *p, unsigned alternative, int64_t ms)
{
    size_t size = p->count * sizeof p->alternatives[0];
    struct fit__alternative *own = memcpy(fit__alloc(size), p->alternatives, size);
    own[alternative].until_ms = ms;
    p->alternatives = own;
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
        if (!fit__fault_fits(f, p) || p->when != f->when) continue;
        for (unsigned a = 0; a < p->count; a++) {
            if (!fits_for_a_time(&f->what, &p->alternatives[a])) continue;
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
    if (n > 250 || m > 250) return FAR;
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

/* What fits the same call is nearer than whatever is spelt alike. */
enum { OTHER_CALL = 100 };

void fit__nearest(const struct fit__point *points, const char *text, const char *call,
                  const char *between, char *out, size_t size)
{
    struct nearest *list = fit__alloc(NEAREST * sizeof *list);
    char name[FIT_CASE_MAX];
    size_t have = 0;
    *out = 0;
    for (unsigned i = 0; i < NEAREST; i++) list[i].distance = FAR;
    for (const struct fit__point *p = points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++) {
            if (!fit__session.orders.wanted.modes[fit__point_mode(p, a)]) continue;
            fit__point_case(p, &p->alternatives[a], name, sizeof name);
            note_nearest(list, name, distance(name, text)
                                     + (strcmp(p->name, call) ? OTHER_CALL : 0));
        }
    for (unsigned i = 0; i < NEAREST && list[i].distance < FAR && have < size; i++)
        have += (size_t)snprintf(out + have, size - have, "%s%s", i ? between : "", list[i].text);
    fit__free(list);
}

static int look_up_text(const struct fit__reference *r, const char *text,
                        struct fit__point **point, unsigned *alternative)
{
    char name[FIT_CASE_MAX];
    for (struct fit__point *p = r->points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++) {
            fit__point_case(p, &p->alternatives[a], name, sizeof name);
            if (strcmp(name, text)) continue;
            *point = p;
            *alternative = a;
            return 0;
        }
    return -ENOENT;
}

int fit__find_case(const struct fit__reference *reference, const char *text, struct fit__case *c,
                   struct fit__point **point, unsigned *alternative, char *error, size_t size)
{
    char full[FIT_CASE_MAX + 8], first[FIT_CASE_MAX], places[1000] = "", nearest[1200];
    unsigned found;
    snprintf(full, sizeof full, "t:%s", text);
    if (fit__case_parse(full, c, error, size)) return -EINVAL;
    fit__fault_print(first, sizeof first, &c->faults[0]);
    if (!look_up_text(reference, first, point, alternative)) return 0;
    found = look_up_parts(reference, &c->faults[0], point, alternative, places, sizeof places);
    if (found == 1) {
        choose_time(*point, *alternative, c->faults[0].what.until_ms);
        return 0;
    }
    if (found > 1) {
        snprintf(error, size, "%u places now match: %s", found, places);
        return -ENOENT;
    }
    fit__nearest(reference->points, first, c->faults[0].point, "\n  or  ", nearest,
                 sizeof nearest);
    snprintf(error, size, "the case %s does not fit this program: the run without faults has no "
             "such place%s%s.%s%s", text, c->count > 1 ? " as that of its first fault, " : "",
             c->count > 1 ? first : "", *nearest ? "\nDid you mean  " : "", nearest);
    return -ENOENT;
}
