/* harness/command/run.c - `faulttest run`: sweeps test binaries and says what was found. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/command/build.h"
#include "harness/command/commands.h"
#include "harness/command/run.h"
#include "harness/command/sweep.h"
#include "harness/command/takeover.h"
#include "harness/report/lines.h"

enum { RUNS_AT_FIRST = 25, RUNS_AT_ONCE = 200 };

static int check_valgrind(struct fit__options *options)
{
    bool there = fit__have_program("valgrind");
    if (!options->valgrind_given)
        options->valgrind = there ? FIT_VALGRIND_FAILED : FIT_VALGRIND_NONE;
    if (options->valgrind != FIT_VALGRIND_NONE && !there)
        return fit__fail_with(FIT_X_USAGE, fit__copy("valgrind is not installed, but --valgrind "
            "was asked for: install it, or say --valgrind=none"));
    return FIT_X_OK;
}

static int check_coverage(struct fit__options *options)
{
    static char folder[PATH_MAX];
    if (!options->coverage)
        return FIT_X_OK;
    if ((mkdir(options->coverage, 0777) != 0 && errno != EEXIST)
        || !realpath(options->coverage, folder))
        return fit__fail_with(FIT_X_USAGE, fit__print("coverage cannot be written to %s: %s",
                                                      options->coverage, strerror(errno)));
    options->coverage = folder;
    return FIT_X_OK;
}

static bool add_failed(void *arg, json_t *line)
{
    struct fit__options *options = arg;
    const char *binary = fit__line_text(line, "binary");
    if (!json_is_true(json_object_get(line, "failed"))
        || strcmp(fit__line_text(line, "mode"), "none") == 0)
        return true;
    for (size_t i = 0; i < options->words.count; i++)
        if (fit__same_file(binary, options->words.list[i]))
            fit__words_add(&options->only, fit__line_text(line, "case"));
    return true;
}

/* --failed: as if each case that failed in the last run had been named by --only. */
static int check_failed(struct fit__options *options)
{
    int error = options->failed ? fit__lines_each(FIT_LAST_RUN, add_failed, options) : 0;
    if (error)
        return fit__fail_with(FIT_X_USAGE, fit__lines_unread(FIT_LAST_RUN, error));
    if (options->failed && options->only.count == 0)
        return fit__fail_with(FIT_X_NOTHING, fit__copy("no case of these programs failed in the "
            "last run: run it without --failed"));
    return FIT_X_OK;
}

static int check(struct fit__options *options)
{
    if (options->words.count == 0)
        return fit__fail_with(FIT_X_USAGE, fit__copy("run which program? "
            "faulttest run TEST-BINARY... (see `faulttest help run`)"));
    for (size_t i = 0; i < options->words.count; i++) {
        char *refused = fit__binary_refused(options->words.list[i]);
        if (!refused)
            refused = fit__peer_threads_refused(options->words.list[i], &options->peer_threads);
        if (refused)
            return fit__fail_with(FIT_X_USAGE, refused);
    }
    int status = check_failed(options);
    status = status ? status : check_valgrind(options);
    return status ? status : check_coverage(options);
}

static void add_only(struct fit__orders *orders, const struct fit__options *options)
{
    for (size_t i = 0; i < options->tests.count; i++)
        fit__words_add(&orders->tests, options->tests.list[i]);
    for (size_t i = 0; i < options->only.count; i++) {
        char *test, *name;
        if (fit__case_split(options->only.list[i], &test, &name)) {
            char *full = fit__print("%s:%s", test, name);
            fit__words_add(&orders->tests, test);
            fit__words_add(&orders->cases, full);
            free(test);
            free(name);
            free(full);
        }
    }
}

static int sweep_memcheck(struct fit__run *run, struct fit__results *results,
                          const struct fit__orders *all)
{
    struct fit__orders orders = *all;
    if (fit__has_asan(results->binary)) {
        fit__results_mark(results, "ended", true);
        return FIT_X_OK;
    }
    orders.memcheck = true;
    orders.coverage = NULL;
    orders.done = orders.dead = (struct fit__words){ 0 };
    orders.pairs = 0;
    orders.fill = false;
    if (run->options.valgrind == FIT_VALGRIND_ALL) {
        fit__results_done(results, &orders);
    } else {
        /* These are named, whatever the shard, and some may be tried already. */
        orders.tests = orders.cases = (struct fit__words){ 0 };
        orders.shards = 0;
        fit__results_doubtful(results, &orders);
        if (orders.cases.count == 0) {
            fit__results_mark(results, "ended", true);
            return FIT_X_OK;
        }
    }
    return fit__sweep(results, &orders, false);
}

/* A session of its own: all tests have had their other cases before. `to` 0: only what tests ask
 * for themselves. */
static int sweep_random(struct fit__run *run, struct fit__results *results,
                        const struct fit__orders *all, unsigned from, unsigned to)
{
    struct fit__orders orders = *all;
    orders.random = to ? to : 1;
    orders.own_random = !to;
    orders.from = from;
    orders.done = orders.dead = (struct fit__words){ 0 };
    fit__results_done(results, &orders);
    return fit__sweep(results, &orders, run->options.verbose);
}

static bool test_wants_random(const struct fit__results *results)
{
    bool any = false;
    for (size_t i = 0; i < results->test_count; i++)
        any |= results->tests[i].wants_random;
    return any;
}

static bool wants_random(const struct fit__run *run)
{
    return run->options.only.count == 0 && !run->options.real && !run->options.random_off;
}

/* Is what is left of the time spent on random runs? */
static bool shares_time(const struct fit__run *run)
{
    return run->options.time > 0 && !run->options.random && !run->options.budget
        && wants_random(run);
}

static bool has_random(const struct fit__results *results)
{
    size_t i = 0;
    while (i < results->test_count && results->tests[i].random_runs == 0)
        i++;
    return i < results->test_count;
}

/* A round: some runs of each test of each program, unless an earlier run has done it. False: none
 * has any. */
static bool spend_round(struct fit__run *run, const struct fit__orders *all, unsigned from,
                        unsigned to)
{
    bool any = false;
    for (size_t i = 0; i < run->count && !fit__stopping(); i++) {
        struct fit__results *results = &run->binaries[i];
        if (!results->ended || results->error_status)
            continue;
        int trouble = results->rounds >= to ? FIT_X_OK : sweep_random(run, results, all, from, to);
        run->trouble = fit__graver(run->trouble, trouble);
        if (trouble == FIT_X_OK && results->rounds < to && !fit__stopping())
            fit__results_round(results, to);
        any |= trouble == FIT_X_OK && has_random(results);
    }
    return any;
}

/* What is left of the time behind all programs, in rounds, small ones first, so that all have their
 * share; what these find is never left out, so that the run has come to its end. */
static void spend_time(struct fit__run *run, const struct fit__orders *all)
{
    unsigned from = 0, runs = RUNS_AT_FIRST;
    while (!fit__stopping() && spend_round(run, all, from, from + runs)) {
        from += runs;
        if (runs < RUNS_AT_ONCE)
            runs *= 2;
    }
    if (fit__time_is_up() && !fit__interrupted())
        fit__time_was_enough();
}

static void add_note(struct fit__results *results, char *note)
{
    if (note)
        fit__results_note(results, note);
    free(note);
}

static void note_limits(struct fit__results *results)
{
    const char *path = results->binary;
    if (fit__has_asan(path))
        add_note(results, fit__print("%s is built with AddressSanitizer: what it finds is a "
            "memory-error; Memcheck is not used, memory that is left is not looked at, and no "
            "allocation fails", path));
    add_note(results, fit__wrapped_note(path));
    if (!results->real)
        add_note(results, fit__rings_note(path));
}

/* What an earlier run has brought of this binary is there already. */
static void sweep_binary(struct fit__run *run, size_t index, const struct fit__orders *all)
{
    const char *path = run->options.words.list[index];
    struct fit__orders orders = *all;
    int trouble;
    if (index == run->count) {
        char *build = fit__build_of(path);
        fit__results_mark(fit__run_begin(run, path, build), "begun", false);
        note_limits(&run->binaries[index]);
        free(build);
    }
    struct fit__results *results = &run->binaries[index];
    fit__results_done(results, &orders);
    if (!results->ended)
        trouble = fit__sweep(results, &orders, run->options.verbose);
    else
        trouble = results->error_status;
    if (trouble == FIT_X_OK && wants_random(run)
        && (run->options.random || all->fill || test_wants_random(results))
        && !results->ended_random && !fit__stopping()) {
        trouble = sweep_random(run, results, all, 0, all->fill ? 1 : run->options.random);
        if (trouble == FIT_X_OK && !fit__stopping())
            fit__results_mark(results, "ended-random", false);
    }
    if (trouble == FIT_X_OK && run->options.valgrind != FIT_VALGRIND_NONE
        && !results->ended_memcheck && !fit__stopping())
        trouble = sweep_memcheck(run, results, all);
    run->trouble = fit__graver(run->trouble, trouble);
    if (fit__stopping() || !results->ended
        || (run->options.valgrind != FIT_VALGRIND_NONE && !results->ended_memcheck))
        run->stopped = fit__interrupted() ? "interrupted" : fit__time_is_up() ? "time" : "error";
    if (!shares_time(run))
        fit__run_settle(run, results, true);
}

static bool has_test(const struct fit__results *results, const char *name)
{
    for (size_t i = 0; i < results->test_count; i++) {
        const char *its = results->tests[i].name, *dot = strchr(its, '.');
        if (strcmp(its, name) == 0 || (dot && strcmp(dot + 1, name) == 0))
            return true;
    }
    return false;
}

/* A test that was asked for by name and is nowhere must not pass in silence. */
static void check_names(struct fit__run *run, const struct fit__orders *orders)
{
    for (size_t i = 0; i < orders->tests.count && !run->trouble; i++) {
        const char *name = orders->tests.list[i];
        size_t b = 0;
        while (b < run->count && !has_test(&run->binaries[b], name))
            b++;
        if (b == run->count && !fit__stopping())
            run->trouble = fit__fail_with(FIT_X_USAGE, fit__print("there is no test '%s'; see "
                "`faulttest list TEST-BINARY`", name));
    }
}

/* Nor may a case: a name that fits no place of the test has tried nothing. */
static void check_cases(struct fit__run *run)
{
    const struct fit__totals *totals = &run->totals;
    if (run->trouble || !run->options.only.count || run->options.shards || fit__stopping())
        return;
    if (totals->cases + totals->failed + totals->broken + totals->unsupported == 0)
        run->trouble = fit__fail_with(FIT_X_NOTHING, fit__print("there is no case '%s'; see "
            "`faulttest list TEST-BINARY TEST`", run->options.only.list[0]));
}

/* Equal addresses in every run need the kernel's leave; many containers refuse it. */
static void note_randomisation(void)
{
    int now = personality(0xffffffff);
    if (personality((unsigned long)now | ADDR_NO_RANDOMIZE) < 0)
        fprintf(stderr, "faulttest: address randomisation cannot be turned off here; "
                        "cases are found by their names all the same\n");
    else
        personality((unsigned long)now);
}

static int check_twice(const struct fit__options *options)
{
    for (size_t i = 0; i < options->words.count; i++)
        for (size_t j = 0; j < i; j++)
            if (fit__same_file(options->words.list[i], options->words.list[j]))
                return fit__fail_with(FIT_X_USAGE, fit__print("%s and %s are the same program: "
                    "name it once", options->words.list[j], options->words.list[i]));
    return FIT_X_OK;
}

/* What is known of the run before it begins. */
static json_t *header_of(const struct fit__options *options, const struct fit__orders *orders)
{
    static const char *const words[] = { "none", "failed", "all" };
    char *identity = fit__orders_identity(orders);
    json_t *binaries = json_array(), *header;
    for (size_t i = 0; i < options->words.count; i++) {
        char *build = fit__build_of(options->words.list[i]);
        json_array_append_new(binaries, json_pack("{s:s, s:s}", "path", options->words.list[i],
                                                  "build", build));
        free(build);
    }
    header = json_pack("{s:s, s:i, s:s, s:s, s:s}", "version", FIT_VERSION, "protocol",
                       FIT_PROTOCOL_VERSION, "orders", identity, "valgrind",
                       words[options->valgrind], "modes",
                       options->modes ? fit__modes_of(options->modes) : fit__usual_modes());
    if (options->shards) {
        char *shard = fit__print("%u/%u", options->shard, options->shards);
        json_object_set_new(header, "shard", json_string(shard));
        free(shard);
    }
    json_object_set_new(header, "binaries", binaries);
    free(identity);
    return header;
}

static int open_run(struct fit__run *run)
{
    const char *output = run->options.output;
    if (run->options.resume)
        return fit__run_resume(run);
    int status = fit__run_journal(run, output, false);
    if (status == FIT_X_OK) {
        json_t *line = json_pack("{s:O}", "run", run->header);
        fit__journal_add(&run->journal, line);
        json_decref(line);
    }
    return status;
}

static int run_all(struct fit__run *run, const struct fit__orders *orders)
{
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (size_t i = 0; i < run->options.words.count && !fit__stopping(); i++)
        sweep_binary(run, i, orders);
    if (run->count < run->options.words.count && !run->stopped)
        run->stopped = fit__interrupted() ? "interrupted" : fit__time_is_up() ? "time" : "error";
    if (shares_time(run)) {
        if (!run->stopped)
            spend_time(run, orders);
        for (size_t i = 0; i < run->count; i++)
            fit__run_settle(run, &run->binaries[i], true);
    }
    check_names(run, orders);
    check_cases(run);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    return fit__run_finish(run, (double)(ended.tv_sec - begun.tv_sec)
                                + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
}

int fit__command_run(int count, char **arguments)
{
    struct fit__run run = { 0 };
    int status = fit__options_read(&run.options, "run", count, arguments);
    if (status == FIT_X_OK)
        status = check(&run.options);
    if (status == FIT_X_OK)
        status = check_twice(&run.options);
    if (status == FIT_X_OK)
        status = fit__run_accept(&run);
    if (status != FIT_X_OK)
        return status;
    /* Without --mode the binary decides, so that fit_options() in a test has its say. */
    struct fit__orders orders = { .job = "run", .jobs = run.options.jobs,
        .modes = run.options.modes, .memory = run.options.memory,
        .extended = run.options.extended,
        .coverage = run.options.coverage,
        .peer_threads = run.options.peer_threads, .setup = run.options.setup,
        .real = run.options.real,
        .budget = run.options.budget, .shard = run.options.shard, .shards = run.options.shards,
        .case_seconds = run.options.case_time };
    if (!run.options.real && run.options.only.count == 0) {
        orders.pairs = run.options.pairs;
        orders.seed = run.options.seed;
        orders.random_later = run.options.random;
        orders.pairs_given = run.options.pairs_given;
        orders.seed_given = run.options.seed_given;
        orders.random_given = run.options.random || run.options.random_off;
        orders.fill = run.options.budget && !run.options.random && !run.options.random_off;
    }
    add_only(&orders, &run.options);
    run.room = run.options.words.count;
    run.binaries = fit__get(run.room * sizeof *run.binaries);
    run.header = header_of(&run.options, &orders);
    status = open_run(&run);
    if (status != FIT_X_OK)
        return status;
    fit__catch_interrupts();
    if (run.options.time > 0)
        fit__stop_after(run.options.time);
    note_randomisation();
    return run_all(&run, &orders);
}
