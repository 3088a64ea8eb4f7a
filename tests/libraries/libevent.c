/* libevent: bufferevents on both sides, and HTTP on both sides.
 * packages: libevent-dev
 * libs: libevent
 */
#include "library.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

static const struct fit_reply echo[] = {
    { .until = "hello\n", .send = "hel" }, { .after_ms = 2, .send = "lo\n" }, { 0 } };
static const struct fit_reply web[] = {
    { .until = "\r\n\r\n", .send = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
    { .send = "5\r\nhello\r\n" }, { .after_ms = 2, .send = "6\r\n world\r\n0\r\n\r\n" }, { 0 } };

/* ---- A client that waits for a line ----------------------------------------------------- */

struct client { struct asker asker; struct event_base *base; struct bufferevent *bev; };

static void client_ends(struct client *c)
{
    if (c->bev) bufferevent_free(c->bev);
    c->bev = NULL;
}
static void client_cancel(struct client *c)
{
    client_ends(c);
    tell_failed(&c->asker, ECANCELED, "cancelled");
}
static void client_reads(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;
    char *line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_LF);
    if (!line) return;
    keep(&c->asker, line, strlen(line));
    free(line);
    client_ends(c);
    tell_done(&c->asker);
}
static void client_event(struct bufferevent *bev, short what, void *arg)
{
    struct client *c = arg;
    int err = what & BEV_EVENT_TIMEOUT ? ETIMEDOUT : what & BEV_EVENT_EOF ? ECONNRESET
            : EVUTIL_SOCKET_ERROR();
    (void)bev;
    if (what & BEV_EVENT_CONNECTED) return;
    client_ends(c);
    tell_failed(&c->asker, err, evutil_socket_error_to_string(err));
}
static int client_starts(struct client *c)
{
    struct sockaddr_in to = ip4(SERVER, 7);
    struct timeval patience = { .tv_sec = PATIENCE_S };
    c->bev = bufferevent_socket_new(c->base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev) return ENOMEM;
    bufferevent_setcb(c->bev, client_reads, NULL, client_event, c);
    bufferevent_set_timeouts(c->bev, &patience, &patience);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    bufferevent_write(c->bev, "hello\n", 6);
    return bufferevent_socket_connect(c->bev, (struct sockaddr *)&to, sizeof to) ? errno : 0;
}
static void asks_for_a_line(void **state)
{
    struct client c = { 0 };
    (void)state;
    fit_peer_replies(SERVER ":7", echo);
    asks(&c.asker, "line");
    if (!(c.base = event_base_new())) {
        tell_failed(&c.asker, EMFILE, "event_base_new");
        return;
    }
    fit_on_cancel(c.asker.op, client_cancel, &c);
    int err = client_starts(&c);
    if (err) tell_failed(&c.asker, err, strerror(err));
    if (err) client_ends(&c);
    event_base_dispatch(c.base);
    client_ends(&c);
    event_base_free(c.base);
}

/* ---- A server that sends lines back ----------------------------------------------------- */

struct server {
    struct event_base *base;
    struct evconnlistener *listener;
    struct bufferevent *client;          /* one at a time is enough here */
};

static void server_drops(struct server *s)
{
    if (s->client) bufferevent_free(s->client);
    s->client = NULL;
}
static void server_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev; (void)what;
    server_drops(arg);
}
static void server_wrote(struct bufferevent *bev, void *arg)
{
    (void)bev;
    server_drops(arg);
}
static void server_reads(struct bufferevent *bev, void *arg)
{
    if (evbuffer_get_length(bufferevent_get_input(bev)) < 6) return;
    bufferevent_setcb(bev, NULL, server_wrote, server_event, arg);
    bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}
static void server_accepts(struct evconnlistener *listener, evutil_socket_t fd,
                           struct sockaddr *from, int size, void *arg)
{
    struct server *s = arg;
    struct timeval patience = { .tv_sec = PATIENCE_S };
    (void)listener; (void)from; (void)size;
    struct bufferevent *bev =
        s->client ? NULL : bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!bev) {
        close(fd);
        return;
    }
    s->client = bev;
    bufferevent_setcb(bev, server_reads, NULL, server_event, s);
    bufferevent_set_timeouts(bev, &patience, &patience);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}
static void server_stop(struct server *s) { event_base_loopexit(s->base, NULL); }

static void client_of_ours(void *arg)
{
    struct asker a;
    (void)arg;
    asks(&a, "echo");
    int err = ask_once("127.0.0.1", 7, "hello\n", &a);
    if (a.have && !err) tell_done(&a);
    else tell_failed(&a, err ? err : ECONNRESET, "no answer");
}
static int server_setup(void **state)
{
    struct sockaddr_in at = ip4("127.0.0.1", 7);
    struct server *s = calloc(1, sizeof *s);
    *state = s;
    if (!s || !(s->base = event_base_new())) return -1;
    s->listener = evconnlistener_new_bind(s->base, server_accepts, s,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 8,
                                          (struct sockaddr *)&at, sizeof at);
    return s->listener ? 0 : -1;
}
static int server_teardown(void **state)
{
    struct server *s = *state;
    server_drops(s);
    evconnlistener_free(s->listener);
    event_base_free(s->base);
    free(s);
    return 0;
}
static void serves_lines(void **state)
{
    struct server *s = *state;
    fit_on_shutdown(server_stop, s);
    fit_client(NULL, client_of_ours, NULL);
    event_base_dispatch(s->base);
}

/* ---- HTTP ------------------------------------------------------------------------------ */

struct page { struct asker asker; struct event_base *base; struct evhttp_connection *conn; };

static void page_comes(struct evhttp_request *r, void *arg)
{
    struct page *p = arg;
    struct evbuffer *body = r ? evhttp_request_get_input_buffer(r) : NULL;
    if (!r || evhttp_request_get_response_code(r) != 200) {
        tell_failed(&p->asker, EIO, "no answer");
        return;
    }
    keep(&p->asker, evbuffer_pullup(body, -1), evbuffer_get_length(body));
    tell_done(&p->asker);
}
static void page_cancel(struct page *p)
{
    evhttp_connection_free(p->conn);
    p->conn = NULL;
    tell_failed(&p->asker, ECANCELED, "cancelled");
}
static int page_starts(struct page *p)
{
    struct evhttp_request *r = evhttp_request_new(page_comes, p);
    if (!r) return -1;
    evhttp_add_header(evhttp_request_get_output_headers(r), "Host", "web.test");
    evhttp_add_header(evhttp_request_get_output_headers(r), "Connection", "close");
    return evhttp_make_request(p->conn, r, EVHTTP_REQ_GET, "/");
}
static void gets_a_page(void **state)
{
    struct page p = { 0 };
    (void)state;
    fit_peer_replies("web.test:80", web);
    asks(&p.asker, "page");
    if (!(p.base = event_base_new())) {
        tell_failed(&p.asker, EMFILE, "event_base_new");
        return;
    }
    p.conn = evhttp_connection_base_new(p.base, NULL, "web.test", 80);
    evhttp_connection_set_timeout(p.conn, PATIENCE_S);
    fit_on_cancel(p.asker.op, page_cancel, &p);
    if (page_starts(&p)) tell_failed(&p.asker, EIO, "evhttp_make_request");
    event_base_dispatch(p.base);
    if (p.conn) evhttp_connection_free(p.conn);
    event_base_free(p.base);
}

struct site { struct event_base *base; struct evhttp *http; };

static void site_answers(struct evhttp_request *r, void *arg)
{
    struct evbuffer *body = evbuffer_new();
    (void)arg;
    if (!body) {
        evhttp_send_error(r, HTTP_SERVUNAVAIL, NULL);
        return;
    }
    evhttp_add_header(evhttp_request_get_output_headers(r), "Date", "now");
    evbuffer_add_printf(body, "hello world");
    evhttp_send_reply(r, HTTP_OK, "OK", body);
    evbuffer_free(body);
}
static void site_stop(struct site *s) { event_base_loopexit(s->base, NULL); }

static int site_setup(void **state)
{
    struct site *s = calloc(1, sizeof *s);
    *state = s;
    if (!s || !(s->base = event_base_new()) || !(s->http = evhttp_new(s->base))) return -1;
    evhttp_set_gencb(s->http, site_answers, s);
    evhttp_set_timeout(s->http, PATIENCE_S);
    return evhttp_bind_socket(s->http, "127.0.0.1", 80);
}
static int site_teardown(void **state)
{
    struct site *s = *state;
    evhttp_free(s->http);
    event_base_free(s->base);
    free(s);
    return 0;
}
static void visitor(void *arg)
{
    struct asker a;
    (void)arg;
    asks(&a, "visit");
    int err = ask_once("127.0.0.1", 80, "GET / HTTP/1.0\r\n\r\n", &a);
    if (a.have && !err) tell_done(&a);
    else tell_failed(&a, err ? err : ECONNRESET, "no answer");
}
static void serves_a_page(void **state)
{
    struct site *s = *state;
    fit_on_shutdown(site_stop, s);
    fit_client(NULL, visitor, NULL);
    event_base_dispatch(s->base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_a_line),
        cmocka_unit_test_setup_teardown(serves_lines, server_setup, server_teardown),
        cmocka_unit_test(gets_a_page),
        cmocka_unit_test_setup_teardown(serves_a_page, site_setup, site_teardown),
    };
    return fit_run_group_tests(tests, NULL, NULL);
}
