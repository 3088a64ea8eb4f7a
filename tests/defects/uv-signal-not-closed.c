/* When the service cannot work it stops listening for SIGTERM, but only an orderly end closes the
 * handle: one that is not closed keeps its loop from closing.
 * expect: leak-handle
 * libs: libuv
 * repaired: reported
 */
#include "uv_shutdown.h"

static void service_end(struct service *s, int err)
{
    if (uv_is_closing((uv_handle_t *)&s->tcp)) return;
    s->err = err;
#ifndef REPAIRED
    if (err) {
        uv_signal_stop(&s->term);
        s->open--;
    } else
#endif
        drop(s, (uv_handle_t *)&s->term);
    drop(s, (uv_handle_t *)&s->tcp);
    drop(s, (uv_handle_t *)&s->works);
}

ZOO_UV_MAIN(stops_on_term)
