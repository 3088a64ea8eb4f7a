/* harness/command/list.c - `faulttest list`: names tests and cases without running any. */
#include <stdlib.h>
#include <string.h>

#include "harness/command/commands.h"
#include "harness/command/options.h"
#include "harness/command/sweep.h"
#include "harness/command/takeover.h"
#include "harness/report/lines.h"

struct of_finding { json_int_t number; unsigned long shown; };

static bool show_line(void *arg, json_t *line)
{
    struct of_finding *of = arg;
    if (json_integer_value(json_object_get(line, "finding")) == of->number) {
        printf("%s\n", fit__line_text(line, "case"));
        of->shown++;
    }
    return true;
}

/* The cases of a finding of the last run, one a line. */
static int list_finding(unsigned number)
{
    struct of_finding of = { .number = number };
    int error = fit__lines_each(FIT_LAST_RUN, show_line, &of);
    if (error)
        return fit__fail_with(FIT_X_USAGE, fit__lines_unread(FIT_LAST_RUN, error));
    if (of.shown == 0)
        return fit__fail_with(FIT_X_USAGE, fit__print("the last run has no finding %u", number));
    return FIT_X_OK;
}

static bool is_test(const struct fit__test *test, const char *name)
{
    const char *dot = strchr(test->name, '.');
    return strcmp(test->name, name) == 0 || (dot && strcmp(dot + 1, name) == 0);
}

struct of_test { const struct fit__results *results; const char *name; };

static void show_case(void *arg, struct fit__result *result)
{
    const struct of_test *of = arg;
    if (fit__is_case(result) && is_test(&of->results->tests[result->test], of->name))
        printf("%s\n", result->full);
}

/* One bare name a line, so that it can be piped. */
static int list_cases(struct fit__results *results, const char *name)
{
    bool known = false;
    for (size_t i = 0; i < results->test_count; i++)
        known |= is_test(&results->tests[i], name);
    if (!known)
        return fit__fail_with(FIT_X_USAGE, fit__print("%s has no test '%s'; its tests: "
            "faulttest list %s", results->binary, name, results->binary));
    fit__results_each(results, show_case, &(struct of_test){ results, name });
    return FIT_X_OK;
}

static int list_tests(const struct fit__results *results)
{
    unsigned long cases = fit__show_list(results);
    const char *example = results->test_count ? results->tests[0].prefix : "TEST";
    printf("\n%zu %s, %lu cases.   One test's cases: %s list %s %s [--mode partial]\n",
           results->test_count, results->test_count == 1 ? "test" : "tests", cases, fit__me,
           results->binary, example);
    return cases ? FIT_X_OK : FIT_X_NOTHING;
}

int fit__command_list(int count, char **arguments)
{
    struct fit__options options;
    int status = fit__options_read(&options, "list", count, arguments);
    if (status != FIT_X_OK)
        return status;
    if (options.finding)
        return list_finding(options.finding);
    if (options.words.count < 1 || options.words.count > 2)
        return fit__fail_with(FIT_X_USAGE, fit__copy("list what? faulttest list TEST-BINARY [TEST] "
            "[--mode MODE,...], or faulttest list --finding NUMBER"));
    char *refused = fit__binary_refused(options.words.list[0]);
    if (!refused)
        refused = fit__peer_threads_refused(options.words.list[0], &options.peer_threads);
    if (refused)
        return fit__fail_with(FIT_X_USAGE, refused);
    const char *test = options.words.count == 2 ? options.words.list[1] : NULL;
    struct fit__results results = { 0 };
    struct fit__journal journal;
    struct fit__orders orders = { .job = "list", .jobs = options.jobs,
                                  .modes = options.modes, .memory = options.memory,
                                  .extended = options.extended,
                                  .peer_threads = options.peer_threads,
                                  .setup = options.setup,
                                  .real = options.real };
    if (test)
        fit__words_add(&orders.tests, test);
    int error = fit__journal_open(&journal, NULL, false);
    if (error)
        return fit__fail_with(FIT_X_INTERNAL, fit__print("no temporary file: %s",
                                                         strerror(-error)));
    fit__results_begin(&results, options.words.list[0], &journal);
    fit__catch_interrupts();
    status = fit__sweep(&results, &orders, options.verbose);
    fit__results_settle(&results, 1);
    if (status != FIT_X_OK)
        return status;
    return test ? list_cases(&results, test) : list_tests(&results);
}
