/* Where a user could cancel an operation, or tell the service to stop.
 *
 *   a turn of the loop           between two callbacks, on the loop's own thread
 *   in a long wait of the loop   halfway through it: somebody else's callback or a signal wakes the
 *                                loop, as uv_async_send() and its like do, and that turn cancels
 *   while a pool thread works    uv_work_cb, or a job of libuv's own, has begun: it cannot be taken
 *                                back any more
 *   in its own callback          fit_op_succeeded() or fit_op_failed() is called, and did not count
 *                                yet (--extended)
 *   at the end of a callback     others of the same batch are still to come (--extended)
 * and, with --extended, twice at the same place, again a turn later, and after its outcome. */
#include <string.h>

#include "fi/guard.h"
#include "fi/hot.h"
#include "fi/trace.h"
#include "harness/explore/explore.h"
#include "harness/judge/judge.h"
#include "harness/loops/loops.h"
#include "harness/peers.h"

/* Shorter waits are those for the network: there the turns before and after are near enough. */
#define LONG_WAIT (5 * FIT_MS)
#define WORK_TIME FIT_MS                 /* what computing takes, if the loop turns meanwhile */

/* What the next turn has to cancel. */
static struct {
    bool due;
    struct fit_op *op;                   /* NULL: the service */
    struct fit__event halfway;
} next;

static const char *const loop_waits[] = { "epoll_wait", "poll" };

static bool can_be_cancelled(struct fit_op *op)
{
    return op ? fit__op_waits(op) : fit__shutdown_known();
}

static void cancel_now(struct fit_op *op)
{
    fit__slow_told();
    if (op) {
        fit__trace(">>", -1, "cancel(%s)", fit__op_name(op));
        fit__op_cancel(op);
    } else {
        fit__trace(">>", -1, "shutdown");
        fit__ops_stop_begins();
        fit__shutdown_call();
        fit__ops_stop_ends();
    }
}

static void cancel_at_next_turn(struct fit_op *op)
{
    next.op = op;
    next.due = true;
}

static struct fit__question question(struct fit_op *op, const char *in)
{
    return (struct fit__question){ .point = op ? "cancel" : "shutdown", .in = in,
                                   .op = op ? fit__op_name(op) : NULL,
                                   .after = fit__last_callback() };
}

static void each(void (*ask)(struct fit_op *op))
{
    if (fit__settled) return;
    fit__ops_cancellable(ask);
    if (fit__shutdown_registered()) ask(NULL);
}

/* ---- a turn ------------------------------------------------------------------------------ */

static void ask_turn(struct fit_op *op)
{
    struct fit__question q = question(op, NULL);
    const struct fit__alternative *answer;
    fit__offer(&q, FIT_CANCEL, FIT_W_NONE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    fit__offer_extended(&q, FIT_CANCEL, FIT_W_TWICE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    fit__offer_extended(&q, FIT_CANCEL, FIT_W_AGAIN, FIT_S_NUMBER, 0, FIT_U_ONCE);
    answer = fit__choose(&q);
    if (!answer) return;
    cancel_now(op);
    if (answer->what == FIT_W_TWICE && can_be_cancelled(op)) cancel_now(op);
    if (answer->what == FIT_W_AGAIN) cancel_at_next_turn(op);
}

static void ask_late(struct fit_op *op)
{
    struct fit__question q = question(op, NULL);
    fit__offer_extended(&q, FIT_CANCEL, FIT_W_LATE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (fit__choose(&q)) cancel_now(op);
}

void fit__turn(void)
{
    if (fit__passes() || fit__guard->exempt) return;
    fit__enter();
    fit__session.turn++;
    fit__session.loop_thread = fit__current;
    if (next.due) {
        next.due = false;
        if (can_be_cancelled(next.op)) cancel_now(next.op);
    }
    if (fit__shutdown_is_due()) fit__shutdown_call();
    each(ask_turn);
    fit__ops_late(ask_late);
    fit__leave();
}

/* ---- its own callback -------------------------------------------------------------------- */

void fit__cancel_inside(struct fit_op *op, const char *function)
{
    struct fit__question q = question(op, function);
    fit__offer_extended(&q, FIT_CANCEL, FIT_W_NONE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (fit__choose(&q)) cancel_now(op);
}

/* ---- the end of a callback --------------------------------------------------------------- */

static const char *ended;                /* the user's function */

static void ask_end(struct fit_op *op)
{
    struct fit__question q = question(op, NULL);
    q.at = "end";
    q.after = ended;
    fit__offer_extended(&q, FIT_CANCEL, FIT_W_NONE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (fit__choose(&q)) cancel_now(op);
}

/* Whoever cancels runs in a callback then: a function that runs the loop itself must not. */
static void on_callback_ended(const char *name)
{
    if (!fit__session.in_body || fit__current != fit__session.loop_thread) return;
    if (!name || !fit__extended_asked() || !fit__mode_asked(FIT_CANCEL)) return;
    ended = name;
    fit__enter();
    each(ask_end);
    fit__leave();
}

/* ---- in the middle of a wait ------------------------------------------------------------- */

static void halfway_came(struct fit__event *event)
{
    (void)event;
    next.due = true;
    fit__service_wake();
}

FIT_HOT static fit_ns wait_ends;                 /* of the wait that is asked about */

static void ask_wait(struct fit_op *op)
{
    struct fit__question q = question(op, fit__session.loop_thread->waiting_for);
    if (next.op || next.due) return;     /* chosen for another already */
    q.world = true;
    fit__offer(&q, FIT_CANCEL, FIT_W_NONE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (!fit__choose(&q)) return;
    next.op = op;
    fit__event_set(&next.halfway, fit__now() + (wait_ends - fit__now()) / 2, halfway_came);
}

/* Nothing can run, and time is about to go on to `due`. Loops that have no way to be woken but by
 * EINTR stand that; of one of the user's own nobody knows. */
static void on_idle(fit_ns due)
{
    const struct fit__thread *loop;
    bool waits = false;
    if (!fit__session.in_body || due - fit__now() < LONG_WAIT) return;
    for (loop = fit__thread_first(); loop; loop = TAILQ_NEXT(loop, all))
        if (loop == fit__session.loop_thread) break;
    if (!loop || loop->state != FIT_T_BLOCKED || !loop->waiting_for
        || !fit__library_loop_waits(&loop->guard))
        return;
    for (size_t i = 0; i < sizeof loop_waits / sizeof loop_waits[0]; i++)
        waits |= !strcmp(loop->waiting_for, loop_waits[i]);
    if (!waits) return;
    wait_ends = due;
    each(ask_wait);
}

/* ---- while a pool thread works ----------------------------------------------------------- */

FIT_HOT static const char *work;                 /* what has begun */

static void ask_work(struct fit_op *op)
{
    struct fit__question q = question(op, work);
    fit__offer(&q, FIT_CANCEL, FIT_W_NONE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (next.due || !fit__choose(&q)) return;
    cancel_at_next_turn(op);
    fit__service_wake();
    fit__kernel->sleep(WORK_TIME);
}

static void on_job(const char *name)
{
    if (!fit__session.in_body || fit__current == fit__session.loop_thread) return;
    work = name;
    fit__enter();
    if (work) each(ask_work);
    fit__leave();
}

void fit__cancel_start(void)
{
    fit__event_cancel(&next.halfway);
    memset(&next, 0, sizeof next);
    fit__on_idle = on_idle;
    fit__on_job = on_job;
    fit__on_callback_ended = on_callback_ended;
}
