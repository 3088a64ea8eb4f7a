/* harness/command/minimise.c - `faulttest minimise`, and how a finding's case becomes smaller. Each
 * replay names what may be tried next: only the swept program knows what a fault's name is when
 * the one before it is left out. */
#include "harness/command/minimise.h"

#include <stdlib.h>
#include <string.h>

#include "harness/command/commands.h"
#include "harness/command/options.h"

enum { TRIES_MAX = 200 };

static struct fit__record *run(const char *binary, const struct fit__orders *orders,
                               const char *name, struct fit__replayed *replayed)
{
    struct fit__orders one = *orders;
    struct fit__record *result;
    one.cases = (struct fit__words){ 0 };
    fit__words_add(&one.cases, name);
    fit__replayed_free(replayed);
    fit__replay_case(binary, &one, replayed);
    result = replayed->error ? NULL : replayed->result;
    if (result)
        replayed->result = NULL;
    return result;
}

static bool same_finding(const struct fit__record *one, const struct fit__record *two)
{
    return strcmp(fit__value_or_empty(one, "verdict"), fit__value_or_empty(two, "verdict")) == 0
        && strcmp(fit__value_or_empty(one, "site"), fit__value_or_empty(two, "site")) == 0
        && !fit__value(two, "allowed");
}

bool fit__minimise(const char *binary, const struct fit__orders *orders, unsigned most,
                   struct fit__minimal *minimal, struct fit__replayed *replayed)
{
    minimal->tries = 1;
    minimal->result = run(binary, orders, orders->cases.list[0], replayed);
    if (!minimal->result)
        return false;
    if (fit__verdict_of(fit__value_or_empty(minimal->result, "verdict"))->family != FIT_FINDING)
        return true;
    char *names = fit__copy(fit__value_or_empty(minimal->result, "smaller")), *save = NULL;
    char *name = strtok_r(names, "\n", &save);
    while (name && minimal->tries < most && !fit__interrupted()) {
        struct fit__record *smaller = run(binary, orders, name, replayed);
        minimal->tries++;
        if (smaller && same_finding(minimal->result, smaller)) {
            fit__record_free(minimal->result);
            minimal->result = smaller;
            free(names);
            names = fit__copy(fit__value_or_empty(smaller, "smaller"));
            name = strtok_r(names, "\n", &save);
            continue;
        }
        fit__record_free(smaller);
        name = strtok_r(NULL, "\n", &save);
    }
    free(names);
    return true;
}

/* ---- faulttest minimise ---------------------------------------------------------------------- */

static int show(const char *prefix, const struct fit__minimal *minimal)
{
    const struct fit__record *result = minimal->result;
    const struct fit__verdict *verdict = fit__verdict_of(fit__value_or_empty(result, "verdict"));
    const char *allowed = fit__value(result, "allowed") ? ", which is allowed" : "";
    if (verdict->family != FIT_FINDING || *allowed)
        return fit__fail_with(FIT_X_NOTHING, fit__print("this case does not fail: it ends %s%s%s",
            verdict->name, allowed, fit__number(result, "left.blocks") > 0
            ? ", but memory is left: --valgrind tells whether it is a leak" : ""));
    printf("%s:%s\n", prefix, fit__value_or_empty(result, "case"));
    fprintf(stderr, "faulttest: %s, in %u runs\n", verdict->name, minimal->tries);
    return FIT_X_OK;
}

static int minimise(const struct fit__options *options)
{
    const char *binary = options->words.list[0], *full = options->words.list[1];
    char *refused = fit__binary_refused(binary), *test, *name;
    bool memcheck = options->valgrind_given && options->valgrind != FIT_VALGRIND_NONE;
    struct fit__orders orders = { .job = "replay", .jobs = 1, .memcheck = memcheck,
                                  .peer_threads = options->peer_threads,
                                  .setup = options->setup, .real = options->real };
    struct fit__replayed replayed = { 0 };
    struct fit__minimal minimal = { 0 };
    if (refused)
        return fit__fail_with(FIT_X_USAGE, refused);
    if (!fit__case_split(full, &test, &name))
        return fit__fail_with(FIT_X_USAGE, fit__print("'%s' is no case: a case is TEST:FAULT, "
            "see `faulttest help cases`", full));
    fit__words_add(&orders.tests, test);
    fit__words_add(&orders.cases, name);
    fit__catch_interrupts();
    char *prefix = fit__print("%.*s", (int)strcspn(full, ":"), full);
    int status = fit__minimise(binary, &orders, TRIES_MAX, &minimal, &replayed)
        ? show(prefix, &minimal) : fit__without_result(&replayed);
    if (fit__interrupted())
        status = FIT_X_INTERRUPTED;
    fit__record_free(minimal.result);
    fit__replayed_free(&replayed);
    free(prefix);
    free(test);
    free(name);
    return status;
}

int fit__command_minimise(int count, char **arguments)
{
    struct fit__options options;
    int status = fit__options_read(&options, "minimise", count, arguments);
    if (status != FIT_X_OK)
        return status;
    if (options.words.count != 2)
        return fit__fail_with(FIT_X_USAGE, fit__copy("minimise what? faulttest minimise "
                                                     "TEST-BINARY CASE"));
    return minimise(&options);
}
