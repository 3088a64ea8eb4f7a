/* The other side stops reading, and the socket has no more room. Whoever waits for room without a
 * deadline waits for ever. (As long as the first lines find room in some buffer nobody knows.)
 * expect: hang
 * options: --mode timeout
 * symptom: waits in poll
 * repaired: reported
 */
#include "zoo.h"

#ifdef REPAIRED
enum { LIMIT_MS = PATIENCE_MS };
#else
enum { LIMIT_MS = -1 };
#endif

static void reads_all(int fd, void *arg)
{
    char bytes[256];
    (void)arg;
    while (read(fd, bytes, sizeof bytes) > 0);
}
static int send_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        struct pollfd room = { .fd = fd, .events = POLLOUT };
        if (n < 0 && errno != EAGAIN) return -errno;
        if (n < 0 && poll(&room, 1, LIMIT_MS) == 0) return -ETIMEDOUT;
        if (n > 0) bytes += n, size -= (size_t)n;
    }
    return 0;
}
static void logs(void **state)
{
    static const char lines[1000] = "a line\n";
    (void)state;
    fit_peer(SERVER ":514", reads_all, NULL);
    struct fit_op *op = fit_op("log");
    int fd = dial(SERVER, 514), err = fd < 0 ? fd : 0;
    for (int i = 0; !err && i < 10; i++) err = send_all(fd, lines, sizeof lines);
    if (fd >= 0) close(fd);
    told(op, err, NULL, 0);
}
ZOO_MAIN(logs)
