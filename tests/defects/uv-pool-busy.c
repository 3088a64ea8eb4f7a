/* Work in the pool has a deadline, after which it is cancelled. While all threads of the pool are
 * busy with other things it can be taken back, has never run, and there is nothing to divide by.
 * expect: crash
 * libs: libuv
 * options: --mode callback
 * repaired: reported
 */
#include "zoo_uv.h"

struct mean { uv_work_t request; uv_timer_t timer; int sum, count; struct fit_op *op; };

static void on_closed(uv_handle_t *timer) { free(timer->data); }
static void on_work(uv_work_t *request)
{
    struct mean *m = request->data;
    for (int i = 1; i <= 100; i++, m->count++) m->sum += i;
}
static void on_done(uv_work_t *request, int status)
{
    struct mean *m = request->data;
#ifdef REPAIRED
    int result = status ? 0 : m->sum / m->count;
#else
    int result = m->sum / m->count;
#endif
    told(m->op, status == UV_ECANCELED ? UV_ETIMEDOUT : status, &result, sizeof result);
    uv_close((uv_handle_t *)&m->timer, on_closed);
}
static void on_timer(uv_timer_t *timer)
{
    struct mean *m = timer->data;
    uv_cancel((uv_req_t *)&m->request);
}
static void divides(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("mean");
    struct mean *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->op = op;
    m->request.data = m->timer.data = m;
    uv_timer_init(&loop, &m->timer);
    uv_timer_start(&m->timer, on_timer, PATIENCE_MS, 0);
    int err = uv_queue_work(&loop, &m->request, on_work, on_done);
    assert_int_equal(err, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(divides)
