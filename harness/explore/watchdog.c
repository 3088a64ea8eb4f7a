/* Crashes and endless computing, seen from inside the process that suffers them. Timers are not
 * inherited by snapshots, so each process arms its own. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#include "fi/guard.h"
#include "fi/hot.h"
#include "fi/raw.h"
#include "fi/signal.h"
#include "fi/symbols.h"
#include "harness/explore/explore.h"

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP,
                                     SIGABRT /* glibc's own, of a damaged heap */ };

FIT_HOT static struct {
    int (*sigaction)(int, const struct sigaction *, struct sigaction *);
    int (*sigaltstack)(const stack_t *, stack_t *);
    void *stack;
    unsigned cpu_ms, wall_ms;
} watch;

enum { ALT_STACK = 1 << 17, NULL_PAGE = 4096 };

void fit__watchdog_prepare(void)
{
    if (watch.sigaction) return;
    fit__crashes_caught = true;
    watch.sigaction = (int (*)(int, const struct sigaction *, struct sigaction *))
        dlsym(RTLD_NEXT, "sigaction");
    watch.sigaltstack = (int (*)(const stack_t *, stack_t *))dlsym(RTLD_NEXT, "sigaltstack");
    watch.stack = (void *)fit__raw(SYS_mmap, 0, ALT_STACK, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* The innermost frame of our own machinery would be the handler; leave it out by looking for
 * the interrupted instruction. */
static unsigned stack_from(const ucontext_t *context, void **frames)
{
    void *all[FIT_STACK_MAX];
    unsigned depth = fit__stack(all, FIT_STACK_MAX), from = 0, n = 0;
#if defined(__x86_64__)
    const char *pc = (const char *)context->uc_mcontext.gregs[REG_RIP];
#else
    const char *pc = (const char *)context->uc_mcontext.pc;
#endif
    for (unsigned i = 0; i < depth; i++)
        if ((const char *)all[i] == pc || (const char *)all[i] == pc + 1) from = i;
    if (!from) frames[n++] = (char *)(uintptr_t)pc + 1;
    for (unsigned i = from; i < depth && n < FIT_STACK_MAX; i++) frames[n++] = all[i];
    return n;
}

static const char *function_at(void *const *frames, unsigned depth)
{
    struct fit__symbol s;
    for (unsigned i = 0; i < depth; i++)
        if (fit__symbol_of(frames[i], &s) && s.users && s.function) return s.function;
    return "?";
}

static void end_at(struct fit__finding *f, void *const *frames, unsigned depth)
{
    memcpy(f->frames, frames, depth * sizeof f->frames[0]);
    f->depth = depth;
    fit__end_finding(f);
}

/* Whose call it was is not whose mistake it is, so it is said. */
static bool is_in_ours(void *const *frames)
{
    struct fit__symbol s;
    return fit__symbol_of(frames[0], &s) && s.ours;
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
    struct fit__finding f;
    void *frames[FIT_STACK_MAX];
    unsigned depth;
    fit__enter();
    depth = stack_from(context, frames);
    fit__finding_make(&f, "crash", function_at(frames, depth), "%s in {symptom}%s%s",
                      strsignal(signal), signal == SIGSEGV && info->si_code > 0
                                             && (uintptr_t)info->si_addr < NULL_PAGE
                                             ? ", at address 0 or near" : "",
                      is_in_ours(frames) ? "; in code of Faulttest, which was passed a bad pointer "
                                           "or has a mistake of its own" : "");
    end_at(&f, frames, depth);
}

static void on_time(int signal, siginfo_t *info, void *context)
{
    struct fit__finding f;
    void *frames[FIT_STACK_MAX];
    unsigned depth;
    (void)info;
    fit__enter();
    depth = stack_from(context, frames);
    if (signal == SIGPROF)
        fit__finding_make(&f, "busy-loop", function_at(frames, depth),
                          "computes for more than %u ms without coming to an end, in {symptom}",
                          watch.cpu_ms);
    else
        fit__finding_make(&f, "hang", function_at(frames, depth),
                          "stands still for more than %u s of real time, in {symptom}",
                          watch.wall_ms / 1000);
    end_at(&f, frames, depth);
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_sigaction = handler;
    act.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    watch.sigaction(signal, &act, NULL);
}

static void set_timer(int which, unsigned ms)
{
    struct itimerval t = { .it_value = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 } };
    fit__raw(SYS_setitimer, which, &t, 0);
}

void fit__watchdog_case(bool wall)
{
    enum { MEMCHECK_FACTOR = 30 };       /* the command's own limits have it already */
    const struct fit__orders *o = &fit__session.orders;
    unsigned ms = o->case_time_given ? 0 : fit__session.reference->case_ms;
    if (o->memcheck) ms *= MEMCHECK_FACTOR;
    fit__watchdog_arm(ms ? ms : o->cpu_ms, !wall ? 0 : ms ? ms : o->wall_ms);
}

void fit__watchdog_arm(unsigned cpu_ms, unsigned wall_ms)
{
    stack_t alternative = { .ss_size = ALT_STACK };
    if (fit__session.orders.debugger) return;    /* a person thinks as long as it takes */
    fit__watchdog_prepare();
    watch.cpu_ms = cpu_ms;
    watch.wall_ms = wall_ms;
    alternative.ss_sp = watch.stack;
    watch.sigaltstack(&alternative, NULL);
    for (size_t i = 0; i < sizeof crash_signals / sizeof crash_signals[0]; i++)
        handle(crash_signals[i], on_crash);
    handle(SIGPROF, on_time);
    handle(SIGALRM, on_time);
    set_timer(ITIMER_PROF, cpu_ms);
    set_timer(ITIMER_REAL, wall_ms);
}
