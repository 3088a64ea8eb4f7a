/* libevent with OpenSSL: a bufferevent that speaks TLS, and checks the certificate.
 * packages: libevent-dev libssl-dev
 * libs: libevent libevent_openssl openssl
 */
#include "library.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>

#include "tls.h"

static const struct tls_answer answer = { "hello\n", "secret\n" };

struct client {
    struct asker asker;
    struct event_base *base;
    struct bufferevent *bev;
    SSL_CTX *ctx;
};

static void ends(struct client *c)
{
    if (c->bev) bufferevent_free(c->bev);
    c->bev = NULL;
}
static void cancel(struct client *c)
{
    ends(c);
    tell_failed(&c->asker, ECANCELED, "cancelled");
}
static void reads(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;
    char *line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_LF);
    if (!line) return;
    keep(&c->asker, line, strlen(line));
    free(line);
    ends(c);
    tell_done(&c->asker);
}
static void event(struct bufferevent *bev, short what, void *arg)
{
    struct client *c = arg;
    unsigned long err = bufferevent_get_openssl_error(bev);
    if (what & BEV_EVENT_CONNECTED) return;
    ends(c);
    if (what & BEV_EVENT_TIMEOUT) tell_failed(&c->asker, ETIMEDOUT, "timeout");
    else if (err) tell_failed(&c->asker, (int)err, ERR_reason_error_string(err));
    else tell_failed(&c->asker, EVUTIL_SOCKET_ERROR(), "connection closed");
}
static int starts(struct client *c)
{
    struct sockaddr_in to = ip4(SERVER, 443);
    struct timeval patience = { .tv_sec = PATIENCE_S };
    SSL *ssl = SSL_new(c->ctx);
    if (!ssl) return ENOMEM;
    SSL_set1_host(ssl, "tls.test");
    c->bev = bufferevent_openssl_socket_new(c->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
                                            BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev) return ENOMEM;
    bufferevent_setcb(c->bev, reads, NULL, event, c);
    bufferevent_set_timeouts(c->bev, &patience, &patience);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    bufferevent_write(c->bev, "hello\n", 6);
    return bufferevent_socket_connect(c->bev, (struct sockaddr *)&to, sizeof to) ? errno : 0;
}
static void asks_in_secret(void **state)
{
    struct client c = { .ctx = *state };
    fit_peer(SERVER ":443", tls_session, (void *)(uintptr_t)&answer);
    asks(&c.asker, "line");
    if (!(c.base = event_base_new())) {
        tell_failed(&c.asker, EMFILE, "event_base_new");
        return;
    }
    fit_on_cancel(c.asker.op, cancel, &c);
    int err = starts(&c);
    if (err) tell_failed(&c.asker, err, strerror(err));
    if (err) ends(&c);
    event_base_dispatch(c.base);
    ends(&c);
    event_base_free(c.base);
}

static int start(void **state)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx) return -1;
    tls_trust(ctx);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    *state = ctx;
    return 0;
}
static int end(void **state)
{
    SSL_CTX_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(asks_in_secret) };
    return fit_run_group_tests(tests, start, end);
}
