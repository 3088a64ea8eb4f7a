/* nghttp2: a client session of HTTP/2 over a socket, without TLS.
 * packages: libnghttp2-dev
 * libs: libnghttp2
 */
#include "library.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>

/* ---- The server, by the same library ----------------------------------------------------- */

struct server { int fd; size_t sent; };

static ssize_t server_body(nghttp2_session *session, int32_t stream, uint8_t *to, size_t size,
                           uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    static const char body[] = "hello world";
    struct server *s = arg;
    (void)session; (void)stream; (void)source;
    size_t part = s->sent == 0 ? 5 : sizeof body - 1 - s->sent;
    if (part > size) part = size;
    memcpy(to, body + s->sent, part);
    s->sent += part;
    if (s->sent == sizeof body - 1) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)part;
}
static int server_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    static const nghttp2_nv ok[] = {
        { (uint8_t *)":status", (uint8_t *)"200", 7, 3, NGHTTP2_NV_FLAG_NONE } };
    nghttp2_data_provider body = { .read_callback = server_body };
    (void)arg;
    if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        nghttp2_submit_response(session, frame->hd.stream_id, ok, 1, &body);
    return 0;
}
static ssize_t server_send(nghttp2_session *session, const uint8_t *bytes, size_t size, int flags,
                           void *arg)
{
    ssize_t n = write(((struct server *)arg)->fd, bytes, size);
    (void)session; (void)flags;
    return n < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : n;
}
static void serves(int fd, void *arg)
{
    struct server s = { .fd = fd };
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    uint8_t bytes[1024];
    ssize_t n = 0;
    (void)arg;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, server_send);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, server_frame);
    nghttp2_session_server_new(&session, callbacks, &s);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
    while (nghttp2_session_send(session) == 0 && (n = read(fd, bytes, sizeof bytes)) > 0)
        if (nghttp2_session_mem_recv(session, bytes, (size_t)n) < 0) break;
    nghttp2_session_del(session);
}

/* ---- The client ------------------------------------------------------------------------- */

struct client { struct asker asker; nghttp2_session *session; int fd; };

static ssize_t sends(nghttp2_session *session, const uint8_t *bytes, size_t size, int flags,
                     void *arg)
{
    ssize_t n = send(((struct client *)arg)->fd, bytes, size, MSG_NOSIGNAL);
    (void)session; (void)flags;
    if (n >= 0) return n;
    return errno == EAGAIN || errno == EINTR ? NGHTTP2_ERR_WOULDBLOCK
                                             : NGHTTP2_ERR_CALLBACK_FAILURE;
}
static ssize_t receives(nghttp2_session *session, uint8_t *bytes, size_t size, int flags,
                        void *arg)
{
    ssize_t n = recv(((struct client *)arg)->fd, bytes, size, 0);
    (void)session; (void)flags;
    if (n > 0) return n;
    if (n == 0) return NGHTTP2_ERR_EOF;
    return errno == EAGAIN || errno == EINTR ? NGHTTP2_ERR_WOULDBLOCK
                                             : NGHTTP2_ERR_CALLBACK_FAILURE;
}
static int has_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                    size_t size, void *arg)
{
    (void)session; (void)flags; (void)stream;
    keep(&((struct client *)arg)->asker, bytes, size);
    return 0;
}
static int is_over(nghttp2_session *session, int32_t stream, uint32_t code, void *arg)
{
    struct client *c = arg;
    (void)stream;
    if (code) tell_failed(&c->asker, (int)code, nghttp2_http2_strerror(code));
    else      tell_done(&c->asker);
    return nghttp2_session_terminate_session(session, NGHTTP2_NO_ERROR);
}
static void cancel(struct client *c)
{
    tell_failed(&c->asker, ECANCELED, "cancelled");
    nghttp2_session_terminate_session(c->session, NGHTTP2_CANCEL);
}
static int starts(struct client *c)
{
#define FIELD(name, value) \
    { (uint8_t *)name, (uint8_t *)value, sizeof name - 1, sizeof value - 1, NGHTTP2_NV_FLAG_NONE }
    static const nghttp2_nv get[] = { FIELD(":method", "GET"), FIELD(":scheme", "http"),
                                      FIELD(":authority", "web.test"), FIELD(":path", "/") };
    struct sockaddr_in to = ip4(SERVER, 80);
    nghttp2_session_callbacks *callbacks;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) return errno;
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) return errno;
    if (nghttp2_session_callbacks_new(&callbacks)) return ENOMEM;
    nghttp2_session_callbacks_set_send_callback(callbacks, sends);
    nghttp2_session_callbacks_set_recv_callback(callbacks, receives);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, has_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, is_over);
    int err = nghttp2_session_client_new(&c->session, callbacks, c);
    nghttp2_session_callbacks_del(callbacks);
    if (!err) err = nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0);
    if (!err && nghttp2_submit_request(c->session, NULL, get, 4, NULL, NULL) < 0) err = EIO;
    return err;
}
/* One turn: waits for what the session wants, and lets it do that. */
static int turns(struct client *c)
{
    struct pollfd one = { .fd = c->fd };
    if (nghttp2_session_want_read(c->session)) one.events |= POLLIN;
    if (nghttp2_session_want_write(c->session)) one.events |= POLLOUT;
    int count = poll(&one, 1, PATIENCE_S * 1000), err = 0;
    if (count == 0) return NGHTTP2_ERR_EOF;
    if (count < 0) return errno == EINTR ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    if (one.revents & (POLLIN | POLLHUP | POLLERR)) err = nghttp2_session_recv(c->session);
    return err ? err : nghttp2_session_send(c->session);
}
static void gets_a_page(void **state)
{
    struct client c = { .fd = -1 };
    (void)state;
    fit_peer(SERVER ":80", serves, NULL);
    asks(&c.asker, "page");
    int err = starts(&c);
    if (!err) fit_on_cancel(c.asker.op, cancel, &c);
    while (!err && (nghttp2_session_want_read(c.session)
                    || nghttp2_session_want_write(c.session))) {
        FAULT_CANCEL_POINT();
        err = turns(&c);
    }
    tell_failed(&c.asker, err ? err : ECONNRESET, err < 0 ? nghttp2_strerror(err) : "no answer");
    nghttp2_session_del(c.session);
    if (c.fd >= 0) close(c.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gets_a_page) };
    return fit_run_group_tests(tests, NULL, NULL);
}
