/* Green threads: who runs, who waits, and what happens when nobody can run.
 *
 * The run queue is first in, first out, and a thread runs until it blocks or yields. When the
 * queue is empty, time jumps to the next event; when there is none, that is a deadlock. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/choice.h"
#include "fi/hot.h"
#include "fi/raw.h"
#include "fi/thread.h"
#include "harness/world/inner.h"

enum { CHILD_NS = 1000000 /* between two looks whether a child has ended */ };

TAILQ_HEAD(threads, fit__thread);

FIT_HOT struct fit__thread *fit__current;
void (*fit__on_deadlock)(void);
void (*fit__wait_until)(fit_ns due);
void (*fit__on_idle)(fit_ns due);

FIT_HOT static struct {
    struct threads runnable, all;
    struct threads held;                     /* could run, but their process is stopped */
    struct fit__thread *stopped_by;          /* NULL: it is not */
    unsigned last_id, count;                 /* the test has 0 */
    struct fit__thread *test;
    struct fit__thread *dead;                /* ended; its stack is free once we have left it */
    bool deadlocked;                         /* nobody will run any more */
    void (*look)(void *);                    /* fit__look_from: who is switched to calls it ... */
    void *look_arg;
    struct fit__thread *looker;              /* ... and switches back */
    struct fit__stack_memory test_stack;     /* kept for the next world */
    struct fit__guard *outer_guard;
    ucontext_t caller;
    void *fake_stack;                        /* these three are AddressSanitizer's */
    const void *left_stack;
    size_t left_size;
    void (*body)(void *);
    void *arg;
} sched = { .runnable = TAILQ_HEAD_INITIALIZER(sched.runnable),
            .all = TAILQ_HEAD_INITIALIZER(sched.all),
            .held = TAILQ_HEAD_INITIALIZER(sched.held) };

struct fit__thread *fit__thread_first(void)
{
    return TAILQ_FIRST(&sched.all);
}

/* ---- Threads come and go ----------------------------------------------------------------- */

static void give_stack(struct fit__thread *t)
{
    struct fit__stack_memory memory = { t->stack, t->stack_size, t->valgrind_stack };
    if (!t->stack || t == sched.test) return;
    fit__tls_drop(t->tls);
    fit__stack_give(&memory);
    t->stack = t->tls = NULL;
}

void fit__thread_forget(struct fit__thread *t)
{
    assert(t->state == FIT_T_ENDED && t != fit__current && t != sched.test);
    TAILQ_REMOVE(&sched.all, t, all);
    sched.count--;
    give_stack(t);
    fit__free(t);
}

/* A thread cannot free the stack it runs on. The next one does it, as soon as it runs. */
static void bury(void)
{
    struct fit__thread *t = sched.dead;
    sched.dead = NULL;
    if (!t) return;
    if (t->handle && t->detached) fit__thread_forget(t);
    else if (!t->handle) give_stack(t);
}

/* The running thread is not given the processor before, as on a busy machine. */
static void starve_until(fit_ns due)
{
    while (fit__now() < due && !fit__faults_off) fit__block("the processor", NULL, 0, due);
}

void fit__starve(fit_ns ns)
{
    starve_until(ns < FIT_NEVER - 1 - fit__now() ? fit__now() + ns : FIT_NEVER - 1);
}

static void thread_main(void)
{
    struct fit__thread *t = fit__current;
    void *result;
    bury();
    fit__tls_begin();
    starve_until(t->starts_at);
    fit__leave();
    result = t->start(t->arg);
    fit__enter();
    fit__thread_exit(result);
}

static struct fit__thread *new_thread(const char *name, struct fit__process *process, unsigned id)
{
    struct fit__thread *t = fit__alloc(sizeof *t);
    t->id = id;
    if (name) snprintf(t->name, sizeof t->name, "%s", name);
    else snprintf(t->name, sizeof t->name, "thread %u", t->id);
    t->process = process;
    t->service = process->service;
    t->guard.exempt = !process->service;
    t->deadline.slot = -1;
    fit__waitq_init(&t->joiners);
    TAILQ_INSERT_TAIL(&sched.all, t, all);
    sched.count++;
    return t;
}

/* uc_link is NULL: thread_main never returns. */
static void prepare(struct fit__thread *t, char *top, void (*entry)(void))
{
    getcontext(&t->context);
    t->context.uc_stack.ss_sp = t->stack;
    t->context.uc_stack.ss_size = (size_t)(top - (char *)t->stack);
    t->context.uc_link = NULL;
    makecontext(&t->context, entry, 0);
    t->context.uc_stack.ss_size = 0;         /* else AddressSanitizer clears it at each switch */
}

struct fit__thread *fit__thread_new(const char *name, struct fit__process *process,
                                    void *(*start)(void *), void *arg, size_t stack_size)
{
    struct fit__stack_memory memory;
    struct fit__thread *t;
    void *tls;
    if (stack_size < FIT_STACK_DEFAULT) stack_size = FIT_STACK_DEFAULT;
    if (sched.count >= FIT_THREADS_MAX || !fit__stack_take(&memory, stack_size)) return NULL;
    tls = fit__tls_make(memory.lowest + memory.size, sched.last_id + 1);
    if (!tls) {
        fit__stack_give(&memory);
        return NULL;
    }
    t = new_thread(name, process, ++sched.last_id);
    t->tls = tls;
    t->stack = memory.lowest;
    t->stack_size = memory.size;
    t->valgrind_stack = memory.valgrind_id;
    t->guard.inside = 1;                     /* until thread_main has made it a thread */
    t->start = start;
    t->arg = arg;
    prepare(t, fit__tls_lowest(tls), thread_main);
    TAILQ_INSERT_TAIL(&sched.runnable, t, link);
    return t;
}

/* ---- Switching --------------------------------------------------------------------------- */

/* Nothing between the change of the thread pointer and that of the stack may use
 * thread-local storage, errno among it. */
static void __attribute__((noreturn)) deadlock(void);

static void swap_to(struct fit__thread *next)
{
    struct fit__thread *self = fit__current;
    fit__current = next;
    fit__guard = &next->guard;
    fit__tls_switch(next->tls);
    swapcontext(&self->context, &next->context);
}

static void switch_to(struct fit__thread *next)
{
    swap_to(next);
    bury();
    while (sched.look) {
        sched.look(sched.look_arg);
        sched.look = NULL;
        swap_to(sched.looker);
    }
    if (sched.deadlocked) deadlock();
}

void fit__look_from(struct fit__thread *t, void (*look)(void *arg), void *arg)
{
    assert(t->state == FIT_T_BLOCKED && !sched.look);
    if (t == fit__current) {
        look(arg);
        return;
    }
    sched.look = look;
    sched.look_arg = arg;
    sched.looker = fit__current;
    swap_to(t);
}

/* Whoever found it was the last to wait. What people want to see is where the test waits, so it is
 * said on that stack, in the middle of the wait. */
static void deadlock(void)
{
    static const char text[] = "faulttest: no thread can run, and no event is due\n";
    if (fit__current != sched.test && !sched.deadlocked && sched.test->state == FIT_T_BLOCKED) {
        sched.deadlocked = true;
        switch_to(sched.test);
    }
    if (fit__on_deadlock) fit__on_deadlock();
    fit__raw(SYS_write, 2, text, sizeof text - 1);
    fit__raw(SYS_exit_group, 70);
    __builtin_unreachable();
}

/* Which of the service's threads that could run does: by default the one that waits longest.
 * Asked only where one of them blocks or ends: one that yields in a loop has no end of turns. */
static struct fit__thread *ask_who_runs(struct fit__thread *first)
{
    enum { MOST = 4 };
    struct fit__question q = { .point = "thread", .world = true };
    struct fit__thread *t, *of_service[MOST + 1];
    const struct fit__alternative *answer;
    int count = 0;
    if (fit__settled) return first;
    for (t = first; t && count < MOST; t = TAILQ_NEXT(t, link))
        if (t->service) of_service[++count] = t;
    if (count < 2) return first;
    for (int i = 2; i <= count; i++)
        fit__offer(&q, FIT_ORDER, FIT_W_THREAD, FIT_S_NUMBER, i, FIT_U_ONCE);
    answer = fit__choose(&q);
    return answer ? of_service[answer->value] : first;
}

static struct fit__thread *pick(bool yields)
{
    struct fit__thread *first = TAILQ_FIRST(&sched.runnable);
    bool ask = !yields && !fit__faults_off && first->service && fit__current->service &&
               TAILQ_NEXT(first, link);
    return ask ? ask_who_runs(first) : first;
}

/* Lets another thread run, or the caller again. */
void fit__pass_on(void)
{
    struct fit__thread *next;
    bool yields = fit__current->state == FIT_T_RUNNABLE;
    fit__run_due_events();
    while (TAILQ_EMPTY(&sched.runnable)) {
        fit_ns due = fit__next_event();
        if (due == FIT_NEVER && fit__children_exist()) due = fit__now() + CHILD_NS;
        if (due == FIT_NEVER) deadlock();
        fit__progressed();
        if (fit__wait_until) {
            fit__wait_until(due);
            continue;
        }
        if (fit__on_idle) {
            fit__on_idle(due);
            due = fit__next_event();         /* one that was set there may come first */
        }
        fit__spend_until(due);
    }
    next = pick(yields);
    TAILQ_REMOVE(&sched.runnable, next, link);
    if (next != fit__current) switch_to(next);
}

void fit__make_runnable(struct fit__thread *t)
{
    bool held = sched.stopped_by && t->service && t != sched.stopped_by;
    assert(t->state == FIT_T_BLOCKED);
    t->state = held ? FIT_T_HELD : FIT_T_RUNNABLE;
    fit__event_cancel(&t->deadline);
    if (t->service) fit__progressed();
    if (held) TAILQ_INSERT_TAIL(&sched.held, t, link);
    else TAILQ_INSERT_TAIL(&sched.runnable, t, link);
}

/* ---- The service's process, stopped ------------------------------------------------------ */

static void hold_runnable(void)
{
    struct fit__thread *t, *next;
    for (t = TAILQ_FIRST(&sched.runnable); t; t = next) {
        next = TAILQ_NEXT(t, link);
        if (!t->service) continue;
        TAILQ_REMOVE(&sched.runnable, t, link);
        t->state = FIT_T_HELD;
        TAILQ_INSERT_TAIL(&sched.held, t, link);
    }
}

void fit__service_stop(fit_ns until)
{
    assert(!sched.stopped_by && fit__current->service);
    if (fit__time_limit != FIT_NEVER) fit__time_limit += until - fit__now();  /* it is not its own */
    sched.stopped_by = fit__current;
    hold_runnable();
    while (fit__now() < until && !fit__faults_off) {     /* which lift what lasts */
        fit_ns second = fit__now() + FIT_S;
        fit__block("the process to go on", NULL, 0, second < until ? second : until);
    }
    sched.stopped_by = NULL;
    for (struct fit__thread *t = TAILQ_FIRST(&sched.held); t; t = TAILQ_NEXT(t, link))
        t->state = FIT_T_RUNNABLE;
    TAILQ_CONCAT(&sched.runnable, &sched.held, link);
}

void fit__thread_to_front(struct fit__thread *t)
{
    assert(t->state == FIT_T_RUNNABLE && t != fit__current);
    TAILQ_REMOVE(&sched.runnable, t, link);
    TAILQ_INSERT_HEAD(&sched.runnable, t, link);
}

void fit__yield(void)
{
    TAILQ_INSERT_TAIL(&sched.runnable, fit__current, link);
    fit__pass_on();
}

void fit__thread_exit(void *result)
{
    struct fit__thread *self = fit__current;
    unsigned inside = self->guard.inside;
    assert(self != sched.test);
    self->guard.cancel.ending = true;
    fit__cancel_changed(&self->guard);
    while (fit__sleeps_for_key(self)) fit__sleeper_forget(self);     /* it left by a handler */
    self->guard.inside = 0;                  /* destructors are the thread's own code */
    fit__thread_destructors();
    self->guard.inside = inside;
    fit__tls_end();
    self->result = result;
    self->state = FIT_T_ENDED;
    if (self->service) fit__progressed();
    fit__signals_forget(self);
    fit__wake_all(&self->joiners);
    sched.dead = self;
    fit__pass_on();
    abort();                                 /* not reached: nobody runs it again */
}

/* ---- Start and end ----------------------------------------------------------------------- */

/* AddressSanitizer keeps the bounds of the stack of each thread that it knows: of the process's
 * own only. Of green threads it asks pthread_getattr_np. */
void __sanitizer_start_switch_fiber(void **, const void *, size_t) __attribute__((weak));
void __sanitizer_finish_switch_fiber(void *, const void **, size_t *) __attribute__((weak));

static void leave_stack_for(const void *lowest, size_t size)
{
    if (__sanitizer_start_switch_fiber)
        __sanitizer_start_switch_fiber(&sched.fake_stack, lowest, size);
}

static void arrived_on_stack(void *fake_stack)
{
    if (__sanitizer_finish_switch_fiber)
        __sanitizer_finish_switch_fiber(fake_stack, &sched.left_stack, &sched.left_size);
}

static void test_main(void)
{
    struct fit__thread *self = fit__current;
    arrived_on_stack(NULL);
    sched.body(sched.arg);
    assert(fit__current == self);
    fit__guard = sched.outer_guard;
    leave_stack_for(sched.left_stack, sched.left_size);
    setcontext(&sched.caller);
}

/* Thread 0 keeps the thread-local storage it has: only its stack is another. */
static void make_test_thread(struct fit__process *process)
{
    struct fit__thread *t;
    TAILQ_FOREACH(t, &sched.all, all)
        if (!t->process) t->process = process;
    t = new_thread("test", process, 0);
    if (!sched.test_stack.lowest && !fit__stack_take_test(&sched.test_stack)) abort();
    t->tls = __builtin_thread_pointer();
    t->stack = sched.test_stack.lowest;
    t->stack_size = sched.test_stack.size;
    t->valgrind_stack = sched.test_stack.valgrind_id;
    sched.test = t;
}

void fit__sched_run(struct fit__process *process, void (*body)(void *arg), void *arg)
{
    void *fake_stack;
    if (!sched.test) make_test_thread(process);
    assert(sched.test->state == FIT_T_RUNNABLE && fit__guard != &sched.test->guard);
    sched.body = body;
    sched.arg = arg;
    sched.outer_guard = fit__guard;
    prepare(sched.test, (char *)sched.test->stack + sched.test->stack_size, test_main);
    fit__current = sched.test;
    fit__guard = &sched.test->guard;
    leave_stack_for(sched.test->stack, sched.test->stack_size);
    fake_stack = sched.fake_stack;
    swapcontext(&sched.caller, &sched.test->context);
    arrived_on_stack(fake_stack);
}

/* A library keeps its pool of threads as long as the process lives, and counts on it. So a
 * thread of the service that sleeps for a lock or a condition sleeps on, into the next world. */
static bool outlives(const struct fit__thread *t)
{
    return t->handle && t->service && t->state == FIT_T_BLOCKED && t->deadline.slot < 0 &&
           fit__sleeps_for_key(t);
}

void fit__sched_end(void)
{
    struct fit__thread *t, *next;
    assert(!fit__active);
    sched.dead = NULL;
    sched.count = sched.last_id = 0;
    for (t = TAILQ_FIRST(&sched.all); t; t = next) {
        next = TAILQ_NEXT(t, all);
        if (outlives(t)) {
            t->process = NULL;
            sched.last_id = t->id;
            sched.count++;
            continue;
        }
        TAILQ_REMOVE(&sched.all, t, all);
        fit__event_cancel(&t->deadline);
        fit__sleeper_forget(t);
        give_stack(t);
        fit__free(t);
    }
    TAILQ_INIT(&sched.runnable);
    sched.test = fit__current = NULL;
    fit__stacks_drop(sched.count > 0);
}

/* Its stack stays: queues that it waits in still point there, and find that it has ended. */
void fit__thread_abandon(struct fit__thread *t)
{
    assert(t != fit__current && t != sched.test && t->state != FIT_T_ENDED);
    fit__event_cancel(&t->deadline);
    if (t->state == FIT_T_RUNNABLE) TAILQ_REMOVE(&sched.runnable, t, link);
    if (t->state == FIT_T_HELD) TAILQ_REMOVE(&sched.held, t, link);
    t->state = FIT_T_ENDED;
}
