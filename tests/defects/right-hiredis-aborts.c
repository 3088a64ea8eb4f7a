/* hiredis 0.14 aborts where its strings get no memory: its design, which its user cannot mend.
 * link: -lhiredis
 * options: --mode memory
 * expect: none
 * repaired: reported
 * allowed: library-abort
 */
#include "zoo.h"

#include <hiredis/async.h>

static void connects(void **state)
{
    struct fit_op *op = fit_op("connect");
    char *own = strdup(SERVER);
    (void)state;
    if (!own) {
        told(op, -ENOMEM, NULL, 0);
        return;
    }
    redisAsyncContext *redis = redisAsyncConnect(own, 6379);
    told(op, redis && !redis->err ? 0 : -ENOMEM, "begun", 5);
    if (redis) redisAsyncFree(redis);
    free(own);
}
ZOO_MAIN(connects)
