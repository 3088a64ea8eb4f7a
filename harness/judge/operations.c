/* The ledger of operations: who waits for an outcome, and what they were told. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/export.h"
#include "fi/guard.h"
#include "fi/hot.h"
#include "fi/trace.h"
#include "harness/api.h"
#include "harness/faulttest.h"
#include "harness/judge/judge.h"
#include "harness/peers.h"

enum { DETAILS_MAX = 16, REQUIRED_MAX = 16, STEM_MAX = 50 };

struct fit_op {
    char name[64];                       /* "download.1" */
    unsigned stem;                       /* length of "download" */
    int state, code;
    const char *text;
    uint64_t hash; size_t size;
    const char *keys[DETAILS_MAX], *values[DETAILS_MAX]; unsigned details;
    void (*cancel)(void *); void *arg; struct fit__memory_mark arg_block;
    bool cancelled;                      /* by the user, or with the whole service */
    bool confirmed;                      /* and its outcome came after that */
    bool late_asked;
    bool after_cancel;                   /* begun after the user had cancelled */
    bool must_succeed;                   /* begun while faults were off */
    void *frames[FIT_STACK_MAX]; unsigned depth;     /* where the outcome was told */
};

FIT_HOT static struct {
    struct fit_op *ops[FIT_OPS_MAX];
    unsigned count;
    bool cancelled;
    unsigned calling;                    /* in a cancel function, or in the callback it came from */
    const char *required[REQUIRED_MAX]; unsigned required_count;
} ledger;

void fit__ops_reset(void)
{
    memset(&ledger, 0, sizeof ledger);
}

bool fit__ops_were_cancelled(void)
{
    return ledger.cancelled;
}

void fit__ops_require(const char *keys)
{
    char *copy = fit__strdup(keys), *save;
    for (char *k = strtok_r(copy, ", ", &save); k; k = strtok_r(NULL, ", ", &save)) {
        if (ledger.required_count == REQUIRED_MAX)
            fit__fail(__FILE__, __LINE__, "fit_require_details: more than %d keys", REQUIRED_MAX);
        ledger.required[ledger.required_count++] = k;
    }
}

/* What a report shows of a name that the user gave. */
static unsigned stem_of(const char *name)
{
    return (unsigned)strnlen(name, STEM_MAX);
}

/* download.1 and download.2 fail by the same bug: the place is the same. */
static const char *site_of(const struct fit_op *op)
{
    static char site[STEM_MAX + 1];
    snprintf(site, sizeof site, "%.*s", (int)op->stem, op->name);
    return site;
}

static unsigned number_of(const char *name)
{
    unsigned n = 1, stem = stem_of(name);
    for (unsigned i = 0; i < ledger.count; i++)
        n += ledger.ops[i]->stem == stem && !strncmp(ledger.ops[i]->name, name, stem);
    return n;
}

FIT_EXPORT struct fit_op *fit_op(const char *name)
{
    struct fit_op *op;
    fit__api_enter("fit_op", __builtin_return_address(0));
    if (!name || !*name) fit__fail(__FILE__, __LINE__, "fit_op: the name is empty");
    if (ledger.count == FIT_OPS_MAX)
        fit__fail(__FILE__, __LINE__, "fit_op: more than %d operations in one test", FIT_OPS_MAX);
    op = fit__alloc(sizeof *op);
    op->stem = stem_of(name);
    snprintf(op->name, sizeof op->name, "%.*s.%u", STEM_MAX, name, number_of(name));
    op->after_cancel = ledger.cancelled;
    op->must_succeed = fit__faults_off > 0 && fit__session.faults_off_by == fit__current;
    ledger.ops[ledger.count++] = op;
    fit__api_leave();
    return op;
}

/* Late: the user had cancelled, the cancel function had returned, and the outcome that confirms it
 * had been told. All else is twice. */
static void __attribute__((noreturn)) told_again(struct fit_op *op, int state)
{
    struct fit__finding f;
    const char *before = op->state == FIT_OP_SUCCEEDED ? "success" : "failure";
    const char *now = state == FIT_OP_SUCCEEDED ? "success" : "failure";
    if (op->confirmed && !ledger.calling)
        fit__finding_make(&f, "callback-late", site_of(op), "%s had been cancelled and was told "
                          "%s after that; now it is told %s, by {symptom}", op->name, before, now);
    else
        fit__finding_make(&f, "callback-twice", site_of(op), "%s was told its outcome twice: "
                          "first %s, now %s, by {symptom}", op->name, before, now);
    f.depth = fit__stack(f.frames, FIT_STACK_MAX);
    fit__end_finding(&f);
}

static void told(struct fit_op *op, int state, const char *how)
{
    if (!op) fit__fail(__FILE__, __LINE__, "%s: the operation is NULL", how);
    if (op->state == FIT_OP_WAITING && op->cancel && !ledger.calling) {
        ledger.calling++;
        fit__cancel_inside(op, how);
        if (op->state != FIT_OP_WAITING) told_again(op, state);
        ledger.calling--;
    }
    if (op->state != FIT_OP_WAITING) told_again(op, state);
    op->state = state;
    op->confirmed = op->cancelled;
    op->depth = fit__stack(op->frames, FIT_STACK_MAX);
}

FIT_EXPORT void fit_op_succeeded(struct fit_op *op, const void *result, size_t size)
{
    const unsigned char *bytes = result;
    fit__api_enter("fit_op_succeeded", __builtin_return_address(0));
    told(op, FIT_OP_SUCCEEDED, "fit_op_succeeded");
    op->hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++) op->hash = (op->hash ^ bytes[i]) * 1099511628211u;
    op->size = size;
    fit__trace("op", -1, "%s succeeded, %zu byte%s", op->name, size, size == 1 ? "" : "s");
    fit__api_leave();
}

FIT_EXPORT void fit_op_failed(struct fit_op *op, int code, const char *text, ...)
{
    va_list args;
    const char *key;
    fit__api_enter("fit_op_failed", __builtin_return_address(0));
    told(op, FIT_OP_FAILED, "fit_op_failed");
    op->code = code;
    op->text = text ? fit__strdup(text) : NULL;
    va_start(args, text);
    while ((key = va_arg(args, const char *)) && op->details < DETAILS_MAX) {
        const char *value = va_arg(args, const char *);
        op->keys[op->details] = fit__strdup(key);
        op->values[op->details++] = value ? fit__strdup(value) : NULL;
    }
    va_end(args);
    fit__trace("op", -1, "%s failed: %d \"%s\"", op->name, code, text ? text : "");
    fit__api_leave();
}

FIT_EXPORT void fit__on_cancel(struct fit_op *op, void (*cancel)(void *), void *arg)
{
    fit__api_enter("fit_on_cancel", __builtin_return_address(0));
    if (!op) {
        fit__shutdown_register(cancel, arg);
    } else if (op->state == FIT_OP_WAITING) {        /* after the outcome it is ignored */
        op->cancel = cancel;
        op->arg = arg;
        op->arg_block = fit__memory_mark(arg);
    }
    fit__api_leave();
}

FIT_EXPORT void fit_require_details(const char *keys)
{
    fit__api_enter("fit_require_details", __builtin_return_address(0));
    if (!keys) fit__fail(__FILE__, __LINE__, "fit_require_details: NULL");
    fit__ops_require(keys);
    fit__api_leave();
}

/* ---- cancelling -------------------------------------------------------------------------- */

void fit__ops_cancellable(void (*visit)(struct fit_op *op))
{
    unsigned count = ledger.count;
    for (unsigned i = 0; i < count; i++)
        if (ledger.ops[i]->cancel && fit__op_waits(ledger.ops[i])) visit(ledger.ops[i]);
}

void fit__ops_late(void (*visit)(struct fit_op *op))
{
    unsigned count = ledger.count;
    for (unsigned i = 0; i < count; i++) {
        struct fit_op *op = ledger.ops[i];
        if (!op->cancel || fit__op_waits(op) || op->late_asked) continue;
        op->late_asked = true;
        if (fit__memory_lives(&op->arg_block)) visit(op);
    }
}

const char *fit__op_name(const struct fit_op *op)
{
    return op->name;
}

bool fit__op_waits(const struct fit_op *op)
{
    return op->state == FIT_OP_WAITING;
}

void fit__op_cancel(struct fit_op *op)
{
    ledger.cancelled = op->cancelled = true;
    ledger.calling++;
    fit__leave();
    op->cancel(op->arg);
    fit__enter();
    ledger.calling--;
}

void fit__ops_told_to_stop(void)
{
    ledger.cancelled = true;
}

void fit__ops_stop_begins(void)
{
    ledger.cancelled = true;
    ledger.calling++;
    for (unsigned i = 0; i < ledger.count; i++)
        if (fit__op_waits(ledger.ops[i])) ledger.ops[i]->cancelled = true;
}

void fit__ops_stop_ends(void)
{
    ledger.calling--;
}

/* ---- the end of a run -------------------------------------------------------------------- */

unsigned fit__ops_census(struct fit__op_result *ops, unsigned most)
{
    unsigned n = ledger.count < most ? ledger.count : most;
    for (unsigned i = 0; i < n; i++) {
        const struct fit_op *op = ledger.ops[i];
        ops[i] = (struct fit__op_result){ .state = op->state, .code = op->code,
                                          .hash = op->hash, .size = op->size };
        memcpy(ops[i].name, op->name, sizeof ops[i].name);
    }
    return n;
}

static const struct fit__op_result *reference_of(const struct fit__reference *r,
                                                 const char *name)
{
    for (unsigned i = 0; i < r->op_count; i++)
        if (!strcmp(r->ops[i].name, name)) return &r->ops[i];
    return NULL;
}

/* Fails here as it does without any fault. */
static bool fails_anyway(const struct fit_op *op, const struct fit__op_result *before)
{
    return before && before->state == FIT_OP_FAILED && before->code == op->code;
}

/* Of several faults, which may hide each other, any will do. */
static bool has_cause(const struct fit_op *op)
{
    const struct fit__steps *s = &fit__session.faults;
    for (unsigned i = 0; i < s->count; i++)
        if (fit__cause_named(&s->list[i].point->alternatives[s->list[i].alternative],
                             s->list[i].point->name, op->code, op->text))
            return true;
    return false;
}

static bool has_key(const struct fit_op *op, const char *key)
{
    for (unsigned i = 0; i < op->details; i++)
        if (!strcmp(op->keys[i], key)) return op->values[i] && *op->values[i];
    return false;
}

static void blame(struct fit__finding *f, const struct fit_op *op)
{
    memcpy(f->frames, op->frames, sizeof f->frames);
    f->depth = op->depth;
}

static bool judge_details(const struct fit_op *op, struct fit__finding *f)
{
    char missing[200] = "";
    size_t have = 0;
    for (unsigned i = 0; i < ledger.required_count; i++) {
        const char *key = ledger.required[i];
        if (!strcmp(key, "cause")) {
            /* Of several faults the first may have used up the attempts, so that what the test's
             * own peers do is the cause of the end. */
            if (fit__session.faults.count > 1 || has_cause(op)) continue;
            fit__finding_make(f, "cause-lost", site_of(op), "%s was told %d \"%s\", which does not "
                              "name the cause, by {symptom}", op->name, op->code,
                              op->text ? op->text : "");
            blame(f, op);
            return true;
        }
        if (!has_key(op, key) && have < sizeof missing)
            have += (size_t)snprintf(missing + have, sizeof missing - have, "%s%s",
                                     have ? ", " : "", key);
    }
    if (!have) return false;
    fit__finding_make(f, "context-missing", site_of(op),
                      "%s was told %d \"%s\" without: %s, by {symptom}", op->name, op->code,
                      op->text ? op->text : "", missing);
    blame(f, op);
    return true;
}

static bool only_order(void)
{
    const struct fit__steps *s = &fit__session.faults;
    for (unsigned i = 0; i < s->count; i++)
        if (fit__point_mode(s->list[i].point, s->list[i].alternative) != FIT_ORDER) return false;
    return s->count > 0;
}

/* To come late is no failure either, but may be too late for a deadline. */
bool fit__ops_nothing_failed(void)
{
    const struct fit__steps *s = &fit__session.faults;
    for (unsigned i = 0; i < s->count; i++)
        if (s->list[i].point->alternatives[s->list[i].alternative].what == FIT_W_DELAY)
            return false;
    return only_order();
}

/* A name stood for other addresses, or somebody had cut a file: a program may tell what it was
 * given, and is right. */
static bool was_given_other(void)
{
    const struct fit__steps *s = &fit__session.faults;
    for (unsigned i = 0; i < s->count; i++) {
        const struct fit__alternative *a =
            &s->list[i].point->alternatives[s->list[i].alternative];
        if (a->mode == FIT_DNS && (a->what == FIT_W_RETURN || a->what == FIT_W_ORDER)) return true;
        if (a->mode == FIT_DISK && a->what == FIT_W_EOF) return true;
    }
    return false;
}

static bool judge_success(const struct fit_op *op, const struct fit__op_result *before,
                          struct fit__finding *f)
{
    const char *word = only_order() ? "wrong-result" : "swallowed";
    const char *it = only_order() ? "in the usual order" : "without the fault";
    if (!before || before->state != FIT_OP_SUCCEEDED
        || (before->hash == op->hash && before->size == op->size) || was_given_other())
        return false;
    if (before->size == op->size)
        fit__finding_make(f, word, site_of(op), "%s was told success by {symptom}, with %zu "
                          "other bytes than %s", op->name, op->size, it);
    else
        fit__finding_make(f, word, site_of(op), "%s was told success by {symptom}, with %zu "
                          "bytes; %s: %zu bytes", op->name, op->size, it, before->size);
    blame(f, op);
    return true;
}

static bool judge_failure(const struct fit_op *op, const struct fit__op_result *before,
                          struct fit__finding *f)
{
    if (fails_anyway(op, before)) return false;
    if ((op->must_succeed && !op->after_cancel) || fit__must_recover()) {
        fit__finding_make(f, "not-recovered", site_of(op), "%s failed by {symptom}: %d \"%s\"; %s"
                          "must succeed here", op->name, op->code, op->text ? op->text : "",
                          op->must_succeed ? "it began between fit_faults_off() and fit_faults_on()"
                                             ", so it " : "by fit_must_recover() it ");
        blame(f, op);
        return true;
    }
    if (fit__ops_nothing_failed()) {
        fit__finding_make(f, "wrong-result", site_of(op), "%s failed by {symptom}: %d \"%s\"; in "
                          "the usual order it does not, and nothing else went wrong", op->name,
                          op->code, op->text ? op->text : "");
        blame(f, op);
        return true;
    }
    return judge_details(op, f);
}

static bool judge_one(const struct fit_op *op, const struct fit__reference *r,
                      struct fit__finding *f)
{
    const struct fit__op_result *before = reference_of(r, op->name);
    if (op->state == FIT_OP_SUCCEEDED) return judge_success(op, before, f);
    if (op->state == FIT_OP_FAILED) return judge_failure(op, before, f);
    if (before && before->state == FIT_OP_WAITING) return false;
    fit__finding_make(f, "callback-lost", site_of(op),
                      "%s had been told nothing when the test ended", op->name);
    return true;
}

/* An operation that begins without the fault, but not with it, and nobody was told of a failure. */
static bool judge_missing(const struct fit__reference *r, struct fit__finding *f)
{
    if (ledger.cancelled || fit__ops_failed(r, NULL)) return false;
    for (unsigned i = 0; i < r->op_count; i++) {
        bool begun = false;
        for (unsigned k = 0; k < ledger.count; k++)
            begun |= !strcmp(ledger.ops[k]->name, r->ops[i].name);
        if (begun) continue;
        fit__finding_make(f, only_order() ? "wrong-result" : "swallowed",
                          r->ops[i].name,
                          "%s was not even begun, and nobody was told of a failure",
                          r->ops[i].name);
        return true;
    }
    return false;
}

bool fit__ops_judge(const struct fit__reference *reference, struct fit__finding *finding)
{
    for (unsigned i = 0; i < ledger.count; i++)
        if (judge_one(ledger.ops[i], reference, finding)) return true;
    return judge_missing(reference, finding);
}

bool fit__ops_failed(const struct fit__reference *reference, bool *cause_named)
{
    bool failed = false, named = false;
    for (unsigned i = 0; i < ledger.count; i++) {
        const struct fit_op *op = ledger.ops[i];
        if (op->state != FIT_OP_FAILED || fails_anyway(op, reference_of(reference, op->name)))
            continue;
        failed = true;
        named |= has_cause(op);
    }
    if (cause_named) *cause_named = named;
    return failed;
}

size_t fit__ops_text(char *out, size_t size)
{
    static const char *const words[] = { "waits for its outcome", "succeeded", "failed" };
    size_t have = 0;
    out[0] = 0;
    for (unsigned i = 0; i < ledger.count && have < size; i++) {
        const struct fit_op *op = ledger.ops[i];
        have += (size_t)snprintf(out + have, size - have, "%s%s %s", i ? "\n" : "", op->name,
                                 words[op->state]);
        if (op->state == FIT_OP_FAILED && have < size)
            have += (size_t)snprintf(out + have, size - have, ", %d \"%s\"", op->code,
                                     op->text ? op->text : "");
    }
    return have < size ? have : size - 1;
}

size_t fit__ops_waiting_text(char *out, size_t size)
{
    size_t have = 0;
    out[0] = 0;
    for (unsigned i = 0; i < ledger.count && have < size; i++)
        if (ledger.ops[i]->state == FIT_OP_WAITING)
            have += (size_t)snprintf(out + have, size - have, "%s%s", have ? ", " : "",
                                     ledger.ops[i]->name);
    return have < size ? have : size - 1;
}

size_t fit__ops_waiting_site(char *out, size_t size)
{
    size_t have = 0;
    out[0] = 0;
    for (unsigned i = 0; i < ledger.count && have < size; i++) {
        const struct fit_op *op = ledger.ops[i];
        if (op->state == FIT_OP_WAITING && !strstr(out, site_of(op)))
            have += (size_t)snprintf(out + have, size - have, "%s%s", have ? ", " : "",
                                     site_of(op));
    }
    return have < size ? have : size - 1;
}
