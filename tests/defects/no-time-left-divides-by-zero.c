/* A download that has to be over in time: from what is left of it the speed that is needed is
 * computed, by hundredths of a second. What comes just before the time is over leaves none. The
 * repaired one looks first.
 * expect: crash
 * repaired: reported unaffected
 */
#include "zoo.h"

enum { SIZE = 8, TIME_MS = 2000 };
int64_t needed;                          /* bytes a second: others look at it */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
static int64_t speed(size_t bytes, int64_t left /* hundredths */)
{
#ifdef REPAIRED
    if (left <= 0) return INT64_MAX;
#endif
    return (int64_t)bytes * 100 / left;
}
static int get(int fd, char *file)
{
    int64_t over = now_ms() + TIME_MS;
    for (size_t have = 0; have < SIZE; ) {
        int64_t left = over - now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int n = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (n == 0) return -ETIMEDOUT;
        if (n < 0 && errno != EINTR) return -errno;
        ssize_t got = n > 0 ? recv(fd, file + have, SIZE - have, 0) : 0;
        if (got == 0 && n > 0) return -ECONNRESET;
        if (got < 0 && errno != EAGAIN) return -errno;
        if (got < 0 || n < 0) continue;
        have += (size_t)got;
        if ((left = over - now_ms()) < 0) return -ETIMEDOUT;
        needed = speed(SIZE - have, left / 10);
    }
    return 0;
}

static void gets(void **state)
{
    static const struct fit_reply halves[] = { { .send = "1234" },
                                               { .send = "5678", .after_ms = 100, .hold = 1 },
                                               { 0 } };
    char file[SIZE];
    (void)state;
    fit_peer_replies(SERVER ":7", halves);
    struct fit_op *op = fit_op("download");
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : get(fd, file);
    if (fd >= 0) close(fd);
    told(op, err, file, err ? 0 : SIZE);
}
ZOO_MAIN(gets)
