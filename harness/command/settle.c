/* harness/command/settle.c - from the lines of a binary's sweeps to results and findings. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/known.h"
#include "harness/command/results.h"
#include "harness/report/lines.h"

enum { WITHOUT_SHOWN = 10 };

/* ---- one result out of one line or two --------------------------------------------------- */

/* The less, the more serious: what fails before what is allowed, then by the table. */
static unsigned weight(const json_t *line)
{
    const struct fit__verdict *verdict = fit__verdict_of(fit__line_text(line, "verdict"));
    bool allowed = json_is_true(json_object_get(line, "allowed"));
    return verdict->rank + (verdict->family == FIT_FINDING && allowed ? 100 : 0)
         + (verdict->family == FIT_OUTCOME ? 200 : 0);
}

/* The more serious of a native line and the same case under Memcheck; its caller's. */
static json_t *fold(json_t *native, json_t *memcheck)
{
    json_t *kept = weight(memcheck) < weight(native) ? memcheck : native;
    json_t *seq = json_object_get(native, "seq");
    if (kept == memcheck && seq)
        json_object_set(kept, "seq", seq);
    json_object_set_new(kept, "valgrind", json_true());
    json_object_del(kept, "pass");
    json_incref(kept);
    json_decref(native);
    json_decref(memcheck);
    return kept;
}

static size_t index_of(const struct fit__results *results, const char *name)
{
    static size_t last;       /* lines of one test come in a row */
    if (last < results->test_count && strcmp(results->tests[last].name, name) == 0)
        return last;
    for (last = 0; last < results->test_count; last++)
        if (strcmp(results->tests[last].name, name) == 0)
            return last;
    return last = 0;
}

static uint64_t key_of(const struct fit__results *results, const struct fit__result *result)
{
    return fit__finding_key(results->tests[result->test].name, result->verdict->name,
                            result->site);
}

static bool read_result(struct fit__results *results, struct fit__result *result)
{
    json_t *line = result->line;
    const char *name = strchr(fit__line_text(line, "case"), ':');
    if (!name || results->test_count == 0)
        return false;
    result->test = index_of(results, fit__line_text(line, "test"));
    char *full = fit__print("%s%s", results->tests[result->test].prefix, name);
    json_object_set_new(line, "case", json_string(full));
    free(full);
    result->full = fit__line_text(line, "case");
    result->name = strchr(result->full, ':') + 1;
    result->verdict = fit__verdict_of(fit__line_text(line, "verdict"));
    result->mode = fit__line_text(line, "mode");
    result->site = fit__line_text(line, "site");
    result->allowed = json_is_true(json_object_get(line, "allowed"))
                    ? fit__line_text(line, "reason") : NULL;
    result->memcheck = json_is_true(json_object_get(line, "valgrind"));
    result->suspicious = !result->memcheck && json_object_get(line, "left_blocks");
    result->seq = (unsigned long)json_integer_value(json_object_get(line, "seq"));
    result->failed = result->verdict->family == FIT_FINDING && !result->allowed;
    result->known = fit__known_has(results->accepted, results, result);
    result->failed &= !result->known;
    result->again = result->failed && fit__of_several(result)
                 && fit__index_find(&results->alone, key_of(results, result));
    result->failed &= !result->again;
    json_object_set_new(line, "failed", json_boolean(result->failed));
    json_object_del(line, "known");
    json_object_del(line, "again");
    if (result->again)
        json_object_set_new(line, "again", json_true());
    if (result->known)
        json_object_set_new(line, "known", json_true());
    return true;
}

struct walk {
    struct fit__results *results;
    void (*each)(void *arg, struct fit__result *result);
    void *arg;
};

static void tell(const struct walk *walk, struct fit__result *result)
{
    result->evidence = fit__line_plain(result->line);
    if (read_result(walk->results, result))
        walk->each(walk->arg, result);
    json_decref(result->evidence);
}

static void walk_line(const struct walk *walk, json_t **line, off_t at)
{
    struct fit__results *results = walk->results;
    if (json_object_get(*line, "pass"))
        return;               /* found by its key, or told below */
    struct fit__slot *slot = fit__index_find(&results->memcheck, fit__line_key(*line));
    json_t *other = slot && !slot->used ? fit__journal_look(results->journal, slot->at) : NULL;
    if (other) {
        slot->used = true;
        *line = fold(*line, other);
    }
    struct fit__result result = { .line = *line, .at = at, .native = true };
    tell(walk, &result);
}

/* Cases that only Memcheck met, in the order in which they came. */
static void walk_rest(const struct walk *walk, json_t *line, off_t at)
{
    const struct fit__slot *slot = json_object_get(line, "pass")
        ? fit__index_find(&walk->results->memcheck, fit__line_key(line)) : NULL;
    struct fit__result result = { .line = line, .at = at };
    if (!slot || slot->used || slot->at != at)
        return;
    json_object_del(line, "pass");
    json_object_set_new(line, "native", json_false());
    tell(walk, &result);
}

void fit__results_each(struct fit__results *results,
                       void (*each)(void *arg, struct fit__result *result), void *arg)
{
    struct walk walk = { results, each, arg };
    size_t used = 0;
    json_t *line;
    for (size_t i = 0; i < results->memcheck.room; i++)
        results->memcheck.slots[i].used = false;
    fit__journal_flush(results->journal);
    off_t at = results->from, from;
    while ((line = fit__results_next(results, &at, &from))) {
        if (json_object_get(line, "case"))
            walk_line(&walk, &line, from);
        json_decref(line);
    }
    for (size_t i = 0; i < results->memcheck.room; i++)
        used += results->memcheck.slots[i].used;
    at = results->from;
    while (used < results->memcheck.count && (line = fit__results_next(results, &at, &from))) {
        walk_rest(&walk, line, from);
        json_decref(line);
    }
}

/* ---- counting and grouping --------------------------------------------------------------- */

/* "name" where it is unique in the binary, otherwise "group.name". */
static void name_tests(struct fit__results *results)
{
    for (size_t i = 0; i < results->test_count; i++) {
        const char *name = results->tests[i].name, *dot = strchr(name, '.');
        const char *alone = dot ? dot + 1 : name;
        unsigned same = 0;
        for (size_t j = 0; j < results->test_count; j++) {
            const char *other = strchr(results->tests[j].name, '.');
            same += strcmp(other ? other + 1 : results->tests[j].name, alone) == 0;
        }
        free(results->tests[i].prefix);
        results->tests[i].prefix = fit__prefix_escape(same > 1 ? name : alone);
    }
}

static void count_outcome(struct fit__totals *totals, const struct fit__result *result)
{
    const char *verdict = result->verdict->name;
    bool reported = strcmp(verdict, "reported") == 0;
    totals->not_fired += strcmp(verdict, "not-fired") == 0;
    totals->unsupported += strcmp(verdict, "unsupported") == 0;
    totals->broken += strcmp(verdict, "nondeterministic") == 0
                   || strcmp(verdict, "broken-test") == 0;
    totals->recovered += strcmp(verdict, "recovered") == 0;
    totals->reported += reported;
    totals->cause_named += reported && json_is_true(json_object_get(result->line, "cause_named"));
    totals->unaffected += strcmp(verdict, "unaffected") == 0;
    totals->noticed += strcmp(verdict, "noticed") == 0;
}

static void count(struct fit__results *results, const struct fit__result *result)
{
    struct fit__totals *totals = &results->totals;
    struct fit__test *test = &results->tests[result->test];
    size_t mode = fit__mode_index(result->mode);
    bool several = fit__of_several(result);
    test->failed += result->failed;
    totals->again += result->again;
    totals->failed += result->failed;
    totals->known += result->known;
    totals->memory_errors += strcmp(result->verdict->name, "memory-error") == 0;
    totals->suspicious += result->suspicious && !result->failed;
    if (!fit__is_case(result))
        return;
    test->cases++;
    totals->cases++;
    if (mode < FIT_MODES_MAX)
        test->modes[mode]++;
    count_outcome(totals, result);
    totals->memcheck += result->memcheck;
    test->several += several;
    totals->several += several;
    if (several)                          /* under Memcheck only where there is reason to */
        return;
    totals->only_native += !result->memcheck;
    totals->only_memcheck += !result->native;
}

static struct fit__result kept(const struct fit__result *result)
{
    struct fit__result copy = *result;
    json_incref(copy.line);
    copy.evidence = NULL;
    return copy;
}

static void keep_without(struct fit__results *results, const struct fit__result *result)
{
    if (result->verdict->family != FIT_NO_RESULT || !fit__is_case(result))
        return;
    if (results->without_count >= WITHOUT_SHOWN && !results->verbose) {
        results->without_more++;
        return;
    }
    results->without = fit__grow(results->without, results->without_count,
                                 sizeof *results->without);
    results->without[results->without_count++] = kept(result);
}

static void add_allowed(struct fit__results *results, const struct fit__result *result)
{
    size_t i = 0;
    if (!result->allowed)
        return;
    while (i < results->allowed_count
           && (results->allowed[i].verdict != result->verdict
               || strcmp(results->allowed[i].reason, result->allowed) != 0))
        i++;
    if (i == results->allowed_count) {
        results->allowed = fit__grow(results->allowed, i, sizeof *results->allowed);
        results->allowed[results->allowed_count++] = (struct fit__allowed){
            .verdict = result->verdict, .reason = fit__copy(result->allowed) };
    }
    results->allowed[i].cases++;
}

static void add_to_finding(struct fit__results *results, const struct fit__result *result)
{
    uint64_t key = key_of(results, result);
    struct fit__slot *slot = fit__index_find(&results->numbers, key);
    if (!slot) {
        size_t count = results->finding_count++;
        slot = fit__index_add(&results->numbers, key);
        slot->at = (off_t)count;
        results->findings = fit__grow(results->findings, count, sizeof *results->findings);
        results->findings[count] = (struct fit__finding){ .first = kept(result), .key = key,
            .order = (unsigned)count, .evidence = json_incref(result->evidence) };
    }
    struct fit__finding *finding = &results->findings[slot->at];
    size_t mode = fit__mode_index(result->mode);
    finding->cases++;
    if (mode < FIT_MODES_MAX)
        finding->modes[mode]++;
    finding->several += fit__of_several(result);
    finding->without_fault += !fit__is_case(result);
}

/* What a fault does alone, even if it may, is no finding of it together with another. */
static void note_alone(void *arg, struct fit__result *result)
{
    struct fit__results *results = arg;
    if (result->verdict->family == FIT_FINDING && !fit__of_several(result))
        fit__index_add(&results->alone, key_of(results, result));
}

static bool has_several(const struct fit__results *results)
{
    bool any = false;
    for (size_t i = 0; i < results->test_count; i++)
        any |= results->tests[i].done >= FIT_SEVERAL_FROM;
    return any;
}

static void settle_one(void *arg, struct fit__result *result)
{
    struct fit__results *results = arg;
    count(results, result);
    keep_without(results, result);
    add_allowed(results, result);
    fit__known_note(results->accepted, results, result);
    if (result->failed)
        add_to_finding(results, result);
}

static void count_tests(struct fit__results *results)
{
    for (size_t i = 0; i < results->test_count; i++) {
        const char *state = results->tests[i].state;
        results->totals.unsupported += strcmp(state, "unsupported") == 0;
        results->totals.broken += strcmp(state, "broken-test") == 0
                               || strcmp(state, "nondeterministic") == 0;
    }
}

static int by_weight(const void *a, const void *b)
{
    const struct fit__finding *one = a, *two = b;
    if (one->first.verdict->rank != two->first.verdict->rank)
        return one->first.verdict->rank < two->first.verdict->rank ? -1 : 1;
    if (one->cases != two->cases)
        return one->cases > two->cases ? -1 : 1;
    return one->order < two->order ? -1 : 1;
}

void fit__results_settle(struct fit__results *results, unsigned first_number)
{
    assert(first_number > 0);
    name_tests(results);
    if (has_several(results))
        fit__results_each(results, note_alone, results);
    fit__results_each(results, settle_one, results);
    results->to = results->journal->size;
    count_tests(results);
    if (results->finding_count > 1)
        qsort(results->findings, results->finding_count, sizeof *results->findings, by_weight);
    for (size_t f = 0; f < results->finding_count; f++) {
        results->findings[f].number = first_number + (unsigned)f;
        fit__index_find(&results->numbers, results->findings[f].key)->at = first_number + (off_t)f;
    }
    results->totals.findings = (unsigned)results->finding_count;
}

unsigned fit__finding_of(const struct fit__results *results, const struct fit__result *result)
{
    const struct fit__slot *slot = result->failed
        ? fit__index_find(&results->numbers, key_of(results, result)) : NULL;
    return slot ? (unsigned)slot->at : 0;
}
