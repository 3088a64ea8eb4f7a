/* children.c - processes that the code under test makes, over the real kernel.
 *
 * They run beside the sweep and are no part of it. Their ends come as real SIGCHLDs, at any moment:
 * a handler of ours keeps them, and the world hands them on where it hands on all signals. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "fi/process.h"
#include "fi/raw.h"
#include "fi/signal.h"
#include "harness/world/inner.h"
#include "harness/world/signal.h"

enum { CHILDREN_MAX = 256, KEPT_MAX = 64 /* as many signals at once; further ones are lost, and
                                             Linux keeps only one */ };

static struct {
    pid_t pids[CHILDREN_MAX];            /* made and not waited for; 0: free */
    siginfo_t kept[KEPT_MAX];
    volatile unsigned put, taken;        /* of `kept`, counted on */
} children;

void (*fit__on_forked)(void);

static int set_action(int signal, const struct sigaction *action)
{
    static int (*real)(int, const struct sigaction *, struct sigaction *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "sigaction");
    return real(signal, action, NULL);
}

/* ---- their ends -------------------------------------------------------------------------- */

static void on_child(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    if (children.put - children.taken == KEPT_MAX) return;
    children.kept[children.put % KEPT_MAX] = *info;
    children.put++;
}

/* Who ignores SIGCHLD has no zombies either. */
static void prepare(void)
{
    struct sigaction users, ours;
    memset(&ours, 0, sizeof ours);
    fit__signal_action(SIGCHLD, &users);
    ours.sa_flags = users.sa_flags & (SA_NOCLDSTOP | SA_NOCLDWAIT);
    if (users.sa_handler == SIG_IGN) {
        ours.sa_handler = SIG_IGN;
    } else {
        ours.sa_flags |= SA_SIGINFO | SA_RESTART | SA_ONSTACK;
        ours.sa_sigaction = on_child;
    }
    set_action(SIGCHLD, &ours);
}

/* A thread that blocks SIGCHLD leaves it in the kernel. */
static bool take_blocked(siginfo_t *info)
{
    static const struct timespec at_once;
    uint64_t only = fit__signal_bit(SIGCHLD);
    return fit__raw(SYS_rt_sigtimedwait, &only, info, &at_once, sizeof only) == SIGCHLD;
}

bool fit__children_look(void)
{
    siginfo_t info;
    bool any = false, queued;
    while (children.taken != children.put) {
        info = children.kept[children.taken % KEPT_MAX];
        children.taken++;
        fit__signal_post(NULL, &info, NULL, &queued);
        any = true;
    }
    while (fit__children_exist() && take_blocked(&info)) {
        fit__signal_post(NULL, &info, NULL, &queued);
        any = true;
    }
    return any;
}

/* ---- which there are --------------------------------------------------------------------- */

static void made(pid_t pid)
{
    for (unsigned i = 0; i < CHILDREN_MAX; i++)
        if (!children.pids[i]) {
            children.pids[i] = pid;
            return;
        }
}

/* Neither one that was waited for nor, in a copy of the process, one of its parent's. */
static bool is_there(pid_t pid)
{
    siginfo_t info;
    return fit__raw(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0;
}

unsigned fit__children_left(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CHILDREN_MAX; i++) {
        if (children.pids[i] && !is_there(children.pids[i])) children.pids[i] = 0;
        count += children.pids[i] != 0;
    }
    return count;
}

bool fit__children_exist(void)
{
    for (unsigned i = 0; i < CHILDREN_MAX; i++)
        if (children.pids[i]) return true;
    return false;
}

void fit__children_end(void)
{
    fit__children_left();
    for (unsigned i = 0; i < CHILDREN_MAX; i++)
        if (children.pids[i]) fit__raw(SYS_kill, children.pids[i], SIGKILL);
}

/* ---- waited for -------------------------------------------------------------------------- */

/* Waits a little: 0, or -EINTR after a handler that does not let the call go on. */
static int wait_a_moment(void)
{
    fit__signal_restarts = false;
    int result = fit__kernel->poll(NULL, 0, FIT_MS);
    return result == -EINTR && !fit__signal_restarts ? -EINTR : 0;
}

/* A signal may come while it waits; asked before it is known whether it will have to. */
static void ask_signals(int options)
{
    if (!(options & WNOHANG)) fit__disturbed("a child");
}

static pid_t wait_for(pid_t pid, int *status, int options, struct rusage *usage)
{
    int moment = 0;
    ask_signals(options);
    for (;;) {
        long got = fit__raw(SYS_wait4, pid, status, options | WNOHANG, usage);
        if (got || options & WNOHANG) return (pid_t)got;
        if (moment) return moment;
        moment = wait_a_moment();
    }
}

static int wait_id(idtype_t type, id_t id, siginfo_t *info, int options)
{
    siginfo_t own;
    int moment = 0;
    ask_signals(options);
    for (;;) {
        memset(&own, 0, sizeof own);
        long result = fit__raw(SYS_waitid, type, id, &own, options | WNOHANG, NULL);
        if (info && (result == 0)) *info = own;
        if (result || own.si_pid || options & WNOHANG) return (int)result;
        if (moment) return moment;
        moment = wait_a_moment();
    }
}

/* ---- in a child -------------------------------------------------------------------------- */

/* It has the handlers that the program has set, and no world. */
static void leave_world(void)
{
    struct sigaction action;
    memset(&children, 0, sizeof children);
    for (int signal = 1; signal < SIGRTMIN; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP) continue;
        fit__signal_action(signal, &action);
        set_action(signal, &action);
    }
    if (fit__on_forked) fit__on_forked();
    fit__forked = true;
    fit__processes = NULL;
    fit__kernel = &fit__kernel_real;
    fit__active = false;
}

const struct fit__processes fit__real_processes = {
    .prepare = prepare, .made = made, .child = leave_world, .wait4 = wait_for, .waitid = wait_id,
};
