/* Which cases are wanted: by the modes and presets of the command line, or of the test. */
#include <stdio.h>
#include <string.h>

#include "harness/explore/explore.h"
#include "harness/judge/judge.h"
#include "harness/presets.h"

#define ROW(word, selectors, meaning) { word, selectors },
static const struct { const char *word, *selectors; } presets[] = { FIT_EACH_PRESET(ROW) };
#undef ROW
enum { PRESETS = sizeof presets / sizeof presets[0] };
_Static_assert(sizeof presets / sizeof presets[0] <= 32, "a bit for each preset");

static void add_mode(struct fit__wanted *w, unsigned mode, bool whole)
{
    w->modes[mode] = true;
    w->whole[mode] |= whole;
}

static bool selects(const char *selectors, const char *text, enum fit__mode mode)
{
    char copy[FIT_CASE_MAX], *save;
    snprintf(copy, sizeof copy, "%s", selectors);
    for (char *one = strtok_r(copy, " ", &save); one; one = strtok_r(NULL, " ", &save))
        if (fit__selects(one, text, mode)) return true;
    return false;
}

/* Its modes: those that its selectors name. */
static void add_preset(struct fit__wanted *w, unsigned preset)
{
    static const char key[] = "mode=";
    const char *at = presets[preset].selectors;
    w->presets |= 1u << preset;
    while ((at = strstr(at, key)) != NULL) {
        at += strlen(key);
        for (unsigned m = 0; m < FIT_MODES; m++) {
            const char *name = fit__mode_name((enum fit__mode)m);
            size_t size = strcspn(at, ": ");
            if (size == strlen(name) && !strncmp(at, name, size)) add_mode(w, m, false);
        }
    }
}

static bool add_word(struct fit__wanted *w, const char *word)
{
    bool all = !strcmp(word, "all"), known = all;
    for (unsigned m = 0; m < FIT_MODES; m++)
        if (all || !strcmp(word, fit__mode_name((enum fit__mode)m))) {
            add_mode(w, m, true);
            known = true;
        }
    for (unsigned i = 0; i < PRESETS; i++)
        if (!strcmp(word, presets[i].word)) {
            add_preset(w, i);
            known = true;
        }
    return known;
}

const char *fit__wanted_read(struct fit__wanted *w, char *list)
{
    memset(w, 0, sizeof *w);
    w->given = true;
    for (char *save, *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
        if (!add_word(w, word)) return word;
    return NULL;
}

void fit__wanted_usual(struct fit__wanted *w)
{
    for (unsigned m = 0; m < FIT_MODES; m++)
        if (fit__mode_usual((enum fit__mode)m)) add_mode(w, m, true);
}

/* The real command line wins. */
static const struct fit__wanted *wanted(void)
{
    const struct fit__reference *r = fit__session.reference;
    const struct fit__orders *o = &fit__session.orders;
    return !o->wanted.given && r->wanted.given ? &r->wanted : &o->wanted;
}

bool fit__mode_wanted(enum fit__mode mode)
{
    return wanted()->modes[mode];
}

/* Is this one of those that are tried? */
bool fit__alternative_wanted(const struct fit__point *p, unsigned alternative)
{
    const struct fit__wanted *w = wanted();
    const struct fit__alternative *a = &p->alternatives[alternative];
    char name[FIT_CASE_MAX];
    if (!w->modes[a->mode]
        || (a->extended && !fit__session.orders.extended && !fit__session.reference->extended))
        return false;
    if (w->whole[a->mode]) return true;
    fit__point_case(p, a, name, sizeof name);
    for (unsigned i = 0; i < PRESETS; i++)
        if ((w->presets >> i & 1) && selects(presets[i].selectors, name, (enum fit__mode)a->mode))
            return true;
    return false;
}

/* A case that is replayed may be of any mode. */
void fit__modes_update(void)
{
    const struct fit__orders *o = &fit__session.orders;
    bool extended = o->job == FIT_J_REPLAY || o->extended || fit__session.reference->extended;
    fit__modes_asked = extended ? FIT_EXTENDED_ASKED : 0;
    for (unsigned m = 0; m < FIT_MODES; m++)
        if (o->job == FIT_J_REPLAY || fit__mode_wanted((enum fit__mode)m))
            fit__modes_asked |= 1u << m;
}
