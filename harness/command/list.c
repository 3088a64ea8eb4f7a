/* harness/command/list.c - `faulttest list`: names tests and cases without running any. */
#include <stdlib.h>
#include <string.h>

#include "harness/command/commands.h"
#include "harness/command/options.h"
#include "harness/command/sweep.h"
#include "harness/command/takeover.h"
#include "harness/report/lines.h"

/* The cases of a finding of the last run, one a line. */
static int list_finding(unsigned number)
{
    char *failure;
    unsigned long shown = 0;
    json_t *lines = fit__lines_read(FIT_LAST_RUN, &failure);
    if (!lines)
        return fit__fail_with(FIT_X_USAGE, failure);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (json_integer_value(json_object_get(line, "finding")) == (json_int_t)number) {
            printf("%s\n", fit__line_text(line, "case"));
            shown++;
        }
    }
    json_decref(lines);
    if (shown == 0)
        return fit__fail_with(FIT_X_USAGE, fit__print("the last run has no finding %u", number));
    return FIT_X_OK;
}

static bool is_test(const struct fit__test *test, const char *name)
{
    const char *dot = strchr(test->name, '.');
    return strcmp(test->name, name) == 0 || (dot && strcmp(dot + 1, name) == 0);
}

/* One bare name a line, so that it can be piped. */
static int list_cases(const struct fit__results *results, const char *name)
{
    bool known = false;
    for (size_t i = 0; i < results->test_count; i++)
        known |= is_test(&results->tests[i], name);
    if (!known)
        return fit__fail_with(FIT_X_USAGE, fit__print("%s has no test '%s'; its tests: "
            "faulttest list %s", results->binary, name, results->binary));
    for (size_t i = 0; i < results->count; i++)
        if (is_test(&results->tests[results->list[i].test], name)
            && fit__is_case(&results->list[i]))
            printf("%s\n", results->list[i].full);
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
    struct fit__results results = { .binary = options.words.list[0] };
    struct fit__orders orders = { .job = "list", .jobs = options.jobs,
                                  .modes = options.modes, .extended = options.extended,
                                  .peer_threads = options.peer_threads,
                                  .real = options.real };
    if (test)
        fit__words_add(&orders.tests, test);
    fit__catch_interrupts();
    status = fit__sweep(&results, &orders, options.verbose);
    fit__results_settle(&results, 1);
    if (status != FIT_X_OK)
        return status;
    return test ? list_cases(&results, test) : list_tests(&results);
}
