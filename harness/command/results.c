/* harness/command/results.c - takes in what a run brings. */
#include "harness/command/results.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/known.h"
#include "harness/command/rules.h"
#include "harness/report/lines.h"

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

uint64_t fit__hash_text(uint64_t hash, const char *text)
{
    for (hash ^= 14695981039346656037u; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return (hash ^ hash >> 32) * 0xd6e8feb86659fd93u | 1;      /* 0 is no key */
}

/* ---- keys -------------------------------------------------------------------------------- */

static struct fit__slot *slot_of(const struct fit__index *index, uint64_t key)
{
    size_t at = (size_t)(key >> 8);
    while (index->slots[at & (index->room - 1)].key
           && index->slots[at & (index->room - 1)].key != key)
        at++;
    return &index->slots[at & (index->room - 1)];
}

struct fit__slot *fit__index_find(const struct fit__index *index, uint64_t key)
{
    struct fit__slot *slot = index->room ? slot_of(index, key) : NULL;
    return slot && slot->key ? slot : NULL;
}

struct fit__slot *fit__index_add(struct fit__index *index, uint64_t key)
{
    if (index->count * 2 >= index->room) {
        struct fit__index old = *index;
        index->room = old.room ? old.room * 2 : 64;
        index->slots = fit__get(index->room * sizeof *index->slots);
        for (size_t i = 0; i < old.room; i++)
            if (old.slots[i].key)
                *slot_of(index, old.slots[i].key) = old.slots[i];
        free(old.slots);
    }
    struct fit__slot *slot = slot_of(index, key);
    index->count += !slot->key;
    slot->key = key;
    return slot;
}

/* ---- what is said about tests and the run ------------------------------------------------ */

void fit__results_begin(struct fit__results *results, const char *binary,
                        struct fit__journal *journal)
{
    results->binary = binary;
    results->journal = journal;
    results->from = journal->size;
    results->records = json_array();
}

static size_t test_of(struct fit__results *results, const char *name)
{
    for (size_t i = results->test_count; i > 0; i--)      /* mostly the last */
        if (strcmp(results->tests[i - 1].name, name) == 0)
            return i - 1;
    results->tests = fit__grow(results->tests, results->test_count, sizeof *results->tests);
    struct fit__test *test = &results->tests[results->test_count];
    *test = (struct fit__test){ .name = fit__copy(name), .state = fit__copy("ready") };
    return results->test_count++;
}

static bool stops_sweep(const char *state)
{
    return strcmp(state, "ready") != 0 && strcmp(state, "no-calls") != 0;
}

static unsigned long number(const json_t *record, const char *key)
{
    return strtoul(fit__line_text(record, key), NULL, 10);
}

/* Under Memcheck only what is worse than natively counts. */
static bool worse(struct fit__results *results, const json_t *record, bool memcheck)
{
    size_t index = test_of(results, fit__line_text(record, "test"));    /* may move the list */
    const struct fit__test *test = &results->tests[index];
    return !test->announced || (memcheck && stops_sweep(fit__line_text(record, "state"))
                                && !stops_sweep(test->state));
}

static void add_test(struct fit__results *results, const json_t *record)
{
    size_t index = test_of(results, fit__line_text(record, "test"));    /* may move the list */
    struct fit__test *test = &results->tests[index];
    const char *state = fit__line_text(record, "state");
    const char *text = json_string_value(json_object_get(record, "text"));
    free(test->state);
    test->state = fit__copy(*state ? state : "ready");
    test->text = test->announced ? fit__print("under Memcheck only: %s", text ? text : "")
                                 : fit__copy(text);
    test->stack = fit__copy(json_string_value(json_object_get(record, "stack")));
    test->announced = true;
    test->strict = strcmp(fit__line_text(record, "contract"), "strict") == 0;
    test->virtual_ns = strtoull(fit__line_text(record, "virtual_ns"), NULL, 10);
    test->places_known = json_object_get(record, "cancel_places") != NULL;
    test->cancel_places = number(record, "cancel_places");
    test->setup_points = number(record, "setup_points");
    test->wants_random = number(record, "random") > 0;
}

static void add_plan(struct fit__results *results, const json_t *record)
{
    size_t index = test_of(results, fit__line_text(record, "test"));
    struct fit__test *test = &results->tests[index];
    test->planned = true;
    test->total = number(record, "cases");
    test->kept = number(record, "kept");
    test->mine = number(record, "mine");
}

/* Shards and parts of the random runs have records of their own. */
static void add_pairs(struct fit__results *results, const json_t *record)
{
    size_t index = test_of(results, fit__line_text(record, "test"));
    struct fit__test *test = &results->tests[index];
    test->pairs_tried += number(record, "tried");
    test->pairs_possible += number(record, "possible");
    test->pair_firsts += number(record, "firsts");
    test->pair_singles += number(record, "singles");
}

static void add_random(struct fit__results *results, const json_t *record)
{
    size_t index = test_of(results, fit__line_text(record, "test"));
    results->tests[index].random_runs += number(record, "runs");
    results->tests[index].seed = number(record, "seed");
    free(results->tests[index].strategies);
    results->tests[index].strategies = fit__copy(fit__line_text(record, "strategies"));
}

static void add_error(struct fit__results *results, const json_t *record)
{
    fit__words_add(&results->errors, fit__line_text(record, "text"));
    if (!results->error_status)
        results->error_status = (int)number(record, "status");
    if (!results->error_status)
        results->error_status = FIT_X_INTERNAL;
}

static void take(struct fit__results *results, json_t *record)
{
    const char *kind = fit__line_text(record, "kind");
    bool memcheck = json_object_get(record, "memcheck") != NULL;
    if (strcmp(kind, "test") == 0)
        add_test(results, record);
    if (strcmp(kind, "plan") == 0)
        add_plan(results, record);
    if (strcmp(kind, "pairs") == 0)
        add_pairs(results, record);
    if (strcmp(kind, "random") == 0)
        add_random(results, record);
    if (strcmp(kind, "ended-random") == 0)
        results->ended_random = true;
    if (strcmp(kind, "round") == 0)
        results->rounds = (unsigned)number(record, "to");
    if (strcmp(kind, "note") == 0)
        fit__words_add(&results->notes, fit__line_text(record, "text"));
    if (strcmp(kind, "mark") == 0)
        fit__words_add(&results->marks, fit__line_text(record, "name"));
    if (strcmp(kind, "error") == 0)
        add_error(results, record);
    if (strcmp(kind, "ended") == 0)
        *(memcheck ? &results->ended_memcheck : &results->ended) = true;
    json_array_append(results->records, record);
}

/* A test that is gone on with says the same again. */
static bool said_before(struct fit__results *results, const json_t *record)
{
    char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
    uint64_t key = fit__hash_text(0, text);
    bool before = fit__index_find(&results->said, key) != NULL;
    fit__index_add(&results->said, key);
    free(text);
    return before;
}

/* Wanted again when results are put together: tests, plans, notes, errors. */
static bool keeps(struct fit__results *results, const json_t *record, bool memcheck)
{
    const char *kind = fit__line_text(record, "kind");
    if (strcmp(kind, "test") == 0)
        return worse(results, record, memcheck);
    if (strcmp(kind, "plan") == 0 || strcmp(kind, "note") == 0 || strcmp(kind, "mark") == 0)
        return !memcheck;
    return strcmp(kind, "error") == 0 || strcmp(kind, "ended") == 0 || strcmp(kind, "begun") == 0
        || strcmp(kind, "rule") == 0 || strcmp(kind, "pairs") == 0 || strcmp(kind, "random") == 0
        || strcmp(kind, "ended-random") == 0 || strcmp(kind, "round") == 0;
}

/* Takes the record over. */
static void say(struct fit__results *results, json_t *record, bool memcheck)
{
    if (memcheck)
        json_object_set_new(record, "memcheck", json_true());
    if (keeps(results, record, memcheck) && !said_before(results, record)) {
        json_t *line = json_pack("{s:s, s:O}", "binary", results->binary, "record", record);
        fit__journal_add(results->journal, line);
        json_decref(line);
        take(results, record);
    }
    json_decref(record);
}

void fit__results_note(struct fit__results *results, const char *text)
{
    say(results, json_pack("{s:s, s:s}", "kind", "note", "text", text), false);
}

void fit__results_mark(struct fit__results *results, const char *kind, bool memcheck)
{
    say(results, json_pack("{s:s}", "kind", kind), memcheck);
}

void fit__results_round(struct fit__results *results, unsigned to)
{
    char *runs = fit__print("%u", to);
    say(results, json_pack("{s:s, s:s}", "kind", "round", "to", runs), false);
    free(runs);
}

/* ---- cases ------------------------------------------------------------------------------- */

/* What makes two lines one result: the same case, or finding without a fault. */
uint64_t fit__line_key(const json_t *line)
{
    bool none = strcmp(fit__line_text(line, "mode"), "none") == 0;
    uint64_t key = fit__hash_text(0, fit__line_text(line, "test"));
    key = fit__hash_text(key, strchr(fit__line_text(line, "case"), ':'));
    if (none) {
        key = fit__hash_text(key, fit__line_text(line, "verdict"));
        key = fit__hash_text(key, fit__line_text(line, "site"));
    }
    return key;
}

uint64_t fit__finding_key(const char *test, const char *verdict, const char *site)
{
    return fit__hash_text(fit__hash_text(fit__hash_text(0, test), verdict), site);
}

static bool is_failure(const json_t *line)
{
    return fit__verdict_of(fit__line_text(line, "verdict"))->family == FIT_FINDING
        && !json_is_true(json_object_get(line, "allowed"));
}

static bool is_several(const json_t *line)
{
    return strchr(fit__line_text(line, "case"), ',') != NULL;
}

/* False: it was there before. */
static bool add_new(struct fit__index *index, uint64_t key)
{
    size_t before = index->count;
    fit__index_add(index, key);
    return index->count > before;
}

static bool new_amount(struct fit__results *results, const json_t *line)
{
    char *amount = fit__print("%lld %lld",
        (long long)json_integer_value(json_object_get(line, "left_blocks")),
        (long long)json_integer_value(json_object_get(line, "left_bytes")));
    uint64_t key = fit__hash_text(fit__hash_text(0, fit__line_text(line, "test")), amount);
    free(amount);
    return add_new(&results->left, key);
}

/* Memcheck looks at all cases of one fault that it may have something to say about. Those of
 * several are many: one of each new finding, and those that left memory behind in amounts that no
 * case before them did. */
static void doubt(struct fit__results *results, const json_t *line, bool new_failure)
{
    bool new_left = !is_failure(line) && new_amount(results, line);
    if (is_several(line)) {
        if (!(is_failure(line) ? new_failure : new_left)
            || results->doubtful_several == DOUBTFUL_SEVERAL_MAX)
            return;
        results->doubtful_several++;
    }
    char *word = fit__print("%s %s", strchr(fit__line_text(line, "case"), ':'),
                            fit__line_text(line, "test"));
    fit__words_add(&results->doubtful, word);
    free(word);
}

/* True: the first of its finding. */
static bool note_failure(struct fit__results *results, size_t test, json_t *line)
{
    const char *full = fit__line_text(line, "case"), *verdict = fit__line_text(line, "verdict");
    struct fit__result result = { .line = line, .test = test, .name = strchr(full, ':') + 1,
                                  .verdict = fit__verdict_of(verdict) };
    uint64_t key = fit__finding_key(results->tests[test].name, verdict,
                                    fit__line_text(line, "site"));
    if (fit__known_has(results->accepted, results, &result))
        return false;
    if (is_several(line) && fit__index_find(&results->seen, key))
        return false;
    results->failing++;
    if (!add_new(&results->seen, key))
        return false;
    free(results->found);
    results->found = fit__print("%s  %s", verdict, full);
    return true;
}

static void note_marks(struct fit__results *results, const char *names)
{
    for (size_t size; *names; names += size + (names[size] == ' ')) {
        size = strcspn(names, " ");
        char *name = fit__print("%.*s", (int)size, names);
        fit__index_add(&results->passed, fit__hash_text(0, name));
        free(name);
    }
}

static void note_done(struct fit__results *results, struct fit__test *test, const json_t *line,
                      unsigned long seq)
{
    bool single = seq < FIT_SEVERAL_FROM;
    test->tried += single;
    if (single && fit__verdict_of(fit__line_text(line, "verdict"))->family != FIT_OUTCOME) {
        char *word = fit__print("%lu %s", seq, test->name);
        fit__words_add(&results->dead, word);
        free(word);
    }
    if (seq <= test->done)
        return;
    test->done = seq;
    free(test->done_case);
    test->done_case = fit__copy(strchr(fit__line_text(line, "case"), ':') + 1);
}

/* Counts of a run that lasts. */
static void note_case(struct fit__results *results, json_t *line, off_t at, bool memcheck)
{
    size_t index = test_of(results, fit__line_text(line, "test"));
    struct fit__test *test = &results->tests[index];
    unsigned long seq = (unsigned long)json_integer_value(json_object_get(line, "seq"));
    bool is_case = strcmp(fit__line_text(line, "mode"), "none") != 0;
    bool looked_at = json_is_true(json_object_get(line, "valgrind"));
    bool new_failure = is_failure(line) && note_failure(results, index, line);
    if (memcheck)
        fit__index_add(&results->memcheck, fit__line_key(line))->at = at;
    if (looked_at && seq > test->done_memcheck)
        test->done_memcheck = seq;
    note_marks(results, fit__line_text(line, "marks"));
    if (json_is_true(json_object_get(line, "allowed")))
        fit__index_add(&results->needed, fit__rule_key(fit__line_text(line, "test"),
            fit__line_text(line, "verdict"), fit__line_text(line, "reason")));
    if (!is_case && !memcheck)
        fit__index_add(&results->told, fit__line_key(line));
    if (!is_case || memcheck)
        return;
    results->tried++;
    test->random_cases += seq >= FIT_RANDOM_FROM;
    note_done(results, test, line, seq);
    if (!looked_at && (is_failure(line) || json_object_get(line, "left_blocks")))
        doubt(results, line, new_failure);
}

/* Lines of several programs stand between each other when these share the time that is left. */
json_t *fit__results_next(struct fit__results *results, off_t *at, off_t *from)
{
    off_t end = results->to ? results->to : results->journal->size;
    json_t *line;
    *from = *at;
    while ((line = fit__journal_next(results->journal, at, end))
           && strcmp(fit__line_text(line, "binary"), results->binary) != 0) {
        json_decref(line);
        *from = *at;
    }
    return line;
}

/* The names of all cases are held only if there are random runs: these alone meet one again. */
bool fit__results_repeats(struct fit__results *results, const json_t *line)
{
    off_t at = results->from, from;
    json_t *before;
    if (json_integer_value(json_object_get(line, "seq")) < (json_int_t)FIT_RANDOM_FROM)
        return false;
    if (!results->cases.room) {
        fit__journal_flush(results->journal);
        while ((before = fit__results_next(results, &at, &from))) {
            if (json_object_get(before, "case") && !json_object_get(before, "pass"))
                fit__index_add(&results->cases, fit__line_key(before));
            json_decref(before);
        }
    }
    return !add_new(&results->cases, fit__line_key(line));
}

/* What is wrong without a fault is told again by a test that is gone on with. */
static bool told_before(struct fit__results *results, const json_t *line)
{
    return strcmp(fit__line_text(line, "mode"), "none") == 0
        && fit__index_find(&results->told, fit__line_key(line));
}

/* Which marks there are; how many cases passed them each part of a sweep counts for itself, and
 * one that was broken off not at all: here the lines of the cases tell. */
static void forget_counts(json_t *mark)
{
    json_object_del(mark, "test");
    json_object_del(mark, "without");
    json_object_del(mark, "cases");
}

/* The same for what a test allows: was any case selected at all? */
static void forget_uses(json_t *rule)
{
    bool tried = strcmp(fit__line_text(rule, "selected"), "0") != 0;
    json_object_set_new(rule, "tried", json_string(tried ? "1" : "0"));
    json_object_del(rule, "selected");
    json_object_del(rule, "used");
}

void fit__results_add(struct fit__results *results, struct fit__record *record, bool memcheck)
{
    const char *kind = fit__value(record, "kind");
    if (strcmp(kind, "case") == 0 || strcmp(kind, "named") == 0) {
        size_t test = test_of(results, fit__value_or_empty(record, "test"));
        if (strcmp(kind, "named") == 0)
            fit__value_set(record, "verdict", "unaffected");
        json_t *line = fit__line_of(results, &results->tests[test], record, memcheck);
        if (memcheck || (!told_before(results, line) && !fit__results_repeats(results, line)))
            note_case(results, line, fit__journal_add_kept(results->journal, line), memcheck);
        json_decref(line);
    } else if (strcmp(kind, "hello") != 0 && strcmp(kind, "bye") != 0) {
        json_t *said = json_object();
        for (unsigned i = 0; i < record->count; i++)
            json_object_set_new(said, record->keys[i], json_string(record->values[i]));
        if (strcmp(kind, "mark") == 0)
            forget_counts(said);
        if (strcmp(kind, "rule") == 0)
            forget_uses(said);
        say(results, said, memcheck);
    }
    fit__record_free(record);
}

void fit__results_load(struct fit__results *results, json_t *line, off_t at)
{
    json_t *record = json_object_get(line, "record");
    if (record && !said_before(results, record))
        take(results, record);
    if (!record && strchr(fit__line_text(line, "case"), ':'))
        note_case(results, line, at, json_object_get(line, "pass") != NULL);
}

/* ---- orders for what is left to do ------------------------------------------------------- */

void fit__results_doubtful(const struct fit__results *results, struct fit__orders *orders)
{
    for (size_t i = 0; i < results->doubtful.count; i++) {
        const char *word = results->doubtful.list[i], *test = strchr(word, ' ') + 1;
        char *name = fit__print("%.*s", (int)(test - word - 1), word);
        char *full = fit__print("%s%s", test, name);
        size_t known = orders->tests.count;
        if (!fit__index_find(&results->memcheck, fit__hash_text(fit__hash_text(0, test), name))) {
            while (known > 0 && strcmp(orders->tests.list[known - 1], test) != 0)
                known--;
            if (known == 0)
                fit__words_add(&orders->tests, test);
            fit__words_add(&orders->cases, full);
        }
        free(full);
        free(name);
    }
}

void fit__results_done(const struct fit__results *results, struct fit__orders *orders)
{
    for (size_t i = 0; i < results->test_count; i++) {
        const struct fit__test *test = &results->tests[i];
        unsigned long done = orders->memcheck ? test->done_memcheck : test->done;
        if (done == 0)
            continue;
        char *word = fit__print("%lu %s %s", done, orders->memcheck ? "-" : test->done_case,
                                test->name);
        fit__words_add(&orders->done, word);
        free(word);
    }
    orders->dead = results->dead;
}
