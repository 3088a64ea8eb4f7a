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

/* What is known of libraries: they abort by design, or leave something behind, where the code that
 * uses them can do nothing about it. Counted and shown like a test's own allowances. */
static const struct allowance profiles[] = {
    { "abort", "pipe*:error=EMFILE", "uv_loop_init",
      "libuv 1.44 aborts if it cannot make the pipe that locks signals" },
    { "leak-fd", "mode=emfile", "uv_loop_init",
      "libuv 1.44 keeps its epoll descriptor when uv_loop_init() fails" },
    { "bad-close", "socketpair*:error=EMFILE", "curl_multi_cleanup",
      "libcurl 7.88 closes the wake-up sockets that it could not make" },
};

static struct {
    struct allowance allowances[ALLOWANCES_MAX];
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
        fit__strdup(verdict), fit__strdup(faults), where ? fit__strdup(where) : NULL,
        fit__strdup(reason)
    };
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
    fit__api_leave();
}

/* One word of a selector against the words of a case: any of them, in any order. */
static bool word_fits(const char *word, const char *case_text, enum fit__mode mode)
{
    char copy[FIT_CASE_MAX], *save;
    if (!strncmp(word, "mode=", 5)) return !fnmatch(word + 5, fit__mode_name(mode), 0);
    snprintf(copy, sizeof copy, "%s", case_text);
    for (char *w = strtok_r(copy, ":,", &save); w; w = strtok_r(NULL, ":,", &save))
        if (!fnmatch(word, w, 0)) return true;
    return false;
}

static bool selects(const char *faults, const char *case_text, enum fit__mode mode)
{
    char copy[FIT_CASE_MAX], *save;
    snprintf(copy, sizeof copy, "%s", faults);
    for (char *w = strtok_r(copy, ":", &save); w; w = strtok_r(NULL, ":", &save))
        if (!word_fits(w, case_text, mode)) return false;
    return true;
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

static const char *find(const struct allowance *list, size_t count, const char *verdict,
                        const char *case_text, enum fit__mode mode, void *const *frames,
                        unsigned depth)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i].verdict, verdict) && selects(list[i].faults, case_text, mode)
            && (!list[i].where || stack_has(list[i].where, frames, depth)))
            return list[i].reason;
    return NULL;
}

const char *fit__allowed(const char *verdict, const char *case_text, enum fit__mode mode,
                         void *const *frames, unsigned depth)
{
    const char *reason = find(rules.allowances, rules.count, verdict, case_text, mode, frames,
                              depth);
    if (reason) return reason;
    return find(profiles, sizeof profiles / sizeof profiles[0], verdict, case_text, mode, frames,
                depth);
}

bool fit__must_recover(const char *case_text, enum fit__mode mode)
{
    for (unsigned i = 0; i < rules.must_count; i++)
        if (selects(rules.must_recover[i], case_text, mode)) return true;
    return false;
}
