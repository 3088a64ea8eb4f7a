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
FIT__VOID_POOL(uv_getaddrinfo_cb, uv_getaddrinfo_cb,
               (uv_getaddrinfo_t *request, int status, struct addrinfo *found),
               (request, status, found))
FIT__VOID_POOL(uv_getnameinfo_cb, uv_getnameinfo_cb,
               (uv_getnameinfo_t *request, int status, const char *host, const char *service),
               (request, status, host, service))
FIT__VOID_POOL(uv_random_cb, uv_random_cb,
               (uv_random_t *request, int status, void *bytes, size_t size),
               (request, status, bytes, size))
FIT__VOID_POOL(uv_fs_cb, uv_fs_cb, (uv_fs_t *request), (request))
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
    fit__callback_begin("uv_alloc_cb", (void *)user);
    if (fit__callback_fails("uv_alloc_cb", (void *)user, 0))
        *buffer = (uv_buf_t){ .base = NULL, .len = 0 };
    else
        user(handle, size, buffer);
    fit__callback_end("uv_alloc_cb", (void *)user);
}
FIT__POOL(uv_alloc_cb, uv_alloc_cb, void, (uv_handle_t *handle, size_t size, uv_buf_t *buffer),
          (handle, size, buffer))

/* Work on the pool. UV_ECANCELED is no fault of its own: libuv gives it to a request that somebody
 * cancelled and to no other, so it comes about where the test's cancel function is called. */
FIT__VOID_POOL(uv_work_cb, uv_work_cb, (uv_work_t *request), (request))
FIT__VOID_POOL(uv_after_work_cb, uv_after_work_cb, (uv_work_t *request, int status),
               (request, status))

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

FORWARD(int, uv_timer_start, (uv_timer_t *h, uv_timer_cb cb, uint64_t ms, uint64_t repeat),
        (h, FOR(uv_timer_cb, cb), ms, repeat))
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
FORWARD(int, uv_queue_work,
        (uv_loop_t *l, uv_work_t *r, uv_work_cb work, uv_after_work_cb after),
        (l, r, FOR(uv_work_cb, work), FOR(uv_after_work_cb, after)))
FORWARD(int, uv_getaddrinfo,
        (uv_loop_t *l, uv_getaddrinfo_t *r, uv_getaddrinfo_cb cb, const char *node,
         const char *service, const struct addrinfo *hints),
        (l, r, FOR(uv_getaddrinfo_cb, cb), node, service, hints))
FORWARD(int, uv_getnameinfo,
        (uv_loop_t *l, uv_getnameinfo_t *r, uv_getnameinfo_cb cb, const struct sockaddr *address,
         int flags),
        (l, r, FOR(uv_getnameinfo_cb, cb), address, flags))
FORWARD(int, uv_random,
        (uv_loop_t *l, uv_random_t *r, void *bytes, size_t n, unsigned flags, uv_random_cb cb),
        (l, r, bytes, n, flags, FOR(uv_random_cb, cb)))
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

/* Files: uv_fs_NAME(loop, request, arguments, callback). */
#define FS(name, params, ...)                                                          \
    FORWARD(int, uv_fs_##name, (uv_loop_t *l, uv_fs_t *r, FIT__LIST params, uv_fs_cb cb), \
            (l, r, __VA_ARGS__, FOR(uv_fs_cb, cb)))

FS(close, (uv_file f), f)
FS(open, (const char *p, int flags, int mode), p, flags, mode)
FS(read, (uv_file f, const uv_buf_t b[], unsigned n, int64_t at), f, b, n, at)
FS(write, (uv_file f, const uv_buf_t b[], unsigned n, int64_t at), f, b, n, at)
FS(unlink, (const char *p), p)
FS(copyfile, (const char *p, const char *to, int flags), p, to, flags)
FS(mkdir, (const char *p, int mode), p, mode)
FS(mkdtemp, (const char *p), p)
FS(mkstemp, (const char *p), p)
FS(rmdir, (const char *p), p)
FS(scandir, (const char *p, int flags), p, flags)
FS(opendir, (const char *p), p)
FS(readdir, (uv_dir_t *d), d)
FS(closedir, (uv_dir_t *d), d)
FS(stat, (const char *p), p)
FS(fstat, (uv_file f), f)
FS(lstat, (const char *p), p)
FS(statfs, (const char *p), p)
FS(rename, (const char *p, const char *to), p, to)
FS(fsync, (uv_file f), f)
FS(fdatasync, (uv_file f), f)
FS(ftruncate, (uv_file f, int64_t size), f, size)
FS(sendfile, (uv_file out, uv_file in, int64_t at, size_t n), out, in, at, n)
FS(access, (const char *p, int mode), p, mode)
FS(chmod, (const char *p, int mode), p, mode)
FS(fchmod, (uv_file f, int mode), f, mode)
FS(utime, (const char *p, double accessed, double changed), p, accessed, changed)
FS(futime, (uv_file f, double accessed, double changed), f, accessed, changed)
FS(lutime, (const char *p, double accessed, double changed), p, accessed, changed)
FS(link, (const char *p, const char *to), p, to)
FS(symlink, (const char *p, const char *to, int flags), p, to, flags)
FS(readlink, (const char *p), p)
FS(realpath, (const char *p), p)
FS(chown, (const char *p, uv_uid_t user, uv_gid_t group), p, user, group)
FS(fchown, (uv_file f, uv_uid_t user, uv_gid_t group), f, user, group)
FS(lchown, (const char *p, uv_uid_t user, uv_gid_t group), p, user, group)
