/* harness/report/summary.c - the lines under a run: what has no result, and what was tried. */
#include <stdlib.h>
#include <string.h>

#include "harness/report/lines.h"
#include "harness/report/places.h"
#include "harness/report/screen.h"

enum { CALLERS_SHOWN = 4, ALLOWANCES_MAX = 64 };

static const struct { const char *state, *heading, *advice; } states[] = {
    { "broken-test", "BROKEN TEST  %s fails with no fault injected; nothing of it was swept.",
      "Run the program by itself. If the test passes there, on the real kernel, the simulation may "
      "be to blame: please report it with the lines above." },
    { "nondeterministic",
      "NOT DETERMINISTIC  %s: two runs without faults differ; nothing of it was swept.",
      "Usual causes: addresses in data, uninitialised memory, rdtsc. "
      "See: faulttest help determinism" },
    { "unsupported", "UNSUPPORTED  %s uses what is not simulated; nothing of it was swept.",
      "The other tests are not affected. What to do: replace the other side by a peer (fit_peer), "
      "or leave this test out" },
};

/* "db_spawn (db.c:19) < setup (test_db.c:12)"; NULL without a stack; the caller frees it. */
static char *callers(const char *stack)
{
    struct fit__frame frames[FIT_FRAMES_MAX];
    struct fit__text text = { 0 };
    size_t count = fit__frames(stack, frames), shown = 0;
    for (size_t i = 0; i < count && shown < CALLERS_SHOWN; i++) {
        if (!frames[i].users)
            continue;
        char *where = fit__frame_where(&frames[i]);
        fit__text_add(&text, "%s%s (%s)", shown++ ? " < " : "", frames[i].function, where);
        free(where);
    }
    return text.data;
}

/* Two runs side by side are a table; anything else is a sentence. */
static void show_text(const struct fit__test *test)
{
    char *place = fit__place(test->stack);
    char *text = fit__fill_in(test->text ? test->text : "", "{symptom}",
                              place ? place : "a place that has no name");
    if (strcmp(test->state, "nondeterministic") == 0)
        fit__block(stdout, 2, text);
    else
        fit__wrap(stdout, "  ", text);
    free(place);
    free(text);
}

static const char *short_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

/* Over the real kernel little is unsupported, and what is has no other place to go. */
static void show_advice(const struct fit__results *results, const struct fit__test *test,
                        const char *advice)
{
    bool elsewhere = strcmp(test->state, "unsupported") == 0;
    char *text = fit__print("%s%s", advice, !elsewhere ? "" : results->real ? "."
                            : "; or run it over the real kernel:");
    fit__wrap(stdout, "  ", text);
    if (elsewhere && !results->real)
        printf("    faulttest run --world=real --test %s %s\n", short_name(test->name),
               results->binary);
    free(text);
}

static void show_test(const struct fit__results *results, const struct fit__test *test)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(test->state, states[i].state) != 0)
            continue;
        char *heading = fit__fill_in(states[i].heading, "%s", test->name);
        printf("\n");
        fit__wrap(stdout, "", heading);
        free(heading);
        show_text(test);
        char *path = callers(test->stack);
        if (path)
            fit__wrap(stdout, "  called by  ", path);
        show_advice(results, test, states[i].advice);
        free(path);
    }
    if (test->cases == 0 && test->failed > 0 && strcmp(test->state, "no-calls") == 0) {
        printf("\nNO CASES  %s makes no call that can fail.\n", test->name);
        fit__wrap(stdout, "  ", "A strict test (fit_run_group_tests) without a case proves "
                  "nothing, so it counts as failed. If it only allocates memory, give it "
                  "fit_options(\"--mode all\"): memory is not tried without. Else use "
                  "cmocka_run_group_tests for it, or see that what it calls comes from a shared "
                  "library linked after libfaulttest.");
    }
}

static const char *case_heading(const char *verdict)
{
    return strcmp(verdict, "not-fired") == 0 ? "NOT FIRED"
         : strcmp(verdict, "nondeterministic") == 0 ? "NOT DETERMINISTIC"
         : strcmp(verdict, "unsupported") == 0 ? "UNSUPPORTED" : "NO RESULT";
}

static void show_case(const struct fit__result *result)
{
    const char *symptom = fit__line_text(result->line, "symptom");
    const char *detail = fit__line_text(result->line, "detail");
    const char *verdict = result->verdict->name;
    printf("\n%s  %s\n", case_heading(verdict), result->full);
    if (*symptom)
        fit__wrap(stdout, "  ", symptom);
    if (*detail)
        fit__block(stdout, 2, detail);
    if (!*symptom && !*detail)
        fit__wrap(stdout, "  ", result->verdict->meaning);
    if (strcmp(verdict, "not-fired") == 0)
        printf("  See: faulttest explain not-fired\n");
}

void fit__show_no_results(const struct fit__results *results)
{
    for (size_t i = 0; i < results->test_count; i++)
        show_test(results, &results->tests[i]);
    for (size_t i = 0; i < results->without_count; i++)
        show_case(&results->without[i]);
    if (results->without_more)
        printf("\n%lu more cases without a result are not shown; all of them: -v\n",
               results->without_more);
}

void fit__totals_add(struct fit__totals *totals, const struct fit__totals *more)
{
    totals->cases += more->cases;
    totals->failed += more->failed;
    totals->not_fired += more->not_fired;
    totals->unsupported += more->unsupported;
    totals->broken += more->broken;
    totals->recovered += more->recovered;
    totals->reported += more->reported;
    totals->cause_named += more->cause_named;
    totals->unaffected += more->unaffected;
    totals->noticed += more->noticed;
    totals->known += more->known;
    totals->several += more->several;
    totals->again += more->again;
    totals->memcheck += more->memcheck;
    totals->memory_errors += more->memory_errors;
    totals->only_native += more->only_native;
    totals->only_memcheck += more->only_memcheck;
    totals->suspicious += more->suspicious;
    totals->findings += more->findings;
}

static void show_outcomes(const struct fit__totals *totals)
{
    if (totals->recovered + totals->reported + totals->unaffected + totals->noticed == 0)
        return;
    printf("outcome  recovered %lu   reported %lu (cause named %lu)   unaffected %lu",
           totals->recovered, totals->reported, totals->cause_named, totals->unaffected);
    if (totals->noticed)
        printf("   noticed %lu", totals->noticed);
    printf("\n");
}

/* A line for each verdict and reason, in order of appearance. */
static void show_allowed(const struct fit__results *binaries, size_t count)
{
    struct { const struct fit__allowed *first; unsigned long cases; } allowed[ALLOWANCES_MAX];
    size_t known = 0;
    for (size_t b = 0; b < count; b++) {
        for (size_t i = 0; i < binaries[b].allowed_count; i++) {
            const struct fit__allowed *one = &binaries[b].allowed[i];
            size_t a = 0;
            while (a < known && (allowed[a].first->verdict != one->verdict
                                 || strcmp(allowed[a].first->reason, one->reason) != 0))
                a++;
            if (a == ALLOWANCES_MAX)
                continue;
            if (a == known) {
                allowed[known].first = one;
                allowed[known++].cases = 0;
            }
            allowed[a].cases += one->cases;
        }
    }
    for (size_t a = 0; a < known; a++) {
        char *text = fit__print("%lu %s \"%s\"", allowed[a].cases, allowed[a].first->verdict->name,
                                allowed[a].first->reason);
        fit__wrap(stdout, "allowed  ", text);
        free(text);
    }
}

static void show_memcheck(const struct fit__totals *totals, enum fit__valgrind valgrind)
{
    if (valgrind == FIT_VALGRIND_ALL || totals->memcheck > 0)
        printf("memcheck %lu of %lu cases%s, %lu %s\n", totals->memcheck, totals->cases,
               valgrind == FIT_VALGRIND_FAILED ? " (those with something to confirm)"
               : totals->several ? " (those of one fault)" : "",
               totals->memory_errors, totals->memory_errors == 1 ? "error" : "errors");
    if (valgrind == FIT_VALGRIND_ALL && totals->only_native + totals->only_memcheck > 0)
        printf("note     %lu cases ran only natively, %lu only under Memcheck: the two runs met "
               "different calls\n", totals->only_native, totals->only_memcheck);
    if (totals->suspicious)
        printf("suspect  %lu %s left memory behind: --valgrind tells whether it is a leak\n",
               totals->suspicious, totals->suspicious == 1 ? "case" : "cases");
}

static bool tried(const char *modes, const char *mode)
{
    size_t size = strlen(mode);
    for (const char *at = modes; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, mode, size) == 0 && (at[size] == ',' || at[size] == '\0'))
            return true;
    }
    return false;
}

static void show_not_tried(const char *modes)
{
    static const char *const reasons[] = { "left out by --mode", "only with --mode" };
    struct fit__text lists[2] = { { 0 } };
    for (size_t m = 0; fit__mode_at(m); m++) {
        const struct fit__mode_word *mode = fit__mode_at(m);
        struct fit__text *list = &lists[!mode->usual];
        if (!tried(modes, mode->name))
            fit__text_add(list, "%s%s", list->size ? ", " : "", mode->name);
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (!lists[i].size)
            continue;
        char *text = fit__print("modes %s (%s)", lists[i].data, reasons[i]);
        fit__wrap(stdout, "not tried  ", text);
        free(text);
        free(lists[i].data);
    }
}

/* Takes the text over. */
static void show_line(const char *head, char *text)
{
    fit__wrap(stdout, head, text);
    free(text);
}

/* What the user could have had, and did not: set-up without faults, cancel without a place. */
static void show_places(const struct fit__results *results, bool cancel)
{
    unsigned long setup = 0;
    for (size_t i = 0; i < results->test_count; i++) {
        const struct fit__test *test = &results->tests[i];
        setup += test->setup_points;
        if (cancel && test->strict && test->places_known && test->cancel_places == 0
            && test->cases > 0)
            show_line("cancel   ", fit__print("0 places in %s: no fit_on_cancel, or no loop that "
                                              "turns", test->name));
    }
    if (setup)
        show_line("not tried  ", fit__print("set-up of %s, %lu %s (--include-setup)",
                                            results->binary, setup,
                                            setup == 1 ? "point" : "points"));
}

/* What of all pairs was tried: never "all" of them. */
static void show_pairs(const struct fit__results *binaries, size_t count)
{
    unsigned long tried = 0, possible = 0, firsts = 0, singles = 0, again = 0;
    for (size_t b = 0; b < count; b++) {
        again += binaries[b].totals.again;
        for (size_t i = 0; i < binaries[b].test_count; i++) {
            const struct fit__test *test = &binaries[b].tests[i];
            tried += test->pairs_tried;
            possible += test->pairs_possible;
            firsts += test->pair_firsts;
            singles += test->pair_singles;
        }
    }
    if (!possible)
        return;
    char *more = again ? fit__print("; %lu found again what one fault finds", again) : NULL;
    char *text = fit__print("%lu tried of %lu in reach of %lu of %lu single faults%s (faulttest "
                            "help pairs)", tried, possible, firsts, singles, more ? more : "");
    fit__wrap(stdout, "pairs    ", text);
    free(more);
    free(text);
}

/* How many of the runs were cases that nothing else had tried: the others drew what was known, or
 * ended before their second fault. */
static void show_random(const struct fit__results *binaries, size_t count)
{
    unsigned long runs = 0, cases = 0, seed = 0;
    const char *strategies = "";
    for (size_t b = 0; b < count; b++)
        for (size_t i = 0; i < binaries[b].test_count; i++) {
            const struct fit__test *test = &binaries[b].tests[i];
            if (!test->random_runs)
                continue;
            runs += test->random_runs;
            cases += test->random_cases;
            seed = test->seed;
            if (strlen(test->strategies) > strlen(strategies))
                strategies = test->strategies;
        }
    if (!runs)
        return;
    char *text = fit__print("%lu runs, --seed %lu: %lu new cases, by %s (faulttest help random)",
                            runs, seed, cases, strategies);
    fit__wrap(stdout, "random   ", text);
    free(text);
}

static void show_notes(const struct fit__results *results)
{
    for (size_t i = 0; i < results->notes.count; i++)
        fit__wrap(stdout, "note     ", results->notes.list[i]);
}

void fit__show_totals(const struct fit__totals *totals, const struct fit__results *binaries,
                      size_t count, const char *modes, enum fit__valgrind valgrind)
{
    if (totals->cases + totals->findings + totals->unsupported > 0)
        printf("\n");
    show_outcomes(totals);
    show_allowed(binaries, count);
    show_memcheck(totals, valgrind);
    for (size_t b = 0; b < count; b++)
        show_places(&binaries[b], tried(modes, "cancel"));
    if (totals->cases > 0) {
        show_pairs(binaries, count);
        show_random(binaries, count);
        show_not_tried(modes);
    }
    for (size_t b = 0; b < count; b++)
        show_notes(&binaries[b]);
    if (totals->findings)
        show_line("", fit__print("evidence: %s replay 1     all %lu: -v     meaning: faulttest "
                                 "explain WORD", fit__me, totals->failed));
    if (totals->unsupported)
        printf("%lu without a result: unsupported\n", totals->unsupported);
}

void fit__show_verdict(const struct fit__totals *totals)
{
    printf("\n%sfaulttest: %lu cases, %lu failed, %lu not fired, in %.1f s%s\n",
           fit__look(stdout, totals->failed + totals->not_fired ? FIT_RED : FIT_BOLD),
           totals->cases, totals->failed, totals->not_fired, totals->seconds,
           fit__look(stdout, FIT_PLAIN));
}
