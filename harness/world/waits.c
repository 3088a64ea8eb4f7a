/* Who waits for whom: the threads' part of the evidence, and what a deadlock consists of. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "fi/symbols.h"
#include "fi/thread.h"
#include "harness/world/inner.h"

void fit__thread_title(const struct fit__thread *t, char *out, size_t size)
{
    struct fit__symbol s;
    bool known = t->start && t->service && fit__symbol_of((char *)(uintptr_t)t->start + 1, &s)
                 && s.users && s.exact && s.function;
    if (t->id == 0) snprintf(out, size, "main thread");
    else
        snprintf(out, size, "%s%s%s%s%s", t->service && t->given[0] ? "thread " : "",
                 t->service && t->given[0] ? t->given : t->name, known ? " (" : "",
                 known ? s.function : "", known ? ")" : "");
}

/* NULL: one that has ended, or that was never of this world. */
static const struct fit__thread *thread_with(pid_t tid)
{
    const struct fit__thread *t;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        if (t->state != FIT_T_ENDED && (tid < FIT_TID_FIRST ? t->id == 0
                                        : t->id && t->id == (unsigned)(tid - FIT_TID_FIRST)))
            return t;
    return NULL;
}

void fit__wait_of(const struct fit__thread *t, struct fit__wait *wait)
{
    const void *key;
    const struct fit__sleep *why = fit__sleep_of(t, &key);
    pid_t owner = why && why->owner ? why->owner(key) : 0;
    memset(wait, 0, sizeof *wait);
    wait->call = why ? why->call : t->joins ? "pthread_join" : t->waiting_for;
    wait->by = why ? owner ? thread_with(owner) : NULL : t->joins;
    if (!why) return;
    if (wait->by == t)
        snprintf(wait->object, sizeof wait->object, "a %s that it holds itself", why->what);
    else if (wait->by)
        snprintf(wait->object, sizeof wait->object, "a %s held by", why->what);
    else if (owner)
        snprintf(wait->object, sizeof wait->object, "a %s held by a thread that is gone",
                 why->what);
    else
        snprintf(wait->object, sizeof wait->object, "%s", why->alone);
}

static int line(char *out, size_t size, const struct fit__thread *t)
{
    char title[80], other[80] = "";
    struct fit__wait wait;
    fit__thread_title(t, title, sizeof title);
    if (t->state != FIT_T_BLOCKED)
        return snprintf(out, size, "%-14s %s\n", title,
                        t->state == FIT_T_ENDED ? "ended, not joined"
                        : t == fit__current ? "runs" : "could run");
    fit__wait_of(t, &wait);
    if (wait.by && wait.by != t) fit__thread_title(wait.by, other, sizeof other);
    return snprintf(out, size, "%-14s waits in %s%s%s%s%s\n", title, wait.call,
                    wait.object[0] || wait.by ? " for " : "", wait.object,
                    wait.object[0] && *other ? " " : "", other);
}

size_t fit__threads_text(char *out, size_t size)
{
    struct fit__thread *t;
    size_t length = 0;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all)) {
        bool fits = length < size;
        if (t->service) length += (size_t)line(fits ? out + length : NULL,
                                               fits ? size - length : 0, t);
    }
    return length < size ? length : size ? size - 1 : 0;
}
