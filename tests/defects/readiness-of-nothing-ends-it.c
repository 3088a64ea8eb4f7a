/* The socket is ready to read, so there is an answer, or an error: so it is thought. But a datagram
 * whose checksum is wrong makes a socket ready, too, and is dropped when it is read. The repaired
 * one goes on to wait.
 * expect: wrong-result
 * repaired: unaffected reported
 */
#include "zoo.h"

static ssize_t answer(int fd, char *line, size_t size)
{
    struct sockaddr_in to = ip4(SERVER, 7);
    for (int tries = 0; tries < 3; tries++) {
        if (sendto(fd, "TIME", 4, 0, (struct sockaddr *)&to, sizeof to) < 0 && errno != EAGAIN)
            return -errno;
        for (;;) {
            int err = await(fd, POLLIN);
            if (err == -ETIMEDOUT) break;
            if (err == -EINTR) continue;
            if (err) return err;
            ssize_t n = recvfrom(fd, line, size, 0, NULL, NULL);
#ifdef REPAIRED
            if (n < 0 && errno == EAGAIN) continue;
#endif
            return n < 0 ? -errno : n;
        }
    }
    return -ETIMEDOUT;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .until = "TIME", .send = "12:00" }, { 0 } };
    char line[16];
    (void)state;
    fit_peer_replies(SERVER ":7/udp", noon);
    struct fit_op *op = fit_op("ask");
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ssize_t n = fd < 0 ? -errno : answer(fd, line, sizeof line);
    if (fd >= 0) close(fd);
    told(op, n < 0 ? (int)n : 0, line, n > 0 ? (size_t)n : 0);
}
ZOO_MAIN(asks)
