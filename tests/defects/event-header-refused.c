/* A client of HTTP looks at the header of an answer before it takes the rest. That it may refuse
 * the answer there, and is then called with no request, was not thought of: there is nobody to ask
 * for a status.
 * expect: crash
 * libs: libevent
 * options: --mode callback
 * repaired: reported
 */
#include "zoo.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

static struct { struct event_base *base; struct fit_op *op; int fits; } a;

static int on_header(struct evhttp_request *request, void *arg)
{
    (void)arg;
    a.fits = evhttp_request_get_response_code(request) == 200;
    return a.fits ? 0 : -1;
}
static void on_page(struct evhttp_request *request, void *arg)
{
    struct evbuffer *body;
    (void)arg;
#ifdef REPAIRED
    if (!request) {
        told(a.op, -ECONNABORTED, NULL, 0);
        return;
    }
#endif
    body = evhttp_request_get_input_buffer(request);
    told(a.op, evhttp_request_get_response_code(request) == 200 ? 0 : -EPROTO,
         evbuffer_pullup(body, -1), evbuffer_get_length(body));
}
static void gets(void **state)
{
    static const struct fit_reply web[] = {
        { .until = "\r\n\r\n", .send = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }, { 0 } };
    struct evhttp_connection *connection;
    struct evhttp_request *request;
    (void)state;
    fit_peer_replies(SERVER ":80", web);
    a.op = fit_op("page");
    a.base = event_base_new();
    connection = evhttp_connection_base_new(a.base, NULL, SERVER, 80);
    request = evhttp_request_new(on_page, NULL);
    evhttp_request_set_header_cb(request, on_header);
    evhttp_make_request(connection, request, EVHTTP_REQ_GET, "/");
    event_base_dispatch(a.base);
    evhttp_connection_free(connection);
    event_base_free(a.base);
}
ZOO_MAIN(gets)
