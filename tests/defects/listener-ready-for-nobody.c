/* Who waits at a listener may be gone, or served by another process, when accept() is called. This
 * server takes that for the end of its service. The repaired one goes on.
 * expect: wrong-result
 * repaired: recovered unaffected
 */
#include "zoo.h"

static int is_full(int error) { return error == EMFILE || error == ENFILE; }

static int serve(int listener)
{
    for (int calls = 0; calls < 2; ) {
        struct pollfd p = { .fd = listener, .events = POLLIN };
        if (poll(&p, 1, -1) < 0) continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && is_full(errno)) {
            usleep(10000);
            continue;
        }
#ifdef REPAIRED
        if (fd < 0 && errno == EAGAIN) continue;
#endif
        calls++;
        if (fd < 0 && errno == ECONNABORTED) continue;
        if (fd < 0) return -errno;
        send(fd, "!", 1, MSG_NOSIGNAL);
        close(fd);
    }
    return 0;
}

static void serves(void **state)
{
    static const struct fit_reply ask[] = { { .send = "?", .until = "!" }, { 0 } };
    struct sockaddr_in at = ip4("0.0.0.0", 8080);
    int err = 0;
    (void)state;
    struct fit_op *op = fit_op("service");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 8)) err = -errno;
    for (int i = 0; i < 2 && !err; i++) fit_client_asks(NULL, "127.0.0.1:8080", ask);
    if (!err) err = serve(fd);
    if (fd >= 0) close(fd);
    told(op, err, NULL, 0);
}
ZOO_MAIN(serves)
