/* fit_options(): what a test asks for in the words of the command line, which wins over it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/export.h"
#include "fi/fault.h"
#include "harness/api.h"
#include "harness/explore/explore.h"
#include "harness/explore/record.h"
#include "harness/faulttest.h"

#define WRONG(...) fit__fail(__FILE__, __LINE__, "fit_options: " __VA_ARGS__)

static unsigned number(const char *word, const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    if (*end || end == value || *value == '-' || number < 1 || number > UINT_MAX)
        WRONG("%s takes a number from 1, not %s", word, value);
    return (unsigned)number;
}

static unsigned number_or_no(const char *word, const char *value)
{
    return strcmp(value, "no") ? number(word, value) : 0;
}

static void take_modes(struct fit__reference *r, const char *word, char *value)
{
    const char *unknown = fit__wanted_read(&r->wanted, value);
    (void)word;
    if (unknown) WRONG("no mode %s; see `faulttest help modes`", unknown);
}

static void take_extended(struct fit__reference *r, const char *word, char *value)
{
    (void)word, (void)value;
    r->extended = true;
}

static void take_budget(struct fit__reference *r, const char *word, char *value)
{
    r->budget = number(word, value);
}

static void take_pairs(struct fit__reference *r, const char *word, char *value)
{
    r->pairs = number_or_no(word, value);
    r->pairs_set = true;
}

static void take_random(struct fit__reference *r, const char *word, char *value)
{
    r->random = number_or_no(word, value);
    r->random_set = true;
}

static void take_seed(struct fit__reference *r, const char *word, char *value)
{
    r->seed = number(word, value);
}

/* Seconds, or with a unit: 90, 0.5, 15m. */
static void take_case_time(struct fit__reference *r, const char *word, char *value)
{
    char *end;
    double seconds = strtod(value, &end);
    double unit = !*end || !strcmp(end, "s") ? 1 : !strcmp(end, "m") ? 60 : 0;
    if (end == value || !(unit > 0) || !(seconds > 0) || seconds * unit > 86400)
        WRONG("%s takes a time in seconds, or such as 2m, not %s", word, value);
    r->case_ms = (unsigned)(seconds * unit * 1000);
    if (!r->case_ms) r->case_ms = 1;
}

/* A run cannot change its kernel in its middle. */
static void take_world(struct fit__reference *r, const char *word, char *value)
{
    (void)r;
    if (!strcmp(value, "sim") || !strcmp(value, "simulated")) return;
    if (strcmp(value, "real")) WRONG("%s takes real or sim, not %s", word, value);
    if (!fit__session.orders.real)
        fit__unsupported("fit_options(\"--world=real\")", NULL, "this test wants the real kernel");
}

static const struct {
    const char *word;
    bool value;
    void (*take)(struct fit__reference *r, const char *word, char *value);
} words[] = {
    { "--mode", true, take_modes }, { "--extended", false, take_extended },
    { "--budget", true, take_budget }, { "--pairs", true, take_pairs },
    { "--random", true, take_random }, { "--seed", true, take_seed },
    { "--case-time", true, take_case_time }, { "--world", true, take_world },
};
enum { WORDS = sizeof words / sizeof words[0] };

static size_t index_of(const char *word, size_t size)
{
    size_t i = 0;
    while (i < WORDS && (strncmp(words[i].word, word, size) || words[i].word[size])) i++;
    if (i == WORDS)
        WRONG("%.*s is not known here; there are --mode, --extended, --budget, --pairs, --random, "
              "--seed, --case-time and --world, as on the command line", (int)size, word);
    return i;
}

/* "--word value" or "--word=value". A plain run tries nothing: there the words are only checked. */
FIT_EXPORT void fit_options(const char *options)
{
    static struct fit__reference unused;
    char *copy, *save;
    fit__api_enter("fit_options", __builtin_return_address(0));
    struct fit__reference *r = fit__session.reference ? fit__session.reference : &unused;
    if (!options) WRONG("NULL");
    copy = fit__strdup(options);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        size_t size = strcspn(word, "="), i = index_of(word, size);
        char *value = word[size] ? word + size + 1 : words[i].value ? strtok_r(NULL, " ", &save)
                                                                    : NULL;
        if (words[i].value && (!value || !*value)) WRONG("%s needs a value", words[i].word);
        if (!words[i].value && value) WRONG("%s takes no value", words[i].word);
        words[i].take(r, words[i].word, value);
    }
    if (fit__session.reference) fit__modes_update();
    fit__api_leave();
}
