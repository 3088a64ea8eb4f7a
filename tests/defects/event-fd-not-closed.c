/* A bufferevent over a socket of one's own: without BEV_OPT_CLOSE_ON_FREE freeing it leaves the
 * socket open. Only the good end closes it by hand.
 * expect: leak-fd
 * libs: libevent
 * options: --mode timeout,partial,callback,reset
 * repaired: reported
 */
#include "zoo.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

struct ask { struct bufferevent *bev; int fd, err; char line[32]; size_t have; };

static void ask_end(struct ask *a, int err)
{
    a->err = err;
    bufferevent_free(a->bev);
    a->bev = NULL;
#ifdef REPAIRED
    close(a->fd);
#else
    if (!err) close(a->fd);
#endif
}
static void on_line(struct bufferevent *bev, void *arg)
{
    struct ask *a = arg;
    size_t size = evbuffer_get_length(bufferevent_get_input(bev));
    if (size > sizeof a->line) {
        ask_end(a, EMSGSIZE);
        return;
    }
    evbuffer_copyout(bufferevent_get_input(bev), a->line, size);
    a->have = size;
    if (size && a->line[size - 1] == '\n') ask_end(a, 0);
}
static void on_event(struct bufferevent *bev, short what, void *arg)
{
    int err = errno;
    (void)bev;
    if (what & BEV_EVENT_TIMEOUT) err = ETIMEDOUT;
    if (what & BEV_EVENT_EOF) err = ECONNRESET;
    if (what & (BEV_EVENT_TIMEOUT | BEV_EVENT_EOF | BEV_EVENT_ERROR)) ask_end(arg, err);
}
static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    struct timeval patience = { .tv_sec = 5 };
    struct ask a = { .fd = -1 };
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    struct event_base *base = event_base_new();
    assert_non_null(base);
    a.fd = dial(SERVER, 7);
    if (a.fd < 0) {
        a.err = -a.fd;
    } else {
        a.bev = bufferevent_socket_new(base, a.fd, 0);
        bufferevent_setcb(a.bev, on_line, NULL, on_event, &a);
        bufferevent_set_timeouts(a.bev, &patience, NULL);
        bufferevent_enable(a.bev, EV_READ);
        event_base_dispatch(base);
    }
    event_base_free(base);
    told(op, -a.err, a.line, a.have);
}
ZOO_MAIN(asks)
