/* harness/command/progress.c - what a run that lasts says on standard error. */
#include "harness/command/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { QUIET_S = 10 };
static const double terminal_s = 0.2;

static double seconds_since(const struct timespec *begun)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

static bool on_terminal(void)
{
    return isatty(STDERR_FILENO);
}

void fit__progress_begin(struct fit__progress *progress)
{
    clock_gettime(CLOCK_MONOTONIC, &progress->begun);
}

/* "1234 of 4567 cases, 812/s, 4 s left" */
static void add_rate(struct fit__text *text, const struct fit__progress *progress, double seconds)
{
    const struct fit__results *results = progress->results;
    const struct fit__test *test = progress->test < results->test_count
                                 ? &results->tests[progress->test] : NULL;
    bool planned = !progress->expected && test && test->planned && test->done < FIT_SEVERAL_FROM;
    unsigned long done = planned ? test->tried : progress->cases;
    unsigned long all = planned ? test->mine : progress->expected;
    double rate = seconds > 0 ? (double)progress->cases / seconds : 0;
    if (planned)
        fit__text_add(text, "%.30s ", test->name);
    fit__text_add(text, "%lu", done);
    if (all)
        fit__text_add(text, " of %lu", all);
    fit__text_add(text, " cases, %.0f/s", rate);
    if (all > done && rate > 0)
        fit__text_add(text, ", %.0f s left", (double)(all - done) / rate);
}

void fit__progress_tick(struct fit__progress *progress)
{
    const struct fit__results *results = progress->results;
    double now = seconds_since(&progress->begun);
    bool bar = on_terminal();
    if (now - progress->shown_s < (bar ? terminal_s : QUIET_S))
        return;
    const char *slash = strrchr(results->binary, '/');
    struct fit__text text = { 0 };
    add_rate(&text, progress, now);
    progress->shown_s = now;
    progress->shown = bar;
    fprintf(stderr, "%sfaulttest: %.20s%s: %s, %zu %s%s", bar ? "\r" : "",
            slash ? slash + 1 : results->binary, progress->memcheck ? " under Memcheck" : "",
            text.data, results->seen.count, results->seen.count == 1 ? "finding" : "findings",
            bar ? "\033[K" : "\n");
    free(text.data);
}

void fit__progress_found(struct fit__progress *progress)
{
    struct fit__results *results = progress->results;
    if (on_terminal() || seconds_since(&progress->begun) >= QUIET_S)
        fprintf(stderr, "%sfaulttest: found  %s%s\n", progress->shown ? "\r" : "", results->found,
                progress->shown ? "\033[K" : "");
    progress->shown = false;
    free(results->found);
    results->found = NULL;
}

void fit__progress_end(struct fit__progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
}
