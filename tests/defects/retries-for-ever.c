/* A client that tries again after every failure, with a pause, and never gives up: its caller is
 * never told. The repaired one stops after three attempts.
 * expect: hang
 * repaired: reported
 */
#include "zoo.h"

static int connect_somehow(void)
{
    int fd = -1;
#ifdef REPAIRED
    for (int attempt = 0; attempt < 3 && fd < 0; attempt++) {
#else
    while (fd < 0) {
#endif
        fd = dial(SERVER, 7);
        if (fd < 0) sleep(1);
    }
    return fd;
}

static void connects(void **state)
{
    static const struct fit_reply open_door[] = { { .until = "bye" }, { 0 } };
    (void)state;
    fit_peer_replies(SERVER ":7", open_door);
    struct fit_op *op = fit_op("connect");
    int fd = connect_somehow();
    told(op, fd < 0 ? fd : 0, NULL, 0);
    if (fd >= 0) close(fd);
}
ZOO_MAIN(connects)
