/* harness/loops/glib_callbacks.c - callbacks that the user's code passes to GLib and GIO.
 *
 * A source calls back with what its kind has to say: pointers and ints, up to four here, and a
 * result that is an int or nothing. All of these travel in registers of their own, whatever their
 * type, and so does the result: one pool of thunks serves all kinds. Functions that end in _async
 * have their callback last but one, and call it from a source of their own. What they are told to
 * do fails below them, in the kernel; callbacks themselves have no way to fail. GLib's headers are
 * not needed. */
#include <stdint.h>

#include "fi/export.h"
#include "harness/loops/loops.h"
#include "harness/loops/thunk.h"

static struct fit__library glib = { .file = "libglib-2.0.so.0" };
static struct fit__library gio = { .file = "libgio-2.0.so.0" };

typedef intptr_t source_func(void *a, void *b, void *c, void *d);
static __attribute__((noinline))
intptr_t GSourceFunc_run(source_func *user, void *a, void *b, void *c, void *d)
{
    fit__callback_begin(FIT_CALL_GSourceFunc, (void *)user);
    intptr_t result = user(a, b, c, d);
    fit__callback_end(FIT_CALL_GSourceFunc, (void *)user);
    return result;
}
FIT__POOL_THAT(true, GSourceFunc, source_func *, intptr_t, (void *a, void *b, void *c, void *d),
               (a, b, c, d))

typedef void ready_func(void *source, void *result, void *arg);
FIT__LOOSE_POOL(GAsyncReadyCallback, ready_func *, (void *source, void *result, void *arg),
                (source, result, arg))

void *fit__glib_thunk(void *callback)
{
    return fit__is_users(callback) ? (void *)GSourceFunc_for((source_func *)callback) : callback;
}

FIT_EXPORT void g_source_set_callback(void *source, void *callback, void *arg, void *gone);
FIT_EXPORT void g_source_set_callback(void *source, void *callback, void *arg, void *gone)
{
    FIT__REAL(&glib, g_source_set_callback)(source, fit__glib_thunk(callback), arg, gone);
}

FIT_EXPORT void g_main_context_wakeup(void *context);
FIT_EXPORT void g_main_context_wakeup(void *context)
{
    FIT__REAL(&glib, g_main_context_wakeup)(context);
    fit__loop_sent(FIT_CALL_g_main_context_wakeup, __builtin_return_address(0));
}

#define READY(callback)                                                                       \
    (fit__is_users((void *)(callback)) ? GAsyncReadyCallback_for(callback) : (callback))

FIT_EXPORT void *g_task_new(void *source, void *cancellable, ready_func *ready, void *arg);
FIT_EXPORT void *g_task_new(void *source, void *cancellable, ready_func *ready, void *arg)
{
    __typeof__(&g_task_new) real = FIT__REAL(&gio, g_task_new);
    return real(source, cancellable, READY(ready), arg);
}

/* FIRST: the arguments in front of the callback, each with a comma behind it. */
#define ASYNC(name, params, FIRST)                                                            \
    FIT_EXPORT void name(FIT__LIST params ready_func *ready, void *arg);                      \
    FIT_EXPORT void name(FIT__LIST params ready_func *ready, void *arg)                       \
    {                                                                                         \
        __typeof__(&name) real = FIT__REAL(&gio, name);                                       \
        real(FIT__LIST FIRST READY(ready), arg);                                              \
    }
#define WORD uintptr_t
#define ASYNC4(name) ASYNC(name, (WORD a, WORD b,), (a, b,))
#define ASYNC5(name) ASYNC(name, (WORD a, WORD b, WORD c,), (a, b, c,))
#define ASYNC6(name) ASYNC(name, (WORD a, WORD b, WORD c, WORD d,), (a, b, c, d,))
#define ASYNC7(name) ASYNC(name, (WORD a, WORD b, WORD c, WORD d, WORD e,), (a, b, c, d, e,))

ASYNC7(g_input_stream_read_async)
ASYNC7(g_input_stream_read_all_async)
ASYNC6(g_input_stream_read_bytes_async)
ASYNC6(g_input_stream_skip_async)
ASYNC5(g_input_stream_close_async)
ASYNC7(g_output_stream_write_async)
ASYNC7(g_output_stream_write_all_async)
ASYNC6(g_output_stream_write_bytes_async)
ASYNC5(g_output_stream_flush_async)
ASYNC5(g_output_stream_close_async)
ASYNC7(g_output_stream_splice_async)
ASYNC5(g_io_stream_close_async)
ASYNC6(g_buffered_input_stream_fill_async)
ASYNC5(g_data_input_stream_read_line_async)
ASYNC6(g_data_input_stream_read_until_async)
ASYNC7(g_data_input_stream_read_upto_async)
ASYNC5(g_socket_client_connect_async)
ASYNC6(g_socket_client_connect_to_host_async)
ASYNC6(g_socket_client_connect_to_service_async)
ASYNC6(g_socket_client_connect_to_uri_async)
ASYNC5(g_socket_connection_connect_async)
ASYNC4(g_socket_listener_accept_async)
ASYNC4(g_socket_listener_accept_socket_async)
ASYNC4(g_socket_address_enumerator_next_async)
ASYNC5(g_resolver_lookup_by_name_async)
ASYNC5(g_resolver_lookup_by_address_async)
ASYNC5(g_tls_connection_handshake_async)
ASYNC5(g_file_read_async)
ASYNC4(g_file_load_contents_async)
ASYNC6(g_file_create_async)
ASYNC6(g_file_append_to_async)
ASYNC5(g_file_delete_async)
ASYNC7(g_file_query_info_async)
ASYNC7(g_file_enumerate_children_async)
ASYNC6(g_file_enumerator_next_files_async)
ASYNC5(g_file_enumerator_close_async)
