/* A test that passes, and closes its pipe twice all the same: found in the run without faults.
 * expect: bad-close
 * without-fault: bad-close
 * repaired: reported
 */
#include "zoo.h"

static void opens(void **state)
{
    int ends[2];
    (void)state;
    struct fit_op *op = fit_op("open");
    int err = pipe(ends) < 0 ? -errno : 0;
    if (!err) {
        close(ends[0]);
        close(ends[1]);
#ifndef REPAIRED
        close(ends[1]);
#endif
    }
    told(op, err, NULL, 0);
}
ZOO_MAIN(opens)
