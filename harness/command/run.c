/* harness/command/run.c - `faulttest run`: sweeps test binaries and says what was found. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/command/commands.h"
#include "harness/command/minimise.h"
#include "harness/command/options.h"
#include "harness/command/sweep.h"
#include "harness/command/takeover.h"
#include "harness/report/lines.h"
#include "harness/report/screen.h"

struct run {
    struct fit__options options;
    struct fit__results *binaries;
    size_t count;                     /* of the binaries begun */
    struct fit__totals totals;
    struct fit__orders orders;
    int trouble;                      /* the gravest status that is not about findings */
    struct fit__lines_file last, wanted;
    bool keep_last;
};

/* Interrupted before broken before wrongly used before nothing ran. */
static int graver(int one, int two)
{
    static const int order[] = { FIT_X_INTERRUPTED, FIT_X_INTERNAL, FIT_X_USAGE, FIT_X_NO_FIT,
                                 FIT_X_FINDINGS, FIT_X_NOTHING, FIT_X_UNSUPPORTED };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (one == order[i] || two == order[i])
            return order[i];
    return one ? one : two;
}

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

static int check(struct fit__options *options)
{
    if (options->words.count == 0)
        return fit__fail_with(FIT_X_USAGE, fit__copy("run which program? "
            "faulttest run TEST-BINARY... (see `faulttest help run`)"));
    for (size_t i = 0; i < options->words.count; i++) {
        char *refused = fit__binary_refused(options->words.list[i]);
        if (refused)
            return fit__fail_with(FIT_X_USAGE, refused);
    }
    int status = check_valgrind(options);
    return status ? status : check_coverage(options);
}

static int open_files(struct run *run)
{
    char *failure;
    if (run->options.output && fit__lines_open(&run->wanted, run->options.output, &failure) != 0)
        return fit__fail_with(FIT_X_USAGE, failure);
    run->keep_last = fit__lines_open(&run->last, FIT_LAST_RUN, &failure) == 0;
    if (!run->keep_last)
        fit__fail_with(0, fit__print("%s; `replay NUMBER` will not know this run", failure));
    return FIT_X_OK;
}

static void close_files(struct run *run, const json_t *lines)
{
    char *failure;
    if (run->options.output && fit__lines_close(&run->wanted, lines, &failure) != 0)
        run->trouble = graver(run->trouble, fit__fail_with(FIT_X_INTERNAL, failure));
    if (run->keep_last && fit__lines_close(&run->last, lines, &failure) != 0)
        run->trouble = graver(run->trouble, fit__fail_with(FIT_X_INTERNAL, failure));
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

/* A strict test that was not restricted in any way must have cases. */
static void demand_cases(const struct fit__options *options, struct fit__results *results)
{
    bool restricted = options->modes || options->only.count > 0 || fit__interrupted();
    for (size_t i = 0; i < results->test_count; i++) {
        struct fit__test *test = &results->tests[i];
        bool empty = test->cases == 0 && strcmp(test->state, "ready") == 0;
        if (empty && test->strict && !restricted && results->error_status == 0) {
            free(test->state);
            test->state = fit__copy("no-calls");
        }
        if (strcmp(test->state, "no-calls") == 0 && test->strict)
            test->failed++;
    }
}

static int sweep_memcheck(struct run *run, struct fit__results *results)
{
    struct fit__orders orders = run->orders;
    orders.memcheck = true;
    orders.coverage = NULL;
    if (run->options.valgrind == FIT_VALGRIND_FAILED) {
        orders.tests = orders.cases = (struct fit__words){ 0 };
        fit__results_doubtful(results, &orders);
        if (orders.cases.count == 0)
            return FIT_X_OK;
    }
    return fit__sweep(results, &orders, false);
}

/* A session of its own: all tests have had their other cases before. */
static int sweep_random(struct run *run, struct fit__results *results)
{
    struct fit__orders orders = run->orders;
    if (run->options.only.count > 0 || run->options.real)
        return FIT_X_OK;
    orders.random = run->options.random;
    orders.seed = run->options.seed;
    return fit__sweep(results, &orders, false);
}

static void sweep_binary(struct run *run, const char *path)
{
    struct fit__results *results = &run->binaries[run->count++];
    results->binary = path;
    results->peer_threads = run->options.peer_threads;
    results->real = run->options.real;
    char *wrapped = fit__wrapped_note(path);
    if (wrapped)
        fit__words_add(&results->notes, wrapped);
    free(wrapped);
    int trouble = fit__sweep(results, &run->orders, run->options.verbose);
    if (trouble == FIT_X_OK && run->options.random)
        trouble = sweep_random(run, results);
    if (trouble == FIT_X_OK && run->options.valgrind != FIT_VALGRIND_NONE)
        trouble = sweep_memcheck(run, results);
    run->trouble = graver(run->trouble, trouble);
    fit__results_settle(results, run->totals.findings + 1);
    fit__minimise_findings(results);
    demand_cases(&run->options, results);
    fit__gather_evidence(results);
    fit__totals_add(&run->totals, results);
    if (run->count > 1)
        printf("\n");
    if (results->test_count > 0)
        fit__show_binary(results, run->options.verbose);
    fflush(stdout);
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
static void check_names(struct run *run)
{
    for (size_t i = 0; i < run->orders.tests.count && !run->trouble; i++) {
        const char *name = run->orders.tests.list[i];
        size_t b = 0;
        while (b < run->count && !has_test(&run->binaries[b], name))
            b++;
        if (b == run->count && !fit__interrupted())
            run->trouble = fit__fail_with(FIT_X_USAGE, fit__print("there is no test '%s'; see "
                "`faulttest list TEST-BINARY`", name));
    }
}

/* Nor may a case: a name that fits no place of the test has tried nothing. */
static void check_cases(struct run *run)
{
    const struct fit__totals *totals = &run->totals;
    if (run->trouble || !run->options.only.count || fit__interrupted())
        return;
    if (totals->cases + totals->failed + totals->broken + totals->unsupported == 0)
        run->trouble = fit__fail_with(FIT_X_NOTHING, fit__print("there is no case '%s'; see "
            "`faulttest list TEST-BINARY TEST`", run->options.only.list[0]));
}

static int status_of(const struct run *run)
{
    const struct fit__totals *totals = &run->totals;
    if (fit__interrupted())
        return FIT_X_INTERRUPTED;
    if (run->trouble)
        return run->trouble;
    if (totals->failed + totals->not_fired > 0)
        return FIT_X_FINDINGS;
    if (totals->broken > 0)
        return totals->cases ? FIT_X_FINDINGS : FIT_X_NOTHING;
    if (totals->cases == 0)
        return FIT_X_NOTHING;
    return totals->unsupported ? FIT_X_UNSUPPORTED : FIT_X_OK;
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

static void run_all(struct run *run)
{
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    json_t *lines = json_array();
    for (size_t i = 0; i < run->options.words.count && !fit__interrupted(); i++)
        sweep_binary(run, run->options.words.list[i]);
    check_names(run);
    check_cases(run);
    for (size_t i = 0; i < run->count; i++)
        fit__lines_add(lines, &run->binaries[i]);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    run->totals.seconds = (double)(ended.tv_sec - begun.tv_sec)
                        + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
    close_files(run, lines);
    json_decref(lines);
    if (fit__interrupted())
        fprintf(stderr, "faulttest: interrupted; what was found so far is kept\n");
    fit__show_totals(&run->totals, run->binaries, run->count,
                     run->options.modes ? run->options.modes : fit__usual_modes(),
                     run->options.valgrind);
}

int fit__command_run(int count, char **arguments)
{
    struct run run = { 0 };
    int status = fit__options_read(&run.options, "run", count, arguments);
    if (status == FIT_X_OK)
        status = check(&run.options);
    if (status == FIT_X_OK)
        status = open_files(&run);
    if (status != FIT_X_OK)
        return status;
    /* Without --mode the binary decides, so that fit_options() in a test has its say. */
    run.orders = (struct fit__orders){ .job = "run", .jobs = run.options.jobs,
        .modes = run.options.modes, .extended = run.options.extended,
        .coverage = run.options.coverage,
        .peer_threads = run.options.peer_threads, .real = run.options.real,
        .pairs = run.options.pairs };
    add_only(&run.orders, &run.options);
    run.binaries = fit__get(run.options.words.count * sizeof *run.binaries);
    fit__catch_interrupts();
    note_randomisation();
    run_all(&run);
    /* A full disk behind `> FILE` must not look like success. */
    if (fflush(stdout) != 0)
        return fit__fail_with(FIT_X_INTERNAL, fit__print("standard output: %s", strerror(errno)));
    return status_of(&run);
}
