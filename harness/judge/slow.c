/* Time that is lost: callbacks that keep their loop waiting, and a service that takes too long to
 * stop. Both are measured in virtual time, and against the run without faults. */
#include <stdio.h>
#include <string.h>

#include "fi/symbols.h"
#include "harness/judge/judge.h"
#include "harness/loops/loops.h"

/* A service that was told to stop may take what the whole test takes without faults, and this. */
#define CLEANUP_NS (10 * FIT_S)

static struct {
    struct fit__finding blocks; bool has_blocks;
    fit_ns told;                         /* to cancel or to stop; 0: not yet */
    fit_ns ended;                        /* test and teardown were over */
    struct fit__finding longest; fit_ns longest_ns;      /* wait since it was told */
} slow;

static bool known(const char *callback)
{
    const struct fit__reference *r = fit__session.reference;
    for (unsigned i = 0; r && i < r->blocking_count; i++)
        if (!strcmp(r->blocking[i], callback)) return true;
    return false;
}

static void remember(const char *callback)
{
    struct fit__reference *r = fit__session.reference;
    if (r && fit__session.run == FIT_RUN_FIRST && r->blocking_count < FIT_BLOCKING_MAX)
        r->blocking[r->blocking_count++] = fit__shared_text(callback);
}

/* The user's function that the loop's run function has called, the outermost above it. Not all
 * libraries' callbacks come by us, so the stack tells. NULL: the loop itself waits. */
static const char *callback_in(void *const *frames, unsigned depth, const char *loop)
{
    const char *callback = NULL;
    struct fit__symbol s;
    for (unsigned i = 0; i < depth; i++) {
        if (!fit__symbol_of(frames[i], &s) || s.ours || !s.function) continue;
        if (!s.users && !strcmp(s.function, loop)) return callback;
        if (s.users) callback = s.function;
    }
    return NULL;
}

/* When the whole program does not run for an hour, no callback is to blame. */
static bool clock_fault(void)
{
    const struct fit__steps *s = &fit__session.faults;
    for (unsigned i = 0; i < s->count; i++)
        if (fit__point_mode(s->list[i].point, s->list[i].alternative) == FIT_CLOCK) return true;
    return false;
}

static void loop_waited(const char *loop, const char *what, fit_ns waited)
{
    struct fit__finding *f = &slow.blocks;
    void *frames[FIT_STACK_MAX];
    unsigned depth = fit__stack(frames, FIT_STACK_MAX);
    const char *callback = callback_in(frames, depth, loop);
    char site[200];
    if (!callback || known(callback) || clock_fault()) return;
    remember(callback);
    slow.has_blocks = true;
    snprintf(site, sizeof site, "%s/%s", callback, what);
    fit__finding_make(f, "blocks-loop", site, "%s stood still for %lld.%03lld s, while its "
                      "callback %s waited (%s), in {symptom}", loop, (long long)(waited / FIT_S),
                      (long long)(waited % FIT_S / FIT_MS), callback, what);
    f->depth = depth;
    memcpy(f->frames, frames, sizeof f->frames);
}

static void since_told(const char *what, fit_ns waited)
{
    if (!slow.told || waited <= slow.longest_ns) return;
    slow.longest_ns = waited;
    fit__finding_make(&slow.longest, "slow-cleanup", what, "%s", what);
    slow.longest.depth = fit__stack(slow.longest.frames, FIT_STACK_MAX);
}

static void on_waited(const char *what, fit_ns waited)
{
    const char *loop = fit__loop_running();
    if (loop && !slow.has_blocks) loop_waited(loop, what, waited);
    if (fit__session.run == FIT_RUN_CASE) since_told(what, waited);
}

void fit__slow_reset(void)
{
    memset(&slow, 0, sizeof slow);
    fit__on_waited = on_waited;
}

void fit__slow_told(void)
{
    if (!slow.told) slow.told = fit__now();
}

void fit__slow_ended(void)
{
    slow.ended = fit__now();
}

fit_ns fit__slow_end(void)
{
    return slow.ended;
}

const struct fit__finding *fit__slow_blocks(void)
{
    return slow.has_blocks ? &slow.blocks : NULL;
}

/* Together with another fault, that may be what takes so long. */
static bool only_cancelled(void)
{
    const struct fit__steps *s = &fit__session.faults;
    return s->count == 1 && s->list[0].point && slow.told
        && fit__point_mode(s->list[0].point, s->list[0].alternative) == FIT_CANCEL;
}

bool fit__slow_cleanup(const struct fit__reference *r, struct fit__finding *f)
{
    fit_ns told = slow.told, ended = slow.ended;
    if (!only_cancelled() || fit__session.orders.real || ended - r->ended <= CLEANUP_NS)
        return false;
    *f = slow.longest;
    fit__finding_make(f, "slow-cleanup", slow.longest.site, "told to stop at %lld.%03lld s, and "
                      "done at %lld.%03lld s, where the run without faults took %lld.%03lld s in "
                      "all%s%s%s", (long long)(told / FIT_S), (long long)(told % FIT_S / FIT_MS),
                      (long long)(ended / FIT_S), (long long)(ended % FIT_S / FIT_MS),
                      (long long)(r->ended / FIT_S), (long long)(r->ended % FIT_S / FIT_MS),
                      slow.longest_ns ? "; the longest wait: " : "", slow.longest.symptom,
                      slow.longest_ns ? ", in {symptom}" : "");
    f->depth = slow.longest.depth;
    memcpy(f->frames, slow.longest.frames, sizeof f->frames);
    return true;
}
