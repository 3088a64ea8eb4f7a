/* A pause between two attempts: when its timer comes, the clock is asked whether it is over. By the
 * clock it is not quite, for the loop counts from the time that it remembers, and nobody sets the
 * timer again.
 * expect: callback-lost
 * libs: libuv
 * repaired: unaffected
 */
#include "zoo_uv.h"

enum { PAUSE_MS = 200 };

static struct { uv_timer_t timer; uint64_t begun; struct fit_op *op; } a;

static uint64_t now_ms(void) { return uv_hrtime() / 1000000; }

static void on_timer(uv_timer_t *timer)
{
    uint64_t passed = now_ms() - a.begun;
    if (passed < PAUSE_MS) {
#ifdef REPAIRED
        uv_timer_start(timer, on_timer, PAUSE_MS - passed, 0);
#endif
        return;
    }
    uv_close((uv_handle_t *)timer, NULL);
    told(a.op, 0, "again", 5);
}
static void pauses(void **state)
{
    (void)state;
    a.op = fit_op("pause");
    uv_timer_init(&loop, &a.timer);
    uv_timer_start(&a.timer, on_timer, PAUSE_MS, 0);
    a.begun = now_ms();
    uv_run(&loop, UV_RUN_DEFAULT);
    if (!uv_is_closing((uv_handle_t *)&a.timer)) uv_close((uv_handle_t *)&a.timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(pauses)
