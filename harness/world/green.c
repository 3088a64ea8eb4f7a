/* What the thread wrappers use of the scheduler (struct fit__threads). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/thread.h"
#include "harness/world/inner.h"

/* Who sleeps for which key. Few do at a time, so one list in order of coming does. */
struct sleeper {
    TAILQ_ENTRY(sleeper) link;
    const void *key;
    const struct fit__sleep *why;
    const struct fit__thread *thread;
    struct fit__waitq queue;
    bool woken, handling /* a signal, on its own stack */;
};
static TAILQ_HEAD(, sleeper) sleepers = TAILQ_HEAD_INITIALIZER(sleepers);

static struct sleeper *sleeper_of(const struct fit__thread *thread)
{
    struct sleeper *s;
    TAILQ_FOREACH(s, &sleepers, link)
        if (s->thread == thread) break;
    return s;
}

const struct fit__sleep *fit__sleep_of(const struct fit__thread *thread, const void **key)
{
    const struct sleeper *s = sleeper_of(thread);
    if (!s) return NULL;
    *key = s->key;
    return s->why;
}

bool fit__sleeps_for_key(const struct fit__thread *thread)
{
    return sleeper_of(thread) != NULL;
}

void fit__sleeper_forget(const struct fit__thread *thread)
{
    struct sleeper *s = sleeper_of(thread);
    if (!s) return;
    TAILQ_REMOVE(&sleepers, s, link);
    fit__free(s);
}

static fit_ns deadline_in(int64_t timeout_ns)
{
    fit_ns now = fit__now();
    if (timeout_ns < 0) return FIT_NEVER;
    return timeout_ns >= FIT_NEVER - 1 - now ? FIT_NEVER : now + timeout_ns;
}

/* Of the arena: a handler that runs here may leave this frame for good. */
static struct sleeper *new_sleeper(const void *key, const struct fit__sleep *why)
{
    struct sleeper *self = fit__alloc(sizeof *self);
    self->key = key;
    self->why = why;
    self->thread = fit__current;
    fit__waitq_init(&self->queue);
    TAILQ_INSERT_TAIL(&sleepers, self, link);
    return self;
}

static int park(const void *key, const struct fit__sleep *why, int64_t timeout_ns)
{
    struct sleeper *self = new_sleeper(key, why);
    fit_ns deadline = deadline_in(timeout_ns);
    bool goes_on = !why->limited || deadline == FIT_NEVER, woken;
    int result = 0;
    while (!self->woken && result == 0) {
        struct fit__waitq *queue = &self->queue;
        self->handling = fit__current->guard.signal;
        result = fit__block_open(why->what, &queue, 1, deadline, goes_on);
        self->handling = false;
        if (result == -EINTR && !why->by_signal && !fit__called_off()) result = 0;
    }
    woken = self->woken;
    if (!woken) TAILQ_REMOVE(&sleepers, self, link);
    else fit__current->guard.cancel.called_off = false;      /* it got what it waited for */
    fit__free(self);
    return woken ? 0 : -result;
}

static bool unpark(const void *key, unsigned most)
{
    struct sleeper *s, *next;
    bool starves = false;
    for (s = TAILQ_FIRST(&sleepers); s && most > 0; s = next) {
        next = TAILQ_NEXT(s, link);
        /* One whose time has run out, but who did not run since, is not there any more. */
        if (s->key != key) continue;
        if (!s->handling && (TAILQ_EMPTY(&s->queue.waiters) || !fit__wake_one(&s->queue)))
            continue;
        TAILQ_REMOVE(&sleepers, s, link);
        s->woken = true;
        starves |= s->why->starves;
        most--;
    }
    return starves;
}

static bool is_parked(const void *key, const struct fit__sleep *why)
{
    const struct sleeper *s;
    TAILQ_FOREACH(s, &sleepers, link)
        if (s->key == key && s->why == why) break;
    return s != NULL;
}

/* The n-th that sleeps for `key` and whose time has not run out, or NULL. Counts them, too. */
static struct sleeper *sleeper_at(const void *key, unsigned n, unsigned *count)
{
    struct sleeper *s, *found = NULL;
    unsigned there = 0;
    TAILQ_FOREACH(s, &sleepers, link)
        if (s->key == key && (s->handling || !TAILQ_EMPTY(&s->queue.waiters)) && ++there == n)
            found = s;
    if (count) *count = there;
    return found;
}

static unsigned sleepers_for(const void *key)
{
    unsigned count;
    sleeper_at(key, 0, &count);
    return count;
}

static void next_sleeper(const void *key, unsigned n)
{
    struct sleeper *s = sleeper_at(key, n, NULL);
    assert(s);
    TAILQ_REMOVE(&sleepers, s, link);
    TAILQ_INSERT_HEAD(&sleepers, s, link);
}

static bool competes(void)
{
    struct fit__thread *t;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        if (t != fit__current && t->service && t->state == FIT_T_RUNNABLE) return true;
    return false;
}

/* A thread that does nothing but yield uses up the processor, and time goes on. */
static void yield(void)
{
    enum { YIELD_NS = 1000, SPIN_NS = 100000 };
    struct fit__thread *t;
    bool others = false;
    for (t = fit__thread_first(); t && !others; t = TAILQ_NEXT(t, all))
        others = t != fit__current && t->state == FIT_T_RUNNABLE;
    fit__spend(others ? YIELD_NS : SPIN_NS);
    if (!others) fit__idle_call("sched_yield or a trylock", -1);
    fit__yield();
}

static void demote(void)
{
    fit__thread_demote(fit__current);
    yield();
}

static struct fit__thread *find(pthread_t handle)
{
    struct fit__thread *t;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        if (t->tls && pthread_equal(fit__tls_handle(t->tls), handle)) return t;
    return NULL;
}

static bool is_ours(pthread_t handle)
{
    return fit__active ? find(handle) != NULL : fit__is_stack_address((uintptr_t)handle);
}

bool (*fit__is_peer_start)(const void *start);

/* A peer's helpers are peers. */
static bool is_peer(void *(*start)(void *))
{
    if (fit__current->guard.exempt) return true;
    return fit__is_peer_start && fit__is_peer_start(*(void *const *)&start);
}

/* glibc's default is 8 MiB, and libuv asks for as much: nobody means it. */
static size_t stack_size_of(const pthread_attr_t *attr)
{
    size_t size = 0;
    if (!attr || pthread_attr_getstacksize(attr, &size) || size >= FIT_STACK_MOST)
        return FIT_STACK_DEFAULT;
    return size;
}

/* glibc's attributes hold the upper end of the caller's own stack, or NULL. */
static bool has_own_stack(const pthread_attr_t *attr)
{
    void *lowest = NULL;
    size_t size = 0;
    if (attr && pthread_attr_getstack(attr, &lowest, &size)) return false;
    return (uintptr_t)lowest + size != 0;
}

static int create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    enum { CREATE_NS = 10000 };
    int detach = PTHREAD_CREATE_JOINABLE;
    struct fit__thread *t;
    if (has_own_stack(attr))
        fit__unsupported("pthread_attr_setstack", NULL, "threads get their stacks from the "
                         "simulated kernel: use pthread_attr_setstacksize");
    fit__spend(CREATE_NS);
    t = fit__thread_new(NULL, fit__current->process, start, arg, stack_size_of(attr));
    if (!t) return EAGAIN;
    if (is_peer(start)) {
        t->service = false;
        t->guard.exempt = true;
        snprintf(t->name, sizeof t->name, "peer thread %u", t->id);
    }
    if (attr) pthread_attr_getdetachstate(attr, &detach);
    memcpy(t->given, fit__current->given, sizeof t->given);
    t->handle = true;
    t->detached = detach == PTHREAD_CREATE_DETACHED;
    if (fit__current->service) fit__progressed();
    *thread = fit__tls_handle(t->tls);
    return 0;
}

static int join(pthread_t handle, void **result, int64_t timeout_ns)
{
    struct fit__thread *t = find(handle);
    fit_ns deadline = deadline_in(timeout_ns);
    char what[64];
    if (!t) return ESRCH;
    if (t == fit__current) return EDEADLK;
    if (t->detached || t->joined || !t->handle) return EINVAL;
    snprintf(what, sizeof what, "end of %s", t->name);
    t->joined = true;
    fit__current->joins = t;
    while (t->state != FIT_T_ENDED) {
        struct fit__waitq *queue = &t->joiners;
        int error = fit__block_open(what, &queue, 1, deadline, true);
        if (t->state == FIT_T_ENDED) break;
        if (!error || (error == -EINTR && !fit__called_off())) continue;
        t->joined = false;
        fit__current->joins = NULL;
        return -error;
    }
    fit__current->joins = NULL;
    fit__current->guard.cancel.called_off = false;
    if (result) *result = t->result;
    fit__thread_forget(t);
    return 0;
}

static int detach(pthread_t handle)
{
    struct fit__thread *t = find(handle);
    if (!t) return ESRCH;
    if (t->detached || !t->handle) return EINVAL;
    t->detached = true;
    if (t->state == FIT_T_ENDED) fit__thread_forget(t);
    return 0;
}

static int cancel(pthread_t handle)
{
    struct fit__thread *t = find(handle);
    if (!t) return ESRCH;
    t->guard.cancel.asked = true;
    fit__cancel_changed(&t->guard);
    if (t->guard.cancel.now && t->guard.cancel.at_point && t->open && t->state == FIT_T_BLOCKED)
        fit__make_runnable(t);
    return 0;
}

static char *name_of(pthread_t handle)
{
    struct fit__thread *t = find(handle);
    return t ? t->given : NULL;
}

static bool has_ended(pthread_t handle)
{
    const struct fit__thread *t = find(handle);
    return !t || t->state == FIT_T_ENDED;
}

static int stack_of(pthread_t handle, void **lowest, size_t *size, bool *detached)
{
    struct fit__thread *t = find(handle);
    if (!t) return ESRCH;
    *lowest = t->stack;
    *size = t->stack_size;
    *detached = t->detached;
    return 0;
}

static void starts_late(pthread_t handle, int64_t ns)
{
    struct fit__thread *t = find(handle);
    if (t) t->starts_at = fit__now() + ns;
}

const struct fit__threads fit__green_threads = {
    .create = create,
    .exit = fit__thread_exit,
    .join = join,
    .has_ended = has_ended,
    .detach = detach,
    .cancel = cancel,
    .park = park,
    .unpark = unpark,
    .is_parked = is_parked,
    .sleepers = sleepers_for,
    .next_sleeper = next_sleeper,
    .starve = fit__starve,
    .starts_late = starts_late,
    .competes = competes,
    .demote = demote,
    .yield = yield,
    .name_of = name_of,
    .stack_of = stack_of,
    .is_ours = is_ours,
};
