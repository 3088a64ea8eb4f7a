/* A connection that was lost is made anew after two seconds, and the loop sleeps that long.
 * expect: blocks-loop
 * symptom: event_base_loop stood still for 2.*, while its callback on_try waited \(sleep\)
 * libs: libevent
 * options: --mode partial --pairs no
 * repaired: recovered
 */
#include "zoo.h"

#include <event2/event.h>

enum { TRIES = 3 };

struct ask {
    struct event_base *base;
    struct event *again;
    int err, tries;
    char line[32]; size_t have;
};

static int ask_once(struct ask *a)
{
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : put(fd, "TIME\n", 5);
    if (fd < 0) return fd;
    if (!err) err = take_line(fd, a->line, sizeof a->line, &a->have);
    close(fd);
    return err;
}
static void on_try(evutil_socket_t fd, short what, void *arg)
{
    struct ask *a = arg;
    (void)fd; (void)what;
    a->err = ask_once(a);
    if (!a->err || ++a->tries == TRIES) return;
#ifdef REPAIRED
    event_add(a->again, &(struct timeval){ .tv_sec = 2 });
#else
    sleep(2);
    event_add(a->again, &(struct timeval){ 0 });
#endif
}

static void asks_the_time(void **state)
{
    static const struct fit_reply noon[] = { { .until = "TIME\n", .send = "12:00\n" }, { 0 } };
    struct ask a = { 0 };
    struct fit_op *op = fit_op("ask");
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    fit_faults_off();
    a.base = event_base_new();
    a.again = evtimer_new(a.base, on_try, &a);
    assert_true(a.base && a.again);
    fit_faults_on();
    event_add(a.again, &(struct timeval){ .tv_usec = 1000 });
    event_base_dispatch(a.base);
    event_free(a.again);
    event_base_free(a.base);
    told(op, a.err, a.line, a.have);
}
ZOO_MAIN(asks_the_time)
