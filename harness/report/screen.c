/* harness/report/screen.c - what `faulttest run` and `list` print: binary, table, findings. */
#include "harness/report/screen.h"

#include <assert.h>
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
    static const struct { const char *state, *words; } bad[] = {
        { "broken-test", "broken" }, { "nondeterministic", "not deterministic" },
        { "unsupported", "unsupported" },
    };
    unsigned long swept = results->test_count;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        swept -= tests_in_state(results, bad[i].state);
    for (size_t i = 0; i < results->test_count; i++)
        virtual_ns += results->tests[i].virtual_ns;
    printf("%sfaulttest: %s, %zu %s", fit__look(stdout, FIT_BOLD), base_name(results->binary),
           results->test_count, results->test_count == 1 ? "test" : "tests");
    if (swept == results->test_count)
        printf(results->real ? ", no faults: pass, over the real kernel (%.1f s)"
                             : ", no faults: pass, deterministic (%.1f s virtual)",
               (double)virtual_ns / 1e9);
    else if (swept > 0)
        printf(", no faults: %lu pass, %s", swept,
               results->real ? "over the real kernel" : "deterministic");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (tests_in_state(results, bad[i].state))
            printf(", %lu %s", tests_in_state(results, bad[i].state), bad[i].words);
    printf("%s\n", fit__look(stdout, FIT_PLAIN));
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

struct table { size_t name; bool shown[FIT_MODES_MAX]; bool several, failed; };

static struct table table_of(const struct fit__results *results)
{
    struct table table = { .name = NAME_COLUMNS_MIN };
    for (size_t i = 0; i < results->test_count; i++) {
        const struct fit__test *test = &results->tests[i];
        size_t size = strlen(test->name);
        table.failed |= test->failed > 0;
        table.several |= test->several > 0;
        for (size_t m = 0; m < FIT_MODES_MAX; m++)
            table.shown[m] |= test->modes[m] > 0;
        if (size > table.name)
            table.name = size < NAME_COLUMNS_MAX ? size : NAME_COLUMNS_MAX;
    }
    return table;
}

/* Modes from..to-1 are a block of columns that fits the screen; the last one has the totals. */
struct block { size_t from, to; bool last; };

static struct block block_of(const struct table *table, size_t from)
{
    size_t totals = (table->failed ? 16 : 8) + (table->several ? 9 : 0), used = table->name, m;
    for (m = from; fit__mode_at(m); m++) {
        if (!table->shown[m])
            continue;
        size_t width = strlen(fit__mode_at(m)->name) + 2;
        if (used + width > FIT_COLUMNS)
            break;
        used += width;
    }
    if (fit__mode_at(m))
        return (struct block){ from, m, false };
    if (used + totals <= FIT_COLUMNS)
        return (struct block){ from, m, true };
    while (!table->shown[--m])           /* the totals need room: the last mode joins them */
        assert(m > from);
    return (struct block){ from, m, false };
}

static void show_row(const struct table *table, const struct block *block,
                     const struct fit__test *test)
{
    show_name(test->name, table->name);
    if (test->cases == 0 && test->failed == 0) {
        printf("  %s\n", strcmp(test->state, "ready") == 0 ? "no case of these modes"
                       : strcmp(test->state, "no-calls") == 0 ? "makes no call that can fail"
                       : strcmp(test->state, "skipped") == 0 ? "skips itself"
                       : "not swept, see below");
        return;
    }
    for (size_t m = block->from; m < block->to; m++)
        if (table->shown[m])
            printf("  %*lu", (int)strlen(fit__mode_at(m)->name), test->modes[m]);
    if (block->last && table->several)
        printf("  %7lu", test->several);
    if (block->last)
        printf("  %6lu", test->cases);
    if (block->last && table->failed)
        printf("  %6lu", test->failed);
    printf("\n");
}

static void show_block(const struct fit__results *results, const struct table *table,
                       const struct block *block)
{
    printf("\n%*s", (int)table->name, "");
    for (size_t m = block->from; m < block->to; m++)
        if (table->shown[m])
            printf("  %s", fit__mode_at(m)->name);
    printf("%s%s%s\n", block->last && table->several ? "  several" : "",
           block->last ? "   total" : "", block->last && table->failed ? "  failed" : "");
    for (size_t i = 0; i < results->test_count; i++)
        show_row(table, block, &results->tests[i]);
}

static void show_table(const struct fit__results *results)
{
    struct table table = table_of(results);
    bool empty = true;
    for (size_t i = 0; i < results->test_count; i++)
        empty &= results->tests[i].cases == 0;
    if (empty)
        return;
    struct block block = { 0 };
    do {
        block = block_of(&table, block.to);
        show_block(results, &table, &block);
    } while (!block.last);
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
