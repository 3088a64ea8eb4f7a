/* Where green threads wait: queues, deadlines, and who is woken. */
#include <errno.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/inner.h"

void (*fit__on_waited)(const char *what, fit_ns waited);

void fit__waitq_init(struct fit__waitq *queue)
{
    TAILQ_INIT(&queue->waiters);
}

static void deadline_came(struct fit__event *event)
{
    struct fit__thread *t = (struct fit__thread *)(void *)
        ((char *)event - offsetof(struct fit__thread, deadline));
    t->timed_out = true;
    fit__make_runnable(t);
}

bool fit__wake_one(struct fit__waitq *queue)
{
    struct fit__waiter *waiter;
    while ((waiter = TAILQ_FIRST(&queue->waiters)) != NULL) {
        TAILQ_REMOVE(&queue->waiters, waiter, link);
        waiter->queue = NULL;
        if (waiter->thread->state != FIT_T_BLOCKED) continue;    /* woken by another queue */
        fit__make_runnable(waiter->thread);
        return true;
    }
    return false;
}

void fit__wake_all(struct fit__waitq *queue)
{
    while (fit__wake_one(queue)) { }
}

/* The thread must be in the queues before any time passes: what then happens may wake it. */
static int wait_in(const char *what, struct fit__waiter *waiters,
                   struct fit__waitq *const *queues, unsigned count, fit_ns deadline)
{
    struct fit__thread *self = fit__current;
    fit_ns began = fit__now();
    for (unsigned i = 0; i < count; i++) {
        waiters[i] = (struct fit__waiter){ .thread = self, .queue = queues[i] };
        TAILQ_INSERT_TAIL(&queues[i]->waiters, &waiters[i], link);
    }
    self->timed_out = false;
    self->waiting_for = what;
    self->state = FIT_T_BLOCKED;
    if (deadline != FIT_NEVER) fit__event_set(&self->deadline, deadline, deadline_came);
    fit__spend(FIT_SWITCH_NS);
    fit__pass_on();
    self->waiting_for = NULL;
    for (unsigned i = 0; i < count; i++)
        if (waiters[i].queue) TAILQ_REMOVE(&waiters[i].queue->waiters, &waiters[i], link);
    if (self->service && fit__on_waited && fit__now() - began > FIT_LONG_WAIT_NS)
        fit__on_waited(what, fit__now() - began);
    return self->timed_out ? -ETIMEDOUT : 0;
}

int fit__block(const char *what, struct fit__waitq *const *queues, unsigned count,
               fit_ns deadline)
{
    enum { FEW = 8 };
    struct fit__waiter few[FEW], *waiters = few;
    int result;
    if (count > FEW) waiters = fit__alloc(count * sizeof *waiters);
    result = wait_in(what, waiters, queues, count, deadline);
    if (waiters != few) fit__free(waiters);
    return result;
}

int fit__block_on(const char *what, struct fit__waitq *queue, fit_ns deadline)
{
    return fit__block(what, &queue, 1, deadline);
}

void fit__interrupt(struct fit__thread *thread)
{
    const char *what = thread->waiting_for;
    thread->interrupted = true;
    if (thread->state == FIT_T_BLOCKED && what
        && (!strcmp(what, "epoll_wait") || !strcmp(what, "poll") || !strcmp(what, "accept")))
        fit__make_runnable(thread);
}

bool fit__interrupted(void)
{
    bool interrupted = fit__current->interrupted;
    fit__current->interrupted = false;
    return interrupted;
}
