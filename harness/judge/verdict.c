/* The verdict on a case: all ledgers against the run without faults, the most serious word wins. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "fi/raw.h"
#include "fi/symbols.h"
#include "fi/watch.h"
#include "fi/wrap.h"
#include "harness/explore/coverage.h"
#include "harness/judge/judge.h"
#include "harness/loops/loops.h"
#include "harness/marks.h"

FIT_HOT static struct {
    unsigned errors_before;              /* Memcheck's count when the fault came */
    struct fit__finding bad_close; bool has_bad_close;
    const char *not_fired;
} judge;

const struct fit__point *fit__last_fault(void)
{
    const struct fit__steps *s = &fit__session.faults;
    assert(s->count);
    return s->list[s->count - 1].point;
}

const struct fit__finding *fit__judge_bad_close(void)
{
    return judge.has_bad_close ? &judge.bad_close : NULL;
}

/* ---- what wrappers report (fi/watch.h) --------------------------------------------------- */

enum { BAD_CLOSES_MAX = 8 };

static bool known_bad_close(const char *site)
{
    const struct fit__reference *r = fit__session.reference;
    for (unsigned i = 0; r && i < r->bad_closes; i++)
        if (!strcmp(r->bad_close_sites[i], site)) return true;
    return false;
}

/* A library that closes -1 (libcurl does, of a pair it could not make) hits nobody, and its user
 * cannot mend it. */
static bool by_the_user(void *const *frames, unsigned depth)
{
    struct fit__symbol s;
    return depth && fit__symbol_of(frames[0], &s) && s.users;
}

static void on_bad_close(int fd, const char *call, const void *caller)
{
    struct fit__reference *r = fit__session.reference;
    bool first = r && fit__session.run == FIT_RUN_FIRST;
    void *frames[FIT_STACK_MAX];
    unsigned depth;
    char site[120];
    (void)caller; (void)call;
    if (judge.has_bad_close && !(first && r->bad_closes < BAD_CLOSES_MAX)) return;
    depth = fit__stack(frames, FIT_STACK_MAX);
    if (fd < 0 && !by_the_user(frames, depth)) return;
    fit__chain_of(frames, depth, NULL, site, sizeof site);
    /* Also in the run that cases branch from, whose past is theirs. */
    if (known_bad_close(site)) return;
    if (first && r->bad_closes < BAD_CLOSES_MAX)
        memcpy(r->bad_close_sites[r->bad_closes++], site, sizeof site);
    if (judge.has_bad_close) return;
    judge.has_bad_close = true;
    fit__finding_make(&judge.bad_close, "bad-close", site,
                      "close(%d) by {symptom}: no such descriptor is open", fd);
    judge.bad_close.fd = fd;
    judge.bad_close.depth = depth;
    memcpy(judge.bad_close.frames, frames, sizeof frames);
}

/* A peer that gives up is the test's own word, as an assertion is. */
static void on_ended(const char *how, const char *text, int status)
{
    struct fit__finding f;
    void *frames[FIT_STACK_MAX];
    unsigned depth = fit__stack(frames, FIT_STACK_MAX);
    char site[120];
    fit__chain_of(frames, depth, NULL, site, sizeof site);
    const char *verdict = fit__guard->exempt ? fit__assertion_word() : "abort";
    if (!strcmp(how, "exit") || !strcmp(how, "_exit"))
        fit__finding_make(&f, verdict, site, "%s(%d) called by {symptom}", how, status);
    else
        fit__finding_make(&f, verdict, site, "%s%s%s, by {symptom}", how, text ? ": " : "",
                          text ? text : "");
    f.depth = depth;
    memcpy(f.frames, frames, sizeof frames);
    fit__end_finding(&f);
}

static const struct fit__watcher watcher = {
    .allocated = fit__memory_allocated, .released = fit__memory_released,
    .bad_close = on_bad_close, .ended = on_ended,
};

static void on_not_fired(const char *why)
{
    judge.not_fired = why;
}

void fit__judge_start(void)
{
    memset(&judge, 0, sizeof judge);
    fit__ops_reset();
    fit__allow_reset();
    fit__marks_reset();
    fit__loops_reset();
    fit__slow_reset();
    fit__memory_start(fit__session.orders.stacks || fit__session.orders.job == FIT_J_REPLAY);
    fit__watcher = &watcher;
    fit__on_not_fired = on_not_fired;
    if (fit__session.run != FIT_RUN_PLAIN) fit__coverage_reset();
}

/* ---- a case ------------------------------------------------------------------------------ */

/* Whoever gets one of these is told to stop, or to begin anew: as after a cancel. */
static bool tells_to_stop(const struct fit__point *point)
{
    static const char *const signals[] = { "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP" };
    if (strcmp(point->name, "signal")) return false;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (!strcmp(point->on, signals[i])) return true;
    return false;
}

void fit__judge_case_start(void)
{
    if (tells_to_stop(fit__last_fault())) fit__ops_told_to_stop();
    judge.errors_before = fit__memcheck_errors();
    fit__coverage_reset();
}

/* A fault with its place and time; the keys of the second are fault2, fault2.ns ... */
static void add_fault(struct fit__record *rec, unsigned number, const struct fit__step *step)
{
    const struct fit__point *p = step->point;
    char key[16] = "fault", part[32], text[600];
    if (number > 1) snprintf(key, sizeof key, "fault%u", number);
    fit__fault_text(p, &p->alternatives[step->alternative], text, sizeof text);
    fit__record_add(rec, key, "%s", text);
    snprintf(part, sizeof part, "%s.ns", key);
    fit__record_add(rec, part, "%lld", (long long)p->ns);
    snprintf(part, sizeof part, "%s.turn", key);
    fit__record_add(rec, part, "%u", p->turn);
    snprintf(part, sizeof part, "%s.stack", key);
    fit__record_stack(rec, part, p->frames, p->depth);
}

static void begin_record(struct fit__record *rec, char *memory, size_t size,
                         const struct fit__steps *steps, const char *case_text)
{
    const struct fit__session *s = &fit__session;
    char mode[80];
    fit__record_begin(rec, memory, size, "case");
    fit__record_add(rec, "test", "%s.%s", s->test->group, s->test->name);
    fit__record_add(rec, "case", "%s", case_text);
    fit__steps_mode(steps, mode, sizeof mode);
    fit__record_add(rec, "mode", "%s", mode);
    fit__record_add(rec, "valgrind", "%d", s->orders.memcheck);
    for (unsigned i = 0; i < steps->count; i++) add_fault(rec, i + 1, &steps->list[i]);
}

static void add_evidence(struct fit__record *rec)
{
    char text[6000];
    if (fit__session.orders.job != FIT_J_REPLAY) return;
    if (fit__descriptors_text(text, sizeof text)) fit__record_add(rec, "descriptors", "%s", text);
    if (fit__threads_text(text, sizeof text)) fit__record_add(rec, "threads", "%s", text);
    if (fit__ops_text(text, sizeof text)) fit__record_add(rec, "operations", "%s", text);
    fit__steps_add_smaller(rec);
}

static void finish_record(struct fit__record *rec)
{
    struct fit__slot_record *out = fit__case_record();
    fit__marks_count();
    fit__rules_count();
    add_evidence(rec);
    if (!out) {                          /* a replay: straight to the command */
        fit__record_send(rec);
        fit__history_send();
        return;
    }
    assert(rec->size <= sizeof out->text);
    out->size = rec->size;
    out->done = 1;
}

static char *record_memory(size_t *size)
{
    static char memory[90 * 1024];
    struct fit__slot_record *out = fit__case_record();
    *size = sizeof memory;
    return out ? out->text : memory;
}

/* Only this process knows its second fault: if it dies at once, this is left of it. */
void fit__judge_next_fault(void)
{
    struct fit__slot_record *out = fit__case_record();
    struct fit__record rec;
    if (tells_to_stop(fit__last_fault())) fit__ops_told_to_stop();
    if (!out) return;
    begin_record(&rec, out->text, sizeof out->text, &fit__session.faults,
                 fit__session.case_text);
    out->size = rec.size;
}

static void add_memcheck(struct fit__record *rec)
{
    if (!fit__session.orders.memcheck) return;
    fit__record_add(rec, "memcheck.errors", "%u", fit__memcheck_errors() - judge.errors_before);
}

/* Errors since the fault, less those that the run without faults has, too. */
static bool judge_memcheck(struct fit__record *rec, struct fit__finding *f)
{
    char text[3000];
    if (!fit__session.orders.memcheck || fit__memcheck_errors() <= judge.errors_before)
        return false;
    if (!fit__memcheck_finding((int)fit__raw(SYS_getpid), fit__session.reference->pid, f, text,
                               sizeof text))
        return false;
    fit__record_add(rec, "memcheck", "%s", text);
    return true;
}

static void write_finding(struct fit__record *rec, const struct fit__finding *f)
{
    const char *design = fit__library_aborts(f);
    const char *reason = fit__allowed(f->verdict, f->frames, f->depth);
    struct fit__slot_record *out = fit__case_record();
    if (out && strcmp(f->verdict, "noticed")) out->dead_end = true;
    fit__record_add(rec, "verdict", "%s", design ? "library-abort" : f->verdict);
    if (!reason) reason = design;
    if (reason) fit__record_add(rec, "allowed", "%s", reason);
    fit__record_add(rec, "symptom", "%s", f->symptom);
    fit__record_add(rec, "symptom.ns", "%lld", (long long)f->ns);
    fit__record_add(rec, "site", "%s", f->site);
    if (f->fd >= 0) fit__record_add(rec, "fd", "%d", f->fd);
    fit__record_stack(rec, "symptom.stack", f->frames, f->depth);
}

static const char *outcome(void)
{
    const struct fit__reference *r = fit__session.reference;
    if (fit__ops_failed(r, NULL)) return "reported";
    return fit__calls_begun == r->calls && fit__session.turn == r->turns
               ? "unaffected" : "recovered";
}

/* Memory beyond the run without faults: a leak if Memcheck calls it lost, else a suspicion that
 * a run under Memcheck must settle. */
static bool judge_memory(struct fit__record *rec, struct fit__finding *f)
{
    struct fit__memory_left worst;
    struct fit__symbol s;
    size_t bytes, lost;
    unsigned blocks = fit__memory_left(fit__session.reference, SIZE_MAX, &worst, &bytes);
    char site[160] = "?";
    if (!blocks) return false;
    fit__record_add(rec, "left.blocks", "%u", blocks);
    fit__record_add(rec, "left.bytes", "%zu", bytes);
    if (!fit__session.orders.memcheck) return false;
    fit__sched_hide_dead_stacks();
    lost = fit__memcheck_lost();
    if (lost <= fit__session.reference->lost_bytes) return false;
    lost -= fit__session.reference->lost_bytes;
    fit__memory_left(fit__session.reference, lost, &worst, &bytes);
    if (worst.depth) fit__chain_of(worst.frames, worst.depth, NULL, site, sizeof site);
    else if (fit__symbol_of(worst.caller, &s))
        snprintf(site, sizeof site, "%s/%s", s.library, s.function ? s.function : "?");
    if (lost == bytes)
        fit__finding_make(f, "leak-memory", site,
                          "%u block%s (%zu bytes), allocated by {symptom}, definitely lost",
                          blocks, blocks == 1 ? "" : "s", bytes);
    else
        fit__finding_make(f, "leak-memory", site, "%zu bytes, allocated by {symptom}, definitely "
                          "lost; %zu bytes more than without the fault were left behind", lost,
                          bytes);
    f->depth = worst.depth ? worst.depth : 1;
    if (worst.depth) memcpy(f->frames, worst.frames, sizeof f->frames);
    else f->frames[0] = (void *)(uintptr_t)worst.caller;
    return true;
}

/* The most serious first; what ends a test early came earlier still. */
static bool judge_ledgers(struct fit__record *rec, struct fit__finding *f)
{
    const struct fit__reference *r = fit__session.reference;
    struct fit__finding memory;
    bool leaks = judge_memory(rec, &memory);
    if (judge_memcheck(rec, f)) return true;
    if (fit__slow_blocks()) {
        *f = *fit__slow_blocks();
        return true;
    }
    if (fit__ops_judge(r, f) && !strcmp(f->verdict, "callback-lost")) return true;
    /* A loop that could not be closed keeps its memory and descriptors: not two findings more. */
    if (fit__handles_left(r, f)) return true;
    if (leaks) {
        *f = memory;
        return true;
    }
    if (fit__fds_left(r, f)) return true;
    if (judge.has_bad_close) {
        *f = judge.bad_close;
        return true;
    }
    return fit__ops_judge(r, f) || fit__slow_cleanup(r, f);
}

static void begin_own_record(struct fit__record *rec, char *memory, size_t size)
{
    static char marks[8000];
    begin_record(rec, memory, size, &fit__session.faults, fit__session.case_text);
    fit__record_add(rec, "virtual_ns", "%lld", (long long)fit__now());
    fit__record_add(rec, "turn", "%u", fit__session.turn);
    if (fit__marks_text(marks, sizeof marks))
        fit__record_add(rec, "marks", "%s", marks);
    add_memcheck(rec);
}

static void write_verdict(struct fit__record *rec)
{
    struct fit__finding f;
    struct fit__slot_record *out = fit__case_record();
    bool named = false, failed;
    if (judge.not_fired) {
        if (out) out->dead_end = true;
        fit__record_add(rec, "verdict", "not-fired");
        fit__record_add(rec, "symptom", "%s", judge.not_fired);
    } else if (judge_ledgers(rec, &f)) {
        write_finding(rec, &f);
    } else {
        failed = fit__ops_failed(fit__session.reference, &named);
        fit__record_add(rec, "verdict", "%s", outcome());
        if (failed) fit__record_add(rec, "cause_named", "%d", named);
    }
}

void fit__judge_case(void)
{
    struct fit__record rec;
    size_t size;
    char *memory = record_memory(&size);
    begin_own_record(&rec, memory, size);
    write_verdict(&rec);
    finish_record(&rec);
}

/* Valgrind translates code when it first runs, in each case's process anew: so the trunk judges a
 * case that never was, before the first of them begins. Natively it would gain nothing. */
void fit__judge_warm_up(void)
{
    static char memory[16384];
    char name[FIT_CASE_MAX];
    struct fit__record rec;
    struct fit__point *p = fit__session.reference->points;
    if (!fit__under_valgrind() || !p) return;
    judge.errors_before = fit__memcheck_errors();
    fit__session.faults = (struct fit__steps){ 1, { { p, 0 } } };
    fit__point_case(p, &p->alternatives[0], name, sizeof name);
    fit__session.case_text = name;
    begin_own_record(&rec, memory, sizeof memory);
    write_verdict(&rec);
    fit__session.faults.count = 0;
    fit__session.case_text = NULL;
}

void fit__judge_early(const struct fit__finding *finding)
{
    struct fit__record rec;
    struct fit__finding memory_error;
    size_t size;
    char *memory = record_memory(&size);
    begin_own_record(&rec, memory, size);
    /* Only a crash, or the end of the program by its own hand, weighs more. */
    if (strcmp(finding->verdict, "crash") && strcmp(finding->verdict, "abort")
        && judge_memcheck(&rec, &memory_error))
        finding = &memory_error;
    write_finding(&rec, finding);
    finish_record(&rec);
}

/* ---- in the trunk: a case's process is gone ---------------------------------------------- */

static void add_death(struct fit__record *rec, int status)
{
    if (WIFSIGNALED(status)) {
        fit__record_add(rec, "verdict", "%s", WTERMSIG(status) == SIGALRM ? "hang" : "crash");
        fit__record_add(rec, "symptom", "the program was ended by signal %d (%s)",
                        WTERMSIG(status), strsignal(WTERMSIG(status)));
        fit__record_add(rec, "site", "signal %d", WTERMSIG(status));
    } else {
        fit__record_add(rec, "verdict", "abort");
        fit__record_add(rec, "symptom", "the program exited with status %d", WEXITSTATUS(status));
        fit__record_add(rec, "site", "exit");
    }
}

void fit__judge_forward(struct fit__slot_record *record, const struct fit__step *first,
                        const char *case_text, uint64_t sequence, int pid, int status)
{
    static char memory[96 * 1024];
    struct fit__record rec = { .text = memory, .capacity = sizeof memory - 2 };
    struct fit__steps steps = { .count = 1 };
    bool complete = record ? record->done : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    fit__memcheck_forget_log(pid);
    if (!record && complete) return;     /* a replay that wrote its own */
    if (record && record->size) {
        rec.size = record->size;
        memcpy(memory, record->text, record->size);
    } else if (first) {
        steps.list[0] = *first;
        begin_record(&rec, memory, sizeof memory, &steps, case_text);
    } else {
        return;
    }
    if (!complete) {
        add_death(&rec, status);
        if (record) record->dead_end = true;
    }
    fit__record_add(&rec, "seq", "%llu", (unsigned long long)sequence);
    fit__record_send(&rec);
}
