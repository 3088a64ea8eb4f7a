/* A user may cancel twice: the second cancel closes a handle that is closing already, for which
 * libuv ends the program. The repaired one looks first.
 * expect: abort
 * libs: libuv
 * options: --mode cancel --extended
 * repaired: reported
 */
#include "zoo_uv.h"

struct nap { uv_timer_t timer; int err; struct fit_op *op; };

static void on_closed(uv_handle_t *h)
{
    struct nap *n = h->data;
    if (n->err) fit_op_failed(n->op, n->err, uv_strerror(n->err), NULL);
    else        fit_op_succeeded(n->op, NULL, 0);
    free(n);
}
static void on_timer(uv_timer_t *t) { uv_close((uv_handle_t *)t, on_closed); }
static void nap_cancel(struct nap *n)
{
#ifdef REPAIRED
    if (uv_is_closing((uv_handle_t *)&n->timer)) return;
#endif
    n->err = UV_ECANCELED;
    uv_close((uv_handle_t *)&n->timer, on_closed);
}

static void naps(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("nap");
    struct nap *n = calloc(1, sizeof *n);
    assert_non_null(n);
    n->op = op;
    uv_timer_init(&loop, &n->timer);
    n->timer.data = n;
    uv_timer_start(&n->timer, on_timer, 300, 0);
    fit_on_cancel(op, nap_cancel, n);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(naps)
