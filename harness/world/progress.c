/* Loops that get nowhere: calls that return at once, again and again, while nothing moves. */
#include <stdio.h>

#include "harness/world/inner.h"
#include "fi/hot.h"

void (*fit__on_busy)(const char *text);
fit_ns fit__time_limit = FIT_NEVER;
void (*fit__on_time_limit)(void);

FIT_HOT static unsigned idle_calls;
static bool limit_told;

void fit__progress_reset(void)
{
    idle_calls = 0;
    limit_told = false;
}

void fit__progressed(void)
{
    idle_calls = 0;
}

void fit__time_passed(fit_ns now)
{
    if (now < fit__time_limit || limit_told || !fit__on_time_limit) return;
    limit_told = true;
    fit__on_time_limit();
}

static const char *noun(enum fit__class class)
{
    switch (class) {
    case FIT_C_PAIR: return "pipe";
    case FIT_C_FILE: return "file";
    case FIT_C_WAKEUP: return "eventfd";
    case FIT_C_NOTICES: return "inotify";
    case FIT_C_SIGNALS: return "signalfd";
    case FIT_C_TIMER: return "timer";
    case FIT_C_EPOLL: return "epoll";
    case FIT_C_NONE: return "descriptor";
    default: return "socket";
    }
}

static void describe_busy(char *out, size_t size, const char *call, int fd)
{
    struct fit__info info = { .class = FIT_C_NONE };
    if (fd < 0)
        snprintf(out, size, "%s was called %d times, and nothing moves", call, FIT_BUSY_CALLS);
    else if (fit__kernel->describe(fd, &info))
        snprintf(out, size, "%s asks for %d, which is not open, %d times, and nothing moves",
                 call, fd, FIT_BUSY_CALLS);
    else
        snprintf(out, size, "%s reports %s %d (%s) %d times, and nothing moves", call,
                 noun(info.class), fd, info.text, FIT_BUSY_CALLS);
}

void fit__idle_call(const char *call, int fd)
{
    char text[320];
    if (fit__guard->exempt || ++idle_calls < FIT_BUSY_CALLS) return;
    idle_calls = 0;
    if (!fit__on_busy) return;
    describe_busy(text, sizeof text, call, fd);
    fit__on_busy(text);
}
