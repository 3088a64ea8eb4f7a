/* signal_timer.c - timers that send signals: alarm, setitimer, timer_create. */
#include <errno.h>

#include "fi/arena.h"
#include "fi/signal.h"
#include "fi/wrap.h"
#include "harness/world/objects.h"
#include "harness/world/signal.h"

enum { TIMERS_MAX = 64 };

struct fit__timer {
    struct fit__event event;
    bool used, queued;                       /* its signal waits to be taken */
    int notify, signal;
    union sigval value;
    void (*function)(union sigval);          /* SIGEV_THREAD */
    bool peers;                              /* made by a peer */
    bool realtime, dated;                    /* dated: due at a time of the wall clock */
    fit_ns interval, due;                    /* due: when it last expired, or will */
    int overrun;                             /* of the signal that was taken last */
};
static struct fit__timer timers[TIMERS_MAX];

static fit_ns ns_of(const struct timespec *time)
{
    if (time->tv_sec > FIT_NEVER / FIT_S / 4) return FIT_NEVER / 4;
    return time->tv_sec * FIT_S + time->tv_nsec;
}

static struct timespec timespec_of(fit_ns ns)
{
    return (struct timespec){ .tv_sec = ns / FIT_S, .tv_nsec = ns % FIT_S };
}

static struct fit__timer *timer_at(int id)
{
    if (id == FIT_TIMER_REAL) {
        struct fit__timer *t = &timers[id];
        if (!t->used)
            *t = (struct fit__timer){ .event.slot = -1, .used = true, .notify = SIGEV_SIGNAL,
                                      .signal = SIGALRM };
        return t;
    }
    return id > 0 && id < TIMERS_MAX && timers[id].used ? &timers[id] : NULL;
}

/* How many periods have passed since it was due. */
static fit_ns periods(const struct fit__timer *t)
{
    fit_ns late = fit__now() - t->due;
    return t->interval && late > 0 ? late / t->interval : 0;
}

static void expires(struct fit__event *event);

static void next_period(struct fit__timer *t)
{
    t->due += (periods(t) + 1) * t->interval;
    fit__event_set(&t->event, t->due, expires);
}

struct notice { void (*function)(union sigval); union sigval value; };

static void *notify(void *arg)
{
    struct notice notice = *(struct notice *)arg;
    fit__enter();
    fit__free(arg);
    fit__leave();
    notice.function(notice.value);
    return NULL;
}

/* Each time on a thread of its own, as glibc does. Where there is none, this time is lost. */
static void start_thread(const struct fit__timer *t)
{
    struct notice *notice = fit__alloc(sizeof *notice);
    *notice = (struct notice){ t->function, t->value };
    struct fit__thread *thread = fit__thread_new(NULL, fit__service_process(), notify, notice, 0);
    if (!thread) {
        fit__free(notice);
        return;
    }
    thread->handle = thread->detached = true;
    if (t->peers) {
        thread->service = false;
        thread->guard.exempt = true;
    }
}

/* A timer whose signal waits does not go on: the periods are counted when it is taken. */
static void expires(struct fit__event *event)
{
    struct fit__timer *t = (struct fit__timer *)(void *)event;
    bool real = t == &timers[FIT_TIMER_REAL];
    siginfo_t info = { .si_signo = t->signal, .si_code = real ? SI_KERNEL : SI_TIMER };
    fit__progressed();
    if (t->notify == SIGEV_SIGNAL) {
        if (!real) {
            info.si_timerid = (int)(t - timers);
            info.si_value = t->value;
        }
        fit__signal_post(NULL, &info, real ? NULL : t, &t->queued);
    }
    if (t->notify == SIGEV_THREAD) start_thread(t);
    if (t->interval && (real || !t->queued)) next_period(t);
}

void fit__signal_timer_taken(struct fit__timer *t, siginfo_t *info)
{
    fit_ns missed = periods(t);
    t->queued = false;
    t->overrun = missed < INT32_MAX ? (int)missed : INT32_MAX;
    info->si_overrun = t->overrun;
    if (t->interval) next_period(t);
}

int fit__signal_timer_make(clockid_t clock, const struct sigevent *event)
{
    int id = FIT_TIMER_REAL + 1;
    bool real = clock == CLOCK_REALTIME;
    if (!real && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME) return -EINVAL;
    if (event && event->sigev_notify != SIGEV_SIGNAL && event->sigev_notify != SIGEV_NONE
        && event->sigev_notify != SIGEV_THREAD)
        return -EINVAL;
    if (event && event->sigev_notify == SIGEV_SIGNAL
        && (event->sigev_signo < 1 || event->sigev_signo >= _NSIG))
        return -EINVAL;
    while (id < TIMERS_MAX && timers[id].used) id++;
    if (id == TIMERS_MAX) return -EAGAIN;
    timers[id] = (struct fit__timer){
        .event.slot = -1, .used = true, .notify = event ? event->sigev_notify : SIGEV_SIGNAL,
        .signal = event ? event->sigev_signo : SIGALRM,
        .realtime = real,
    };
    timers[id].peers = fit__current->guard.exempt;
    if (event && event->sigev_notify == SIGEV_THREAD)
        timers[id].function = event->sigev_notify_function;
    if (event) timers[id].value = event->sigev_value;
    else timers[id].value.sival_int = id;
    return id;
}

int fit__signal_timer_get(int id, struct itimerspec *value)
{
    struct fit__timer *t = timer_at(id);
    if (!t) return -EINVAL;
    fit_ns left = t->event.slot >= 0 ? t->due - fit__now() : 0;
    if (t->event.slot < 0 && t->queued && t->interval)
        left = t->due + (periods(t) + 1) * t->interval - fit__now();
    value->it_value = timespec_of(left > 0 || t->event.slot < 0 ? left : 1);
    value->it_interval = timespec_of(t->interval);
    return 0;
}

static bool is_time(const struct timespec *time)
{
    return time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < FIT_S;
}

static void arm(struct fit__timer *t, fit_ns due)
{
    t->due = due;
    fit__event_set(&t->event, due > fit__now() ? due : fit__now(), expires);
}

int fit__signal_timer_set(int id, int flags, const struct itimerspec *value,
                          struct itimerspec *old)
{
    struct fit__timer *t = timer_at(id);
    if (!t || !is_time(&value->it_value) || !is_time(&value->it_interval)) return -EINVAL;
    if (old) fit__signal_timer_get(id, old);
    fit__event_cancel(&t->event);
    fit__signal_disown(t);
    t->queued = false;
    t->overrun = 0;
    fit_ns due = ns_of(&value->it_value);
    t->interval = due ? ns_of(&value->it_interval) : 0;
    if (!due) return 0;
    fit_ns start = t->realtime ? fit__realtime_start() : FIT_UPTIME_START_S * FIT_S;
    t->dated = t->realtime && (flags & TIMER_ABSTIME);
    arm(t, flags & TIMER_ABSTIME ? due - start : fit__now() + due);
    fit__run_due_events();
    return 0;
}

void fit__signal_timers_step(fit_ns by)
{
    for (int id = 0; id < TIMERS_MAX; id++)
        if (timers[id].used && timers[id].dated && timers[id].event.slot >= 0)
            arm(&timers[id], timers[id].due - by);
}

int fit__signal_timer_overrun(int id)
{
    struct fit__timer *t = timer_at(id);
    return t ? t->overrun : -EINVAL;
}

int fit__signal_timer_drop(int id)
{
    struct fit__timer *t = timer_at(id);
    if (!t) return -EINVAL;
    fit__event_cancel(&t->event);
    fit__signal_disown(t);
    t->used = false;
    return 0;
}

void fit__signal_timers_restart(void)
{
    for (int id = 0; id < TIMERS_MAX; id++) {
        if (timers[id].used) fit__event_cancel(&timers[id].event);
        timers[id].used = false;
    }
}
