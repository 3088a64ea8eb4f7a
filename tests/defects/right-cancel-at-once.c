/* No mistake: a timer and a listener, cancelled before their loop has turned for the first time,
 * and at every turn after it.
 * expect: none
 * libs: libuv
 * repaired: reported
 */
#include "zoo_uv.h"

struct service { uv_tcp_t listener; uv_timer_t timer; int err, open, ticks; struct fit_op *op; };

static void on_closed(uv_handle_t *h)
{
    struct service *s = h->data;
    if (--s->open) return;
    if (s->err) fit_op_failed(s->op, s->err, uv_strerror(s->err), NULL);
    else        fit_op_succeeded(s->op, &s->ticks, sizeof s->ticks);
}
static void service_end(struct service *s, int err)
{
    if (uv_is_closing((uv_handle_t *)&s->timer)) return;
    s->err = err;
    uv_close((uv_handle_t *)&s->timer, on_closed);
    uv_close((uv_handle_t *)&s->listener, on_closed);
}
static void service_cancel(struct service *s) { service_end(s, UV_ECANCELED); }
static void on_timer(uv_timer_t *t)
{
    struct service *s = t->data;
    if (++s->ticks == 3) service_end(s, 0);
}
static void on_connection(uv_stream_t *l, int status) { service_end(l->data, status); }

static void serves(void **state)
{
    struct sockaddr_in a = ip4("127.0.0.1", 8080);
    static struct service s;
    (void)state;
    memset(&s, 0, sizeof s);
    s.op = fit_op("serve");
    s.open = 2;
    uv_tcp_init(&loop, &s.listener);
    uv_timer_init(&loop, &s.timer);
    s.listener.data = s.timer.data = &s;
    fit_on_cancel(s.op, service_cancel, &s);
    uv_timer_start(&s.timer, on_timer, 1000, 1000);
    int err = uv_tcp_bind(&s.listener, (struct sockaddr *)&a, 0);
    if (!err) err = uv_listen((uv_stream_t *)&s.listener, 8, on_connection);
    if (err) service_end(&s, err);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(serves)
