/* A server whose accept() fails because no descriptor is left looks away from its listener until
 * one of its own connections closes. The table has room again when others close something, in
 * another thread, or as here after two seconds: nobody tells it, and whoever calls waits for ever.
 * The repaired one also looks again after a while.
 * expect: hang
 * options: --mode emfile
 * symptom: epoll_wait
 * repaired: recovered
 */
#include "zoo.h"

#include <stdbool.h>

struct server { int ep, listener, served; bool away; };

static void watch(struct server *s, bool on)
{
    struct epoll_event in = { .events = on ? EPOLLIN : 0 };
    s->away = !on;
    epoll_ctl(s->ep, EPOLL_CTL_MOD, s->listener, &in);
}
static void serve_one(struct server *s)
{
    int fd = accept(s->listener, NULL, NULL);
    if (fd < 0) {
        if (errno != ECONNABORTED && errno != EPROTO) watch(s, false);
        return;
    }
    put(fd, "hello\n", 6);
    close(fd);
    s->served++;
    watch(s, true);
}
static void run(struct server *s)
{
    struct epoll_event ev;
    while (s->served < 2) {
#ifdef REPAIRED
        int patience = s->away ? 500 : -1;
#else
        int patience = -1;
#endif
        int n = epoll_wait(s->ep, &ev, 1, patience);
        if (n == 1) serve_one(s);
        else if (n == 0) watch(s, true);
    }
}
static void call(void *unused)
{
    struct sockaddr_in a = ip4("10.0.0.2", 8080);
    char line[8];
    (void)unused;
    for (bool hello = false; !hello; ) {         /* until it was served */
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        hello = !connect(fd, (struct sockaddr *)&a, sizeof a) && read(fd, line, sizeof line) == 6;
        close(fd);
    }
}
static void serves(void **state)
{
    struct sockaddr_in a = ip4("0.0.0.0", 8080);
    struct epoll_event in = { .events = EPOLLIN };
    struct server s = { 0 };
    (void)state;
    fit_faults_off();
    s.ep = epoll_create1(EPOLL_CLOEXEC);
    s.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(s.listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s.listener, 8), 0);
    assert_int_equal(epoll_ctl(s.ep, EPOLL_CTL_ADD, s.listener, &in), 0);
    fit_faults_on();
    fit_client("first.test", call, NULL);
    fit_client("second.test", call, NULL);
    struct fit_op *op = fit_op("two callers");
    run(&s);
    fit_op_succeeded(op, &s.served, sizeof s.served);
    close(s.listener);
    close(s.ep);
}
ZOO_MAIN(serves)
