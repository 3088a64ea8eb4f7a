/* Work in the pool has a deadline. When that has passed the caller is told, whether the work could
 * be taken back or not; a thread that is slow with it ends later, and the caller is told again.
 * expect: callback-twice
 * libs: libuv
 * options: --mode callback
 * repaired: reported
 */
#include "zoo_uv.h"

struct sum { uv_work_t request; uv_timer_t timer; int result, late; struct fit_op *op; };

static void on_closed(uv_handle_t *timer) { free(timer->data); }
static void on_work(uv_work_t *request)
{
    struct sum *s = request->data;
    for (int i = 1; i <= 100; i++) s->result += i;
}
static void on_done(uv_work_t *request, int status)
{
    struct sum *s = request->data;
#ifdef REPAIRED
    if (!s->late)
#else
    if (status != UV_ECANCELED)
#endif
        told(s->op, status, &s->result, sizeof s->result);
    uv_close((uv_handle_t *)&s->timer, on_closed);
}
static void on_timer(uv_timer_t *timer)
{
    struct sum *s = timer->data;
    s->late = 1;
    uv_cancel((uv_req_t *)&s->request);
    told(s->op, UV_ETIMEDOUT, NULL, 0);
}
static void adds(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("sum");
    struct sum *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->op = op;
    s->request.data = s->timer.data = s;
    uv_timer_init(&loop, &s->timer);
    uv_timer_start(&s->timer, on_timer, PATIENCE_MS, 0);
    int err = uv_queue_work(&loop, &s->request, on_work, on_done);
    assert_int_equal(err, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(adds)
