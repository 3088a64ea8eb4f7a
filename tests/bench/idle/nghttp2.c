/* A session that is idle, in a loop of poll(). libs: libnghttp2 */
#include "idle.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>

static nghttp2_session *session;
static int fd;

static ssize_t sends(nghttp2_session *s, const uint8_t *bytes, size_t size, int flags, void *arg)
{
    (void)s;
    (void)flags;
    (void)arg;
    return send(fd, bytes, size, MSG_NOSIGNAL);
}

static void start(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
    nghttp2_session_callbacks *callbacks;
    fit_peer(SERVER ":80", says_nothing, NULL);
    inet_pton(AF_INET, SERVER, &to.sin_addr);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_send_callback(callbacks, sends);
    assert_int_equal(nghttp2_session_client_new(&session, callbacks, NULL), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
    assert_int_equal(nghttp2_session_send(session), 0);
}

static void idle(void)
{
    struct pollfd one = { .fd = fd };
    while (ticks < TICKS) {
        one.events = nghttp2_session_want_read(session) ? POLLIN : 0;
        if (nghttp2_session_want_write(session)) one.events |= POLLOUT;
        if (poll(&one, 1, TICK_MS) != 0 || nghttp2_session_send(session)) return;
        ticks++;
    }
}

static void end(void)
{
    nghttp2_session_del(session);
    close(fd);
}
