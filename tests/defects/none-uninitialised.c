/* A test that passes and depends on a byte that nobody wrote.
 * expect: memory-error
 * without-fault: memory-error
 * repaired: reported
 */
#include "zoo.h"

struct options { char verbose, name[15]; };

static int start(const struct options *o)
{
    int fd = dial(SERVER, 7);
    if (fd < 0) return fd;
    if (o->verbose == 'v') setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
    close(fd);
    return 0;
}

static void starts(void **state)
{
    (void)state;
    fit_peer_replies(SERVER ":7", (const struct fit_reply[]){ { 0 } });
    struct fit_op *op = fit_op("start");
#ifdef REPAIRED
    struct options *o = calloc(1, sizeof *o);
#else
    struct options *o = malloc(sizeof *o);
#endif
    assert_non_null(o);
    int err = start(o);
    told(op, err, NULL, 0);
    free(o);
}
ZOO_MAIN(starts)
