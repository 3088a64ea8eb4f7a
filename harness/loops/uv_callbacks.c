/* harness/loops/uv_callbacks.c - callbacks that the user's code passes to libuv.
 *
 * What may go wrong in them:
 *   uv_alloc_cb       returns no buffer: the read callback gets UV_ENOBUFS (libuv's manual,
 *                     uv_alloc_cb; 1.44.2, src/unix/stream.c, uv__read)
 * All other error statuses come from the kernel below libuv, so that loop and service agree. */
#include <uv.h>

#include "fi/export.h"
#include "fi/guard.h"
#include "harness/loops/loops.h"
#include "harness/loops/thunk.h"

static struct fit__library library = { .file = "libuv.so.1" };

FIT__VOID_POOL(uv_timer_cb, uv_timer_cb, (uv_timer_t *handle), (handle))
FIT__VOID_POOL(uv_poll_cb, uv_poll_cb, (uv_poll_t *handle, int status, int events),
               (handle, status, events))
FIT__VOID_POOL(uv_read_cb, uv_read_cb, (uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer),
               (stream, got, buffer))
FIT__VOID_POOL(uv_write_cb, uv_write_cb, (uv_write_t *request, int status), (request, status))
FIT__VOID_POOL(uv_connect_cb, uv_connect_cb, (uv_connect_t *request, int status),
               (request, status))
FIT__VOID_POOL(uv_shutdown_cb, uv_shutdown_cb, (uv_shutdown_t *request, int status),
               (request, status))
FIT__VOID_POOL(uv_connection_cb, uv_connection_cb, (uv_stream_t *server, int status),
               (server, status))
FIT__VOID_POOL(uv_close_cb, uv_close_cb, (uv_handle_t *handle), (handle))
FIT__VOID_POOL(uv_async_cb, uv_async_cb, (uv_async_t *handle), (handle))
FIT__VOID_POOL(uv_idle_cb, uv_idle_cb, (uv_idle_t *handle), (handle))
FIT__VOID_POOL(uv_prepare_cb, uv_prepare_cb, (uv_prepare_t *handle), (handle))
FIT__VOID_POOL(uv_check_cb, uv_check_cb, (uv_check_t *handle), (handle))
FIT__VOID_POOL(uv_signal_cb, uv_signal_cb, (uv_signal_t *handle, int number), (handle, number))
FIT__VOID_POOL(uv_fs_event_cb, uv_fs_event_cb,
               (uv_fs_event_t *handle, const char *name, int events, int status),
               (handle, name, events, status))
FIT__VOID_POOL(uv_fs_poll_cb, uv_fs_poll_cb,
               (uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *now),
               (handle, status, before, now))
FIT__VOID_POOL(uv_udp_send_cb, uv_udp_send_cb, (uv_udp_send_t *request, int status),
               (request, status))
FIT__VOID_POOL(uv_udp_recv_cb, uv_udp_recv_cb,
               (uv_udp_t *handle, ssize_t got, const uv_buf_t *buffer,
                const struct sockaddr *from, unsigned flags),
               (handle, got, buffer, from, flags))

static __attribute__((noinline))
void uv_alloc_cb_run(uv_alloc_cb user, uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    fit__callback_begin(FIT_CALL_uv_alloc_cb, (void *)user);
    if (fit__callback_fails(FIT_CALL_uv_alloc_cb, (void *)user, 0))
        *buffer = (uv_buf_t){ .base = NULL, .len = 0 };
    else
        user(handle, size, buffer);
    fit__callback_end(FIT_CALL_uv_alloc_cb, (void *)user);
}
FIT__POOL(uv_alloc_cb, uv_alloc_cb, void, (uv_handle_t *handle, size_t size, uv_buf_t *buffer),
          (handle, size, buffer))

/* ---- libuv's functions ------------------------------------------------------------------- */

/* FOR: the thunk for a callback, if the user's code passes it. Only in an exported function. */
#define FOR(type, callback)                                                            \
    (fit__users_callback(&library, __builtin_return_address(0)) ? type##_for(callback)  \
                                                                : (callback))
#define FORWARD(result, name, params, args)                                            \
    FIT_EXPORT result name params                                                      \
    {                                                                                  \
        __typeof__(&name) real = FIT__REAL(&library, name);                            \
        return real args;                                                              \
    }

FIT_EXPORT int uv_timer_start(uv_timer_t *h, uv_timer_cb cb, uint64_t ms, uint64_t repeat)
{
    __typeof__(&uv_timer_start) real = FIT__REAL(&library, uv_timer_start);
    if (ms) fit__loop_timed(FIT_CALL_uv_timer_start, __builtin_return_address(0));
    return real(h, FOR(uv_timer_cb, cb), ms, repeat);
}

FIT_EXPORT int uv_async_send(uv_async_t *h)
{
    int result = FIT__REAL(&library, uv_async_send)(h);
    fit__loop_sent(FIT_CALL_uv_async_send, __builtin_return_address(0));
    return result;
}

FORWARD(int, uv_poll_start, (uv_poll_t *h, int events, uv_poll_cb cb),
        (h, events, FOR(uv_poll_cb, cb)))
FORWARD(int, uv_read_start, (uv_stream_t *h, uv_alloc_cb alloc, uv_read_cb cb),
        (h, FOR(uv_alloc_cb, alloc), FOR(uv_read_cb, cb)))
FORWARD(int, uv_write,
        (uv_write_t *r, uv_stream_t *h, const uv_buf_t buffers[], unsigned n, uv_write_cb cb),
        (r, h, buffers, n, FOR(uv_write_cb, cb)))
FORWARD(int, uv_write2,
        (uv_write_t *r, uv_stream_t *h, const uv_buf_t buffers[], unsigned n, uv_stream_t *send,
         uv_write_cb cb),
        (r, h, buffers, n, send, FOR(uv_write_cb, cb)))
FORWARD(int, uv_tcp_connect,
        (uv_connect_t *r, uv_tcp_t *h, const struct sockaddr *to, uv_connect_cb cb),
        (r, h, to, FOR(uv_connect_cb, cb)))
FORWARD(void, uv_pipe_connect,
        (uv_connect_t *r, uv_pipe_t *h, const char *name, uv_connect_cb cb),
        (r, h, name, FOR(uv_connect_cb, cb)))
FORWARD(int, uv_listen, (uv_stream_t *h, int backlog, uv_connection_cb cb),
        (h, backlog, FOR(uv_connection_cb, cb)))
FORWARD(int, uv_shutdown, (uv_shutdown_t *r, uv_stream_t *h, uv_shutdown_cb cb),
        (r, h, FOR(uv_shutdown_cb, cb)))
FORWARD(void, uv_close, (uv_handle_t *h, uv_close_cb cb), (h, FOR(uv_close_cb, cb)))
FORWARD(int, uv_tcp_close_reset, (uv_tcp_t *h, uv_close_cb cb), (h, FOR(uv_close_cb, cb)))
FORWARD(int, uv_async_init, (uv_loop_t *l, uv_async_t *h, uv_async_cb cb),
        (l, h, FOR(uv_async_cb, cb)))
FORWARD(int, uv_idle_start, (uv_idle_t *h, uv_idle_cb cb), (h, FOR(uv_idle_cb, cb)))
FORWARD(int, uv_prepare_start, (uv_prepare_t *h, uv_prepare_cb cb), (h, FOR(uv_prepare_cb, cb)))
FORWARD(int, uv_check_start, (uv_check_t *h, uv_check_cb cb), (h, FOR(uv_check_cb, cb)))
FORWARD(int, uv_signal_start, (uv_signal_t *h, uv_signal_cb cb, int number),
        (h, FOR(uv_signal_cb, cb), number))
FORWARD(int, uv_signal_start_oneshot, (uv_signal_t *h, uv_signal_cb cb, int number),
        (h, FOR(uv_signal_cb, cb), number))
FORWARD(int, uv_udp_send,
        (uv_udp_send_t *r, uv_udp_t *h, const uv_buf_t buffers[], unsigned n,
         const struct sockaddr *to, uv_udp_send_cb cb),
        (r, h, buffers, n, to, FOR(uv_udp_send_cb, cb)))
FORWARD(int, uv_udp_recv_start, (uv_udp_t *h, uv_alloc_cb alloc, uv_udp_recv_cb cb),
        (h, FOR(uv_alloc_cb, alloc), FOR(uv_udp_recv_cb, cb)))
FORWARD(int, uv_fs_event_start,
        (uv_fs_event_t *h, uv_fs_event_cb cb, const char *path, unsigned flags),
        (h, FOR(uv_fs_event_cb, cb), path, flags))
FORWARD(int, uv_fs_poll_start,
        (uv_fs_poll_t *h, uv_fs_poll_cb cb, const char *path, unsigned ms),
        (h, FOR(uv_fs_poll_cb, cb), path, ms))

