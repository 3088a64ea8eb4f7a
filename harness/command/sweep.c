/* harness/command/sweep.c - one session with a test binary, and what can go wrong with it. */
#include "harness/command/sweep.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/command/options.h"

enum { EVIDENCE_MAX = 10, QUIET_S = 10, CALLS_MAX = 1000000, QUOTED_LINES = 20 };

struct sweep {
    struct fit__results *results;
    const struct fit__orders *orders;
    struct timespec begun;
    unsigned long cases, failing;
    double shown_s;                 /* when progress was last shown */
    bool shown;
    char *unarmed;                  /* why our definitions are not the ones found first */
    char *foreign;                  /* another version of the protocol */
};

static double seconds_since(const struct timespec *begun)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

static void show_progress(void *arg)
{
    struct sweep *sweep = arg;
    double now = seconds_since(&sweep->begun);
    bool bar = isatty(STDERR_FILENO);
    if (now - sweep->shown_s < (bar ? 0.2 : QUIET_S))
        return;
    sweep->shown_s = now;
    sweep->shown = bar;
    fprintf(stderr, "%sfaulttest: %s%s: %lu cases, %lu failing, %.1f s%s", bar ? "\r" : "",
            sweep->results->binary, sweep->orders->memcheck ? " under Memcheck" : "",
            sweep->cases, sweep->failing, now, bar ? "\033[K" : "\n");
}

static void see_hello(struct sweep *sweep, const struct fit__record *record)
{
    const char *armed = fit__value(record, "armed"), *why = fit__value(record, "why");
    const char *version = fit__value(record, "version");
    if (version && strtol(version, NULL, 10) != FIT_PROTOCOL_VERSION && !sweep->foreign)
        sweep->foreign = fit__copy(version);
    if (armed && strcmp(armed, "0") == 0 && !sweep->unarmed)
        sweep->unarmed = fit__copy(why ? why : "other definitions are found before ours");
}

static void on_record(void *arg, struct fit__record *record)
{
    struct sweep *sweep = arg;
    if (strcmp(fit__value(record, "kind"), "hello") == 0)
        see_hello(sweep, record);
    if (strcmp(fit__value(record, "kind"), "case") == 0) {
        const struct fit__verdict *verdict =
            fit__verdict_of(fit__value_or_empty(record, "verdict"));
        sweep->cases++;
        sweep->failing += verdict->family == FIT_FINDING && !fit__value(record, "allowed");
    }
    fit__results_add(sweep->results, record, sweep->orders->memcheck);
}

/* The last lines that the program itself printed. */
static void quote_output(const char *output)
{
    size_t lines = 0, size = output ? strlen(output) : 0, from = size;
    while (from > 0 && lines <= QUOTED_LINES)
        lines += output[--from] == '\n' && from + 1 < size;
    if (size == 0)
        return;
    fprintf(stderr, "  its last output was:\n");
    fit__block(stderr, 4, output + from + (output[from] == '\n'));
}

/* The program ended, and nothing of ours ever ran in it. */
static char *never_spoke(const struct fit__session *session, const char *end)
{
    if (session->preloaded)
        return fit__print("%s has no tests that can be taken over (it %s): it never called "
            "cmocka_run_group_tests() of a shared libcmocka, and it is not linked with "
            "libfaulttest", session->path, end);
    return fit__print("%s %s, and libfaulttest saw none of its tests: put `pkg-config --libs "
                      "faulttest` before all other libraries when you link", session->path, end);
}

/* The status that the trouble of this session gives, and the sentence for it. */
static int trouble(const struct sweep *sweep, const struct fit__session *session)
{
    const char *binary = session->path;
    char *end = fit__session_end_text(session);
    int status = FIT_X_OK;
    if (session->interrupted) {
        status = FIT_X_INTERRUPTED;
    } else if (sweep->foreign) {
        status = fit__fail_with(FIT_X_INTERNAL, fit__print("%s is linked with a libfaulttest of "
            "another version (protocol %s, this command speaks %d): install both from one "
            "release", binary, sweep->foreign, FIT_PROTOCOL_VERSION));
    } else if (sweep->unarmed) {
        status = fit__fail_with(FIT_X_NOTHING, fit__print("%s cannot be swept: %s", binary,
                                                          sweep->unarmed));
    } else if (!session->hello) {
        status = fit__fail_with(FIT_X_USAGE, never_spoke(session, end));
        quote_output(session->output);
    } else if (!session->bye && sweep->results->error_status == 0) {
        status = fit__fail_with(FIT_X_INTERNAL, fit__print("%s %s before the end of its sweep; "
            "the results are incomplete", binary, end));
        quote_output(session->output);
    }
    free(end);
    return status;
}

int fit__sweep(struct fit__results *results, const struct fit__orders *orders, bool verbose)
{
    struct sweep sweep = { .results = results, .orders = orders };
    struct fit__session session = { .path = results->binary, .orders = orders,
        .record = on_record, .tick = show_progress, .arg = &sweep };
    size_t errors = results->errors.count;
    clock_gettime(CLOCK_MONOTONIC, &sweep.begun);
    int status = FIT_X_OK;
    if (fit__session_run(&session) != 0)
        status = fit__fail_with(FIT_X_INTERNAL, fit__copy(session.failure));
    if (sweep.shown)
        fprintf(stderr, "\r\033[K");
    if (status == FIT_X_OK)
        status = trouble(&sweep, &session);
    for (size_t i = errors; i < results->errors.count; i++)
        fit__fail_with(0, fit__print("%s: %s", results->binary, results->errors.list[i]));
    if (status == FIT_X_OK)
        status = results->error_status;
    if (session.garbage)
        fit__fail_with(0, fit__print("%s: unreadable lines or records, ignored: %lu",
                                     results->binary, session.garbage));
    if (verbose && session.output && *session.output && session.bye) {
        fprintf(stderr, "faulttest: %s printed:\n", results->binary);
        fit__block(stderr, 4, session.output);
    }
    fit__session_free(&session);
    free(sweep.unarmed);
    free(sweep.foreign);
    return status;
}

static void on_replay_record(void *arg, struct fit__record *record)
{
    struct fit__replayed *replayed = arg;
    const char *kind = fit__value(record, "kind");
    if (strcmp(kind, "case") == 0 && !replayed->result) {
        replayed->result = record;
        return;
    }
    if (strcmp(kind, "call") == 0 && replayed->call_count < CALLS_MAX) {
        replayed->calls = fit__grow(replayed->calls, replayed->call_count,
                                    sizeof *replayed->calls);
        replayed->calls[replayed->call_count++] = record;
        return;
    }
    if (strcmp(kind, "note") == 0)
        fit__words_add(&replayed->notes, fit__value_or_empty(record, "text"));
    if (strcmp(kind, "error") == 0 && !replayed->error) {
        replayed->error = fit__copy(fit__value_or_empty(record, "text"));
        replayed->error_status = (int)fit__number(record, "status");
    }
    if (strcmp(kind, "test") == 0 && !replayed->test_state) {
        replayed->test_state = fit__copy(fit__value(record, "state"));
        replayed->test_text = fit__copy(fit__value(record, "text"));
    }
    fit__record_free(record);
}

int fit__replay_case(const char *binary, const struct fit__orders *orders,
                     struct fit__replayed *replayed)
{
    struct fit__session session = { .path = binary, .orders = orders,
                                    .record = on_replay_record, .arg = replayed };
    int error = fit__session_run(&session);
    if (error == 0 && session.interrupted)
        replayed->error_status = FIT_X_INTERRUPTED;
    if (!replayed->error && (error != 0 || !replayed->result) && !session.interrupted) {
        char *end = error ? fit__copy("") : fit__session_end_text(&session);
        replayed->error = error ? fit__copy(session.failure)
            : session.hello ? fit__print("%s %s without a result for this case", binary, end)
            : never_spoke(&session, end);
        replayed->error_status = error || session.hello ? FIT_X_INTERNAL : FIT_X_USAGE;
        free(end);
    }
    fit__session_free(&session);
    return error;
}

void fit__replayed_free(struct fit__replayed *replayed)
{
    fit__record_free(replayed->result);
    for (size_t i = 0; i < replayed->call_count; i++)
        fit__record_free(replayed->calls[i]);
    free(replayed->calls);
    free(replayed->error);
    free(replayed->test_state);
    free(replayed->test_text);
    *replayed = (struct fit__replayed){ 0 };
}

int fit__without_result(const struct fit__replayed *replayed)
{
    const char *state = replayed->test_state;
    int status = replayed->error_status ? replayed->error_status : FIT_X_INTERNAL;
    if (status == FIT_X_INTERRUPTED)
        return fit__fail_with(status, fit__copy("interrupted"));
    if (!state || strcmp(state, "ready") == 0 || status == FIT_X_NO_FIT || status == FIT_X_USAGE)
        return fit__fail_with(status, fit__copy(replayed->error ? replayed->error : "no result"));
    fit__fail_with(0, fit__print("the test itself is %s, so the case was not run: %s", state,
                                 replayed->test_text ? replayed->test_text : ""));
    return strcmp(state, "unsupported") == 0 ? FIT_X_UNSUPPORTED : FIT_X_NOTHING;
}

/* The keys that only the sweep decides. */
static bool keep(const char *key)
{
    static const char *const kept[] = { "kind", "test", "case", "mode", "verdict", "seq", "site",
                                        "allowed", "valgrind", "left.bytes", "left.blocks" };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (strcmp(kept[i], key) == 0)
            return true;
    return false;
}

static void add_evidence(struct fit__finding *finding, const struct fit__replayed *replayed)
{
    const struct fit__record *evidence = replayed->result;
    const char *verdict = fit__value(evidence, "verdict");
    if (!evidence || !verdict || strcmp(verdict, finding->first->verdict->name) != 0) {
        finding->replayed_as = fit__copy(verdict ? verdict : "without a result");
        return;
    }
    for (unsigned i = 0; i < evidence->count; i++)
        if (!keep(evidence->keys[i]))
            fit__value_set(finding->first->record, evidence->keys[i], evidence->values[i]);
}

struct fit__orders fit__replay_orders(const struct fit__results *results,
                                      const struct fit__result *result)
{
    struct fit__orders orders = { .job = "replay", .jobs = 1,
        .peer_threads = results->peer_threads, .real = results->real, .memcheck = !result->native
        || (result->memcheck && (strcmp(result->verdict->name, "leak-memory") == 0
                                 || strcmp(result->verdict->name, "memory-error") == 0)) };
    fit__words_add(&orders.tests, results->tests[result->test].name);
    fit__words_add(&orders.cases, result->name);
    return orders;
}

void fit__gather_evidence(struct fit__results *results)
{
    for (size_t i = 0; i < results->finding_count && i < EVIDENCE_MAX; i++) {
        struct fit__finding *finding = &results->findings[i];
        struct fit__replayed replayed = { 0 };
        if (!fit__is_case(finding->first) || fit__interrupted())
            continue;
        struct fit__orders orders = fit__replay_orders(results, finding->first);
        fit__replay_case(results->binary, &orders, &replayed);
        if (!fit__interrupted())
            add_evidence(finding, &replayed);
        fit__replayed_free(&replayed);
    }
}
