/* harness/command/finish.c - how a run comes to its end: screens, files, exit status. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/command/known.h"
#include "harness/command/marks.h"
#include "harness/command/rules.h"
#include "harness/command/run.h"
#include "harness/command/sweep.h"
#include "harness/report/limits.h"
#include "harness/report/screen.h"

int fit__graver(int one, int two)
{
    static const int order[] = { FIT_X_INTERRUPTED, FIT_X_INTERNAL, FIT_X_USAGE, FIT_X_NO_FIT,
                                 FIT_X_FINDINGS, FIT_X_NOTHING, FIT_X_UNSUPPORTED };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (one == order[i] || two == order[i])
            return order[i];
    return one ? one : two;
}

int fit__run_accept(struct fit__run *run)
{
    char *failure;
    if (run->options.write_known)
        run->found = fit__get(sizeof *run->found);
    if (!run->options.accept)
        return FIT_X_OK;
    run->accepted = fit__known_read(run->options.accept, &failure);
    return run->accepted ? FIT_X_OK : fit__fail_with(FIT_X_USAGE, failure);
}

/* ---- the journal ------------------------------------------------------------------------- */

/* A pipe or a terminal is written to at the end, and cannot be gone on with. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

char *fit__run_journal_path(const char *output)
{
    return output && !is_special(output) ? fit__print("%s.partial", output) : NULL;
}

int fit__run_journal(struct fit__run *run, const char *output, bool keep)
{
    char *path = fit__run_journal_path(output);
    int error = fit__journal_open(&run->journal, path, keep);
    run->journal_named = path != NULL;
    free(path);
    if (error == 0)
        return FIT_X_OK;
    fit__journal_close(&run->journal, false);
    if (error == -EWOULDBLOCK)
        return fit__fail_with(FIT_X_USAGE, fit__print("another run is writing %s: wait for it, or "
                                                      "name another file", output));
    return fit__fail_with(FIT_X_USAGE, fit__print("results cannot be written to %s: %s",
        run->journal_named ? output : "a temporary file", strerror(-error)));
}

struct fit__results *fit__run_begin(struct fit__run *run, const char *path, const char *build)
{
    struct fit__results *results = &run->binaries[run->count++];
    results->build = fit__copy(build);
    results->peer_threads = run->options.peer_threads;
    results->setup = run->options.setup;
    results->real = run->options.real;
    results->verbose = run->options.verbose;
    results->accepted = run->accepted;
    fit__results_begin(results, path, &run->journal);
    return results;
}

/* ---- one binary -------------------------------------------------------------------------- */

/* A strict test that was not restricted in any way must have cases. */
static void demand_cases(const struct fit__run *run, struct fit__results *results)
{
    bool restricted = run->options.modes || run->options.only.count > 0 || run->options.shards
                   || fit__stopping();
    for (size_t i = 0; i < results->test_count; i++) {
        struct fit__test *test = &results->tests[i];
        bool empty = test->cases == 0 && strcmp(test->state, "ready") == 0;
        if (empty && test->strict && !restricted && results->error_status == 0) {
            free(test->state);
            test->state = fit__copy("no-calls");
        }
        if (strcmp(test->state, "no-calls") == 0 && test->strict) {
            test->failed++;
            results->totals.failed++;
        }
    }
}

/* Other results may be added to these later, so the first of a finding may become another. */
static bool is_a_part(const struct fit__run *run)
{
    return run->stopped || run->options.shards || fit__stopping();
}

void fit__run_settle(struct fit__run *run, struct fit__results *results, bool replay)
{
    fit__results_settle(results, run->totals.findings + 1);
    demand_cases(run, results);
    fit__gather_evidence(results, is_a_part(run), replay);
    fit__totals_add(&run->totals, &results->totals);
    if (results > run->binaries)
        printf("\n");
    if (results->test_count > 0)
        fit__show_binary(results, run->options.verbose);
    fflush(stdout);
}

/* ---- files ------------------------------------------------------------------------------- */

struct writing {
    struct fit__run *run;
    struct fit__results *results;
    struct fit__lines_file files[2];
    json_t *header;                   /* goes with the first line; NULL: is gone */
    size_t test;                      /* that the next line may belong to */
    bool listed;                      /* its run without faults has a line */
    bool part;
};

static void put(struct writing *writing, json_t *line)
{
    if (writing->header) {
        json_object_set_new(line, "run", writing->header);
        writing->header = NULL;
    }
    char *text = fit__line_dump(line);
    for (size_t i = 0; i < 2; i++)
        fit__lines_put(&writing->files[i], text);
    free(text);
    json_object_del(line, "run");
}

/* Tests that were not swept, and strict tests without a case (which count as failed). */
static bool without_result(const struct fit__test *test)
{
    if (strcmp(test->state, "ready") != 0 && strcmp(test->state, "no-calls") != 0)
        return true;
    return test->cases == 0 && test->failed > 0;
}

/* Lines for the tests before `test` that have none of their own. */
static void put_tests(struct writing *writing, size_t test)
{
    for (; writing->test < test; writing->test++, writing->listed = false) {
        const struct fit__test *passed = &writing->results->tests[writing->test];
        if (!without_result(passed) || writing->listed)
            continue;
        json_t *line = fit__line_of_test(writing->results, passed);
        put(writing, line);
        json_decref(line);
    }
}

/* The line of a result that is the first of its finding is kept, with its evidence. */
static json_t *line_of(const struct writing *writing, const struct fit__result *result,
                       unsigned number)
{
    const struct fit__finding *finding = number
        ? &writing->results->findings[number - writing->results->findings[0].number] : NULL;
    if (!finding || finding->first.at != result->at)
        return json_incref(result->line);
    json_t *line = json_copy(finding->first.line);
    if (writing->part && finding->plain)
        fit__line_remember(line, finding->plain);
    return line;
}

static void put_result(void *arg, struct fit__result *result)
{
    struct writing *writing = arg;
    unsigned number = fit__finding_of(writing->results, result);
    if (result->test > writing->test)
        put_tests(writing, result->test);
    if (result->test == writing->test && !fit__is_case(result))
        writing->listed = true;
    json_t *line = line_of(writing, result, number);
    json_object_set_new(line, "finding", number ? json_integer(number) : json_null());
    put(writing, line);
    json_decref(line);
    if (writing->run->found)
        fit__known_add(writing->run->found, writing->results, result);
}

/* The header as it stands in the results. */
static json_t *whole_header(const struct fit__run *run, double seconds)
{
    json_t *header = json_deep_copy(run->header), *list = json_array();
    json_object_set_new(header, "complete", json_boolean(!run->stopped));
    if (run->stopped)
        json_object_set_new(header, "stopped", json_string(run->stopped));
    json_object_set_new(header, "seconds", json_real(seconds));
    for (size_t i = 0; i < run->count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:O}", "path", run->binaries[i].binary,
                                              "build", run->binaries[i].build, "records",
                                              run->binaries[i].records));
    json_object_del(header, "binaries");
    json_object_set_new(header, "binaries", list);
    return header;
}

static void put_all(struct writing *writing)
{
    for (size_t i = 0; i < writing->run->count; i++) {
        writing->results = &writing->run->binaries[i];
        writing->test = 0;
        writing->listed = false;
        fit__results_each(writing->results, put_result, writing);
        put_tests(writing, writing->results->test_count);
    }
    json_t *line = writing->header ? json_pack("{s:s}", "schema", "faulttest/1") : NULL;
    if (line)
        put(writing, line);
    json_decref(line);
}

static void open_files(struct fit__run *run, struct writing *writing)
{
    char *failure;
    if (run->options.output && fit__lines_open(&writing->files[0], run->options.output,
                                               &failure) != 0)
        run->trouble = fit__graver(run->trouble, fit__fail_with(FIT_X_INTERNAL, failure));
    if (fit__lines_open(&writing->files[1], FIT_LAST_RUN, &failure) != 0)
        fit__fail_with(0, fit__print("%s; `replay NUMBER` will not know this run", failure));
}

/* False: the results are not where they should be. */
static bool close_files(struct fit__run *run, struct writing *writing)
{
    bool opened = !run->options.output || writing->files[0].file;
    char *failure;
    int error = fit__lines_close(&writing->files[0], &failure);
    if (error)
        run->trouble = fit__graver(run->trouble, fit__fail_with(FIT_X_INTERNAL, failure));
    if (fit__lines_close(&writing->files[1], &failure) != 0)
        run->trouble = fit__graver(run->trouble, fit__fail_with(FIT_X_INTERNAL, failure));
    return opened && !error;
}

static void write_known(struct fit__run *run)
{
    char *failure;
    if (!run->found)
        return;
    if (run->stopped || run->trouble)
        fit__fail_with(0, fit__print("%s was not written: the run did not come to its end",
                                     run->options.write_known));
    else if (fit__known_write(run->found, run->options.write_known, &failure) != 0)
        run->trouble = fit__fail_with(FIT_X_INTERNAL, failure);
}

static void write_files(struct fit__run *run, double seconds)
{
    struct writing writing = { .run = run, .header = whole_header(run, seconds),
                               .part = is_a_part(run) };
    int lost = run->journal.error;
    open_files(run, &writing);
    put_all(&writing);
    bool written = close_files(run, &writing);
    json_decref(writing.header);
    if (lost)
        run->trouble = fit__graver(run->trouble, fit__fail_with(FIT_X_INTERNAL, fit__print(
            "results could not be written to %s: %s", run->journal_named ? run->options.output
            : "a temporary file", strerror(-lost))));
    if (!written || (lost && run->journal_named))
        fit__fail_with(0, run->journal_named
            ? fit__print("what was found so far is kept in %s: when there is room again, the same "
                         "command with --resume goes on from there", run->journal.path)
            : fit__copy("the results of this run are lost"));
    fit__journal_close(&run->journal, written && !lost);
}

/* ---- the end ----------------------------------------------------------------------------- */

/* There are cases, but by chance none in this shard: that is no failure. */
static bool is_empty_part(const struct fit__run *run)
{
    unsigned long mine = 0, kept = 0;
    for (size_t b = 0; b < run->count; b++)
        for (size_t t = 0; t < run->binaries[b].test_count; t++) {
            mine += run->binaries[b].tests[t].mine;
            kept += run->binaries[b].tests[t].kept;
        }
    return run->options.shards && !run->stopped && mine == 0 && kept > 0;
}

static int status_of(const struct fit__run *run)
{
    const struct fit__totals *totals = &run->totals;
    if (fit__interrupted())
        return FIT_X_INTERRUPTED;
    if (run->trouble)
        return run->trouble;
    /* Another part may pass what this one did not. */
    bool missed = run->options.unreached_mark && run->unreached > 0
               && !run->options.shards && !run->stopped;
    if (totals->failed + totals->not_fired > 0 || missed)
        return FIT_X_FINDINGS;
    if (totals->broken > 0)
        return totals->cases ? FIT_X_FINDINGS : FIT_X_NOTHING;
    if (totals->cases == 0 && !is_empty_part(run))
        return FIT_X_NOTHING;
    return totals->unsupported ? FIT_X_UNSUPPORTED : FIT_X_OK;
}

/* Nothing was left out, so that a known finding that did not show is gone. */
static bool is_everything(const struct fit__run *run)
{
    const struct fit__options *options = &run->options;
    if (run->stopped || run->trouble || options->shards || options->modes || options->budget
        || options->tests.count || options->only.count)
        return false;
    for (size_t b = 0; b < run->count; b++)
        for (size_t t = 0; t < run->binaries[b].test_count; t++)
            if (run->binaries[b].tests[t].kept < run->binaries[b].tests[t].total)
                return false;
    return true;
}

int fit__run_finish(struct fit__run *run, double seconds)
{
    run->totals.seconds = seconds;
    write_files(run, seconds);
    write_known(run);
    if (fit__interrupted())
        fprintf(stderr, "faulttest: interrupted; what was found so far is kept\n");
    fit__show_totals(&run->totals, run->binaries, run->count,
                     json_string_value(json_object_get(run->header, "modes")),
                     run->options.valgrind);
    if (run->accepted)
        fit__known_show(run->accepted, is_everything(run), run->options.verbose);
    run->unreached = fit__marks_show(run->binaries, run->count);
    if (is_everything(run))
        fit__rules_show(run->binaries, run->count);
    fit__show_limits(run);
    fit__show_verdict(&run->totals);
    /* A full disk behind `> FILE` must not look like success. */
    if (fflush(stdout) != 0)
        return fit__fail_with(FIT_X_INTERNAL, fit__print("standard output: %s", strerror(errno)));
    return status_of(run);
}
