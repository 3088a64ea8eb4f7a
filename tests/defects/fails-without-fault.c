/* A test that fails with nothing injected has no result.
 * expect: broken-test
 * repaired: reported
 */
#include "zoo.h"

static void opens(void **state)
{
    int ends[2];
    (void)state;
    struct fit_op *op = fit_op("pipe");
    int err = pipe(ends) < 0 ? -errno : 0;
    if (!err) {
#ifndef REPAIRED
        assert_int_equal(ends[0], ends[1]);
#endif
        close(ends[0]);
        close(ends[1]);
    }
    told(op, err, NULL, 0);
}
ZOO_MAIN(opens)
