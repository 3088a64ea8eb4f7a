/* epoll: levels, edges, order, lifetimes, errors. */
#include "tests/conformance/conformance.h"

static void errors(void)
{
    struct epoll_event event = { .events = EPOLLIN };
    int ep = epoll_create1(0), fds[2], file = open("/etc/passwd", O_RDONLY);
    volatile int negative = -1;
    pipe(fds);
    RUN(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &event));
    RUN(epoll_ctl(999, EPOLL_CTL_ADD, fds[0], &event));
    RUN(epoll_ctl(fds[1], EPOLL_CTL_ADD, fds[0], &event));
    RUN(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &event));
    RUN(epoll_ctl(ep, EPOLL_CTL_ADD, file, &event));
    RUN(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &event));
    RUN(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
    RUN(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event));
    RUN(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event));
    RUN(epoll_ctl(ep, 77, fds[0], &event));
    RUN(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
    RUN(epoll_wait(ep, &event, 0, 0));
    RUN(epoll_wait(ep, &event, negative, 0));
    RUN(epoll_wait(fds[0], &event, 1, 0));
    RUN(epoll_wait(999, &event, 1, 0));
    RUN(epoll_create1(1));
    RUN(epoll_create(0));
    RUN(read(ep, &event, 1));
    RUN(write(ep, &event, 1));
    close(file);
    close(ep);
    close(fds[0]);
    close(fds[1]);
}

static void exclusive(void)
{
    int a = epoll_create1(0), b = epoll_create1(0), fds[2];
    pipe(fds);
    watch(a, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLEXCLUSIVE, 'r');
    watch(a, EPOLL_CTL_MOD, fds[0], EPOLLIN, 'r');
    watch(b, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLRDHUP | EPOLLEXCLUSIVE, 'r');
    watch(b, EPOLL_CTL_ADD, a, EPOLLIN | EPOLLEXCLUSIVE, 'a');
    watch(b, EPOLL_CTL_ADD, fds[0], EPOLLIN, 'r');
    watch(b, EPOLL_CTL_MOD, fds[0], EPOLLIN | EPOLLEXCLUSIVE, 'r');
    write(fds[1], "x", 1);
    note_wait("exclusive", a, 4, 0);
    close(a);
    close(b);
    close(fds[0]);
    close(fds[1]);
}

static void loops(void)
{
    int a = epoll_create1(0), b = epoll_create1(0), chain[7];
    watch(a, EPOLL_CTL_ADD, b, EPOLLIN, 'b');
    watch(b, EPOLL_CTL_ADD, a, EPOLLIN, 'a');
    for (int i = 0; i < 7; i++) {
        chain[i] = epoll_create1(0);
        if (i)
            watch(chain[i], EPOLL_CTL_ADD, chain[i - 1], EPOLLIN, 'c');
    }
    for (int i = 0; i < 7; i++)
        close(chain[i]);
    close(a);
    close(b);
}

static void nested(void)
{
    int outer = epoll_create1(0), inner = epoll_create1(0), fds[2];
    char byte;
    pipe(fds);
    watch(inner, EPOLL_CTL_ADD, fds[0], EPOLLIN, 'r');
    watch(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 'i');
    note_wait("nothing", outer, 4, 0);
    write(fds[1], "x", 1);
    note_wait("outer", outer, 4, 0);
    note_poll("inner", inner);
    note_wait("inner", inner, 4, 0);
    note_wait("outer again", outer, 4, 0);
    read(fds[0], &byte, 1);
    note_wait("drained", outer, 4, 0);
    note_poll("inner", inner);
    close(outer);
    close(inner);
    close(fds[0]);
    close(fds[1]);
}

static void level(void)
{
    struct link link = link_up();
    int ep = epoll_create1(0);
    char buffer[8];
    watch(ep, EPOLL_CTL_ADD, link.client, EPOLLIN, 'c');
    note_wait("nothing", ep, 4, 0);
    send(link.server, "abc", 3, 0);
    note_wait("data", ep, 4, 1000);
    note_wait("data still", ep, 4, 0);
    recv(link.client, buffer, 1, 0);
    note_wait("partly read", ep, 4, 0);
    recv(link.client, buffer, 8, 0);
    note_wait("read", ep, 4, 0);
    close(ep);
    link_down(&link);
}

static void edge(void)
{
    struct link link = link_up();
    int ep = epoll_create1(0);
    char buffer[8];
    watch(ep, EPOLL_CTL_ADD, link.client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 'c');
    note_wait("at once", ep, 4, 0);
    note_wait("no second", ep, 4, 0);
    send(link.server, "abc", 3, 0);
    settle();
    note_wait("data", ep, 4, 0);
    note_wait("not read", ep, 4, 0);
    recv(link.client, buffer, 1, 0);
    note_wait("partly read", ep, 4, 0);
    send(link.server, "def", 3, 0);
    settle();
    note_wait("more data", ep, 4, 0);
    watch(ep, EPOLL_CTL_MOD, link.client, EPOLLIN | EPOLLET, 'd');
    note_wait("mod", ep, 4, 0);
    note_wait("no second", ep, 4, 0);
    shutdown(link.server, SHUT_WR);
    settle();
    note_wait("end", ep, 4, 0);
    note_wait("no second", ep, 4, 0);
    close(ep);
    link_down(&link);
}

static void edge_on_accept(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(5, &in), ep = epoll_create1(0), fds[2];
    watch(ep, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLET, 'l');
    for (int i = 0; i < 2; i++) {
        fds[i] = nonblocking_tcp();
        connect(fds[i], (struct sockaddr *)&in, sizeof in);
        settle();
        note_wait("one more", ep, 4, 0);
    }
    close(accept(listener, NULL, NULL));
    note_wait("one left", ep, 4, 0);
    close(fds[0]);
    close(fds[1]);
    close(ep);
    close(listener);
}

static void oneshot(void)
{
    int ep = epoll_create1(0), fds[2];
    pipe(fds);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLONESHOT, 'r');
    write(fds[1], "x", 1);
    note_wait("once", ep, 4, 0);
    note_wait("silent", ep, 4, 0);
    write(fds[1], "x", 1);
    note_wait("silent still", ep, 4, 0);
    close(fds[1]);
    note_wait("not even the end", ep, 4, 0);
    watch(ep, EPOLL_CTL_MOD, fds[0], EPOLLIN | EPOLLONESHOT, 's');
    note_wait("armed", ep, 4, 0);
    note_wait("silent", ep, 4, 0);
    watch(ep, EPOLL_CTL_DEL, fds[0], 0, 's');
    close(ep);
    close(fds[0]);
}

static void order_and_rotation(void)
{
    int ep = epoll_create1(0), fds[4][2];
    for (int i = 0; i < 4; i++) {
        pipe(fds[i]);
        watch(ep, EPOLL_CTL_ADD, fds[i][0], EPOLLIN, (char)('a' + i));
    }
    write(fds[2][1], "x", 1);
    write(fds[0][1], "x", 1);
    write(fds[3][1], "x", 1);
    for (int i = 0; i < 5; i++)
        note_wait("one at a time", ep, 1, 0);
    write(fds[1][1], "x", 1);
    note_wait("two", ep, 2, 0);
    note_wait("all", ep, 8, 0);
    for (int i = 0; i < 4; i++) {
        close(fds[i][0]);
        close(fds[i][1]);
    }
    note_wait("closed", ep, 8, 0);
    close(ep);
}

static void edge_order(void)
{
    int ep = epoll_create1(0), fds[3][2];
    for (int i = 0; i < 3; i++) {
        pipe(fds[i]);
        watch(ep, EPOLL_CTL_ADD, fds[i][0], EPOLLIN | EPOLLET, (char)('a' + i));
    }
    for (int i = 2; i >= 0; i--)
        write(fds[i][1], "x", 1);
    note_wait("one", ep, 1, 0);
    write(fds[2][1], "x", 1);
    note_wait("rest", ep, 8, 0);
    note_wait("none", ep, 8, 0);
    for (int i = 0; i < 3; i++) {
        close(fds[i][0]);
        close(fds[i][1]);
    }
    close(ep);
}

static void closed_with_duplicate(void)
{
    int ep = epoll_create1(0), fds[2];
    pipe(fds);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN, 'r');
    int copy = dup(fds[0]);
    close(fds[0]);
    write(fds[1], "x", 1);
    note_wait("a ghost", ep, 4, 0);
    watch(ep, EPOLL_CTL_DEL, fds[0], 0, 'r');
    watch(ep, EPOLL_CTL_ADD, copy, EPOLLIN, 'c');
    note_wait("both", ep, 4, 0);
    close(copy);
    note_wait("gone", ep, 4, 0);
    close(fds[1]);
    close(ep);
}

static void closed_and_reused(void)
{
    int ep = epoll_create1(0), fds[2], again[2];
    pipe(fds);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN, 'r');
    write(fds[1], "x", 1);
    close(fds[0]);
    close(fds[1]);
    note_wait("gone", ep, 4, 0);
    pipe(again);
    note("the same number %d", again[0] == fds[0]);
    watch(ep, EPOLL_CTL_MOD, again[0], EPOLLIN, 'n');
    watch(ep, EPOLL_CTL_ADD, again[0], EPOLLIN, 'n');
    close(again[0]);
    close(again[1]);
    close(ep);
}

static void epoll_duplicated(void)
{
    int ep = epoll_create1(0), copy = dup(ep), fds[2];
    pipe(fds);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN, 'r');
    close(ep);
    write(fds[1], "x", 1);
    note_wait("through the copy", copy, 4, 0);
    close(copy);
    close(fds[0]);
    close(fds[1]);
}

static void *write_later(void *arg)
{
    settle();
    write(*(int *)arg, "x", 1);
    return NULL;
}

static void wait_is_woken(void)
{
    int ep = epoll_create1(0), fds[2];
    pipe(fds);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN, 'r');
    pthread_t thread = on_thread(write_later, &fds[1]);
    note_wait("woken", ep, 4, -1);
    wait_for_thread(thread);
    close(ep);
    close(fds[0]);
    close(fds[1]);
}

struct add_later { int ep, fd; };

static void *add_later(void *arg)
{
    struct add_later *what = arg;
    settle();
    watch(what->ep, EPOLL_CTL_ADD, what->fd, EPOLLIN, 'r');
    return NULL;
}

static void wait_is_woken_by_add(void)
{
    int fds[2];
    struct add_later what = { .ep = epoll_create1(0) };
    pipe(fds);
    what.fd = fds[0];
    write(fds[1], "x", 1);
    pthread_t thread = on_thread(add_later, &what);
    struct epoll_event event;
    int count = epoll_wait(what.ep, &event, 1, -1);
    wait_for_thread(thread);
    note("woken %d", count);
    close(what.ep);
    close(fds[0]);
    close(fds[1]);
}

static void wait_ends(void)
{
    int ep = epoll_create1(0);
    int64_t start = now_ms();
    note_wait("nothing", ep, 4, 40);
    note("in time %d", now_ms() - start >= 39 && now_ms() - start < 500);
    close(ep);
}

static void no_interest(void)
{
    int ep = epoll_create1(0), fds[2];
    pipe(fds);
    watch(ep, EPOLL_CTL_ADD, fds[0], 0, 'r');
    write(fds[1], "x", 1);
    note_wait("data", ep, 4, 0);
    close(fds[1]);
    note_wait("end", ep, 4, 0);
    watch(ep, EPOLL_CTL_MOD, fds[0], EPOLLOUT, 'r');
    note_wait("end", ep, 4, 0);
    close(fds[0]);
    close(ep);
}

/* ---- who is woken ------------------------------------------------------------------------ */

enum { WAITERS = 4 };
struct waiter { int ep, ms; int events; pthread_t thread; };

static void *waits_once(void *arg)
{
    struct waiter *w = arg;
    struct epoll_event event;
    w->events = epoll_wait(w->ep, &event, 1, w->ms);
    return NULL;
}

/* Each with an epoll of its own, or all with one; how many of them are told of one event. */
static void note_woken(const char *what, uint32_t extra, unsigned exclusive, bool shared)
{
    struct waiter waiters[WAITERS];
    int fd = eventfd(0, EFD_NONBLOCK), woken = 0, all = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN | extra };
    for (unsigned i = 0; i < WAITERS; i++) {
        waiters[i] = (struct waiter){ .ep = shared ? all : epoll_create1(0), .ms = 300 };
        event.events = EPOLLIN | extra | (i < exclusive ? EPOLLEXCLUSIVE : 0);
        epoll_ctl(waiters[i].ep, EPOLL_CTL_ADD, fd, &event);
        waiters[i].thread = on_thread(waits_once, &waiters[i]);
    }
    usleep(100000);                      /* all must be asleep, also on a busy machine */
    eventfd_write(fd, 1);
    for (unsigned i = 0; i < WAITERS; i++) {
        wait_for_thread(waiters[i].thread);
        woken += waiters[i].events == 1;
        if (!shared)
            close(waiters[i].ep);
    }
    note("%s: %d woken", what, woken);
    close(all);
    close(fd);
}

static void exclusive_wakes_one(void)
{
    note_woken("all exclusive", 0, WAITERS, false);
    note_woken("all exclusive, edges", EPOLLET, WAITERS, false);
    note_woken("two exclusive", 0, 2, false);
    note_woken("none", 0, 0, false);
}

static void one_epoll_wakes_one(void)
{
    note_woken("edges", EPOLLET, 0, true);
    note_woken("once", EPOLLONESHOT, 0, true);
}

/* Nobody waits: each gets to know. */
static void exclusive_without_waiters(void)
{
    int fd = eventfd(0, EFD_NONBLOCK), a = epoll_create1(0), b = epoll_create1(0);
    watch(a, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, 'a');
    watch(b, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, 'b');
    eventfd_write(fd, 1);
    note_wait("first", a, 4, 0);
    note_wait("second", b, 4, 0);
    close(a);
    close(b);
    close(fd);
}

const struct conformance_case epoll_cases[] = {
    { "epoll/errors", errors }, { "epoll/exclusive", exclusive }, { "epoll/loops", loops },
    { "epoll/exclusive_wakes_one", exclusive_wakes_one },
    { "epoll/one_epoll_wakes_one", one_epoll_wakes_one },
    { "epoll/exclusive_without_waiters", exclusive_without_waiters },
    { "epoll/nested", nested }, { "epoll/level", level }, { "epoll/edge", edge },
    { "epoll/edge_on_accept", edge_on_accept }, { "epoll/oneshot", oneshot },
    { "epoll/order", order_and_rotation }, { "epoll/edge_order", edge_order },
    { "epoll/ghost", closed_with_duplicate }, { "epoll/reused", closed_and_reused },
    { "epoll/duplicated", epoll_duplicated }, { "epoll/woken", wait_is_woken },
    { "epoll/woken_by_add", wait_is_woken_by_add }, { "epoll/wait_ends", wait_ends },
    { "epoll/no_interest", no_interest },
    { NULL, NULL },
};
