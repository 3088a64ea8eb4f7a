/* A deadline in terms of the wall clock: when that is set forward, the wait for the answer is over
 * too early; when it is set back, a server that says nothing is waited for too long.
 * options: --mode clock
 * expect: not-recovered
 * repaired: recovered
 */
#include "zoo.h"

#include <time.h>

#ifdef REPAIRED
#define CLOCK CLOCK_MONOTONIC
#else
#define CLOCK CLOCK_REALTIME
#endif

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A line that comes in pieces, as a whole within `ms`. */
static int line_within(int fd, long ms, char *line, size_t size, size_t *have)
{
    long deadline = now_ms() + ms;
    for (*have = 0; !*have || line[*have - 1] != '\n'; ) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        long left = deadline - now_ms();
        if (left <= 0) return -ETIMEDOUT;
        if (poll(&p, 1, (int)left) <= 0) continue;
        ssize_t n = recv(fd, line + *have, size - *have, 0);
        if (n <= 0) return n ? -errno : -ECONNRESET;
        *have += (size_t)n;
    }
    return 0;
}

static void asks(void **state)
{
    static const struct fit_reply slow[] = {
        { .send = "12:", .after_ms = 50 }, { .send = "00\n", .after_ms = 50 }, { 0 }
    };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_must_recover("clock:on=realtime");
    fit_peer_replies(SERVER ":37", slow);
    struct fit_op *op = fit_op("ask");
    int fd = dial(SERVER, 37);
    int err = fd < 0 ? fd : line_within(fd, 2000, line, sizeof line, &have);
    if (fd >= 0) close(fd);
    told(op, err, line, have);
}
ZOO_MAIN(asks)
