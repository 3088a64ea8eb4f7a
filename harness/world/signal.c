/* signal.c - signals that the program sends to itself: what is pending, who takes it, and when.
 *
 * As in Linux there is one set of pending signals for the process and one for each thread, and a
 * mark on the thread that is to take one (guard.signal, Linux's TIF_SIGPENDING). A thread with the
 * mark looks at the end of each call, and where a wait can be interrupted. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/queue.h>
#include <ucontext.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "fi/signal.h"
#include "fi/thread.h"
#include "fi/watch.h"
#include "fi/wrap.h"
#include "harness/world/signal.h"

enum { PENDING_MAX = 1024, FIRST_QUEUED = 32 /* from here on each one counts */, MASK_SIZE = 8 };

struct entry {
    TAILQ_ENTRY(entry) link;
    struct fit__thread *thread;              /* NULL: the process */
    siginfo_t info;
    struct fit__timer *timer;
};
static TAILQ_HEAD(, entry) pending = TAILQ_HEAD_INITIALIZER(pending);
static unsigned pending_count;

/* ---- masks ------------------------------------------------------------------------------- */

uint64_t fit__signal_bit(int signal)
{
    return UINT64_C(1) << (signal - 1);
}

uint64_t fit__signal_bits(const sigset_t *set)
{
    uint64_t bits;
    memcpy(&bits, set, sizeof bits);
    return bits & ~(fit__signal_bit(SIGKILL) | fit__signal_bit(SIGSTOP));
}

/* That of a thread which does not run was put away by swapcontext. */
static uint64_t mask_of(const struct fit__thread *t)
{
    uint64_t bits;
    if (t == fit__current) fit__raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &bits, MASK_SIZE);
    else bits = fit__signal_bits(&t->context.uc_sigmask);
    return bits;
}

static void set_mask(uint64_t bits)
{
    fit__raw(SYS_rt_sigprocmask, SIG_SETMASK, &bits, NULL, MASK_SIZE);
}

static bool is_for(const struct entry *e, const struct fit__thread *t)
{
    return e->thread == t || (!e->thread && t->process == fit__service_process());
}

uint64_t fit__signal_waiting(void)
{
    const struct entry *e;
    uint64_t bits = 0;
    TAILQ_FOREACH(e, &pending, link)
        if (is_for(e, fit__current)) bits |= fit__signal_bit(e->info.si_signo);
    return bits;
}

/* ---- who takes it ------------------------------------------------------------------------ */

static bool wants(const struct fit__thread *t, int signal)
{
    return t->state != FIT_T_ENDED && t->process == fit__service_process()
           && !(mask_of(t) & ~t->waits_for & fit__signal_bit(signal));
}

static struct fit__thread *first_thread(void)
{
    struct fit__thread *t = fit__thread_first();
    while (t && t->id) t = TAILQ_NEXT(t, all);
    assert(t);
    return t;
}

/* The one it is for, or for the process: its first thread, or any that lets it in. */
static struct fit__thread *taker_of(const struct entry *e)
{
    struct fit__thread *t = e->thread ? e->thread : first_thread();
    if (wants(t, e->info.si_signo)) return t;
    if (e->thread) return NULL;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        if (wants(t, e->info.si_signo)) return t;
    return NULL;
}

bool fit__signal_is_for_us(int signal)
{
    struct entry e = { .info.si_signo = signal };
    return taker_of(&e) == fit__current;
}

static void give(const struct entry *e)
{
    struct fit__thread *t = taker_of(e);
    if (!t) return;
    t->guard.signal = true;
    if (t->open && t->state == FIT_T_BLOCKED) fit__make_runnable(t);
}

static bool ignores_by_default(int signal)
{
    return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
}

static bool is_ignored(int signal)
{
    struct sigaction action;
    fit__signal_action(signal, &action);
    return action.sa_handler == SIG_IGN
           || (action.sa_handler == SIG_DFL && ignores_by_default(signal));
}

static bool waits_already(const struct fit__thread *thread, int signal)
{
    const struct entry *e;
    TAILQ_FOREACH(e, &pending, link)
        if (e->thread == thread && e->info.si_signo == signal) return true;
    return false;
}

int fit__signal_post(struct fit__thread *thread, const siginfo_t *info, struct fit__timer *timer,
                     bool *queued)
{
    int signal = info->si_signo;
    *queued = false;
    const struct fit__thread *first = thread ? thread : first_thread();
    if (is_ignored(signal) && !(mask_of(first) & fit__signal_bit(signal))) return 0;
    if (!timer && signal < FIRST_QUEUED && waits_already(thread, signal)) return 0;
    if (pending_count >= PENDING_MAX) return -EAGAIN;
    struct entry *e = fit__alloc(sizeof *e);
    e->thread = thread;
    e->info = *info;
    e->timer = timer;
    TAILQ_INSERT_TAIL(&pending, e, link);
    pending_count++;
    *queued = true;
    fit__signalfd_notify();
    give(e);
    return 0;
}

static void drop(struct entry *e)
{
    TAILQ_REMOVE(&pending, e, link);
    pending_count--;
    fit__free(e);
}

/* A thread's own come before those of the process, then the lowest number, then the oldest. */
static struct entry *next_of(uint64_t bits)
{
    struct entry *e, *best = NULL;
    TAILQ_FOREACH(e, &pending, link) {
        if (!is_for(e, fit__current) || !(bits & fit__signal_bit(e->info.si_signo))) continue;
        bool own = e->thread, best_own = best && best->thread;
        if (!best || own > best_own
            || (own == best_own && e->info.si_signo < best->info.si_signo))
            best = e;
    }
    return best;
}

int fit__signal_take(uint64_t bits, siginfo_t *info)
{
    struct entry *e = next_of(bits);
    if (!e) return 0;
    *info = e->info;
    struct fit__timer *timer = e->timer;
    drop(e);
    if (timer) fit__signal_timer_taken(timer, info);
    return info->si_signo;
}

void fit__signal_disown(struct fit__timer *timer)
{
    struct entry *e;
    TAILQ_FOREACH(e, &pending, link)
        if (e->timer == timer) e->timer = NULL;
}

static void look_again(void)
{
    fit__current->guard.signal = (fit__signal_waiting() & ~mask_of(fit__current)) != 0;
}

/* What this thread blocks from now on may be another's to take. */
static void mask_changed(void)
{
    struct entry *e;
    look_again();
    TAILQ_FOREACH(e, &pending, link)
        if (!e->thread && !wants(fit__current, e->info.si_signo)) give(e);
}

static void action_changed(int signal)
{
    struct entry *e, *next;
    if (!is_ignored(signal)) return;
    for (e = TAILQ_FIRST(&pending); e; e = next) {
        next = TAILQ_NEXT(e, link);
        if (e->info.si_signo == signal) drop(e);
    }
}

/* ---- handlers ---------------------------------------------------------------------------- */

/* Real signals from here on: how a process ends by one is the kernel's to show, and for the
 * judges, crashes that is, those of a sweep. */
static void end_by(int signal)
{
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP, SIGABRT };
    bool crash = false;
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) crash |= crashes[i] == signal;
    if (!crash && fit__watcher)
        fit__watcher->ended("ended by a signal", strsignal(signal), 128 + signal);
    set_mask(mask_of(fit__current) & ~fit__signal_bit(signal));
    fit__raw(SYS_tgkill, fit__raw(SYS_getpid), fit__raw(SYS_gettid), signal);
}

static void do_default(int signal)
{
    if (ignores_by_default(signal)) return;
    if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
        fit__unsupported("kill", NULL, "stopping the program is not simulated");
    end_by(signal);
}

/* A handler is code under test, which may also leave by siglongjmp. */
static void call_handler(const struct sigaction *action, siginfo_t *info)
{
    struct fit__thread *self = fit__current;
    unsigned inside = self->guard.inside;
    bool at_point = self->guard.cancel.at_point;
    int saved = errno;
    ucontext_t context;
    memset(&context, 0, sizeof context);
    self->guard.inside = 0;
    self->guard.cancel.at_point = false;
    if (action->sa_flags & SA_SIGINFO) action->sa_sigaction(info->si_signo, info, &context);
    else action->sa_handler(info->si_signo);
    assert(fit__current == self);
    self->guard.inside = inside;
    self->guard.cancel.at_point = at_point;
    errno = saved;
}

enum ran { RAN_NOTHING, RAN_ENDS_WAIT, RAN_GOES_ON };

/* Linux lays the frames of all that it lets in onto the stack before the first handler runs: the
 * last one comes first, and the first one says whether the call goes on. */
static enum ran run_handlers(void)
{
    struct sigaction action;
    siginfo_t info;
    uint64_t mask = mask_of(fit__current);
    int signal;
    do {
        signal = fit__signal_take(~mask, &info);
        if (!signal) break;
        fit__signal_action(signal, &action);
        if (action.sa_handler == SIG_DFL) do_default(signal);
    } while (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN);
    if (!signal) {
        fit__current->guard.signal = false;
        return RAN_NOTHING;
    }
    uint64_t also = action.sa_flags & SA_NODEFER ? 0 : fit__signal_bit(signal);
    set_mask(mask | fit__signal_bits(&action.sa_mask) | also);
    if (action.sa_flags & SA_RESETHAND) fit__signal_set_default(signal);
    run_handlers();
    fit__progressed();
    call_handler(&action, &info);
    set_mask(mask);
    look_again();
    return action.sa_flags & SA_RESTART ? RAN_GOES_ON : RAN_ENDS_WAIT;
}

static void deliver(void)
{
    while (fit__current->guard.signal) run_handlers();
}

/* It was cancelled, and the call it makes is one that ends then. */
static int call_off(void)
{
    fit__current->guard.cancel.called_off = true;
    fit__signal_restarts = false;
    return -EINTR;
}

/* A signal that comes while the thread sleeps wakes it: the caller looks whether it has what it
 * waits for, and finds the signal here if it has not. */
int fit__block_open(const char *what, struct fit__waitq *const *queues, unsigned count,
                    fit_ns deadline, bool goes_on)
{
    if (fit__called_off()) return call_off();
    bool waits = !fit__sleeps_for_key(fit__current) || !strcmp(what, "semaphore");
    enum fit__disturbance came = FIT_D_NOTHING;
    if (!fit__current->guard.signal && waits) came = fit__disturbed(what);
    if (fit__called_off()) return call_off();        /* while it did not run */
    if (came != FIT_D_NOTHING && !fit__current->guard.signal)
        return came == FIT_D_ENDS_WAIT ? -EINTR : 0;
    if (fit__current->guard.signal) {
        enum ran ran = run_handlers();
        if (fit__called_off()) return call_off();
        fit__signal_restarts = ran == RAN_GOES_ON;
        return ran == RAN_ENDS_WAIT || (ran == RAN_GOES_ON && !goes_on) ? -EINTR : 0;
    }
    fit__current->open = true;
    int result = fit__block(what, queues, count, deadline);
    fit__current->open = false;
    return result;
}

/* ---- calls ------------------------------------------------------------------------------- */

static struct fit__thread *thread_of(pthread_t handle)
{
    struct fit__thread *t = fit__thread_first();
    while (t && !(t->tls && pthread_equal(fit__tls_handle(t->tls), handle))) t = TAILQ_NEXT(t, all);
    return t;
}

static int send_signal(const pthread_t *thread, int signal, int code, union sigval value)
{
    struct fit__thread *to = thread ? thread_of(*thread) : NULL;
    siginfo_t info = { .si_signo = signal, .si_code = code };
    bool queued;
    fit__spend(1000);
    if (signal < 0 || signal >= _NSIG) return -EINVAL;
    if (thread && (!to || to->state == FIT_T_ENDED)) return signal || !to ? -ESRCH : 0;
    if (!signal) return 0;
    info.si_pid = FIT_PID;
    info.si_uid = (uid_t)fit__raw(SYS_getuid);
    info.si_value = value;
    if (signal == SIGKILL || signal == SIGSTOP) do_default(signal);
    int result = fit__signal_post(to, &info, NULL, &queued);
    return code == SI_QUEUE ? result : 0;
}

static void get_pending(sigset_t *out)
{
    uint64_t bits = fit__signal_waiting() & mask_of(fit__current);
    sigemptyset(out);
    memcpy(out, &bits, sizeof bits);
}

static int wait_for_signal(const sigset_t *set, siginfo_t *info, int64_t timeout_ns)
{
    siginfo_t taken;
    uint64_t bits = fit__signal_bits(set);
    fit_ns now = fit__now();
    fit_ns deadline = timeout_ns < 0 || timeout_ns >= FIT_NEVER - now ? FIT_NEVER
                                                                      : now + timeout_ns;
    int signal, result = 0;
    fit__spend(1000);
    while (!(signal = fit__signal_take(bits, &taken)) && !result && timeout_ns) {
        fit__current->waits_for = bits;
        result = fit__block_open("a signal", NULL, 0, deadline, false);
        fit__current->waits_for = 0;
    }
    look_again();
    if (signal && info) *info = taken;
    return signal ? signal : result == -EINTR ? -EINTR : -EAGAIN;
}

static int wait_for_any(void)
{
    int result;
    fit__spend(1000);
    do result = fit__block_open("pause", NULL, 0, FIT_NEVER, false); while (result != -EINTR);
    return result;
}

void fit__signals_forget(struct fit__thread *thread)
{
    struct entry *e, *next;
    for (e = TAILQ_FIRST(&pending); e; e = next) {
        next = TAILQ_NEXT(e, link);
        if (e->thread == thread) drop(e);
        else if (!e->thread && thread->guard.signal) give(e);
    }
}

void fit__signals_restart(void)
{
    struct fit__thread *t;
    while (!TAILQ_EMPTY(&pending)) drop(TAILQ_FIRST(&pending));
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all)) t->guard.signal = false;
    fit__signal_timers_restart();
}

const struct fit__signals fit__world_signals = {
    .send = send_signal, .deliver = deliver, .between = fit__disturbed_between, .mask_changed = mask_changed,
    .action_changed = action_changed, .pending = get_pending, .wait = wait_for_signal,
    .pause = wait_for_any, .descriptor = fit__signalfd, .timer_make = fit__signal_timer_make,
    .timer_set = fit__signal_timer_set, .timer_get = fit__signal_timer_get,
    .timer_overrun = fit__signal_timer_overrun, .timer_drop = fit__signal_timer_drop,
};
