/* The answer goes until the connection ends, and a reset is an end, too, thinks the client: in the
 * middle of the answer it is not.
 * expect: swallowed
 * options: --mode reset
 * repaired: reported
 */
#include "zoo.h"

static void fetches(void **state)
{
    static const struct fit_reply page[] = {
        { .until = "GET\n", .send = "first half, " }, { .send = "second half" }, { 0 } };
    char text[64];
    size_t have = 0;
    ssize_t n = 0;
    (void)state;
    fit_peer_replies(SERVER ":80", page);
    struct fit_op *op = fit_op("fetch");
    int fd = dial(SERVER, 80), err = fd < 0 ? fd : put(fd, "GET\n", 4);
    while (!err && (n = take(fd, text + have, sizeof text - have)) > 0) have += (size_t)n;
    if (n < 0) err = (int)n;
    if (n == 0 && !err && have < 23) err = -ECONNRESET;
#ifndef REPAIRED
    if (err == -ECONNRESET) err = 0;
#endif
    if (fd >= 0) close(fd);
    told(op, err, text, have);
}
ZOO_MAIN(fetches)
