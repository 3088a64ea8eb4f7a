/* Cancelling frees the request at once, while its timer is still on the way to be closed: libuv
 * then works in freed memory. The repaired one frees in the close callback.
 * expect: memory-error
 * libs: libuv
 * repaired: reported
 */
#include "zoo_uv.h"

struct job { char name[64]; uv_timer_t timer; int err; struct fit_op *op; };

static void tell(struct job *j)
{
    if (j->err) fit_op_failed(j->op, j->err, uv_strerror(j->err), NULL);
    else        fit_op_succeeded(j->op, j->name, strlen(j->name));
}
static void on_closed(uv_handle_t *h)
{
    tell(h->data);
    free(h->data);
}
static void on_timer(uv_timer_t *t) { uv_close((uv_handle_t *)t, on_closed); }
static void job_cancel(struct job *j)
{
    j->err = UV_ECANCELED;
#ifdef REPAIRED
    uv_close((uv_handle_t *)&j->timer, on_closed);
#else
    uv_close((uv_handle_t *)&j->timer, NULL);
    tell(j);
    free(j);
#endif
}

static void waits(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("job");
    struct job *j = calloc(1, sizeof *j);
    assert_non_null(j);
    strcpy(j->name, "wait");
    j->op = op;
    uv_timer_init(&loop, &j->timer);
    j->timer.data = j;
    uv_timer_start(&j->timer, on_timer, 100, 0);
    fit_on_cancel(op, job_cancel, j);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(waits)
