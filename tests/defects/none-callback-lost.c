/* A test that passes although its operation never ends: whoever waits is told nothing, with or
 * without a fault.
 * expect: callback-lost
 * without-fault: callback-lost
 * repaired: reported
 */
#include "zoo.h"

static void starts(void **state)
{
    (void)state;
    fit_peer_replies(SERVER ":7", (const struct fit_reply[]){ { 0 } });
    struct fit_op *op = fit_op("start");
    int fd = dial(SERVER, 7);
    if (fd >= 0) close(fd);
#ifdef REPAIRED
    told(op, fd < 0 ? fd : 0, NULL, 0);
#else
    if (fd < 0) told(op, fd, NULL, 0);
#endif
}
ZOO_MAIN(starts)
