/* harness/command/merge.c - `faulttest merge`: parts of a run become one, as if nobody had parted
 * it. Lines are never held in memory: each part is read in order, and the least line comes next. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/commands.h"
#include "harness/command/run.h"

struct input {
    const char *path;
    FILE *file;
    json_t *header, *line;            /* line: the next one, or NULL */
    unsigned shard, shards;           /* 0: all cases */
    size_t group;                     /* inputs of the same programs */
};

struct merge {
    struct fit__run run;
    struct input *inputs;
    size_t count, groups;
    char *text;                       /* of the line being read */
    size_t room;
};

/* ---- reading ----------------------------------------------------------------------------- */

/* Lines about tests that were not swept are told again by their records. */
static void advance(struct merge *merge, struct input *input)
{
    json_decref(input->line);
    input->line = NULL;
    while (!input->line && getline(&merge->text, &merge->room, input->file) > 0) {
        input->line = json_loads(merge->text, 0, NULL);
        if (input->line && !json_object_get(input->line, "seq")) {
            json_decref(input->line);
            input->line = NULL;
        }
    }
}

static char *read_header(struct merge *merge, struct input *input)
{
    input->file = fopen(input->path, "re");
    if (!input->file)
        return fit__print("%s: %s", input->path, strerror(errno));
    json_t *first = getline(&merge->text, &merge->room, input->file) > 0
                  ? json_loads(merge->text, 0, NULL) : NULL;
    input->header = json_incref(json_object_get(first, "run"));
    if (json_object_get(first, "seq"))
        input->line = json_incref(first);
    json_decref(first);
    if (!input->header)
        return fit__print("%s is no results file of `faulttest run -o`, or its first line is gone",
                          input->path);
    if (!json_is_true(json_object_get(input->header, "complete")))
        return fit__print("%s is of a run that did not come to its end (%s): go on with it by "
                          "--resume first", input->path,
                          fit__line_text(input->header, "stopped"));
    const char *shard = fit__line_text(input->header, "shard"), *slash = strchr(shard, '/');
    input->shard = slash ? (unsigned)strtoul(shard, NULL, 10) : 0;
    input->shards = slash ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;
    if (!input->line)
        advance(merge, input);
    return NULL;
}

/* ---- do they belong together? ------------------------------------------------------------ */

static const json_t *binaries_of(const struct input *input)
{
    return json_object_get(input->header, "binaries");
}

static bool names_binary(const struct input *input, const char *path)
{
    const json_t *binaries = binaries_of(input);
    for (size_t i = 0; i < json_array_size(binaries); i++)
        if (strcmp(fit__line_text(json_array_get(binaries, i), "path"), path) == 0)
            return true;
    return false;
}

/* The same programs in the same order, of whatever build. */
static bool same_programs(const struct input *one, const struct input *two)
{
    const json_t *ours = binaries_of(one), *theirs = binaries_of(two);
    if (json_array_size(ours) != json_array_size(theirs))
        return false;
    for (size_t i = 0; i < json_array_size(ours); i++)
        if (strcmp(fit__line_text(json_array_get(ours, i), "path"),
                   fit__line_text(json_array_get(theirs, i), "path")) != 0)
            return false;
    return true;
}

/* What one file must have in common with an earlier one. NULL, or what is wrong. */
static char *check_pair(const struct input *one, const struct input *two)
{
    const json_t *binaries = binaries_of(two);
    if (one->group != two->group) {
        for (size_t i = 0; i < json_array_size(binaries); i++) {
            const char *path = fit__line_text(json_array_get(binaries, i), "path");
            if (names_binary(one, path))
                return fit__print("%s is in %s and in %s, which are not parts of one run", path,
                                  one->path, two->path);
        }
        return NULL;
    }
    char *differs = fit__headers_differ(one->header, two->header);
    if (differs) {
        char *sentence = fit__print("%s does not belong to %s: it is %s", two->path, one->path,
                                    differs);
        free(differs);
        return sentence;
    }
    if (one->shards != two->shards)
        return fit__print("%s is shard %s, but %s is shard %s", one->path,
                          one->shards ? fit__line_text(one->header, "shard") : "1/1", two->path,
                          two->shards ? fit__line_text(two->header, "shard") : "1/1");
    if (one->shard == two->shard)
        return one->shards ? fit__print("%s and %s are both shard %u/%u", one->path, two->path,
                                        one->shard, one->shards)
                           : fit__print("%s and %s are both of all cases of the same programs",
                                        one->path, two->path);
    return NULL;
}

/* "2/4, 3/4"; NULL: all are there. */
static char *missing_shards(const struct merge *merge, size_t group)
{
    struct fit__text text = { 0 };
    unsigned shards = 0, missing = 0;
    for (size_t i = 0; i < merge->count; i++)
        if (merge->inputs[i].group == group)
            shards = merge->inputs[i].shards;
    for (unsigned shard = 1; shard <= shards; shard++) {
        bool there = false;
        for (size_t i = 0; i < merge->count; i++)
            there |= merge->inputs[i].group == group && merge->inputs[i].shard == shard;
        if (!there && missing++ < 10)
            fit__text_add(&text, "%s%u/%u", text.size ? ", " : "", shard, shards);
    }
    if (missing > 10)
        fit__text_add(&text, " and %u more", missing - 10);
    return text.data;
}

static void group_inputs(struct merge *merge)
{
    for (size_t i = 0; i < merge->count; i++) {
        struct input *input = &merge->inputs[i];
        input->group = merge->groups;
        for (size_t j = 0; j < i; j++)
            if (same_programs(&merge->inputs[j], input))
                input->group = merge->inputs[j].group;
        merge->groups += input->group == merge->groups;
    }
}

static char *check_all(struct merge *merge)
{
    const json_t *first = merge->inputs[0].header;
    group_inputs(merge);
    for (size_t i = 0; i < merge->count; i++) {
        const json_t *header = merge->inputs[i].header;
        if (strcmp(fit__line_text(first, "version"), fit__line_text(header, "version")) != 0
            || strcmp(fit__line_text(first, "orders"), fit__line_text(header, "orders")) != 0
            || strcmp(fit__line_text(first, "valgrind"), fit__line_text(header, "valgrind")) != 0)
            return fit__print("%s is of another version of Faulttest, or of a run with other "
                              "options, than %s", merge->inputs[i].path, merge->inputs[0].path);
        for (size_t j = 0; j < i; j++) {
            char *wrong = check_pair(&merge->inputs[j], &merge->inputs[i]);
            if (wrong)
                return wrong;
        }
    }
    for (size_t group = 0; group < merge->groups; group++) {
        char *missing = missing_shards(merge, group);
        if (missing) {
            char *sentence = fit__print("parts of the run are missing: shard %s", missing);
            free(missing);
            return sentence;
        }
    }
    return NULL;
}

/* ---- putting together -------------------------------------------------------------------- */

static void add_line(struct merge *merge, struct fit__results *results, json_t *line)
{
    if (fit__results_repeats(results, line))
        return;
    fit__results_load(results, line, fit__journal_add(&merge->run.journal, line));
}

static bool same_count(const json_t *one, const json_t *two)
{
    return strcmp(fit__line_text(one, "kind"), fit__line_text(two, "kind")) == 0
        && strcmp(fit__line_text(one, "test"), fit__line_text(two, "test")) == 0
        && strcmp(fit__line_text(one, "from"), fit__line_text(two, "from")) == 0;
}

static void add_numbers(json_t *sum, const json_t *record)
{
    static const char *const keys[] = { "tried", "possible", "firsts", "singles", "runs" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!json_object_get(sum, keys[i]))
            continue;
        char *text = fit__print("%lu", strtoul(fit__line_text(sum, keys[i]), NULL, 10)
                                       + strtoul(fit__line_text(record, keys[i]), NULL, 10));
        json_object_set_new(sum, keys[i], json_string(text));
        free(text);
    }
}

/* What the parts have counted, each for itself, becomes the count of all. */
static void sum_up(struct merge *merge, size_t first, size_t binary, json_t *sum)
{
    for (size_t i = first + 1; i < merge->count; i++) {
        const json_t *records = json_object_get(json_array_get(binaries_of(&merge->inputs[i]),
                                                               binary), "records");
        for (size_t r = 0; merge->inputs[i].group == merge->inputs[first].group
                           && r < json_array_size(records); r++)
            if (same_count(sum, json_array_get(records, r)))
                add_numbers(sum, json_array_get(records, r));
    }
    json_object_del(sum, "shard");
}

/* Says once what several parts say; a part's plan becomes that of all. */
static void add_records(struct merge *merge, struct fit__results *results, size_t group,
                        size_t binary)
{
    size_t first = 0;
    while (merge->inputs[first].group != group)
        first++;
    for (size_t i = first; i < merge->count; i++) {
        const json_t *records = json_object_get(json_array_get(binaries_of(&merge->inputs[i]),
                                                               binary), "records");
        for (size_t r = 0; merge->inputs[i].group == group && r < json_array_size(records); r++) {
            json_t *record = json_array_get(records, r);
            if (json_object_get(record, "shard") && i > first)
                continue;
            if (json_object_get(record, "shard"))
                sum_up(merge, first, binary, record);
            if (json_object_get(record, "mine"))
                json_object_set(record, "mine", json_object_get(record, "kept"));
            json_t *line = json_pack("{s:s, s:O}", "binary", results->binary, "record", record);
            add_line(merge, results, line);
            json_decref(line);
        }
    }
}

/* Where a line stands among those of its binary. */
struct place { bool rest, random; size_t test; unsigned long seq; };

static struct place place_of(const struct fit__results *results, const json_t *line)
{
    struct place place = { .rest = json_is_false(json_object_get(line, "native")),
        .seq = (unsigned long)json_integer_value(json_object_get(line, "seq")) };
    const char *name = fit__line_text(line, "test");
    place.random = place.seq >= FIT_RANDOM_FROM;
    while (place.test < results->test_count
           && strcmp(results->tests[place.test].name, name) != 0)
        place.test++;
    return place;
}

static int compare(const struct place *one, const struct place *two)
{
    if (one->rest != two->rest)
        return one->rest - two->rest;
    if (one->random != two->random)       /* they come when all tests are through */
        return one->random - two->random;
    if (one->test != two->test)
        return one->test < two->test ? -1 : 1;
    return one->seq < two->seq ? -1 : one->seq > two->seq;
}

/* The input whose next line of this binary comes first; NULL: none has any. */
static struct input *least(const struct merge *merge, const struct fit__results *results,
                           size_t group, struct place *place)
{
    struct input *found = NULL;
    for (size_t i = 0; i < merge->count; i++) {
        struct input *input = &merge->inputs[i];
        if (input->group != group || !input->line
            || strcmp(fit__line_text(input->line, "binary"), results->binary) != 0)
            continue;
        struct place its = place_of(results, input->line);
        if (!found || compare(&its, place) < 0) {
            found = input;
            *place = its;
        }
    }
    return found;
}

/* Findings of the run without faults: every part has them. */
static void add_once(json_t *list, json_t *line)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *known = json_array_get(list, i);
        if (fit__line_key(known) != fit__line_key(line))
            continue;
        if (json_is_true(json_object_get(line, "valgrind")))
            json_object_set_new(known, "valgrind", json_true());
        return;
    }
    json_array_append(list, line);
}

/* What a part let pass as known stays so, unless --accept says what is. */
static void strip(json_t *line)
{
    bool known = json_is_true(json_object_get(line, "known"));
    fit__run_strip(line);
    if (known)
        json_object_set_new(line, "known", json_true());
}

static void put_list(struct merge *merge, struct fit__results *results, json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        strip(json_array_get(list, i));
        add_line(merge, results, json_array_get(list, i));
    }
    json_array_clear(list);
}

static void add_cases(struct merge *merge, struct fit__results *results, size_t group)
{
    struct place place = { 0 }, last = { 0 };
    struct input *input;
    json_t *without = json_array();
    while ((input = least(merge, results, group, &place))) {
        if (place.seq > 0 || place.test != last.test || place.rest != last.rest)
            put_list(merge, results, without);
        last = place;
        if (place.seq == 0) {
            add_once(without, input->line);
        } else {
            strip(input->line);
            add_line(merge, results, input->line);
        }
        advance(merge, input);
    }
    put_list(merge, results, without);
    json_decref(without);
}

static void add_group(struct merge *merge, size_t group)
{
    const struct input *first = merge->inputs;
    while (first->group != group)
        first++;
    const json_t *binaries = binaries_of(first);
    for (size_t i = 0; i < json_array_size(binaries); i++) {
        const json_t *binary = json_array_get(binaries, i);
        struct fit__results *results = fit__run_begin(&merge->run, fit__line_text(binary, "path"),
                                                      fit__line_text(binary, "build"));
        add_records(merge, results, group, i);
        results->real = strstr(fit__line_text(first->header, "orders"), "\nworld real") != NULL;
        add_cases(merge, results, group);
        merge->run.trouble = fit__graver(merge->run.trouble, results->error_status);
        fit__run_settle(&merge->run, results, false);
    }
}

/* ---- the command ------------------------------------------------------------------------- */

/* What the orders of the parts restricted. */
static void take_orders(struct fit__run *run, const char *orders)
{
    if (strstr(orders, "\nmodes "))
        run->options.modes = fit__line_text(run->header, "modes");
    if (strstr(orders, "\ntest "))
        fit__words_add(&run->options.tests, "?");
    if (strstr(orders, "\ncase "))
        fit__words_add(&run->options.only, "?");
    if (strstr(orders, "\nbudget "))
        run->options.budget = 1;
    run->options.setup = strstr(orders, "\nsetup ") != NULL;
    for (const char *at = orders; (at = strstr(at, "\npeer-thread ")); at++) {
        char *pattern = fit__print("%.*s", (int)strcspn(at + 13, "\n"), at + 13);
        fit__words_add(&run->options.peer_threads, pattern);
        free(pattern);
    }
}

static void take_header(struct merge *merge)
{
    static const char *const words[] = { "none", "failed", "all" };
    struct fit__run *run = &merge->run;
    json_t *header = json_deep_copy(merge->inputs[0].header), *binaries = json_array();
    for (size_t group = 0, i = 0; group < merge->groups; group++, i = 0) {
        while (merge->inputs[i].group != group)
            i++;
        json_array_extend(binaries, (json_t *)binaries_of(&merge->inputs[i]));
    }
    json_object_del(header, "shard");
    json_object_set_new(header, "binaries", binaries);
    run->header = header;
    run->room = json_array_size(binaries);
    run->binaries = fit__get(run->room * sizeof *run->binaries);
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(fit__line_text(header, "valgrind"), words[i]) == 0)
            run->options.valgrind = (enum fit__valgrind)i;
    take_orders(run, fit__line_text(header, "orders"));
}

static int merge_all(struct merge *merge)
{
    double seconds = 0;
    take_header(merge);
    int status = fit__run_journal(&merge->run, merge->run.options.output, false);
    if (status != FIT_X_OK)
        return status;
    for (size_t group = 0; group < merge->groups; group++)
        add_group(merge, group);
    for (size_t i = 0; i < merge->count; i++)
        seconds += json_number_value(json_object_get(merge->inputs[i].header, "seconds"));
    return fit__run_finish(&merge->run, seconds);
}

int fit__command_merge(int count, char **arguments)
{
    struct merge merge = { 0 };
    struct fit__options *options = &merge.run.options;
    int status = fit__options_read(options, "merge", count, arguments);
    char *wrong = NULL;
    if (status != FIT_X_OK)
        return status;
    if (options->words.count == 0)
        return fit__fail_with(FIT_X_USAGE, fit__copy("merge what? faulttest merge -o ALL.jsonl "
                                                     "PART.jsonl... (see `faulttest help scale`)"));
    merge.count = options->words.count;
    merge.inputs = fit__get(merge.count * sizeof *merge.inputs);
    for (size_t i = 0; i < merge.count && !wrong; i++) {
        merge.inputs[i].path = options->words.list[i];
        if (options->output && fit__same_file(options->output, options->words.list[i]))
            wrong = fit__print("%s is to be read and written at once", options->output);
        else
            wrong = read_header(&merge, &merge.inputs[i]);
    }
    if (!wrong)
        wrong = check_all(&merge);
    if (!wrong)
        status = fit__run_accept(&merge.run);
    else
        status = fit__fail_with(FIT_X_USAGE, wrong);
    options->words = (struct fit__words){ 0 };      /* they are no programs to try */
    return status == FIT_X_OK ? merge_all(&merge) : status;
}
