/* A read callback that takes its second argument for a length in every case. Errors are negative
 * there: the copy of that many bytes runs out of all memory.
 * expect: crash
 * libs: libuv
 * repaired: reported
 */
#define OWN_ON_READ
#include "zoo_uv_ask.h"

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct ask *a = s->data;
#ifdef REPAIRED
    if (n < 0) {
        ask_end(a, (int)n);
        return;
    }
#endif
    memcpy(a->line + a->have, b->base, (size_t)n);
    a->have += (size_t)n;
    if (a->have && a->line[a->have - 1] == '\n') ask_end(a, 0);
}

static void asks(void **state)
{
    (void)state;
    assert_int_equal(ask_once(), 0);
}
ZOO_UV_MAIN(asks)
