/* A check of one's own, without CMocka: fit_fail() under a fault is an assertion too.
 * expect: assertion
 * repaired: reported
 */
#include "zoo.h"

#define CHECK(what) do { if (!(what)) fit_fail("not so: %s", #what); } while (0)

static void opens(void *arg)
{
    int ends[2];
    (void)arg;
    struct fit_op *op = fit_op("pipe");
    int err = pipe(ends) < 0 ? -errno : 0;
#ifndef REPAIRED
    CHECK(err == 0);
#endif
    if (!err) {
        close(ends[0]);
        close(ends[1]);
    }
    told(op, err, NULL, 0);
}
int main(void)
{
    return fit_run("opens", opens, NULL);
}
