/* A relay with two connections: when the second cannot be made, the error path closes the
 * variable that holds the error and not the first connection. The first stays open.
 * expect: leak-fd
 * repaired: reported
 */
#include "zoo.h"

static int relay(void)
{
    char line[32];
    size_t have;
    int in = dial(SERVER, 7), out, err;
    if (in < 0) return in;
    out = dial("10.0.0.8", 8);
    if (out < 0) {
#ifdef REPAIRED
        close(in);
#else
        close(out);
#endif
        return out;
    }
    err = take_line(in, line, sizeof line, &have);
    if (!err) err = put(out, line, have);
    close(in);
    close(out);
    return err;
}

static void relays(void **state)
{
    static const struct fit_reply from[] = { { .send = "hello\n" }, { 0 } };
    static const struct fit_reply to[] = { { .until = "hello\n", .send = "bye\n" }, { 0 } };
    (void)state;
    fit_peer_replies(SERVER ":7", from);
    fit_peer_replies("10.0.0.8:8", to);
    struct fit_op *op = fit_op("relay");
    told(op, relay(), NULL, 0);
}
ZOO_MAIN(relays)
