/* What a test allows, and what it demands beyond the defaults. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/export.h"
#include "fi/symbols.h"
#include "harness/api.h"
#include "harness/faulttest.h"
#include "harness/judge/judge.h"

enum { ALLOWANCES_MAX = 32 };

struct allowance { const char *verdict, *faults, *where, *reason; };

/* What is known of libraries: they leave something behind where the code that uses them can do
 * nothing about it. Counted and shown like a test's own allowances. */
static const struct allowance profiles[] = {
    { "leak-fd", "mode=emfile", "uv_loop_init",
      "libuv 1.44 keeps its epoll descriptor when uv_loop_init() fails" },
    { "leak-fd", "mode=thread", "uv_loop_init",
      "libuv 1.44 keeps its epoll descriptor when uv_loop_init() fails" },
    { "leak-fd", "eventfd:mode=emfile", "g_main_context_new_with_flags",
      "GLib keeps a context for life, and takes a pipe, which is two, where it gets no eventfd" },
    { "leak-memory", "*", "uv_strerror",
      "libuv keeps the text of a code that it does not know, as its manual says" },
    { "leak-memory", "*", "uv_err_name",
      "libuv keeps the text of a code that it does not know, as its manual says" },
    { "bad-close", "socketpair*:error=E?FILE", "curl_multi_cleanup",
      "libcurl 7.88 closes the wake-up sockets that it could not make" },
};

/* Libraries that end the program by design when a call fails that they cannot do without: the
 * verdict is `library-abort`, which is never the user's to mend. `by`: the function of theirs that
 * may end it by a crash, too (a trap; the stack that was not enough for the message). An abort that
 * the code under test raises stays `abort`. */
static const struct design {
    const char *library /* a pattern */, *faults, *by, *reason;
} designs[] = {
    { "libuv", "mode=memory", NULL,
      "libuv aborts where a call without a result needs memory: uv_loop_init, uv_run" },
    { "libuv", "mode=thread", NULL,
      "libuv aborts if it cannot make the threads and locks of its pool" },
    { "libuv", "mode=emfile", NULL,
      "libuv aborts if it cannot make the pipe that locks its signals, and when epoll takes no "
      "more descriptors" },
    { "libevent*", "mode=emfile", NULL,
      "libevent 2.1 ends the program by exit(1) if it gets no descriptors for its signals" },
    { "libglib-2.0", "mode=memory", "g_logv",
      "GLib ends the program when g_malloc() gets no memory" },
    { "libglib-2.0", "mode=thread", "g_logv",
      "GLib ends the program when it gets no thread, key or lock" },
    { "libglib-2.0", "mode=emfile", "g_logv",
      "GLib ends the program when a main context gets no descriptor to be woken by" },
    { "libev", "mode=memory", NULL, "libev aborts when its allocator gets no memory" },
    { "libev", "mode=emfile", NULL,
      "libev aborts if it cannot make an eventfd or a pipe to be woken by" },
    { "libhiredis", "mode=memory", NULL, "hiredis 0.14 aborts when its allocator gets no memory" },
};

static struct {
    struct allowance allowances[ALLOWANCES_MAX];
    bool used[ALLOWANCES_MAX];
    unsigned count;
    const char *must_recover[ALLOWANCES_MAX];
    unsigned must_count;
} rules;

void fit__allow_reset(void)
{
    memset(&rules, 0, sizeof rules);
}

/* A word with a slip of the pen would allow nothing, in silence. */
static bool is_finding(const char *verdict)
{
    static const char *const words[] = {
        "crash", "abort", "memory-error", "hang", "busy-loop", "blocks-loop", "leak-memory",
        "leak-fd", "leak-handle", "bad-close", "callback-lost", "callback-twice",
        "callback-late", "swallowed", "wrong-result", "cause-lost", "context-missing",
        "not-recovered", "assertion", "slow-cleanup", "library-abort"
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strcmp(words[i], verdict)) return true;
    return false;
}

/* The run without faults tells the parent what rules there are: see fit__rules_send(). */
static void remember(const char *verdict, const char *faults, const char *where,
                     const char *reason)
{
    struct fit__reference *r = fit__session.reference;
    if (!r || fit__session.run != FIT_RUN_FIRST || r->rule_count == FIT_RULES_MAX) return;
    r->rules[r->rule_count++] = (struct fit__rule){
        .verdict = fit__shared_text(verdict), .faults = fit__shared_text(faults),
        .where = fit__shared_text(where), .reason = fit__shared_text(reason)
    };
}

FIT_EXPORT void fit_allow(const char *verdict, const char *faults, const char *where,
                          const char *reason)
{
    fit__api_enter("fit_allow", __builtin_return_address(0));
    if (!verdict || !faults || !reason || !*reason)
        fit__fail(__FILE__, __LINE__, "fit_allow: verdict, faults and a reason are needed");
    if (!is_finding(verdict))
        fit__fail(__FILE__, __LINE__, "fit_allow: there is no verdict \"%s\" (faulttest help "
                  "verdicts)", verdict);
    if (rules.count == ALLOWANCES_MAX)
        fit__fail(__FILE__, __LINE__, "fit_allow: more than %d in one test", ALLOWANCES_MAX);
    rules.allowances[rules.count++] = (struct allowance){
        .verdict = fit__strdup(verdict), .faults = fit__strdup(faults),
        .where = where ? fit__strdup(where) : NULL, .reason = fit__strdup(reason)
    };
    remember(verdict, faults, where, reason);
    /* Dear; and only Memcheck tells a leak. */
    if (where && fit__session.orders.memcheck && !strcmp(verdict, "leak-memory"))
        fit__memory_want_stacks();
    fit__api_leave();
}

FIT_EXPORT void fit_must_recover(const char *faults)
{
    fit__api_enter("fit_must_recover", __builtin_return_address(0));
    if (!faults) fit__fail(__FILE__, __LINE__, "fit_must_recover: NULL");
    if (rules.must_count == ALLOWANCES_MAX)
        fit__fail(__FILE__, __LINE__, "fit_must_recover: more than %d in one test", ALLOWANCES_MAX);
    rules.must_recover[rules.must_count++] = fit__strdup(faults);
    remember(NULL, faults, NULL, NULL);
    fit__api_leave();
}

/* One word of a selector against the words of a fault: any of them, in any order. */
static bool word_fits(const char *word, const char *fault, enum fit__mode mode)
{
    char copy[FIT_CASE_MAX], *save;
    if (!strncmp(word, "mode=", 5)) return !fnmatch(word + 5, fit__mode_name(mode), 0);
    snprintf(copy, sizeof copy, "%s", fault);
    for (char *w = strtok_r(copy, ":", &save); w; w = strtok_r(NULL, ":", &save))
        if (!fnmatch(word, w, 0)) return true;
    return false;
}

bool fit__selects(const char *faults, const char *text, enum fit__mode mode)
{
    char copy[FIT_CASE_MAX], *save;
    snprintf(copy, sizeof copy, "%s", faults);
    for (char *w = strtok_r(copy, ":", &save); w; w = strtok_r(NULL, ":", &save))
        if (!word_fits(w, text, mode)) return false;
    return true;
}

static bool selects_step(const char *faults, const struct fit__step *step)
{
    char text[FIT_CASE_MAX];
    fit__point_case(step->point, &step->point->alternatives[step->alternative], text, sizeof text);
    return fit__selects(faults, text, fit__point_mode(step->point, step->alternative));
}

/* How many of the faults of this case are selected. */
static unsigned selected(const char *faults)
{
    const struct fit__steps *s = &fit__session.faults;
    unsigned n = 0;
    for (unsigned i = 0; i < s->count; i++) n += selects_step(faults, &s->list[i]);
    return n;
}

/* `where` names a function of the stack, or a library. */
static bool stack_has(const char *where, void *const *frames, unsigned depth)
{
    struct fit__symbol s;
    for (unsigned i = 0; i < depth; i++)
        if (fit__symbol_of(frames[i], &s)
            && ((s.function && !fnmatch(where, s.function, 0)) || !strcmp(where, s.library)))
            return true;
    return false;
}

static bool covers(const struct allowance *a, const char *verdict, void *const *frames,
                   unsigned depth)
{
    return !strcmp(a->verdict, verdict) && selected(a->faults)
        && (!a->where || stack_has(a->where, frames, depth));
}

const char *fit__allowed(const char *verdict, void *const *frames, unsigned depth)
{
    for (unsigned i = 0; i < rules.count; i++)
        if (covers(&rules.allowances[i], verdict, frames, depth)) {
            rules.used[i] = true;
            return rules.allowances[i].reason;
        }
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (covers(&profiles[i], verdict, frames, depth))
            return profiles[i].reason;
    return NULL;
}

/* The innermost frame that is neither ours nor libc's. */
static const char *ended_by(void *const *frames, unsigned depth)
{
    struct fit__symbol s;
    for (unsigned i = 0; i < depth; i++)
        if (fit__symbol_of(frames[i], &s) && !s.ours && strcmp(s.library, "libc"))
            return s.users ? NULL : s.library;
    return NULL;
}

const char *fit__library_aborts(const struct fit__finding *f)
{
    /* An assertion that fails is nobody's design. */
    bool abort = !strcmp(f->verdict, "abort") && strncmp(f->symptom, "assert", 6);
    bool crash = !strcmp(f->verdict, "crash");
    const char *library = abort || crash ? ended_by(f->frames, f->depth) : NULL;
    for (size_t i = 0; library && i < sizeof designs / sizeof designs[0]; i++)
        if (!fnmatch(designs[i].library, library, 0)
            && (abort || (designs[i].by && stack_has(designs[i].by, f->frames, f->depth)))
            && selected(designs[i].faults))
            return designs[i].reason;
    return NULL;
}

/* A fault that need not be survived excuses the others. */
bool fit__must_recover(void)
{
    const struct fit__steps *s = &fit__session.faults;
    for (unsigned i = 0; i < s->count; i++) {
        bool must = false;
        for (unsigned k = 0; k < rules.must_count && !must; k++)
            must = selects_step(rules.must_recover[k], &s->list[i]);
        if (!must) return false;
    }
    return s->count > 0;
}

/* ---- which rules are of use -------------------------------------------------------------- */

static bool equal(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static struct fit__rule *rule_of(const char *verdict, const char *faults, const char *where)
{
    struct fit__reference *r = fit__session.reference;
    for (unsigned i = 0; i < r->rule_count; i++)
        if (equal(r->rules[i].verdict, verdict) && equal(r->rules[i].faults, faults)
            && equal(r->rules[i].where, where))
            return &r->rules[i];
    return NULL;                         /* the run without faults did not come to it */
}

static void count_rule(struct fit__rule *rule, bool used)
{
    if (!rule || !selected(rule->faults)) return;
    __atomic_fetch_add(&rule->selected, 1, __ATOMIC_RELAXED);
    if (used) __atomic_fetch_add(&rule->used, 1, __ATOMIC_RELAXED);
}

void fit__rules_count(void)
{
    for (unsigned i = 0; i < rules.count; i++) {
        const struct allowance *a = &rules.allowances[i];
        count_rule(rule_of(a->verdict, a->faults, a->where), rules.used[i]);
    }
    for (unsigned i = 0; i < rules.must_count; i++)
        count_rule(rule_of(NULL, rules.must_recover[i], NULL), true);
}

/* Is there a case, tried or not, that these words select? A mode whose questions were not asked
 * may have some. */
static bool exists(const struct fit__reference *r, const char *faults)
{
    char name[FIT_CASE_MAX];
    for (unsigned m = 0; m < FIT_MODES; m++)
        if (!fit__mode_asked((enum fit__mode)m) && fit__selects(faults, "", (enum fit__mode)m))
            return true;
    for (const struct fit__point *p = r->points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++) {
            fit__point_case(p, &p->alternatives[a], name, sizeof name);
            if (fit__selects(faults, name, fit__point_mode(p, a))) return true;
        }
    return false;
}

void fit__rules_send(const struct fit__test *test, const struct fit__reference *r)
{
    char memory[4096];
    struct fit__record rec;
    fit__modes_update();                 /* what the runs asked: this process made none */
    for (unsigned i = 0; i < r->rule_count; i++) {
        const struct fit__rule *rule = &r->rules[i];
        fit__record_begin(&rec, memory, sizeof memory, "rule");
        fit__record_add(&rec, "test", "%s.%s", test->group, test->name);
        if (rule->verdict) fit__record_add(&rec, "verdict", "%s", rule->verdict);
        fit__record_add(&rec, "faults", "%s", rule->faults);
        if (rule->where) fit__record_add(&rec, "where", "%s", rule->where);
        if (rule->reason) fit__record_add(&rec, "reason", "%s", rule->reason);
        fit__record_add(&rec, "exists", "%d", exists(r, rule->faults));
        fit__record_add(&rec, "selected", "%u", rule->selected);
        fit__record_add(&rec, "used", "%u", rule->used);
        fit__record_send(&rec);
    }
}
