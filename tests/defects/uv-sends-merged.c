/* A thread puts two things into a queue and tells the loop each time. The callback takes it for
 * granted that it finds both: mostly the loop comes to run when the thread is done.
 * expect: abort
 * libs: libuv
 * repaired: unaffected
 */
#include "zoo_uv.h"

static struct { uv_async_t async; uv_thread_t thread; int queued, taken; struct fit_op *op; } a;

static void on_async(uv_async_t *async)
{
#ifdef REPAIRED
    a.taken += a.queued;
    a.queued = 0;
    if (a.taken < 2) return;
#else
    assert(a.queued == 2);
#endif
    uv_close((uv_handle_t *)async, NULL);
    told(a.op, 0, "both", 4);
}
static void work(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        a.queued++;
        uv_async_send(&a.async);
    }
}
static void hears(void **state)
{
    (void)state;
    memset(&a, 0, sizeof a);
    a.op = fit_op("both");
    uv_async_init(&loop, &a.async, on_async);
    int err = uv_thread_create(&a.thread, work, NULL);
    if (err) {
        told(a.op, err, NULL, 0);
        uv_close((uv_handle_t *)&a.async, NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    if (!err) uv_thread_join(&a.thread);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(hears)
