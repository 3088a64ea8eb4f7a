/* epoll, with a timerfd. */
#include "idle.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

static int loop, timer;

static void start(void)
{
    struct itimerspec tick = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    struct epoll_event event = { .events = EPOLLIN };
    loop = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    assert_int_equal(timerfd_settime(timer, 0, &tick, NULL), 0);
    assert_int_equal(epoll_ctl(loop, EPOLL_CTL_ADD, timer, &event), 0);
}

static void idle(void)
{
    struct epoll_event event;
    uint64_t times;
    while (ticks < TICKS && epoll_wait(loop, &event, 1, -1) == 1)
        if (read(timer, &times, sizeof times) == sizeof times) ticks += (unsigned)times;
}

static void end(void)
{
    close(timer);
    close(loop);
}
