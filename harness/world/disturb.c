/* disturb.c - what comes from outside while a thread of the code under test is about to sleep:
 * signals that the program handles, a stop that ends in SIGCONT (a debugger, the shell), clocks
 * that are set, or that have gone on while the process did not run. */
#include <string.h>

#include "fi/choice.h"
#include "fi/fault.h"
#include "fi/signal.h"
#include "fi/trace.h"
#include "harness/world/inner.h"
#include "harness/world/objects.h"
#include "harness/world/signal.h"

/* What people and programs send; SIGALRM is nearly always a timer of the program's own. */
static const struct { int signal; const char *name; bool extended; } sent[] = {
    { SIGTERM, "SIGTERM", false }, { SIGINT, "SIGINT", false },   { SIGHUP, "SIGHUP", false },
    { SIGQUIT, "SIGQUIT", false }, { SIGCHLD, "SIGCHLD", false }, { SIGUSR1, "SIGUSR1", false },
    { SIGUSR2, "SIGUSR2", false }, { SIGWINCH, "SIGWINCH", true }, { SIGALRM, "SIGALRM", true },
};

/* To ask the real kernel is dear, and most programs handle none. */
static bool is_handled(int signal)
{
    struct sigaction action;
    if (!(fit__handlers_set >> (signal - 1) & 1)) return false;
    fit__signal_action(signal, &action);
    return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

static void send_now(int signal)
{
    siginfo_t info = { .si_signo = signal, .si_code = SI_USER };
    bool queued;
    fit__signal_post(NULL, &info, NULL, &queued);
}

/* Two moments: the wait is interrupted; or the handler has run just before it, after the program
 * had looked for the last time. */
static enum fit__disturbance ask_signal(unsigned i, bool handled)
{
    int64_t value;
    unsigned holds = (sent[i].extended ? FIT_N_SELDOM_SENT : FIT_N_OFTEN_SENT)
                     | (handled ? FIT_N_WITH_HANDLER : 0);
    const struct fit__fact *fact = fit__ask_at(FIT_CALL_signal, NULL, sent[i].name, holds, &value);
    if (!fact) return FIT_D_NOTHING;
    fit__trace(">>", -1, "%s", sent[i].name);
    send_now(sent[i].signal);
    if (fact->what == FIT_W_EARLY) fit__signals->deliver();
    return FIT_D_LOOK_AGAIN;
}

/* While the code under test does something else than wait. */
void fit__disturbed_between(const void *caller)
{
    if (!fit__asks() || fit__guard->inside > 1 || fit__current->guard.signal
        || fit__current->process != fit__service_process())
        return;
    for (unsigned i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        int64_t value;
        if (!is_handled(sent[i].signal) || !fit__signal_is_for_us(sent[i].signal)) continue;
        if (!fit__ask_at(FIT_CALL_handler, caller, sent[i].name, 0, &value)) continue;
        fit__trace(">>", -1, "%s", sent[i].name);
        send_now(sent[i].signal);
        return;
    }
}

/* Waits that Linux ends with EINTR when a stopped process goes on, also without any handler. */
static bool ends_by_stop(const char *what)
{
    return !strcmp(what, "epoll_wait") || !strcmp(what, "a signal");
}

static enum fit__disturbance ask_stop(void)
{
    int64_t value;
    if (!fit__ask_at(FIT_CALL_signal, NULL, "SIGCONT", FIT_N_OFTEN_SENT, &value))
        return FIT_D_NOTHING;
    fit__trace(">>", -1, "stopped, and SIGCONT");
    return FIT_D_ENDS_WAIT;
}

static enum fit__disturbance signals(const char *what)
{
    uint64_t read = fit__signalfd_bits();
    enum fit__disturbance came = FIT_D_NOTHING;
    for (unsigned i = 0; i < sizeof sent / sizeof sent[0] && came == FIT_D_NOTHING; i++) {
        /* Whether it is the child's own end, chance says. */
        if (sent[i].signal == SIGCHLD && !strcmp(what, "a child")) continue;
        bool handled = is_handled(sent[i].signal) && fit__signal_is_for_us(sent[i].signal);
        if (handled || (read & fit__signal_bit(sent[i].signal))) came = ask_signal(i, handled);
    }
    return came == FIT_D_NOTHING && ends_by_stop(what) ? ask_stop() : came;
}

/* ---- clocks ------------------------------------------------------------------------------ */

/* Linux moves a wait for a date when the date is set; here only timers are moved. */
static bool may_wait_for_date(const struct fit__thread *t)
{
    return t != fit__current && t->service && t->state == FIT_T_BLOCKED && t->deadline.slot >= 0
        && strcmp(t->waiting_for, "epoll_wait") && strcmp(t->waiting_for, "poll");
}

static bool can_set_date(const char *what)
{
    struct fit__thread *t;
    if (!strcmp(what, "sleep")) return false;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        if (may_wait_for_date(t)) return false;
    return true;
}

static enum fit__disturbance ask_date(void)
{
    int64_t ms;
    if (!fit__ask_at(FIT_CALL_clock, NULL, "realtime", FIT_N_DATE, &ms)) return FIT_D_NOTHING;
    fit__trace(">>", -1, "the wall clock is set by %lld s", (long long)ms / 1000);
    fit__realtime_step(ms * FIT_MS);
    return FIT_D_LOOK_AGAIN;
}

/* All clocks and timers go on, and everybody else, while the process does not run. */
static enum fit__disturbance ask_jump(void)
{
    int64_t ms;
    if (!fit__ask_at(FIT_CALL_clock, NULL, "monotonic", FIT_N_UPTIME, &ms)) return FIT_D_NOTHING;
    fit__trace(">>", -1, "the process does not run for %lld s", (long long)ms / 1000);
    fit__service_stop(fit__now() + ms * FIT_MS);
    return FIT_D_LOOK_AGAIN;
}

/* A machine whose clocks only go on when a timer interrupts it. */
static enum fit__disturbance ask_ticks(void)
{
    int64_t ms;
    if (fit__clock_ticks() || !fit__extended_asked()) return FIT_D_NOTHING;
    if (!fit__ask_at(FIT_CALL_clock, NULL, "ticks", FIT_N_TICKS, &ms)) return FIT_D_NOTHING;
    fit__trace(">>", -1, "the clocks go on in steps of %lld ms", (long long)ms);
    fit__clock_set_ticks(ms * FIT_MS);
    return FIT_D_LOOK_AGAIN;
}

static enum fit__disturbance clocks(const char *what)
{
    enum fit__disturbance came = can_set_date(what) ? ask_date() : FIT_D_NOTHING;
    if (came == FIT_D_NOTHING) came = ask_jump();
    return came == FIT_D_NOTHING ? ask_ticks() : came;
}

enum fit__disturbance fit__disturbed(const char *what)
{
    enum fit__disturbance came = FIT_D_NOTHING;
    if (!fit__asks() || fit__guard->inside > 1
        || fit__current->process != fit__service_process())
        return came;
    if (fit__mode_asked(FIT_SIGNAL)) came = signals(what);
    if (fit__mode_asked(FIT_CLOCK) && came == FIT_D_NOTHING
        && !fit__sleeps_for_key(fit__current))
        came = clocks(what);
    return came;
}
