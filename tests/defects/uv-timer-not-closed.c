/* On an error the connection is closed and the timer only stopped: a handle that is not closed
 * keeps its loop from closing.
 * expect: leak-handle
 * libs: libuv
 * repaired: reported
 */
#define OWN_ASK_END
#include "zoo_uv_ask.h"

static void ask_end(struct ask *a, int err)
{
    if (a->ended) return;
    a->ended = 1;
    a->err = err;
    uv_close((uv_handle_t *)&a->tcp, on_closed);
#ifndef REPAIRED
    if (err) {
        uv_timer_stop(&a->timer);
        a->open--;
        return;
    }
#endif
    uv_close((uv_handle_t *)&a->timer, on_closed);
}

static void asks(void **state)
{
    (void)state;
    ask_once();
}
ZOO_UV_MAIN(asks)
