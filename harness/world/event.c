/* event.c - eventfd and timerfd. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "fi/arena.h"
#include "harness/world/objects.h"

/* ---- eventfd ----------------------------------------------------------------------------- */

/* FIT_A_LATE: what is there shows when this is over. */
struct hidden { struct fit__event over; struct fit__file *file; bool now; };

static void shows_again(struct fit__event *event)
{
    struct hidden *hidden = (struct hidden *)event;
    hidden->now = false;
    fit__file_changed(hidden->file, EPOLLIN);
}

static int hide(struct hidden *hidden, struct fit__file *file, enum fit__affliction affliction,
                int64_t value)
{
    if (affliction != FIT_A_LATE)
        return -EOPNOTSUPP;
    fit__event_cancel(&hidden->over);
    hidden->file = file;
    hidden->now = true;
    fit__event_set(&hidden->over, fit__now() + value, shows_again);
    return 0;
}

struct counter { struct hidden hidden; uint64_t value; bool semaphore; };

static ssize_t counter_read(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct counter *counter = file->object;
    uint64_t value = counter->semaphore ? 1 : counter->value;
    struct fit__bytes bytes = { .data = (char *)&value, .size = sizeof value };
    (void)flags;
    if (fit__iov_size(iov, count) < sizeof value)
        return -EINVAL;
    if (!counter->value || counter->hidden.now)
        return -EAGAIN;
    counter->value -= value;
    fit__bytes_take(&bytes, iov, count, 0);
    fit__progressed();
    fit__file_changed(file, EPOLLOUT);
    return sizeof value;
}

static ssize_t add(struct fit__file *file, const struct iovec *part)
{
    struct counter *counter = file->object;
    uint64_t value;
    if (part->iov_len < sizeof value)
        return -EINVAL;
    memcpy(&value, part->iov_base, sizeof value);
    if (value == UINT64_MAX)
        return -EINVAL;
    if (UINT64_MAX - counter->value <= value)
        return -EAGAIN;
    counter->value += value;
    fit__progressed();
    fit__file_changed(file, EPOLLIN);
    return sizeof value;
}

/* Linux does not gather here: each part of the vector is a number of its own. */
static ssize_t counter_write(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    ssize_t done = 0, result = 0;
    (void)flags;
    for (int i = 0; i < count; i++) {
        result = add(file, &iov[i]);
        if (result > 0)
            done += result;
        if (result < 0 || (size_t)result < iov[i].iov_len)
            break;
    }
    return done ? done : result;
}

static uint32_t counter_poll(struct fit__file *file)
{
    struct counter *counter = file->object;
    return (counter->value && !counter->hidden.now ? EPOLLIN : 0)
           | (counter->value < UINT64_MAX - 1 ? EPOLLOUT : 0)
           | (counter->value == UINT64_MAX ? EPOLLERR : 0);
}

static void counter_release(struct fit__file *file)
{
    struct counter *counter = file->object;
    fit__event_cancel(&counter->hidden.over);
    fit__free(counter);
}

static int counter_afflict(struct fit__file *file, enum fit__affliction affliction, int64_t value)
{
    struct counter *counter = file->object;
    return hide(&counter->hidden, file, affliction, value);
}

static int counter_describe(struct fit__file *file, struct fit__info *info)
{
    struct counter *counter = file->object;
    info->class = FIT_C_WAKEUP;
    info->readable = counter->value ? sizeof counter->value : 0;
    info->writable = sizeof counter->value;
    snprintf(info->object, sizeof info->object, "wakeup");
    snprintf(info->text, sizeof info->text, "eventfd, count %llu",
             (unsigned long long)counter->value);
    return 0;
}

const struct fit__file_ops fit__eventfd_ops = {
    .kind = "eventfd", .read = counter_read, .write = counter_write, .poll = counter_poll,
    .release = counter_release, .describe = counter_describe, .afflict = counter_afflict,
};

struct fit__file *fit__eventfd_new(unsigned initial, int flags)
{
    struct counter *counter = fit__alloc(sizeof *counter);
    counter->hidden.over.slot = -1;
    counter->value = initial;
    counter->semaphore = !!(flags & EFD_SEMAPHORE);
    return fit__file_new(&fit__eventfd_ops, counter, O_RDWR | (flags & O_NONBLOCK));
}

/* ---- timerfd ----------------------------------------------------------------------------- */

struct timer {
    struct fit__event event;
    struct hidden hidden;
    LIST_ENTRY(timer) link;
    struct fit__file *file;
    fit_ns interval;
    uint64_t expired;
    bool realtime, dated;                    /* dated: due at a time of the wall clock */
    bool cancels, cancelled;                 /* when that is set: TFD_TIMER_CANCEL_ON_SET */
};
static LIST_HEAD(, timer) timers = LIST_HEAD_INITIALIZER(timers);

static fit_ns from_timespec(const struct timespec *time)
{
    if (time->tv_sec > FIT_NEVER / FIT_S / 4)
        return FIT_NEVER / 4;
    return time->tv_sec * FIT_S + time->tv_nsec;
}

static struct timespec to_timespec(fit_ns ns)
{
    return (struct timespec){ .tv_sec = ns / FIT_S, .tv_nsec = ns % FIT_S };
}

static bool valid(const struct timespec *time)
{
    return time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < FIT_S;
}

static void expires(struct fit__event *event)
{
    struct timer *timer = (struct timer *)event;
    timer->expired++;
    if (timer->interval) {
        /* Periods that passed unnoticed are counted at once. */
        fit_ns late = fit__now() - event->due;
        timer->expired += (uint64_t)(late / timer->interval);
        fit__event_set(event, event->due + (late / timer->interval + 1) * timer->interval,
                       expires);
    }
    fit__progressed();
    fit__file_changed(timer->file, EPOLLIN);
}

static ssize_t timer_read(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct timer *timer = file->object;
    uint64_t value = timer->expired;
    struct fit__bytes bytes = { .data = (char *)&value, .size = sizeof value };
    (void)flags;
    if (fit__iov_size(iov, count) < sizeof value)
        return -EINVAL;
    if (timer->hidden.now)
        return -EAGAIN;
    if (timer->cancelled) {
        timer->cancelled = false;
        timer->expired = 0;
        return -ECANCELED;
    }
    if (!value)
        return -EAGAIN;
    timer->expired = 0;
    fit__bytes_take(&bytes, iov, count, 0);
    return sizeof value;
}

static uint32_t timer_poll(struct fit__file *file)
{
    const struct timer *timer = file->object;
    return (timer->expired || timer->cancelled) && !timer->hidden.now ? EPOLLIN : 0;
}

static void timer_release(struct fit__file *file)
{
    struct timer *timer = file->object;
    fit__event_cancel(&timer->event);
    fit__event_cancel(&timer->hidden.over);
    LIST_REMOVE(timer, link);
    fit__free(timer);
}

static int timer_afflict(struct fit__file *file, enum fit__affliction affliction, int64_t value)
{
    struct timer *timer = file->object;
    return hide(&timer->hidden, file, affliction, value);
}

static int timer_describe(struct fit__file *file, struct fit__info *info)
{
    struct timer *timer = file->object;
    info->class = FIT_C_TIMER;
    info->readable = timer->expired ? sizeof timer->expired : 0;
    snprintf(info->object, sizeof info->object, "timer");
    if (timer->event.slot < 0)
        snprintf(info->text, sizeof info->text, "timerfd, %s",
                 timer->expired ? "expired" : "not set");
    else
        snprintf(info->text, sizeof info->text, "timerfd, due in %lld ms",
                 (long long)((timer->event.due - fit__now()) / FIT_MS));
    return 0;
}

const struct fit__file_ops fit__timerfd_ops = {
    .kind = "timerfd", .read = timer_read, .poll = timer_poll, .release = timer_release,
    .describe = timer_describe, .afflict = timer_afflict,
};

struct fit__file *fit__timerfd_new(int clock, int flags)
{
    struct timer *timer = fit__alloc(sizeof *timer);
    timer->event.slot = timer->hidden.over.slot = -1;
    timer->realtime = clock == CLOCK_REALTIME;
    LIST_INSERT_HEAD(&timers, timer, link);
    timer->file = fit__file_new(&fit__timerfd_ops, timer, O_RDWR | (flags & O_NONBLOCK));
    return timer->file;
}

int fit__timerfd_get(struct fit__file *file, struct itimerspec *value)
{
    struct timer *timer = file->object;
    fit_ns left = timer->event.slot < 0 ? 0 : timer->event.due - fit__now();
    value->it_value = to_timespec(left > 0 || timer->event.slot < 0 ? left : 1);
    value->it_interval = to_timespec(timer->interval);
    return 0;
}

/* A period that has begun is not begun again. */
static void arm(struct timer *timer, fit_ns due)
{
    fit__event_set(&timer->event, due < fit__now() && !timer->interval ? fit__now() : due, expires);
}

int fit__timerfd_set(struct fit__file *file, int flags, const struct itimerspec *value,
                     struct itimerspec *old)
{
    struct timer *timer = file->object;
    if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) || !valid(&value->it_value)
        || !valid(&value->it_interval))
        return -EINVAL;
    if (old)
        fit__timerfd_get(file, old);
    fit__event_cancel(&timer->event);
    timer->expired = 0;
    timer->dated = timer->cancels = timer->cancelled = false;
    timer->interval = from_timespec(&value->it_interval);
    fit_ns due = from_timespec(&value->it_value);
    if (!due)
        return 0;
    bool absolute = flags & TFD_TIMER_ABSTIME;
    fit_ns start = timer->realtime ? fit__realtime_start() : FIT_UPTIME_START_S * FIT_S;
    timer->dated = timer->realtime && absolute;
    timer->cancels = timer->dated && (flags & TFD_TIMER_CANCEL_ON_SET);
    arm(timer, absolute ? due - start : fit__now() + due);
    fit__run_due_events();
    return 0;
}

void fit__timerfds_step(fit_ns by)
{
    struct timer *timer;
    LIST_FOREACH(timer, &timers, link) {
        if (timer->dated && timer->event.slot >= 0) arm(timer, timer->event.due - by);
        if (!timer->cancels) continue;
        timer->cancelled = true;
        fit__file_changed(timer->file, EPOLLIN);
    }
}
