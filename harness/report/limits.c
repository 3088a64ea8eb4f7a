/* harness/report/limits.c - what a run was not to try, or had no time for. */
#include "harness/report/limits.h"

#include <stdlib.h>
#include <string.h>

enum { TESTS_SHOWN = 10 };

/* One kind of limit: how many of how many cases, in which tests. */
struct limit { unsigned long cases, all, tests; char *lines; };

static void note(struct limit *limit, const struct fit__test *test, unsigned long cases,
                 unsigned long all)
{
    if (cases >= all)
        return;
    limit->cases += cases;
    limit->all += all;
    if (limit->tests++ >= TESTS_SHOWN)
        return;
    char *line = fit__print("%s%s%lu of %lu cases of %s", limit->lines ? limit->lines : "",
                            limit->lines ? "\n" : "", cases, all, test->name);
    free(limit->lines);
    limit->lines = line;
}

static void show(struct limit *limit, const char *head, const char *why)
{
    if (!limit->tests)
        return;
    char *text = limit->tests > TESTS_SHOWN
        ? fit__print("%lu of %lu cases in %lu tests (%s)", limit->cases, limit->all, limit->tests,
                     why)
        : fit__print("%s (%s)", limit->lines, why);
    fit__wrap(stdout, head, text);
    free(text);
    free(limit->lines);
}

static const char *why_stopped(const struct fit__run *run)
{
    return strcmp(run->stopped, "time") == 0 ? "the time was over"
         : strcmp(run->stopped, "interrupted") == 0 ? "interrupted" : "it broke off";
}

/* What nobody has counted: the run never came there. */
static void show_unreached(const struct fit__run *run)
{
    const struct fit__results *last = run->count ? &run->binaries[run->count - 1] : NULL;
    const char *why = why_stopped(run);
    if (last && !last->ended && last->test_count > 0) {
        const struct fit__test *test = &last->tests[last->test_count - 1];
        bool pairs = run->options.pairs && test->planned && test->tried == test->mine;
        char *text = fit__print("%stests behind %s, if there are any, of %s (%s)",
                                pairs ? "some pairs of the last test, and " : "", test->name,
                                last->binary, why);
        fit__wrap(stdout, "not tried  ", text);
        free(text);
    }
    if (last && last->ended && !last->ended_memcheck && run->options.valgrind)
        printf("not tried  all or some of it under Memcheck (%s)\n", why);
    for (size_t i = run->count; i < run->options.words.count; i++)
        printf("not tried  %s (%s)\n", run->options.words.list[i], why);
}

void fit__show_limits(const struct fit__run *run)
{
    struct limit budget = { 0 }, stop = { 0 };
    unsigned long mine = 0, kept = 0;
    for (size_t b = 0; b < run->count; b++) {
        for (size_t t = 0; t < run->binaries[b].test_count; t++) {
            const struct fit__test *test = &run->binaries[b].tests[t];
            if (!test->planned)
                continue;
            note(&budget, test, test->kept, test->total);
            note(&stop, test, test->tried, test->mine);
            mine += test->mine;
            kept += test->kept;
        }
    }
    show(&budget, "limited  ", "--budget; spread over all places and faults");
    if (run->options.shards)
        printf("shard    %u/%u: %lu of %lu cases; put together: faulttest merge -o ALL.jsonl "
               "PART.jsonl...\n", run->options.shard, run->options.shards, mine, kept);
    if (!run->stopped)
        return;
    show(&stop, "stopped  ", why_stopped(run));
    show_unreached(run);
    if (run->journal_named)
        printf("stopped  the same command with --resume goes on\n");
}
