/* Signals: sent by the program to itself, at once or by a timer; waited for, and read. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fi/flags.h"
#include "fi/process.h"
#include "fi/wait.h"

#define SECOND INT64_C(1000000000)
#define US 1000

const struct fit__signals *fit__signals;
bool fit__signal_restarts, fit__crashes_caught;
uint64_t fit__handlers_set;

/* ---- sending ----------------------------------------------------------------------------- */

static int send_it(enum fit__call_id id, const pthread_t *thread, int signal, int code,
                   union sigval value, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, id, -1, caller);
    long result = fit__signals->send(thread, signal, code, value);
    if (fit__traces()) fit__traced(&c, result, "%s, %d", thread ? "thread" : "process", signal);
    return (int)fit__end(&c, result);
}

static const union sigval no_value;

/* One that was not waited for stays, even when it has ended. */
static bool is_child(pid_t pid)
{
    siginfo_t info;
    return pid > 0
           && fit__raw(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0;
}

static int kill_other(pid_t pid, int signal, const void *caller)
{
    struct fit__call c;
    long result = -ESRCH;
    if (!fit__processes || pid == -1) return (int)fit__result(result);
    fit__begin(&c, FIT_CALL_kill, -1, caller);
    if (!fit__fault_simple(&c, is_child(pid) ? 0 : FIT_N_STRANGER, &result))
        result = fit__raw(SYS_kill, pid, signal);
    if (fit__traces()) fit__traced(&c, result, "%d, %d", pid, signal);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int kill(pid_t pid, int signal)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_kill, pid, signal));
    if (pid == FIT_PID || pid == 0 || pid == -FIT_PID)
        return send_it(FIT_CALL_kill, NULL, signal, SI_USER, no_value, FIT_CALLER);
    return kill_other(pid, signal, FIT_CALLER);
}
FIT_ALIAS(__kill, kill);

FIT_EXPORT int killpg(pid_t group, int signal)
{
    return group < 0 ? (int)fit__result(-EINVAL) : kill(-group, signal);
}

FIT_EXPORT int sigqueue(pid_t pid, int signal, const union sigval value)
{
    if (fit__passes()) return FIT_NEXT(sigqueue)(pid, signal, value);
    if (pid != FIT_PID) return (int)fit__result(-ESRCH);
    return send_it(FIT_CALL_kill, NULL, signal, SI_QUEUE, value, FIT_CALLER);
}

static int to_thread(pthread_t thread, int signal, int code, union sigval value,
                     const void *caller)
{
    int saved = errno, error = 0;
    if (!fit__threads->is_ours(thread)) return ESRCH;
    if (send_it(FIT_CALL_pthread_kill, &thread, signal, code, value, caller) < 0) error = errno;
    errno = saved;
    return error;
}

FIT_EXPORT int raise(int signal)
{
    if (fit__passes()) return FIT_NEXT(raise)(signal);
    pthread_t self = pthread_self();
    return send_it(FIT_CALL_pthread_kill, &self, signal, SI_TKILL, no_value, FIT_CALLER);
}
FIT_ALIAS(gsignal, raise);

FIT_EXPORT int pthread_kill(pthread_t thread, int signal)
{
    if (fit__passes()) return FIT_NEXT(pthread_kill)(thread, signal);
    return to_thread(thread, signal, SI_TKILL, no_value, FIT_CALLER);
}

FIT_EXPORT int pthread_sigqueue(pthread_t thread, int signal, const union sigval value)
{
    if (fit__passes()) return FIT_NEXT(pthread_sigqueue)(thread, signal, value);
    return to_thread(thread, signal, SI_QUEUE, value, FIT_CALLER);
}

/* ---- masks and handlers ------------------------------------------------------------------ */

static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

/* The two that glibc keeps for itself are never blocked. */
static long set_mask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t copy;
    if (set && fit__raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &copy, SIGSET_SIZE) == 0) {
        memcpy(&copy, set, SIGSET_SIZE);
        sigdelset(&copy, __SIGRTMIN);
        sigdelset(&copy, __SIGRTMIN + 1);
        for (size_t i = 0; fit__crashes_caught && i < sizeof crashes / sizeof crashes[0]; i++)
            sigdelset(&copy, crashes[i]);
    }
    if (old) sigemptyset(old);
    return fit__raw(SYS_rt_sigprocmask, how, set ? &copy : NULL, old, SIGSET_SIZE);
}

static void deliver_now(void)
{
    fit__enter();
    if (fit__guard->signal && fit__guard->inside == 1) fit__signals->deliver();
    fit__leave();
}

FIT_EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    long error = set_mask(how, set, old);
    if (error || !set || fit__passes()) return (int)-error;
    fit__enter();
    fit__signals->mask_changed();
    fit__leave();
    deliver_now();
    return 0;
}

FIT_EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return (int)fit__result(-pthread_sigmask(how, set, old));
}

void fit__mask_begin(const sigset_t *mask, sigset_t *old)
{
    if (!mask) return;
    set_mask(SIG_SETMASK, mask, old);
    fit__signals->mask_changed();
}

void fit__mask_end(const sigset_t *mask, const sigset_t *old)
{
    if (!mask) return;
    set_mask(SIG_SETMASK, old, NULL);
    fit__signals->mask_changed();
}

static void action_changed(int signal)
{
    if (fit__passes()) return;
    fit__enter();
    fit__signals->action_changed(signal);
    if (fit__processes && signal == SIGCHLD) fit__processes->prepare();
    fit__leave();
}

/* What the program has set, for a sweep has handlers of its own for these: crashes, its clocks, and
 * the end of a child. The last two stay in force: such signals come from the world. */
static struct { bool known; struct sigaction action; } actions[_NSIG];

static bool is_of_world(int signal)
{
    return signal == SIGALRM || signal == SIGPROF || (signal == SIGCHLD && fit__processes);
}

static bool is_of_sweep(int signal)
{
    return is_of_world(signal) || signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE
           || signal == SIGILL || signal == SIGSYS || signal == SIGTRAP || signal == SIGABRT;
}

/* A handler of CMocka's for crashes was set like one of the program's, but is not in force. */
void fit__signal_action(int signal, struct sigaction *action)
{
    struct sigaction real;
    FIT_NEXT(sigaction)(signal, NULL, &real);
    bool known = actions[signal].known;
    if (known && !is_of_world(signal))
        known = real.sa_handler == actions[signal].action.sa_handler;
    if (known) *action = actions[signal].action;
    else if (is_of_sweep(signal)) *action = (struct sigaction){ .sa_handler = SIG_DFL };
    else *action = real;
}

void fit__signal_set_default(int signal)
{
    struct sigaction action;
    fit__signal_action(signal, &action);
    action.sa_handler = SIG_DFL;
    actions[signal].known = true;
    actions[signal].action = action;
    if (!is_of_sweep(signal)) FIT_NEXT(sigaction)(signal, &action, NULL);
}

static int set_action(int signal, const struct sigaction *action, struct sigaction *old)
{
    struct sigaction before = { 0 };
    bool ours = fit__active && !fit__passes() && signal > 0 && signal < _NSIG;
    if (ours) fit__signal_action(signal, &before);
    int result = ours && is_of_world(signal) ? 0 : FIT_NEXT(sigaction)(signal, action, old);
    if (result < 0 || fit__guard->inside > 0) return result;
    /* Before a world CMocka, too, catches crashes. */
    if (action && (fit__active || !is_of_sweep(signal) || is_of_world(signal))) {
        actions[signal].action = *action;
        actions[signal].known = true;
        if (signal != SIGPIPE && action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN)
            fit__handlers_set |= 1ull << (signal - 1);
        action_changed(signal);
    }
    if (ours && old) *old = before;
    return result;
}

FIT_EXPORT int sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
    struct sigaction copy;
    if (action) copy = *action;              /* `old` may be the same */
    return set_action(signal, action ? &copy : NULL, old);
}
FIT_ALIAS(__sigaction, sigaction);

FIT_EXPORT sighandler_t signal(int number, sighandler_t handler)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;
    if (handler == SIG_ERR || number < 1 || number >= _NSIG) {
        errno = EINVAL;
        return SIG_ERR;
    }
    sigaddset(&action.sa_mask, number);
    return set_action(number, &action, &old) < 0 ? SIG_ERR : old.sa_handler;
}
FIT_ALIAS(bsd_signal, signal);

FIT_EXPORT int sigpending(sigset_t *set)
{
    if (fit__passes()) return FIT_NEXT(sigpending)(set);
    fit__enter();
    fit__signals->pending(set);
    fit__leave();
    return 0;
}

/* ---- waiting ----------------------------------------------------------------------------- */

FIT_EXPORT int pause(void)
{
    if (fit__passes()) return FIT_NEXT(pause)();
    struct fit__call c;
    fit__begin(&c, FIT_CALL_pause, -1, FIT_CALLER);
    long result = fit__signals->pause();
    if (fit__traces()) fit__traced(&c, result, "%s", "");
    return (int)fit__end(&c, result);
}

FIT_EXPORT int sigsuspend(const sigset_t *mask)
{
    if (fit__passes()) return FIT_NEXT(sigsuspend)(mask);
    struct fit__call c;
    sigset_t old;
    fit__begin(&c, FIT_CALL_sigsuspend, -1, FIT_CALLER);
    fit__mask_begin(mask, &old);
    long result = fit__signals->pause();
    fit__mask_end(mask, &old);
    if (fit__traces()) fit__traced(&c, result, "%s", "");
    return (int)fit__end(&c, result);
}

static int wait_simulated(const sigset_t *set, siginfo_t *info, int64_t ns, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, FIT_CALL_sigtimedwait, -1, caller);
    long result = fit__signals->wait(set, info, ns);
    if (fit__traces()) fit__traced(&c, result, "%lld", (long long)(ns < 0 ? -1 : ns));
    return (int)fit__end(&c, result);
}

FIT_EXPORT int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                            const struct timespec *restrict timeout)
{
    bool bad;
    if (fit__passes()) return FIT_NEXT(sigtimedwait)(set, info, timeout);
    int64_t ns = fit__ns_of(timeout, &bad);
    return bad ? (int)fit__result(-EINVAL) : wait_simulated(set, info, ns, FIT_CALLER);
}

FIT_EXPORT int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    if (fit__passes()) return FIT_NEXT(sigwaitinfo)(set, info);
    return wait_simulated(set, info, -1, FIT_CALLER);
}

FIT_EXPORT int sigwait(const sigset_t *restrict set, int *restrict number)
{
    int saved = errno, taken;
    if (fit__passes()) return FIT_NEXT(sigwait)(set, number);
    do taken = wait_simulated(set, NULL, -1, FIT_CALLER); while (taken < 0 && errno == EINTR);
    if (taken < 0) return errno;
    errno = saved;
    *number = taken;
    return 0;
}

FIT_EXPORT int signalfd(int fd, const sigset_t *mask, int flags)
{
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_signalfd4, fd, mask, SIGSET_SIZE, flags));
    struct fit__call c;
    long result;
    fit__begin(&c, FIT_CALL_signalfd, fd, FIT_CALLER);
    if (fd != -1 || !fit__fault_make(&c, &result))
        result = fit__signals->descriptor(fd, mask, flags);
    if (fit__traces()) fit__traced(&c, result, "%d, %s", fd, FIT_FLAGS(signal_flags, flags));
    return (int)fit__end(&c, result);
}

/* ---- signals by time --------------------------------------------------------------------- */

static int set_timer(enum fit__call_id call, int id, int flags, const struct itimerspec *value,
                     struct itimerspec *old, const void *caller)
{
    struct fit__call c;
    fit__begin(&c, call, -1, caller);
    long result = fit__signals->timer_set(id, flags, value, old);
    if (fit__traces())
        fit__traced(&c, result, "%lld.%09ld every %lld.%09ld", (long long)value->it_value.tv_sec,
                    value->it_value.tv_nsec, (long long)value->it_interval.tv_sec,
                    value->it_interval.tv_nsec);
    return (int)fit__end(&c, result);
}

FIT_EXPORT unsigned alarm(unsigned seconds)
{
    struct itimerspec value = { .it_value.tv_sec = seconds }, old;
    if (fit__passes()) return FIT_NEXT(alarm)(seconds);
    set_timer(FIT_CALL_alarm, FIT_TIMER_REAL, 0, &value, &old, FIT_CALLER);
    bool up = old.it_value.tv_nsec >= SECOND / 2 || (!old.it_value.tv_sec && old.it_value.tv_nsec);
    return (unsigned)old.it_value.tv_sec + up;
}

static struct itimerval in_us(const struct itimerspec *value)
{
    return (struct itimerval){
        { value->it_interval.tv_sec, value->it_interval.tv_nsec / US },
        { value->it_value.tv_sec, value->it_value.tv_nsec / US },
    };
}

static bool is_time(const struct timeval *time)
{
    return time->tv_sec >= 0 && time->tv_usec >= 0 && time->tv_usec < 1000000;
}

static int set_itimer(__itimer_which_t which, const struct itimerval *value,
                      struct itimerval *old, const void *caller)
{
    static const struct itimerval none;
    struct itimerspec before;
    if (!value) value = &none;
    if (which < ITIMER_REAL || which > ITIMER_PROF || !is_time(&value->it_value)
        || !is_time(&value->it_interval))
        return (int)fit__result(-EINVAL);
    if (which != ITIMER_REAL && timerisset(&value->it_value))
        fit__unsupported("setitimer", caller, "only ITIMER_REAL is simulated");
    if (old) *old = none;
    if (which != ITIMER_REAL) return 0;
    struct itimerspec precise = {
        { value->it_interval.tv_sec, value->it_interval.tv_usec * US },
        { value->it_value.tv_sec, value->it_value.tv_usec * US },
    };
    int result = set_timer(FIT_CALL_setitimer, FIT_TIMER_REAL, 0, &precise, &before, caller);
    if (old) *old = in_us(&before);
    return result;
}

FIT_EXPORT int setitimer(__itimer_which_t which, const struct itimerval *value,
                         struct itimerval *old)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_setitimer, which, value, old));
    return set_itimer(which, value, old, FIT_CALLER);
}

FIT_EXPORT useconds_t ualarm(useconds_t first, useconds_t interval)
{
    struct itimerval old, value = { { interval / 1000000, interval % 1000000 },
                                    { first / 1000000, first % 1000000 } };
    if (fit__passes()) return FIT_NEXT(ualarm)(first, interval);
    if (set_itimer(ITIMER_REAL, &value, &old, FIT_CALLER) < 0) return (useconds_t)-1;
    return (useconds_t)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

static int get_timer(int id, struct itimerspec *value)
{
    fit__enter();
    int result = fit__signals->timer_get(id, value);
    fit__leave();
    return (int)fit__result(result);
}

FIT_EXPORT int getitimer(__itimer_which_t which, struct itimerval *value)
{
    struct itimerspec precise = { 0 };
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_getitimer, which, value));
    if (which < ITIMER_REAL || which > ITIMER_PROF) return (int)fit__result(-EINVAL);
    if (which == ITIMER_REAL) get_timer(FIT_TIMER_REAL, &precise);
    *value = in_us(&precise);
    return 0;
}

/* A timer_t is the number of the timer. */
FIT_EXPORT int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer)
{
    if (fit__passes()) return FIT_NEXT(timer_create)(clock, event, timer);
    if (event && event->sigev_notify == SIGEV_THREAD_ID)
        fit__unsupported("timer_create", FIT_CALLER, "SIGEV_THREAD_ID is not simulated");
    fit__enter();
    int id = fit__signals->timer_make(clock, event);
    fit__leave();
    if (id < 0) return (int)fit__result(id);
    *timer = (timer_t)(intptr_t)id;
    return 0;
}

static int id_of(timer_t timer)
{
    intptr_t id = (intptr_t)timer;
    return id > FIT_TIMER_REAL && id < INT32_MAX ? (int)id : -1;
}

FIT_EXPORT int timer_settime(timer_t timer, int flags, const struct itimerspec *value,
                             struct itimerspec *old)
{
    if (fit__passes()) return FIT_NEXT(timer_settime)(timer, flags, value, old);
    return set_timer(FIT_CALL_timer_settime, id_of(timer), flags, value, old, FIT_CALLER);
}

FIT_EXPORT int timer_gettime(timer_t timer, struct itimerspec *value)
{
    if (fit__passes()) return FIT_NEXT(timer_gettime)(timer, value);
    return get_timer(id_of(timer), value);
}

FIT_EXPORT int timer_getoverrun(timer_t timer)
{
    if (fit__passes()) return FIT_NEXT(timer_getoverrun)(timer);
    return (int)fit__result(fit__signals->timer_overrun(id_of(timer)));
}

FIT_EXPORT int timer_delete(timer_t timer)
{
    if (fit__passes()) return FIT_NEXT(timer_delete)(timer);
    fit__enter();
    int result = fit__signals->timer_drop(id_of(timer));
    fit__leave();
    return (int)fit__result(result);
}
