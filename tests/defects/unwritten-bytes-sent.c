/* A relay that passes on as much as it asked for, not as much as it got: after a short read, bytes
 * that nobody has written. The place to name is the call of the service.
 * expect: memory-error
 * options: --mode partial
 * symptom: Uninitialised byte.* passed to a call in pass_on .unwritten-bytes-sent.c
 * repaired: recovered
 */
#include "zoo.h"

enum { MOST = 8 };

static int pass_on(int from, int to)
{
    char *block = malloc(MOST);
    ssize_t n = block ? take(from, block, MOST) : -ENOMEM, sent = 0;
#ifdef REPAIRED
    size_t size = n > 0 ? (size_t)n : 0;
#else
    size_t size = n > 0 ? MOST : 0;
#endif
    for (size_t done = 0; done < size && sent >= 0; done += sent > 0 ? (size_t)sent : 0) {
        sent = send(to, block + done, size - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) sent = await(to, POLLOUT);
    }
    free(block);
    return n < 0 ? (int)n : sent < 0 ? -EPIPE : n == 0 ? -ECONNRESET : 0;
}
static void relays(void **state)
{
    static const struct fit_reply source[] = { { .send = "12345678" }, { 0 } };
    static const struct fit_reply sink[] = { { .until = "8", .send = "k" }, { 0 } };
    char kept = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", source);
    fit_peer_replies(SERVER ":9", sink);
    struct fit_op *op = fit_op("relay");
    int from = dial(SERVER, 7), to = from < 0 ? -1 : dial(SERVER, 9), err = from < 0 ? from : 0;
    if (!err && to < 0) err = to;
    ssize_t n = 0;
    while (!err && !n) {
        err = pass_on(from, to);
        n = err ? 0 : recv(to, &kept, 1, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) n = 0;
    }
    if (err == -ECONNRESET && to >= 0 && take(to, &kept, 1) == 1) err = 0;
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    told(op, n < 0 ? -EIO : err, &kept, 1);
}
ZOO_MAIN(relays)
