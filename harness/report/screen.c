/* harness/report/screen.c - what `faulttest run` and `list` print: binary, table, findings. */
#include "harness/report/screen.h"

#include <stdlib.h>
#include <string.h>

#include "harness/report/lines.h"

enum { FINDINGS_SHOWN = 10, NAME_COLUMNS_MIN = 18, NAME_COLUMNS_MAX = 44 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static unsigned long tests_in_state(const struct fit__results *results, const char *state)
{
    unsigned long count = 0;
    for (size_t i = 0; i < results->test_count; i++)
        count += strcmp(results->tests[i].state, state) == 0;
    return count;
}

static void show_header(const struct fit__results *results)
{
    unsigned long long virtual_ns = 0;
    struct fit__text text = { 0 };
    static const struct { const char *state, *words; } bad[] = {
        { "broken-test", "broken" }, { "nondeterministic", "not deterministic" },
        { "unsupported", "unsupported" },
    };
    unsigned long swept = results->test_count;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        swept -= tests_in_state(results, bad[i].state);
    for (size_t i = 0; i < results->test_count; i++)
        virtual_ns += results->tests[i].virtual_ns;
    fit__text_add(&text, "%s, %zu %s", base_name(results->binary), results->test_count,
                  results->test_count == 1 ? "test" : "tests");
    if (swept == results->test_count)
        fit__text_add(&text, results->real ? ", no faults: pass, over the real kernel (%.1f s)"
                                           : ", no faults: pass, deterministic (%.1f s virtual)",
                      (double)virtual_ns / 1e9);
    else if (swept > 0)
        fit__text_add(&text, ", no faults: %lu pass, %s", swept,
                      results->real ? "over the real kernel" : "deterministic");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (tests_in_state(results, bad[i].state))
            fit__text_add(&text, ", %lu %s", tests_in_state(results, bad[i].state), bad[i].words);
    fputs(fit__look(stdout, FIT_BOLD), stdout);
    fit__wrap(stdout, "faulttest: ", text.data);
    fputs(fit__look(stdout, FIT_PLAIN), stdout);
    free(text.data);
}

/* A name in exactly `columns` columns; if it is too long, its middle is left out. */
static void show_name(const char *name, size_t columns)
{
    size_t size = strlen(name);
    if (size <= columns) {
        printf("%-*s", (int)columns, name);
        return;
    }
    size_t front = (columns - 3) / 2, back = columns - 3 - front;
    printf("%.*s...%s", (int)front, name, name + size - back);
}

/* A column of numbers: of one mode, or of the sums behind them. */
enum { SEVERAL = FIT_MODES_MAX, TOTAL, FAILED, COLUMNS_MAX };
struct column { const char *heading; unsigned what; int width; };
struct table { int name; size_t count; struct column columns[COLUMNS_MAX]; bool staggered; };

static unsigned long number_of(const struct fit__test *test, unsigned what)
{
    return what == SEVERAL ? test->several : what == TOTAL ? test->cases
         : what == FAILED ? test->failed : test->modes[what];
}

static void add_column(struct table *table, const struct fit__results *results,
                       const char *heading, unsigned what, bool always)
{
    int digits = 1;
    bool any = always;
    for (size_t i = 0; i < results->test_count; i++) {
        unsigned long number = number_of(&results->tests[i], what);
        int its = snprintf(NULL, 0, "%lu", number);
        digits = its > digits ? its : digits;
        any |= number > 0;
    }
    if (any)
        table->columns[table->count++] = (struct column){ heading, what, digits };
}

/* Two headings on the same line stand two columns apart. */
enum { STAGGERED_MIN = 5 };

/* As wide as the numbers need; with headings on one line, as wide as these. */
static int set_widths(struct table *table, bool staggered)
{
    int sum = table->name;
    for (size_t i = 0; i < table->count; i++) {
        struct column *c = &table->columns[i];
        int least = staggered ? STAGGERED_MIN - 2 : (int)strlen(c->heading);
        if (c->what == TOTAL || c->what == FAILED)
            least = 6;                   /* as they have always stood */
        c->width = c->width > least ? c->width : least;
        sum += c->width + 2;
    }
    table->staggered = staggered;
    return sum;
}

static struct table table_of(const struct fit__results *results)
{
    struct table table = { .name = NAME_COLUMNS_MIN }, narrow;
    for (size_t i = 0; i < results->test_count; i++) {
        int size = (int)strlen(results->tests[i].name);
        if (size > table.name)
            table.name = size < NAME_COLUMNS_MAX ? size : NAME_COLUMNS_MAX;
    }
    for (unsigned m = 0; fit__mode_at(m); m++)
        add_column(&table, results, fit__mode_at(m)->name, m, false);
    add_column(&table, results, "several", SEVERAL, false);
    add_column(&table, results, "total", TOTAL, true);
    add_column(&table, results, "failed", FAILED, false);
    narrow = table;
    if (set_widths(&table, false) <= FIT_COLUMNS || set_widths(&narrow, true) > FIT_COLUMNS)
        return table;
    return narrow;
}

/* Columns from..to-1 are a block that fits the screen; the sums stay together. */
static size_t block_end(const struct table *table, size_t from)
{
    int used = table->name;
    size_t to = from, sums = 0;
    while (table->columns[sums].what < SEVERAL)
        sums++;
    for (; to < table->count; to++) {
        used += table->columns[to].width + 2;
        if (used > FIT_COLUMNS && to > from)
            break;
    }
    return to < table->count && to > sums && sums > from ? sums : to;
}

static void show_row(const struct table *table, size_t from, size_t to,
                     const struct fit__test *test)
{
    show_name(test->name, (size_t)table->name);
    if (test->cases == 0 && test->failed == 0) {
        printf("  %s\n", strcmp(test->state, "ready") == 0 ? "no case of these modes"
                       : strcmp(test->state, "no-calls") == 0 ? "makes no call that can fail"
                       : strcmp(test->state, "skipped") == 0 ? "skips itself"
                       : "not swept, see below");
        return;
    }
    for (size_t i = from; i < to; i++)
        printf("  %*lu", table->columns[i].width, number_of(test, table->columns[i].what));
    printf("\n");
}

/* Each heading ends where its numbers do: every `step`-th of them, from `first` on. */
static void show_headings(const struct table *table, size_t from, size_t to, size_t first,
                          size_t step)
{
    int at = table->name, printed = 0;
    for (size_t i = from; i < to; i++) {
        at += table->columns[i].width + 2;
        if ((i - from) % step != first)
            continue;
        printf("%*s", at - printed, table->columns[i].heading);
        printed = at;
    }
    printf("\n");
}

static void show_block(const struct fit__results *results, const struct table *table, size_t from,
                       size_t to)
{
    size_t lines = table->staggered ? 2 : 1;
    printf("\n");
    for (size_t line = 0; line < lines; line++)
        show_headings(table, from, to, line, lines);
    for (size_t i = 0; i < results->test_count; i++)
        show_row(table, from, to, &results->tests[i]);
}

static void show_table(const struct fit__results *results)
{
    struct table table = table_of(results);
    bool empty = true;
    for (size_t i = 0; i < results->test_count; i++)
        empty &= results->tests[i].cases == 0;
    if (empty)
        return;
    for (size_t from = 0, to; from < table.count; from = to) {
        to = block_end(&table, from);
        show_block(results, &table, from, to);
    }
}

/* "9 partial, 3 cancel, 2 of several faults"; the caller frees it. */
static char *modes_text(const struct fit__finding *finding)
{
    struct fit__text text = { 0 };
    for (size_t m = 0; m < FIT_MODES_MAX; m++)
        if (finding->modes[m])
            fit__text_add(&text, "%s%lu %s", text.size ? ", " : "", finding->modes[m],
                          fit__mode_at(m)->name);
    if (finding->several == finding->cases)
        fit__text_add(&text, "%s", finding->first.mode);
    else if (finding->several)
        fit__text_add(&text, "%s%lu of several faults", text.size ? ", " : "", finding->several);
    if (finding->without_fault)
        fit__text_add(&text, "%swithout any fault", text.size ? ", " : "");
    return text.data ? text.data : fit__copy("of unknown mode");
}

static void show_told(const json_t *line, const char *what, const char *head)
{
    const char *told = fit__line_text(line, what);
    if (*told)
        fit__wrap(stdout, head, told);
}

/* "A; then B": one below the other. */
static void show_faults(const char *told)
{
    static const char then[] = "; then ";
    for (const char *head = "     fault    "; *told; head = "     then     ") {
        const char *end = strstr(told, then);
        char *one = fit__print("%.*s", end ? (int)(end - told) : (int)strlen(told), told);
        fit__wrap(stdout, head, one);
        free(one);
        told = end ? end + strlen(then) : "";
    }
}

struct cases { const struct fit__results *results; unsigned finding; };

static void show_case(void *arg, struct fit__result *result)
{
    const struct cases *cases = arg;
    if (fit__finding_of(cases->results, result) == cases->finding)
        printf("     case     %s\n", result->full);
}

static void show_finding(struct fit__results *results, const struct fit__finding *finding,
                         bool verbose)
{
    const struct fit__result *first = &finding->first;
    const char *replayed_as = fit__line_text(first->line, "replayed_as");
    const char *smallest = fit__line_text(first->line, "smallest");
    struct cases cases = { results, finding->number };
    char *modes = modes_text(finding);
    char *where = fit__print("%-12s%s %s   %lu %s", first->verdict->name,
                             strlen(first->verdict->name) > 12 ? " " : "",
                             results->tests[first->test].name, finding->cases,
                             finding->cases == 1 ? "case" : "cases");
    size_t verdict = strlen(first->verdict->name);
    bool apart = strlen(where) + strlen(modes) + 5 > FIT_COLUMNS;
    printf("\n%s%-2u %.*s%s%s%s%s\n", fit__look(stdout, FIT_RED), finding->number, (int)verdict,
           where, fit__look(stdout, FIT_PLAIN), where + verdict, apart ? "" : ": ",
           apart ? "" : modes);
    if (apart)
        fit__wrap(stdout, "     modes    ", modes);
    free(where);
    free(modes);
    if (fit__is_case(first))
        show_faults(fit__line_text(first->line, "fault"));
    show_told(first->line, "symptom", "     symptom  ");
    if (*replayed_as)
        printf("     note     when it was run again it was %s\n", replayed_as);
    if (verbose)
        fit__results_each(results, show_case, &cases);
    printf("     replay   %s replay ", fit__me);
    for (size_t i = 0; i < results->peer_threads.count; i++)
        printf("--peer-thread '%s' ", results->peer_threads.list[i]);
    if (results->setup)
        printf("--include-setup ");
    if (results->real)
        printf("--world=real ");
    printf("%s %s\n", results->binary, *smallest ? smallest : first->full);
}

static void show_findings(struct fit__results *results, bool verbose)
{
    unsigned long hidden = 0, cases = 0;
    for (size_t i = 0; i < results->finding_count; i++) {
        if (i < FINDINGS_SHOWN || verbose) {
            show_finding(results, &results->findings[i], verbose);
        } else {
            hidden++;
            cases += results->findings[i].cases;
        }
    }
    if (hidden)
        printf("\n%lu more findings in %lu cases are not shown; all of them: -v\n", hidden, cases);
}

void fit__show_binary(struct fit__results *results, bool verbose)
{
    show_header(results);
    show_table(results);
    show_findings(results, verbose);
    fit__show_no_results(results);
}

static void list_modes(const struct fit__test *test)
{
    for (size_t m = 0; m < FIT_MODES_MAX; m++)
        if (test->modes[m])
            printf("  %s %lu", fit__mode_at(m)->name, test->modes[m]);
    printf("\n");
}

unsigned long fit__show_list(const struct fit__results *results)
{
    struct table table = table_of(results);
    unsigned long cases = 0;
    for (size_t i = 0; i < results->test_count; i++) {
        const struct fit__test *test = &results->tests[i];
        show_name(test->name, table.name);
        cases += test->cases;
        if (strcmp(test->state, "ready") == 0) {
            printf("  %-8s %6lu cases  ", test->strict ? "strict" : "as it is", test->cases);
            list_modes(test);
        } else if (strcmp(test->state, "no-calls") == 0) {
            printf("  %-8s %6d cases    makes no call that can fail\n",
                   test->strict ? "strict" : "as it is", 0);
        } else {
            printf("  %-8s %s\n", "-", test->state);
        }
    }
    fit__show_no_results(results);
    return cases;
}
