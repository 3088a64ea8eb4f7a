/* harness/loops/curl_callbacks.c - callbacks that the user's code passes to libcurl.
 *
 * What a callback may return to say that it failed, and what libcurl makes of it (from the
 * sources of 7.88.1, lib/):
 *   curl_write_callback          0   CURLE_WRITE_ERROR (sendf.c chop_write: not all taken).
 *   curl_header_callback         0   The same. Only if there are bytes to take.
 *   curl_read_callback           CURL_READFUNC_ABORT  CURLE_ABORTED_BY_CALLBACK (transfer.c
 *                                    Curl_fillreadbuffer)
 *   curl_xferinfo_callback       1   CURLE_ABORTED_BY_CALLBACK (progress.c pgrsupdate: any
 *   curl_progress_callback       1   value but 0 and CURL_PROGRESSFUNC_CONTINUE)
 *   curl_seek_callback           CURL_SEEKFUNC_FAIL   CURLE_SEND_FAIL_REWIND (multi.c, on
 *                                    rewind), CURLE_READ_ERROR (http.c, on resume)
 *   curl_sockopt_callback        CURL_SOCKOPT_ERROR   CURLE_ABORTED_BY_CALLBACK (cf-socket.c)
 *   curl_opensocket_callback     CURL_SOCKET_BAD      CURLE_COULDNT_CONNECT (cf-socket.c
 *                                    socket_open; the next address is tried first)
 *   curl_ssl_ctx_callback        CURLE_ABORTED_BY_CALLBACK: taken over as it is (vtls/openssl.c)
 *   curl_resolver_start_callback 1   CURLE_COULDNT_RESOLVE_HOST (hostip.c Curl_resolv: any value
 *                                    but 0)
 *   curl_prereq_callback         CURL_PREREQFUNC_ABORT  CURLE_ABORTED_BY_CALLBACK (multi.c)
 *   curl_socket_callback         -1  CURLM_ABORTED_BY_CALLBACK, and the multi handle is dead
 *   curl_multi_timer_callback    -1  for good: curl_multi_add_handle answers the same (multi.c
 *                                    singlesocket, Curl_update_timer)
 * Two calls only tell that something is over, and nobody may refuse that: CURL_POLL_REMOVE of
 * the socket callback, and the timer callback with timeout -1 (delete the timer). Results of
 * the close and debug callbacks mean nothing to libcurl. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_multi_setopt

#include <stdarg.h>

#include "fi/export.h"
#include "harness/loops/loops.h"
#include "harness/loops/thunk.h"

static struct fit__library library = { .file = "libcurl.so.4" };

FIT__FAILING_POOL(curl_write_callback, curl_write_callback, size_t,
                  (char *bytes, size_t size, size_t count, void *arg), (bytes, size, count, arg),
                  size * count > 0, 0)
FIT__FAILING_POOL(curl_header_callback, curl_write_callback, size_t,
                  (char *bytes, size_t size, size_t count, void *arg), (bytes, size, count, arg),
                  size * count > 0, 0)
FIT__FAILING_POOL(curl_read_callback, curl_read_callback, size_t,
                  (char *bytes, size_t size, size_t count, void *arg), (bytes, size, count, arg),
                  true, CURL_READFUNC_ABORT)
FIT__FAILING_POOL(curl_xferinfo_callback, curl_xferinfo_callback, int,
                  (void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                   curl_off_t up),
                  (arg, down_all, down, up_all, up), true, 1)
FIT__FAILING_POOL(curl_progress_callback, curl_progress_callback, int,
                  (void *arg, double down_all, double down, double up_all, double up),
                  (arg, down_all, down, up_all, up), true, 1)
FIT__FAILING_POOL(curl_seek_callback, curl_seek_callback, int,
                  (void *arg, curl_off_t offset, int origin), (arg, offset, origin), true,
                  CURL_SEEKFUNC_FAIL)
FIT__FAILING_POOL(curl_sockopt_callback, curl_sockopt_callback, int,
                  (void *arg, curl_socket_t fd, curlsocktype purpose), (arg, fd, purpose), true,
                  CURL_SOCKOPT_ERROR)
FIT__FAILING_POOL(curl_opensocket_callback, curl_opensocket_callback, curl_socket_t,
                  (void *arg, curlsocktype purpose, struct curl_sockaddr *address),
                  (arg, purpose, address), true, CURL_SOCKET_BAD)
FIT__FAILING_POOL(curl_ssl_ctx_callback, curl_ssl_ctx_callback, CURLcode,
                  (CURL *easy, void *context, void *arg), (easy, context, arg), true,
                  CURLE_ABORTED_BY_CALLBACK)
FIT__FAILING_POOL(curl_resolver_start_callback, curl_resolver_start_callback, int,
                  (void *resolver, void *reserved, void *arg), (resolver, reserved, arg), true, 1)
FIT__FAILING_POOL(curl_prereq_callback, curl_prereq_callback, int,
                  (void *arg, char *to, char *from, int to_port, int from_port),
                  (arg, to, from, to_port, from_port), true, CURL_PREREQFUNC_ABORT)
FIT__FAILING_POOL(curl_socket_callback, curl_socket_callback, int,
                  (CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg),
                  (easy, fd, what, arg, socket_arg), what != CURL_POLL_REMOVE, -1)
FIT__FAILING_POOL(curl_multi_timer_callback, curl_multi_timer_callback, int,
                  (CURLM *multi, long timeout_ms, void *arg), (multi, timeout_ms, arg),
                  timeout_ms != -1, -1)
FIT__FAILING_POOL(curl_closesocket_callback, curl_closesocket_callback, int,
                  (void *arg, curl_socket_t fd), (arg, fd), false, 0)
FIT__FAILING_POOL(curl_debug_callback, curl_debug_callback, int,
                  (CURL *easy, curl_infotype type, char *bytes, size_t size, void *arg),
                  (easy, type, bytes, size, arg), false, 0)

static void *easy_thunk(CURLoption option, void *user)
{
    switch (option) {
    case CURLOPT_WRITEFUNCTION: return (void *)curl_write_callback_for(user);
    case CURLOPT_HEADERFUNCTION: return (void *)curl_header_callback_for(user);
    case CURLOPT_READFUNCTION: return (void *)curl_read_callback_for(user);
    case CURLOPT_XFERINFOFUNCTION: return (void *)curl_xferinfo_callback_for(user);
    case CURLOPT_SEEKFUNCTION: return (void *)curl_seek_callback_for(user);
    case CURLOPT_SOCKOPTFUNCTION: return (void *)curl_sockopt_callback_for(user);
    case CURLOPT_OPENSOCKETFUNCTION: return (void *)curl_opensocket_callback_for(user);
    case CURLOPT_RESOLVER_START_FUNCTION:
        return (void *)curl_resolver_start_callback_for(user);
    case CURLOPT_PREREQFUNCTION: return (void *)curl_prereq_callback_for(user);
    case CURLOPT_CLOSESOCKETFUNCTION: return (void *)curl_closesocket_callback_for(user);
    case CURLOPT_DEBUGFUNCTION: return (void *)curl_debug_callback_for(user);
    case CURLOPT_SSL_CTX_FUNCTION: return (void *)curl_ssl_ctx_callback_for(user);
    default: return user;
    }
}

/* Deprecated in the header, used all the same. */
#define PROGRESS_FUNCTION ((CURLoption)(CURLOPTTYPE_FUNCTIONPOINT + 56))

/* One argument of any type: all have the size of a pointer and travel in the same register. */
FIT_EXPORT CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    __typeof__(&curl_easy_setopt) real = FIT__REAL(&library, curl_easy_setopt);
    va_list list;
    va_start(list, option);
    void *value = va_arg(list, void *);
    va_end(list);
    if (fit__users_callback(&library, __builtin_return_address(0))) {
        if (option == PROGRESS_FUNCTION) value = (void *)curl_progress_callback_for(value);
        else value = easy_thunk(option, value);
    }
    return real(easy, option, value);
}

FIT_EXPORT CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    __typeof__(&curl_multi_setopt) real = FIT__REAL(&library, curl_multi_setopt);
    va_list list;
    va_start(list, option);
    void *value = va_arg(list, void *);
    va_end(list);
    if (fit__users_callback(&library, __builtin_return_address(0))) {
        if (option == CURLMOPT_SOCKETFUNCTION) value = (void *)curl_socket_callback_for(value);
        if (option == CURLMOPT_TIMERFUNCTION) value = (void *)curl_multi_timer_callback_for(value);
    }
    return real(multi, option, value);
}
