/* A timer for a date asks to be told when the clock is set, and is armed anew then. With a jump of
 * all clocks it is due at once.
 * options: --mode clock
 * expect: none
 * repaired: recovered
 */
#include "zoo.h"

#include <time.h>

static int arm(int fd, time_t date)
{
    struct itimerspec at = { .it_value.tv_sec = date };
    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL);
}

static void rings(void **state)
{
    struct fit_op *op = fit_op("alarm");
    uint64_t times;
    int err = 0, set = 0;
    (void)state;
    fit_must_recover("clock:on=realtime");
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(arm(fd, time(NULL) + 2), 0);
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (poll(&p, 1, -1) < 0) continue;
        if (read(fd, &times, sizeof times) == sizeof times) break;
        if (errno != ECANCELED || set++ > 3) {
            err = -errno;
            break;
        }
        assert_int_equal(arm(fd, time(NULL) + 2), 0);
    }
    assert_true(set == 0 || fit_fault());
    close(fd);
    told(op, err, "rings", 5);
}
ZOO_MAIN(rings)
