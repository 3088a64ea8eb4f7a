/* A timer that ticks each 50 ms; a read that tells two ticks is thought to be impossible. The
 * repaired one adds what it reads.
 * expect: abort
 * repaired: unaffected reported
 */
#include "zoo.h"

static int wait_ticks(int timer, uint64_t wanted)
{
    uint64_t ticks, have = 0;
    while (have < wanted) {
        int err = await(timer, POLLIN);
        if (err == -EINTR) continue;
        if (err) return err;
        if (read(timer, &ticks, sizeof ticks) < 0) return -errno;
#ifndef REPAIRED
        assert(ticks == 1);
#endif
        have += ticks;
    }
    return 0;
}

static void waits(void **state)
{
    struct itimerspec each = { .it_value = { .tv_nsec = 50000000 },
                               .it_interval = { .tv_nsec = 50000000 } };
    (void)state;
    struct fit_op *op = fit_op("ticks");
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), err = timer < 0 ? -errno : 0;
    if (!err && timerfd_settime(timer, 0, &each, NULL)) err = -errno;
    if (!err) err = wait_ticks(timer, 4);
    if (timer >= 0) close(timer);
    told(op, err, NULL, 0);
}
ZOO_MAIN(waits)
