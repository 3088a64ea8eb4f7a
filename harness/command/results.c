/* harness/command/results.c - what a run has brought: tests, cases, findings. */
#include "harness/command/results.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DOUBTFUL_SEVERAL_MAX = 50 };

size_t fit__mode_index(const char *name)
{
    for (size_t i = 0; fit__mode_at(i); i++)
        if (strcmp(fit__mode_at(i)->name, name) == 0)
            return i;
    return FIT_MODES_MAX;
}

bool fit__is_case(const struct fit__result *result)
{
    return strcmp(result->mode, "none") != 0;
}

bool fit__of_several(const struct fit__result *result)
{
    return strchr(result->name, ',') != NULL;
}

char *fit__prefix_escape(const char *name)
{
    struct fit__text text = { 0 };
    for (; *name; name++)
        if (isalnum((unsigned char)*name) || strchr("_.-", *name))
            fit__text_bytes(&text, name, 1);
        else
            fit__text_add(&text, "%%%02X", (unsigned char)*name);
    return text.data ? text.data : fit__copy("");
}

char *fit__prefix_unescape(const char *prefix, size_t size)
{
    char *name = fit__get(size + 1), *to = name;
    for (size_t i = 0; i < size; i++) {
        char digits[3] = { 0 };
        if (prefix[i] == '%' && i + 2 < size && isxdigit((unsigned char)prefix[i + 1])
            && isxdigit((unsigned char)prefix[i + 2])) {
            memcpy(digits, prefix + i + 1, 2);
            *to++ = (char)strtoul(digits, NULL, 16);
            i += 2;
        } else {
            *to++ = prefix[i];
        }
    }
    return name;
}

static size_t test_of(struct fit__results *results, const char *name)
{
    for (size_t i = 0; i < results->test_count; i++)
        if (strcmp(results->tests[i].name, name) == 0)
            return i;
    results->tests = fit__grow(results->tests, results->test_count, sizeof *results->tests);
    struct fit__test *test = &results->tests[results->test_count];
    *test = (struct fit__test){ .name = fit__copy(name), .state = fit__copy("ready") };
    return results->test_count++;
}

static bool stops_sweep(const char *state)
{
    return strcmp(state, "ready") != 0 && strcmp(state, "no-calls") != 0;
}

/* Under Memcheck only what is worse than natively counts. */
static void add_test(struct fit__results *results, const struct fit__record *record,
                     bool memcheck)
{
    size_t index = test_of(results, fit__value_or_empty(record, "test"));   /* may move the list */
    struct fit__test *test = &results->tests[index];
    const char *state = fit__value(record, "state");
    if (test->announced && (!memcheck || !state || !stops_sweep(state)
                            || stops_sweep(test->state)))
        return;
    const char *text = fit__value(record, "text");
    free(test->state);
    test->state = fit__copy(state ? state : "ready");
    test->text = test->announced ? fit__print("under Memcheck only: %s", text ? text : "")
                                 : fit__copy(text);
    test->stack = fit__copy(fit__value(record, "stack"));
    test->announced = true;
    test->strict = strcmp(fit__value_or_empty(record, "contract"), "strict") == 0;
    test->virtual_ns = strtoull(fit__value_or_empty(record, "virtual_ns"), NULL, 10);
    test->places_known = fit__value(record, "cancel_places") != NULL;
    test->cancel_places = fit__number(record, "cancel_places");
    test->setup_points = fit__number(record, "setup_points");
}

static void add_case(struct fit__results *results, struct fit__record *record, bool memcheck)
{
    size_t test = test_of(results, fit__value_or_empty(record, "test"));
    results->list = fit__grow(results->list, results->count, sizeof *results->list);
    struct fit__result *result = &results->list[results->count];
    const char *seq = fit__value(record, "seq"), *mode = fit__value(record, "mode");
    const char *name = fit__value_or_empty(record, "case");
    *result = (struct fit__result){
        .record = record, .test = test, .name = fit__copy(*name ? name : "none"),
        .verdict = fit__verdict_of(fit__value_or_empty(record, "verdict")),
        .mode = strcmp(name, "none") == 0 || !*name ? "none" : mode ? mode : "?",
        .allowed = fit__value(record, "allowed"), .native = !memcheck, .memcheck = memcheck,
        .suspicious = !memcheck && fit__number(record, "left.blocks") > 0,
        .seq = seq ? strtoul(seq, NULL, 10) : results->count,
    };
    result->failed = result->verdict->family == FIT_FINDING && !result->allowed;
    results->count++;
}

static void add_pairs(struct fit__results *results, const struct fit__record *record)
{
    size_t index = test_of(results, fit__value_or_empty(record, "test"));
    struct fit__test *test = &results->tests[index];
    test->pairs_tried = fit__number(record, "tried");
    test->pairs_possible = fit__number(record, "possible");
    test->pair_firsts = fit__number(record, "firsts");
    test->pair_singles = fit__number(record, "singles");
}

static void add_random(struct fit__results *results, const struct fit__record *record)
{
    size_t index = test_of(results, fit__value_or_empty(record, "test"));
    results->tests[index].random_runs = fit__number(record, "runs");
    results->tests[index].seed = fit__number(record, "seed");
}

void fit__results_add(struct fit__results *results, struct fit__record *record, bool memcheck)
{
    const char *kind = fit__value(record, "kind");
    if (strcmp(kind, "case") == 0 || strcmp(kind, "named") == 0) {
        if (strcmp(kind, "named") == 0)
            fit__value_set(record, "verdict", "unaffected");
        add_case(results, record, memcheck);
        return;
    }
    if (strcmp(kind, "test") == 0)
        add_test(results, record, memcheck);
    if (strcmp(kind, "pairs") == 0)
        add_pairs(results, record);
    if (strcmp(kind, "random") == 0)
        add_random(results, record);
    if (strcmp(kind, "note") == 0 && !memcheck)
        fit__words_add(&results->notes, fit__value_or_empty(record, "text"));
    if (strcmp(kind, "error") == 0) {
        fit__words_add(&results->errors, fit__value_or_empty(record, "text"));
        if (!results->error_status)
            results->error_status = (int)fit__number(record, "status");
        if (!results->error_status)
            results->error_status = FIT_X_INTERNAL;
    }
    fit__record_free(record);
}

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

static int by_name(const void *a, const void *b)
{
    const struct fit__result *one = a, *two = b;
    if (one->test != two->test)
        return one->test < two->test ? -1 : 1;
    int order = strcmp(one->name, two->name);
    if (order != 0)
        return order;
    return one->memcheck - two->memcheck;
}

static int by_place(const void *a, const void *b)
{
    const struct fit__result *one = a, *two = b;
    if (one->test != two->test)
        return one->test < two->test ? -1 : 1;
    if (one->seq != two->seq)
        return one->seq < two->seq ? -1 : 1;
    return strcmp(one->name, two->name);
}

/* The less, the more serious: what fails before what is allowed, then by the table. */
static unsigned weight(const struct fit__result *result)
{
    return result->verdict->rank + (result->verdict->family == FIT_FINDING && result->allowed
                                    ? 100 : 0)
         + (result->verdict->family == FIT_OUTCOME ? 200 : 0);
}

static void exchange(struct fit__result *one, struct fit__result *two)
{
    struct fit__result kept = *one;
    *one = *two;
    *two = kept;
}

/* Folds `more` into `into`: the same case, or finding without a fault, natively and under
 * Memcheck. */
static void fold(struct fit__result *into, struct fit__result *more)
{
    bool native = into->native || more->native, memcheck = into->memcheck || more->memcheck;
    unsigned long seq = into->native ? into->seq : more->seq;
    bool suspicious = into->suspicious && !more->memcheck;
    const char *text;
    if (weight(more) < weight(into))
        exchange(into, more);
    text = fit__value(more->record, "memcheck");
    if (text && !fit__value(into->record, "memcheck"))
        fit__value_set(into->record, "memcheck", text);
    fit__record_free(more->record);
    free(more->name);
    into->native = native;
    into->memcheck = memcheck;
    into->suspicious = suspicious;
    into->seq = seq;
}

static bool same(const struct fit__result *one, const struct fit__result *two)
{
    if (one->test != two->test || strcmp(one->name, two->name) != 0)
        return false;
    return fit__is_case(one)
        || (one->verdict == two->verdict
            && strcmp(fit__value_or_empty(one->record, "site"),
                      fit__value_or_empty(two->record, "site")) == 0);
}

/* Lines about the run without faults have one name and differ in what they found. */
static struct fit__result *find_same(struct fit__result *list, size_t kept,
                                     const struct fit__result *one)
{
    for (size_t i = kept; i > 0; i--) {
        if (same(&list[i - 1], one))
            return &list[i - 1];
        if (list[i - 1].test != one->test || strcmp(list[i - 1].name, one->name) != 0)
            break;
    }
    return NULL;
}

static void merge(struct fit__results *results)
{
    size_t kept = 0;
    qsort(results->list, results->count, sizeof *results->list, by_name);
    for (size_t i = 0; i < results->count; i++) {
        struct fit__result *into = find_same(results->list, kept, &results->list[i]);
        if (into)
            fold(into, &results->list[i]);
        else
            results->list[kept++] = results->list[i];
    }
    results->count = kept;
    qsort(results->list, results->count, sizeof *results->list, by_place);
}

static const char *site_of(const struct fit__result *result)
{
    return fit__value_or_empty(result->record, "site");
}

/* Of one fault, or of none, with a finding like that of `several`. */
static bool explains(const struct fit__result *one, const struct fit__result *several)
{
    return one->verdict == several->verdict && one->test == several->test
        && !fit__of_several(one) && strcmp(site_of(one), site_of(several)) == 0;
}

static bool explained(const struct fit__results *results, const struct fit__result *several)
{
    for (size_t i = 0; i < results->count; i++)
        if (explains(&results->list[i], several))
            return true;
    return false;
}

/* What a fault does alone is no finding of it together with another. */
static void mark_again(struct fit__results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        struct fit__result *result = &results->list[i];
        if (!result->failed || !fit__of_several(result) || !explained(results, result))
            continue;
        result->again = true;
        result->failed = false;
        results->again++;
    }
}

static void count(struct fit__results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        struct fit__result *result = &results->list[i];
        struct fit__test *test = &results->tests[result->test];
        size_t mode = fit__mode_index(result->mode);
        result->full = fit__print("%s:%s", test->prefix, result->name);
        test->failed += result->failed;
        if (!fit__is_case(result))
            continue;
        test->cases++;
        if (mode < FIT_MODES_MAX)
            test->modes[mode]++;
        test->several += fit__of_several(result);
        if (fit__of_several(result))     /* under Memcheck only where there is reason to */
            continue;
        results->only_native += !result->memcheck;
        results->only_memcheck += !result->native;
    }
}

static bool belongs(const struct fit__finding *finding, const struct fit__result *result)
{
    return finding->first->test == result->test && finding->first->verdict == result->verdict
        && strcmp(fit__value_or_empty(finding->first->record, "site"),
                  fit__value_or_empty(result->record, "site")) == 0;
}

static int by_weight(const void *a, const void *b)
{
    const struct fit__finding *one = a, *two = b;
    if (one->first->verdict->rank != two->first->verdict->rank)
        return one->first->verdict->rank < two->first->verdict->rank ? -1 : 1;
    if (one->cases != two->cases)
        return one->cases > two->cases ? -1 : 1;
    return one->first < two->first ? -1 : 1;     /* Both lie in one sorted array. */
}

static void add_to_finding(struct fit__results *results, struct fit__result *result)
{
    size_t i = 0, mode = fit__mode_index(result->mode);
    while (i < results->finding_count && !belongs(&results->findings[i], result))
        i++;
    if (i == results->finding_count) {
        results->findings = fit__grow(results->findings, i, sizeof *results->findings);
        results->findings[results->finding_count++] = (struct fit__finding){ .first = result };
    }
    struct fit__finding *finding = &results->findings[i];
    finding->cases++;
    if (mode < FIT_MODES_MAX)
        finding->modes[mode]++;
    finding->several += fit__of_several(result);
    finding->without_fault += !fit__is_case(result);
}

static void group(struct fit__results *results, unsigned number)
{
    for (size_t i = 0; i < results->count; i++)
        if (results->list[i].failed)
            add_to_finding(results, &results->list[i]);
    if (results->finding_count > 1)
        qsort(results->findings, results->finding_count, sizeof *results->findings, by_weight);
    for (size_t f = 0; f < results->finding_count; f++) {
        results->findings[f].number = number + (unsigned)f;
        for (size_t i = 0; i < results->count; i++)
            if (results->list[i].failed && belongs(&results->findings[f], &results->list[i]))
                results->list[i].finding = results->findings[f].number;
    }
}

void fit__results_settle(struct fit__results *results, unsigned first_number)
{
    assert(first_number > 0);
    name_tests(results);
    if (results->count > 0)
        merge(results);
    mark_again(results);
    count(results);
    group(results, first_number);
}

/* Cases of several faults are many: one of each new finding, and those that left memory behind in
 * amounts that no case before them did. */
static bool worth_memcheck(const struct fit__results *results, const struct fit__result *result,
                           unsigned *several)
{
    const struct fit__record *its = result->record;
    if (!fit__of_several(result))
        return true;
    if (result->failed && explained(results, result))
        return false;
    for (const struct fit__result *one = results->list; one < result; one++) {
        bool same_finding = result->failed && one->failed && one->verdict == result->verdict
                         && strcmp(site_of(one), site_of(result)) == 0;
        bool same_memory = !result->failed && one->suspicious
            && fit__number(one->record, "left.blocks") == fit__number(its, "left.blocks")
            && fit__number(one->record, "left.bytes") == fit__number(its, "left.bytes");
        if (one->test == result->test && (same_finding || same_memory))
            return false;
    }
    return (*several)++ < DOUBTFUL_SEVERAL_MAX;
}

void fit__results_doubtful(const struct fit__results *results, struct fit__orders *orders)
{
    unsigned several = 0;
    for (size_t i = 0; i < results->count; i++) {
        const struct fit__result *result = &results->list[i];
        const char *test = results->tests[result->test].name;
        if ((!result->failed && !result->suspicious) || !fit__is_case(result)
            || !worth_memcheck(results, result, &several))
            continue;
        char *full = fit__print("%s:%s", test, result->name);
        fit__words_add(&orders->cases, full);
        free(full);
        size_t known = 0;
        while (known < orders->tests.count && strcmp(orders->tests.list[known], test) != 0)
            known++;
        if (known == orders->tests.count)
            fit__words_add(&orders->tests, test);
    }
}
