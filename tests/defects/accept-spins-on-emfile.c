/* A server whose accept() fails with EMFILE goes straight back to epoll_wait(), which reports the
 * same listener at once, for ever. The repaired one keeps a spare descriptor to turn the visitor
 * away with.
 * expect: busy-loop
 * repaired: reported
 */
#include "zoo.h"

struct server { int ep, listener, spare, stop; };

static void serve_one(struct server *s)
{
    int fd = accept(s->listener, NULL, NULL);
#ifdef REPAIRED
    if (fd < 0 && errno == EMFILE && s->spare >= 0) {
        close(s->spare);
        fd = accept(s->listener, NULL, NULL);
        if (fd >= 0) close(fd);
        s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return;
    }
#endif
    if (fd < 0) return;
    put(fd, "hello\n", 6);
    close(fd);
}
static int server_open(struct server *s)
{
    struct sockaddr_in a = ip4("127.0.0.1", 8080);
    struct epoll_event in = { .events = EPOLLIN };
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    s->ep = epoll_create1(EPOLL_CLOEXEC);
    s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (s->listener < 0 || s->ep < 0 || s->spare < 0) return -1;
    if (bind(s->listener, (struct sockaddr *)&a, sizeof a) || listen(s->listener, 8)) return -1;
    return epoll_ctl(s->ep, EPOLL_CTL_ADD, s->listener, &in);
}
static void server_run(struct server *s)
{
    struct epoll_event ev;
    while (!s->stop) {
        FAULT_CANCEL_POINT();
        if (!s->stop && epoll_wait(s->ep, &ev, 1, -1) == 1) serve_one(s);
    }
}
static void server_stop(struct server *s) { s->stop = 1; }

static int setup(void **state)
{
    static struct server s;
    s = (struct server){ .ep = -1, .listener = -1, .spare = -1 };
    *state = &s;
    return server_open(&s);
}
static int teardown(void **state)
{
    struct server *s = *state;
    close(s->listener);
    close(s->ep);
    if (s->spare >= 0) close(s->spare);
    return 0;
}
static void serves(void **state)
{
    static const struct fit_reply hello[] = { { .until = "hello\n" }, { 0 } };
    fit_on_shutdown(server_stop, *state);
    fit_client_asks(NULL, "127.0.0.1:8080", hello);
    server_run(*state);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(serves, setup, teardown) };
    return fit_run_group_tests(tests, NULL, NULL);
}
