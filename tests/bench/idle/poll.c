/* poll(), with a time limit. */
#include "idle.h"

#include <poll.h>

static int ends[2];

static void start(void) { assert_int_equal(pipe(ends), 0); }

static void idle(void)
{
    struct pollfd one = { .fd = ends[0], .events = POLLIN };
    while (ticks < TICKS && poll(&one, 1, TICK_MS) == 0) ticks++;
}

static void end(void)
{
    close(ends[0]);
    close(ends[1]);
}
