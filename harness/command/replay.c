/* harness/command/replay.c - `faulttest replay`: one case again, with everything about it. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command/commands.h"
#include "harness/command/options.h"
#include "harness/command/sweep.h"
#include "harness/command/takeover.h"
#include "harness/report/evidence.h"
#include "harness/report/lines.h"

/* What is to be replayed, and what the last run knew of it. */
struct wanted {
    char *binary, *full;          /* full: "TEST:FAULT" */
    struct fit__words peer_threads;
    unsigned long number;         /* of a finding of the last run; 0: by name */
    unsigned long highest;        /* of all findings of the last run */
    unsigned long others;         /* cases of the same finding */
    json_t *line;                 /* of this case in the last run, or NULL */
};

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text) && access(text, F_OK) != 0;
}

static bool see_number(void *arg, json_t *line)
{
    struct wanted *wanted = arg;
    unsigned long its = (unsigned long)json_integer_value(json_object_get(line, "finding"));
    if (its == wanted->number && !wanted->line)
        wanted->line = json_incref(line);
    wanted->highest = its > wanted->highest ? its : wanted->highest;
    return true;
}

static int wanted_number(struct wanted *wanted, const char *text)
{
    wanted->number = strtoul(text, NULL, 10);
    int error = fit__lines_each(FIT_LAST_RUN, see_number, wanted);
    if (error)
        return fit__fail_with(FIT_X_USAGE, fit__lines_unread(FIT_LAST_RUN, error));
    if (!wanted->line || wanted->number == 0)
        return fit__fail_with(FIT_X_USAGE, wanted->highest
            ? fit__print("the last run has no finding %s, only 1 to %lu", text, wanted->highest)
            : fit__print("the last run has no findings, so there is no number %s", text));
    wanted->binary = fit__copy(fit__line_text(wanted->line, "binary"));
    const char *smallest = fit__line_text(wanted->line, "smallest");
    wanted->full = fit__copy(*smallest ? smallest : fit__line_text(wanted->line, "case"));
    return FIT_X_OK;
}

static bool see_case(void *arg, json_t *line)
{
    struct wanted *wanted = arg;
    if ((strcmp(fit__line_text(line, "case"), wanted->full) == 0
         || strcmp(fit__line_text(line, "smallest"), wanted->full) == 0)
        && fit__same_file(fit__line_text(line, "binary"), wanted->binary))
        wanted->line = json_incref(line);
    return !wanted->line;
}

static int wanted_case(struct wanted *wanted, const char *binary, const char *name)
{
    wanted->binary = fit__copy(binary);
    wanted->full = fit__copy(name);
    fit__lines_each(FIT_LAST_RUN, see_case, wanted);     /* no last run is fine here */
    return FIT_X_OK;
}

static int read_wanted(struct wanted *wanted, const struct fit__words *words)
{
    if (words->count == 1 && is_number(words->list[0]))
        return wanted_number(wanted, words->list[0]);
    if (words->count == 2)
        return wanted_case(wanted, words->list[0], words->list[1]);
    return fit__fail_with(FIT_X_USAGE, fit__copy("replay what? faulttest replay NUMBER (of the "
        "last run), or faulttest replay TEST-BINARY CASE"));
}

static bool was_real(const struct wanted *wanted)
{
    return wanted->line && strcmp(fit__line_text(wanted->line, "world"), "real") == 0;
}

static bool had_setup(const struct wanted *wanted)
{
    return wanted->line && json_is_true(json_object_get(wanted->line, "setup"));
}

/* What was a peer in the sweep is one in the replay, unless the command line says otherwise. */
static void choose_peer_threads(struct wanted *wanted, const struct fit__options *options)
{
    const json_t *before = json_object_get(wanted->line, "peer_threads");
    wanted->peer_threads = options->peer_threads;
    for (size_t i = 0; options->peer_threads.count == 0 && i < json_array_size(before); i++)
        fit__words_add(&wanted->peer_threads, json_string_value(json_array_get(before, i)));
}

/* Memory findings show only under Memcheck. */
static bool needs_memcheck(const struct wanted *wanted)
{
    const char *verdict = wanted->line ? fit__line_text(wanted->line, "verdict") : "";
    return json_is_true(json_object_get(wanted->line, "valgrind"))
        && (strcmp(verdict, "leak-memory") == 0 || strcmp(verdict, "memory-error") == 0)
        && fit__have_program("valgrind");
}

static bool see_sibling(void *arg, json_t *line)
{
    struct wanted *wanted = arg;
    json_int_t its = json_integer_value(json_object_get(line, "finding"));
    wanted->others += its == json_integer_value(json_object_get(wanted->line, "finding"))
                   && strcmp(fit__line_text(line, "case"),
                             fit__line_text(wanted->line, "case")) != 0;
    return true;
}

/* The last run's other cases of the same finding, if there are any. */
static void show_siblings(struct wanted *wanted)
{
    json_int_t number = json_integer_value(json_object_get(wanted->line, "finding"));
    if (number > 0)
        fit__lines_each(FIT_LAST_RUN, see_sibling, wanted);
    printf("\n");
    if (wanted->others)
        printf("Fails in %lu further %s at the same place: %s list --finding %lld\n",
               wanted->others, wanted->others == 1 ? "case" : "cases", fit__me,
               (long long)number);
}

static void show_comparison(const struct wanted *wanted, const struct fit__verdict *verdict)
{
    const char *before = wanted->line ? fit__line_text(wanted->line, "verdict") : NULL;
    if (!before)
        return;
    if (strcmp(before, verdict->name) == 0)
        printf("same verdict as in the sweep\n");
    else if (fit__verdict_of(before)->family == FIT_FINDING && verdict->family == FIT_OUTCOME)
        printf("fixed: in the sweep it was %s, this case now ends %s\n", before, verdict->name);
    else
        printf("in the sweep it was %s\n", before);
}

static int show(struct wanted *wanted, const struct fit__replayed *replayed,
                const struct fit__options *options, bool memcheck)
{
    const struct fit__verdict *verdict =
        fit__verdict_of(fit__value_or_empty(replayed->result, "verdict"));
    if (options->trace)
        fit__show_trace(replayed, wanted->full);
    else
        fit__show_evidence(replayed, wanted->full);
    if (!options->trace) {
        show_siblings(wanted);
        printf("replay with: --trace  all calls   --gdb  stop at the fault%s\n"
               "meaning: faulttest explain %s\n", memcheck ? "" : "   --valgrind  under Memcheck",
               verdict->name);
    }
    show_comparison(wanted, verdict);
    if (verdict->family == FIT_OUTCOME || fit__value(replayed->result, "allowed"))
        return FIT_X_OK;
    if (verdict->family == FIT_FINDING || strcmp(verdict->name, "not-fired") == 0)
        return FIT_X_FINDINGS;
    return strcmp(verdict->name, "unsupported") == 0 ? FIT_X_UNSUPPORTED : FIT_X_NOTHING;
}

/* NULL, or why it cannot be replayed in this way. */
static char *tools_refused(const struct fit__options *options, bool memcheck)
{
    if (options->gdb && memcheck)
        return fit__copy("--gdb and --valgrind do not go together: leave one of them out");
    if (memcheck && !fit__have_program("valgrind"))
        return fit__copy("valgrind is not installed, but --valgrind was asked for");
    if (options->gdb && !fit__have_program("gdb"))
        return fit__copy("gdb is not installed, but --gdb was asked for");
    return NULL;
}

static int replay(struct wanted *wanted, const struct fit__options *options)
{
    char *refused = fit__binary_refused(wanted->binary), *test, *name;
    bool memcheck = options->gdb && !options->valgrind_given ? false
                  : options->valgrind_given ? options->valgrind != FIT_VALGRIND_NONE
                                            : needs_memcheck(wanted);
    struct fit__orders orders = { .job = "replay", .jobs = 1, .memcheck = memcheck,
                                  .thorough = memcheck, .trace = options->trace,
                                  .debugger = options->gdb,
                                  .peer_threads = wanted->peer_threads,
                                  .setup = options->setup || had_setup(wanted),
                                  .real = options->real || was_real(wanted) };
    struct fit__replayed replayed = { 0 };
    if (!refused)
        refused = fit__peer_threads_refused(wanted->binary, &wanted->peer_threads);
    if (!refused && memcheck && fit__has_asan(wanted->binary))
        refused = fit__print("%s is built with AddressSanitizer, which Memcheck cannot run: replay "
                             "it without --valgrind", wanted->binary);
    if (refused)
        return fit__fail_with(FIT_X_USAGE, refused);
    if ((refused = tools_refused(options, memcheck)))
        return fit__fail_with(FIT_X_USAGE, refused);
    if (!fit__case_split(wanted->full, &test, &name))
        return fit__fail_with(FIT_X_USAGE, fit__print("'%s' is no case: a case is TEST:FAULT, "
            "see `faulttest help cases`", wanted->full));
    fit__words_add(&orders.tests, test);
    fit__words_add(&orders.cases, name);
    if (options->gdb)
        signal(SIGINT, SIG_IGN);         /* it stops the program in gdb, and not the command */
    else
        fit__catch_interrupts();
    fit__replay_case(wanted->binary, &orders, &replayed);
    /* Whoever leaves gdb in the middle of the case knows that there is no verdict. */
    int status = options->gdb && !replayed.result ? FIT_X_OK
        : replayed.result && !replayed.error
        ? show(wanted, &replayed, options, memcheck) : fit__without_result(&replayed);
    fit__replayed_free(&replayed);
    free(test);
    free(name);
    return status;
}

int fit__command_replay(int count, char **arguments)
{
    struct fit__options options;
    struct wanted wanted = { 0 };
    int status = fit__options_read(&options, "replay", count, arguments);
    if (status == FIT_X_OK)
        status = read_wanted(&wanted, &options.words);
    choose_peer_threads(&wanted, &options);
    if (status == FIT_X_OK)
        status = replay(&wanted, &options);
    json_decref(wanted.line);
    free(wanted.binary);
    free(wanted.full);
    return status;
}
