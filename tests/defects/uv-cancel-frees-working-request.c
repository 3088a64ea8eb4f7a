/* Work in the pool that has begun cannot be taken back, which uv_cancel() says and nobody hears:
 * the request is freed while its thread works with it. The repaired one waits for the end of the
 * work in that case.
 * expect: crash
 * libs: libuv
 * repaired: reported
 */
#include "zoo_uv.h"

struct sum { uv_work_t request; int result, cancelled; struct fit_op *op; };

static void on_work(uv_work_t *request)
{
    struct sum *s = request->data;
    for (int i = 1; i <= 100; i++) s->result += i;
}
static void on_done(uv_work_t *request, int status)
{
    struct sum *s = request->data;
    if (s->cancelled) status = UV_ECANCELED;
    if (status) fit_op_failed(s->op, status, uv_strerror(status), NULL);
    else        fit_op_succeeded(s->op, &s->result, sizeof s->result);
    free(s);
}
static void sum_cancel(struct sum *s)
{
    s->cancelled = 1;
#ifdef REPAIRED
    uv_cancel((uv_req_t *)&s->request);
#else
    if (uv_cancel((uv_req_t *)&s->request) == 0) return;
    fit_op_failed(s->op, UV_ECANCELED, uv_strerror(UV_ECANCELED), NULL);
    free(s);
#endif
}

static void adds(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("sum");
    struct sum *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->op = op;
    s->request.data = s;
    fit_on_cancel(op, sum_cancel, s);
    int err = uv_queue_work(&loop, &s->request, on_work, on_done);
    assert_int_equal(err, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(adds)
