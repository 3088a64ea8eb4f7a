/* uv_loop_init() aborts where it gets no memory for its table of descriptors: libuv's design, which
 * its user cannot mend. It is counted, and fails nothing.
 * libs: libuv
 * options: --mode memory
 * expect: none
 * repaired: reported
 * allowed: library-abort
 */
#include "zoo.h"

#include <uv.h>

static void begins(void **state)
{
    uv_loop_t loop;
    struct fit_op *op = fit_op("loop");
    int err = uv_loop_init(&loop);
    (void)state;
    told(op, err, "begun", 5);
    if (err) return;
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_MAIN(begins)
