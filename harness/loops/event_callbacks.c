/* harness/loops/event_callbacks.c - callbacks that the user's code passes to libevent.
 *
 * They have no results, so they cannot fail; they come late. libevent passes callbacks of its own
 * by these same functions, also on behalf of its callers (event_base_loopexit): what is in one of
 * its files is none of the user's. Who asks libevent for a callback gets the user's own function,
 * not the thunk. A program may have any number of callbacks: those too many come in time. */
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "fi/export.h"
#include "harness/loops/loops.h"
#include "harness/loops/thunk.h"

static struct fit__library library = { .file = "libevent-2.1.so.7" };

typedef void (*evhttp_cb)(struct evhttp_request *, void *);
typedef void (*evhttp_connection_cb)(struct evhttp_connection *, void *);

FIT__LOOSE_POOL(event_callback_fn, event_callback_fn, (evutil_socket_t fd, short what, void *arg),
                (fd, what, arg))
FIT__LOOSE_POOL(bufferevent_data_cb, bufferevent_data_cb, (struct bufferevent *b, void *arg),
                (b, arg))
FIT__LOOSE_POOL(bufferevent_event_cb, bufferevent_event_cb,
                (struct bufferevent *b, short what, void *arg), (b, what, arg))
FIT__LOOSE_POOL(evconnlistener_cb, evconnlistener_cb,
                (struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int size,
                 void *arg), (l, fd, from, size, arg))
FIT__LOOSE_POOL(evconnlistener_errorcb, evconnlistener_errorcb,
                (struct evconnlistener *l, void *arg), (l, arg))
FIT__LOOSE_POOL(evhttp_cb, evhttp_cb, (struct evhttp_request *r, void *arg), (r, arg))
FIT__LOOSE_POOL(evhttp_connection_cb, evhttp_connection_cb,
                (struct evhttp_connection *c, void *arg), (c, arg))
FIT__LOOSE_POOL(evdns_callback_type, evdns_callback_type,
                (int result, char type, int n, int ttl, void *addresses, void *arg),
                (result, type, n, ttl, addresses, arg))
FIT__LOOSE_POOL(evdns_getaddrinfo_cb, evdns_getaddrinfo_cb,
                (int result, struct evutil_addrinfo *found, void *arg), (result, found, arg))

/* FOR: the thunk for a callback, if it is one of the user's. */
#define FOR(type, callback) (fit__is_users((void *)(callback)) ? type##_for(callback) : (callback))
#define USERS(type, callback) ((type)fit__user_of(&type##_pool, (void *)(callback)))
#define FORWARD(result, name, params, args)                                                   \
    FIT_EXPORT result name params                                                             \
    {                                                                                         \
        __typeof__(&name) real = FIT__REAL(&library, name);                                   \
        return real args;                                                                     \
    }

/* ---- events ------------------------------------------------------------------------------ */

FORWARD(struct event *, event_new,
        (struct event_base *b, evutil_socket_t fd, short what, event_callback_fn cb, void *arg),
        (b, fd, what, FOR(event_callback_fn, cb), arg))
FORWARD(int, event_assign,
        (struct event *e, struct event_base *b, evutil_socket_t fd, short what,
         event_callback_fn cb, void *arg),
        (e, b, fd, what, FOR(event_callback_fn, cb), arg))
FORWARD(int, event_base_once,
        (struct event_base *b, evutil_socket_t fd, short what, event_callback_fn cb, void *arg,
         const struct timeval *after),
        (b, fd, what, FOR(event_callback_fn, cb), arg, after))

/* In a callback the time is what it was when the loop began to call back, and only there. */
FIT_EXPORT int event_add(struct event *e, const struct timeval *after)
{
    __typeof__(&event_add) real = FIT__REAL(&library, event_add);
    if (after && (after->tv_sec || after->tv_usec) && fit__in_callback())
        fit__loop_timed(FIT_CALL_event_add, __builtin_return_address(0));
    return real(e, after);
}

FIT_EXPORT void event_active(struct event *e, int what, short times)
{
    FIT__REAL(&library, event_active)(e, what, times);
    fit__loop_sent(FIT_CALL_event_active, __builtin_return_address(0));
}

FIT_EXPORT event_callback_fn event_get_callback(const struct event *e)
{
    return USERS(event_callback_fn, FIT__REAL(&library, event_get_callback)(e));
}

FIT_EXPORT void event_get_assignment(const struct event *e, struct event_base **base,
                                     evutil_socket_t *fd, short *what, event_callback_fn *cb,
                                     void **arg)
{
    FIT__REAL(&library, event_get_assignment)(e, base, fd, what, cb, arg);
    if (cb) *cb = USERS(event_callback_fn, *cb);
}

/* ---- bufferevents, listeners ------------------------------------------------------------- */

FORWARD(void, bufferevent_setcb,
        (struct bufferevent *b, bufferevent_data_cb in, bufferevent_data_cb out,
         bufferevent_event_cb event, void *arg),
        (b, FOR(bufferevent_data_cb, in), FOR(bufferevent_data_cb, out),
         FOR(bufferevent_event_cb, event), arg))

FIT_EXPORT void bufferevent_getcb(struct bufferevent *b, bufferevent_data_cb *in,
                                  bufferevent_data_cb *out, bufferevent_event_cb *event,
                                  void **arg)
{
    FIT__REAL(&library, bufferevent_getcb)(b, in, out, event, arg);
    if (in) *in = USERS(bufferevent_data_cb, *in);
    if (out) *out = USERS(bufferevent_data_cb, *out);
    if (event) *event = USERS(bufferevent_event_cb, *event);
}

FORWARD(struct evconnlistener *, evconnlistener_new,
        (struct event_base *b, evconnlistener_cb cb, void *arg, unsigned flags, int backlog,
         evutil_socket_t fd),
        (b, FOR(evconnlistener_cb, cb), arg, flags, backlog, fd))
FORWARD(struct evconnlistener *, evconnlistener_new_bind,
        (struct event_base *b, evconnlistener_cb cb, void *arg, unsigned flags, int backlog,
         const struct sockaddr *at, int size),
        (b, FOR(evconnlistener_cb, cb), arg, flags, backlog, at, size))
FORWARD(void, evconnlistener_set_cb, (struct evconnlistener *l, evconnlistener_cb cb, void *arg),
        (l, FOR(evconnlistener_cb, cb), arg))
FORWARD(void, evconnlistener_set_error_cb, (struct evconnlistener *l, evconnlistener_errorcb cb),
        (l, FOR(evconnlistener_errorcb, cb)))

/* ---- HTTP, names ------------------------------------------------------------------------- */

FORWARD(int, evhttp_set_cb, (struct evhttp *h, const char *path, evhttp_cb cb, void *arg),
        (h, path, FOR(evhttp_cb, cb), arg))
FORWARD(void, evhttp_set_gencb, (struct evhttp *h, evhttp_cb cb, void *arg),
        (h, FOR(evhttp_cb, cb), arg))
FORWARD(struct evhttp_request *, evhttp_request_new, (evhttp_cb cb, void *arg),
        (FOR(evhttp_cb, cb), arg))
FORWARD(void, evhttp_request_set_chunked_cb, (struct evhttp_request *r, evhttp_cb cb),
        (r, FOR(evhttp_cb, cb)))
FORWARD(void, evhttp_request_set_on_complete_cb,
        (struct evhttp_request *r, evhttp_cb cb, void *arg), (r, FOR(evhttp_cb, cb), arg))
FORWARD(void, evhttp_connection_set_closecb,
        (struct evhttp_connection *c, evhttp_connection_cb cb, void *arg),
        (c, FOR(evhttp_connection_cb, cb), arg))
FORWARD(struct evdns_getaddrinfo_request *, evdns_getaddrinfo,
        (struct evdns_base *b, const char *node, const char *service,
         const struct evutil_addrinfo *hints, evdns_getaddrinfo_cb cb, void *arg),
        (b, node, service, hints, FOR(evdns_getaddrinfo_cb, cb), arg))
FORWARD(struct evdns_request *, evdns_base_resolve_ipv4,
        (struct evdns_base *b, const char *name, int flags, evdns_callback_type cb, void *arg),
        (b, name, flags, FOR(evdns_callback_type, cb), arg))
FORWARD(struct evdns_request *, evdns_base_resolve_ipv6,
        (struct evdns_base *b, const char *name, int flags, evdns_callback_type cb, void *arg),
        (b, name, flags, FOR(evdns_callback_type, cb), arg))
FORWARD(struct evdns_request *, evdns_base_resolve_reverse,
        (struct evdns_base *b, const struct in_addr *of, int flags, evdns_callback_type cb,
         void *arg),
        (b, of, flags, FOR(evdns_callback_type, cb), arg))
