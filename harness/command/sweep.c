/* harness/command/sweep.c - one session with a test binary, and what can go wrong with it. */
#include "harness/command/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "harness/command/minimise.h"
#include "harness/command/options.h"
#include "harness/command/progress.h"
#include "harness/report/lines.h"

enum { EVIDENCE_MAX = 10, EVIDENCE_OF_A_PART = 40, CALLS_MAX = 1000000, QUOTED_LINES = 20,
       TRIES_MAX = 40, TRIES_MEMCHECK = 8,     /* runs to make a finding's case smaller */
       FLUSH_CASES = 64 };      /* no more are done again after a kill */

struct sweep {
    struct fit__results *results;
    const struct fit__orders *orders;
    struct fit__progress progress;
    char *unarmed;                  /* why our definitions are not the ones found first */
    char *foreign;                  /* another version of the protocol */
};

static void tick(void *arg)
{
    struct sweep *sweep = arg;
    fit__journal_flush(sweep->results->journal);
    fit__progress_tick(&sweep->progress);
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
    struct fit__results *results = sweep->results;
    const char *test = fit__value(record, "test");
    bool is_case = strcmp(fit__value(record, "kind"), "case") == 0;
    if (strcmp(fit__value(record, "kind"), "hello") == 0)
        see_hello(sweep, record);
    for (size_t i = results->test_count; test && i > 0; i--)
        if (strcmp(results->tests[i - 1].name, test) == 0) {
            sweep->progress.test = i - 1;
            break;
        }
    fit__results_add(results, record, sweep->orders->memcheck);
    sweep->progress.cases += is_case;
    if (is_case && sweep->progress.cases % FLUSH_CASES == 0)
        fit__journal_flush(results->journal);
    if (results->found)
        fit__progress_found(&sweep->progress);
    if (results->journal->error)
        fit__stop();
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
    if (session->stopped) {
        status = fit__interrupted() ? FIT_X_INTERRUPTED : FIT_X_OK;
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
    struct sweep sweep = { .results = results, .orders = orders, .progress = {
        .results = results, .memcheck = orders->memcheck, .expected = orders->cases.count } };
    struct fit__session session = { .path = results->binary, .orders = orders,
        .record = on_record, .tick = tick, .arg = &sweep };
    size_t errors = results->errors.count;
    fit__progress_begin(&sweep.progress);
    int status = FIT_X_OK;
    if (fit__session_run(&session) != 0)
        status = fit__fail_with(FIT_X_INTERNAL, fit__copy(session.failure));
    fit__progress_end(&sweep.progress);
    if (status == FIT_X_OK)
        status = trouble(&sweep, &session);
    if (status == FIT_X_OK && session.bye && !session.stopped)
        fit__results_mark(results, "ended", orders->memcheck);
    fit__journal_flush(results->journal);
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
    if (error == 0 && session.stopped)
        replayed->error_status = FIT_X_INTERRUPTED;
    if (!replayed->error && (error != 0 || !replayed->result) && !session.stopped) {
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

/* The case that was run again may be a smaller one than that of the sweep. */
static void name_smallest(struct fit__result *first, const struct fit__record *record)
{
    const char *name = fit__value_or_empty(record, "case");
    if (!fit__of_several(first) || strcmp(name, first->name) == 0)
        return;
    char *full = fit__print("%.*s%s", (int)(first->name - first->full), first->full, name);
    json_object_set_new(first->line, "smallest", json_string(full));
    free(full);
}

/* `record`: of the second run; NULL: none came. */
static void add_evidence(struct fit__finding *finding, const struct fit__record *record)
{
    const char *verdict = record ? fit__value(record, "verdict") : NULL;
    struct fit__result *first = &finding->first;
    finding->plain = first->line;
    if (verdict && strcmp(verdict, first->verdict->name) == 0) {
        first->line = fit__line_with_evidence(first->line, record);
        name_smallest(first, record);
    } else {
        first->line = json_copy(first->line);
        json_object_set_new(first->line, "replayed_as",
                            json_string(verdict ? verdict : "without a result"));
    }
}

/* What an earlier run of a part of the cases has found out. */
static void take_evidence(struct fit__finding *finding)
{
    json_t *number = json_object_get(finding->first.line, "finding");
    finding->plain = finding->first.line;
    finding->first.line = finding->evidence;
    finding->evidence = NULL;
    json_object_set(finding->first.line, "case", json_object_get(finding->plain, "case"));
    json_object_set(finding->first.line, "failed", json_object_get(finding->plain, "failed"));
    json_object_set(finding->first.line, "finding", number);
}

static void gather(struct fit__results *results, struct fit__finding *finding)
{
    const struct fit__result *first = &finding->first;
    struct fit__orders orders = { .job = "replay", .jobs = 1,
        .peer_threads = results->peer_threads, .setup = results->setup, .real = results->real,
        .memcheck = !first->native
        || (first->memcheck && (strcmp(first->verdict->name, "leak-memory") == 0
                                || strcmp(first->verdict->name, "memory-error") == 0)) };
    unsigned tries = !fit__of_several(first) ? 1 : orders.memcheck ? TRIES_MEMCHECK : TRIES_MAX;
    struct fit__replayed replayed = { 0 };
    struct fit__minimal minimal = { 0 };
    fit__words_add(&orders.tests, results->tests[first->test].name);
    fit__words_add(&orders.cases, first->name);
    fit__minimise(results->binary, &orders, tries, &minimal, &replayed);
    if (!fit__stopping())
        add_evidence(finding, minimal.result);
    fit__record_free(minimal.result);
    fit__replayed_free(&replayed);
}

void fit__gather_evidence(struct fit__results *results, bool of_a_part, bool replay)
{
    size_t most = of_a_part ? EVIDENCE_OF_A_PART : EVIDENCE_MAX;
    for (size_t i = 0; i < results->finding_count && i < most; i++) {
        struct fit__finding *finding = &results->findings[i];
        if (finding->evidence)
            take_evidence(finding);
        else if (replay && fit__is_case(&finding->first) && !fit__stopping())
            gather(results, finding);
    }
}
