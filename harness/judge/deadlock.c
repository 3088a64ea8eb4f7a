/* The sentence about threads that wait for each other, when nothing can run any more. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fi/stack.h"
#include "fi/symbols.h"
#include "harness/explore/explore.h"
#include "harness/judge/judge.h"

enum { CHAIN_MAX = 6 /* threads told of */, PLACE_MAX = 300 };

struct writer { char *out; size_t size, have; };

static void __attribute__((format(printf, 2, 3))) add(struct writer *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    w->have += (size_t)vsnprintf(w->out + w->have, w->size - w->have, format, args);
    va_end(args);
    if (w->have >= w->size) w->have = w->size - 1;
}

struct look { void *frames[FIT_STACK_MAX]; unsigned depth; };

static void take_stack(void *look)
{
    struct look *l = look;
    l->depth = fit__stack(l->frames, FIT_STACK_MAX);
}

/* The first of the user's frames; file and line are the command's to find. A plain run has nobody
 * who would: it gets the function. */
static bool place_of(const struct fit__thread *t, char *out, size_t size, const char **function)
{
    struct look look;
    struct fit__symbol s;
    fit__look_from((struct fit__thread *)(uintptr_t)t, take_stack, &look);
    for (unsigned i = 0; i < look.depth; i++) {
        if (!fit__symbol_of(look.frames[i], &s) || !s.users || s.ours || !s.function) continue;
        *function = s.function;
        if (fit__session.run == FIT_RUN_PLAIN) snprintf(out, size, "%s", s.function);
        else
            snprintf(out, size, "{at %lx@%s}",
                     (unsigned long)((uintptr_t)look.frames[i] - s.load_address), s.object);
        return true;
    }
    return false;
}

static const struct fit__thread *next_of(const struct fit__thread *t)
{
    struct fit__wait wait;
    if (t->state != FIT_T_BLOCKED) return NULL;
    fit__wait_of(t, &wait);
    return wait.by;
}

static bool is_in_cycle(const struct fit__thread *t)
{
    const struct fit__thread *at = t;
    for (int i = 0; i < CHAIN_MAX; i++) {
        at = next_of(at);
        if (!at || at == t) break;
    }
    return at == t;
}

static const struct fit__thread *first_in_cycle(void)
{
    const struct fit__thread *t = fit__thread_first();
    while (t && !(t->service && is_in_cycle(t))) t = TAILQ_NEXT(t, all);
    return t;
}

/* "A waits in CALL in PLACE for OBJECT held by B", and what B does; to the end, or to A again. */
static void add_chain(struct writer *w, struct writer *site, const struct fit__thread *start)
{
    const struct fit__thread *t = start;
    char title[80];
    fit__thread_title(t, title, sizeof title);
    add(w, "%s", title);
    for (int i = 0; i < CHAIN_MAX; i++) {
        char place[PLACE_MAX];
        const char *function = "?";
        struct fit__wait wait;
        fit__wait_of(t, &wait);
        bool known = place_of(t, place, sizeof place, &function);
        add(w, "%s waits in %s%s%s", i ? ", which" : "", wait.call ? wait.call : "?",
            known ? ", in " : "", known ? place : "");
        add(site, "%s%s/%s", i ? "/" : "", wait.call ? wait.call : "?", function);
        if (wait.object[0] || wait.by) add(w, ", for %s", wait.object);
        if (!wait.by || wait.by == t) break;
        fit__thread_title(wait.by, title, sizeof title);
        add(w, "%s%s", wait.object[0] ? " " : "", title);
        t = wait.by;
        if (t == start || t->state != FIT_T_BLOCKED) break;
    }
}

unsigned fit__deadlock_stack(void **frames)
{
    const struct fit__thread *t = first_in_cycle();
    struct look look;
    if (!t || is_in_cycle(fit__thread_first())) t = fit__thread_first();
    fit__look_from((struct fit__thread *)(uintptr_t)t, take_stack, &look);
    memcpy(frames, look.frames, look.depth * sizeof *frames);
    return look.depth;
}

void fit__deadlock_text(char *out, size_t size, char *site, size_t site_size)
{
    struct writer text = { out, size, 0 }, key = { site, site_size, 0 };
    const struct fit__thread *first = fit__thread_first(), *cycle = first_in_cycle();
    assert(size && site_size && first->id == 0);
    out[0] = site[0] = 0;
    if (cycle) {
        add(&text, "deadlock: ");
        add_chain(&text, &key, cycle);
    }
    if (cycle && is_in_cycle(first)) return;
    if (cycle) {
        add(&text, "; ");
        add(&key, "/");
    }
    add_chain(&text, &key, first);
}
