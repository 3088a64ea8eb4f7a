/* disturb.c - what comes from outside while a thread of the code under test is about to sleep:
 * signals that the program handles, and a stop that ends in SIGCONT (a debugger, the shell). */
#include <string.h>

#include "fi/choice.h"
#include "fi/fault.h"
#include "fi/signal.h"
#include "fi/trace.h"
#include "harness/world/inner.h"
#include "harness/world/signal.h"

/* What people and programs send; SIGALRM is nearly always a timer of the program's own. */
static const struct { int signal; const char *name; bool extended; } sent[] = {
    { SIGTERM, "SIGTERM", false }, { SIGINT, "SIGINT", false },   { SIGHUP, "SIGHUP", false },
    { SIGQUIT, "SIGQUIT", false }, { SIGCHLD, "SIGCHLD", false }, { SIGUSR1, "SIGUSR1", false },
    { SIGUSR2, "SIGUSR2", false }, { SIGWINCH, "SIGWINCH", true }, { SIGALRM, "SIGALRM", true },
};

static bool is_handled(int signal)
{
    struct sigaction action;
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
static void ask_signal(unsigned i, bool handled)
{
    struct fit__question q = { .point = "signal", .object = sent[i].name };
    fit__offer(&q, FIT_SIGNAL, FIT_W_NONE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    q.alternatives[0].extended = sent[i].extended;
    if (handled) fit__offer_extended(&q, FIT_SIGNAL, FIT_W_EARLY, FIT_S_NUMBER, 0, FIT_U_ONCE);
    const struct fit__alternative *answer = fit__choose(&q);
    if (!answer) return;
    fit__trace(">>", -1, "%s", sent[i].name);
    send_now(sent[i].signal);
    if (answer->what == FIT_W_EARLY) fit__signals->deliver();
}

/* Waits that Linux ends with EINTR when a stopped process goes on, also without any handler
 * (signal(7)): those that only this world's calls of the same name can be. */
static bool ends_by_stop(const char *what)
{
    return !strcmp(what, "epoll_wait") || !strcmp(what, "a signal");
}

static bool ask_stop(void)
{
    struct fit__question q = { .point = "signal", .object = "SIGCONT" };
    fit__offer(&q, FIT_SIGNAL, FIT_W_NONE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (!fit__choose(&q)) return false;
    fit__trace(">>", -1, "stopped, and SIGCONT");
    return true;
}

bool fit__disturbed(const char *what)
{
    if (!fit__mode_asked(FIT_SIGNAL) || !fit__asks() || fit__guard->inside > 1
        || fit__current->process != fit__service_process())
        return false;
    uint64_t read = fit__signalfd_bits();
    for (unsigned i = 0; i < sizeof sent / sizeof sent[0] && !fit__current->guard.signal; i++) {
        bool handled = is_handled(sent[i].signal) && fit__signal_is_for_us(sent[i].signal);
        if (handled || (read & fit__signal_bit(sent[i].signal))) ask_signal(i, handled);
    }
    return !fit__current->guard.signal && ends_by_stop(what) && ask_stop();
}
