/* Cancelling tells the caller so at once, and lets the timer run on: its callback then tells the
 * caller that all is well. The repaired one stops the timer before it says anything.
 * expect: callback-late
 * libs: libuv
 * repaired: reported
 */
#include "zoo_uv.h"

struct nap { uv_timer_t timer; struct fit_op *op; };

static void on_timer(uv_timer_t *t)
{
    struct nap *n = t->data;
    uv_close((uv_handle_t *)t, NULL);
    fit_op_succeeded(n->op, NULL, 0);
}
static void nap_cancel(struct nap *n)
{
#ifdef REPAIRED
    if (uv_is_closing((uv_handle_t *)&n->timer)) return;
    uv_close((uv_handle_t *)&n->timer, NULL);
#endif
    fit_op_failed(n->op, UV_ECANCELED, uv_strerror(UV_ECANCELED), NULL);
}

static void naps(void **state)
{
    static struct nap n;
    (void)state;
    n.op = fit_op("nap");
    uv_timer_init(&loop, &n.timer);
    n.timer.data = &n;
    uv_timer_start(&n.timer, on_timer, 300, 0);
    fit_on_cancel(n.op, nap_cancel, &n);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(naps)
