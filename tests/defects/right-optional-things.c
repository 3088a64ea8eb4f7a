/* No mistake: what only makes things better may fail without a word: an option that this kind of
 * socket does not have, a log file that cannot be opened, a name for a thread that is too long.
 * expect: none
 * repaired: unaffected
 */
#include "zoo.h"

#include <netinet/tcp.h>

static int start(void)
{
    int pair[2], one = 1;
    FILE *motd = fopen("/etc/no-such-file", "r");
    if (motd) fclose(motd);
    motd = fopen("/etc/hosts", "r");
    if (motd) fclose(motd);
    pthread_setname_np(pthread_self(), "a name that is far too long for Linux");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) return -errno;
    setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    close(pair[0]);
    close(pair[1]);
    return 0;
}

static void starts(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("start");
    int err = start();
    told(op, err, NULL, 0);
}
ZOO_MAIN(starts)
