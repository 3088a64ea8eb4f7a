/* When the connection cannot even be begun, the function closes what it had opened and returns:
 * nobody calls the completion callback.
 * expect: callback-lost
 * libs: libuv
 * repaired: reported
 */
#define OWN_ASK_START
#include "zoo_uv_ask.h"

static void ask_start(struct ask *a, uv_loop_t *l)
{
    struct sockaddr_in to = ip4(SERVER, 7);
    uv_tcp_init(l, &a->tcp);
    uv_timer_init(l, &a->timer);
    a->tcp.data = a->timer.data = a->connect.data = a;
    a->open = 2;
    uv_timer_start(&a->timer, on_timeout, PATIENCE_MS, 0);
    int err = uv_tcp_connect(&a->connect, &a->tcp, (struct sockaddr *)&to, on_connected);
#ifdef REPAIRED
    if (err) ask_end(a, err);
#else
    if (err) {
        uv_close((uv_handle_t *)&a->tcp, NULL);
        uv_close((uv_handle_t *)&a->timer, NULL);
    }
#endif
}

static void asks(void **state)
{
    (void)state;
    assert_int_equal(ask_once(), 0);
}
ZOO_UV_MAIN(asks)
