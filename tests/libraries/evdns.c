/* evdns, libevent's own resolver: a name, an address, and a bufferevent that asks it.
 * packages: libevent-dev
 * libs: libevent
 */
#include "library.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

static const struct fit_reply echo[] = {
    { .until = "hello\n", .send = "hel" }, { .after_ms = 2, .send = "lo\n" }, { 0 } };

struct client {
    struct asker asker;
    struct event_base *base;
    struct evdns_base *dns;
    struct evdns_getaddrinfo_request *lookup;
    struct evdns_request *reverse;
    struct bufferevent *bev;
};

static void ends(struct client *c, int err, const char *text)
{
    if (err) tell_failed(&c->asker, err, text);
    else     tell_done(&c->asker);
    if (c->dns) event_base_loopbreak(c->base);
}
static bool starts(struct client *c)
{
    if (!(c->base = event_base_new())) {
        ends(c, ENOMEM, "event_base_new");
        return false;
    }
    /* No name servers of this machine: the world's /etc/resolv.conf names one. */
    c->dns = evdns_base_new(c->base, EVDNS_BASE_INITIALIZE_NAMESERVERS);
    if (!c->dns) {
        ends(c, ENOMEM, "evdns_base_new");
        return false;
    }
    return true;
}
static void stops(struct client *c)
{
    if (c->bev) bufferevent_free(c->bev);
    /* What was cancelled is told in one more round, and must be before the resolver goes. */
    if (c->base) event_base_loop(c->base, EVLOOP_NONBLOCK);
    if (c->dns) evdns_base_free(c->dns, 1);
    if (c->base) event_base_loop(c->base, EVLOOP_NONBLOCK);
    if (c->base) event_base_free(c->base);
}
static void cancel(struct client *c)
{
    if (c->lookup) evdns_getaddrinfo_cancel(c->lookup);
    else if (c->reverse) evdns_cancel_request(c->dns, c->reverse);
    ends(c, ECANCELED, "cancelled");
}

/* ---- A name ------------------------------------------------------------------------------ */

static void addressed(int err, struct evutil_addrinfo *found, void *arg)
{
    struct client *c = arg;
    char text[INET6_ADDRSTRLEN];
    for (struct evutil_addrinfo *row = found; row; row = row->ai_next) {
        struct sockaddr_in *in = (struct sockaddr_in *)(void *)row->ai_addr;
        evutil_inet_ntop(row->ai_family, &in->sin_addr, text, sizeof text);
        keep(&c->asker, text, strlen(text));
    }
    if (found) evutil_freeaddrinfo(found);
    c->lookup = NULL;
    ends(c, err, evutil_gai_strerror(err));
}
static void finds_a_name(void **state)
{
    struct client c = { 0 };
    struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                                     .ai_protocol = IPPROTO_TCP };
    (void)state;
    fit_peer_replies("origin.test:7", echo);
    asks(&c.asker, "name");
    if (starts(&c)) {
        fit_on_cancel(c.asker.op, cancel, &c);
        c.lookup = evdns_getaddrinfo(c.dns, "origin.test", "7", &hints, addressed, &c);
        if (!c.asker.told) event_base_dispatch(c.base);
    }
    stops(&c);
}

/* ---- An address -------------------------------------------------------------------------- */

static void named(int err, char type, int count, int ttl, void *names, void *arg)
{
    struct client *c = arg;
    (void)type; (void)ttl;
    c->reverse = NULL;
    if (!err && count) keep(&c->asker, *(char **)names, strlen(*(char **)names));
    ends(c, err, evdns_err_to_string(err));
}
static void finds_an_address(void **state)
{
    struct client c = { 0 };
    struct sockaddr_in in = ip4("10.0.0.3", 0);
    (void)state;
    fit_peer_replies("origin.test:7", echo);
    asks(&c.asker, "address");
    if (starts(&c)) {
        fit_on_cancel(c.asker.op, cancel, &c);
        c.reverse = evdns_base_resolve_reverse(c.dns, &in.sin_addr, 0, named, &c);
        if (!c.reverse) ends(&c, ENOMEM, "evdns_base_resolve_reverse");
        else if (!c.asker.told) event_base_dispatch(c.base);
    }
    stops(&c);
}

/* ---- A connection by name ---------------------------------------------------------------- */

static void reads(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;
    char *line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_LF);
    if (!line) return;
    keep(&c->asker, line, strlen(line));
    free(line);
    ends(c, 0, NULL);
}
static void happens(struct bufferevent *bev, short what, void *arg)
{
    struct client *c = arg;
    if (what & BEV_EVENT_CONNECTED) return;
    int unknown = bufferevent_socket_get_dns_error(bev);
    int err = what & BEV_EVENT_TIMEOUT ? ETIMEDOUT : what & BEV_EVENT_EOF ? ECONNRESET
            : EVUTIL_SOCKET_ERROR();
    if (unknown) ends(c, unknown, evutil_gai_strerror(unknown));
    else         ends(c, err ? err : EIO, evutil_socket_error_to_string(err));
}
static bool connects(struct client *c)
{
    struct timeval patience = { .tv_sec = PATIENCE_S };
    c->bev = bufferevent_socket_new(c->base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev) return false;
    bufferevent_setcb(c->bev, reads, NULL, happens, c);
    return !bufferevent_set_timeouts(c->bev, &patience, &patience)
        && !bufferevent_enable(c->bev, EV_READ | EV_WRITE)
        && !bufferevent_write(c->bev, "hello\n", 6)
        && !bufferevent_socket_connect_hostname(c->bev, c->dns, AF_INET, "origin.test", 7);
}
static void connects_by_name(void **state)
{
    struct client c = { 0 };
    (void)state;
    fit_peer_replies("origin.test:7", echo);
    asks(&c.asker, "line");
    if (starts(&c)) {
        fit_on_cancel(c.asker.op, cancel, &c);
        if (!connects(&c)) ends(&c, ENOMEM, "not connected");
        if (!c.asker.told) event_base_dispatch(c.base);
    }
    stops(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds_a_name),
        cmocka_unit_test(finds_an_address), cmocka_unit_test(connects_by_name) };
    return fit_run_group_tests(tests, NULL, NULL);
}
