/* A client without a timer: a server that says nothing more keeps it waiting for ever.
 * expect: hang
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
#ifndef REPAIRED
    uv_timer_stop(&a->timer);
#endif
    if (err) ask_end(a, err);
}

static void asks(void **state)
{
    (void)state;
    assert_int_equal(ask_once(), 0);
}
ZOO_UV_MAIN(asks)
