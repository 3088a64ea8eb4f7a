/* What waits are told in a world: event bits as faults leave them, and what order can do to them.
 * Linked with the library's objects; all in a world. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fi/choice.h"
#include "fi/fault.h"
#include "harness/world/inner.h"

/* assert() must count in every build. */
#define check(condition)                                                                \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,       \
                                      #condition), abort()))

/* ---- helpers ----------------------------------------------------------------------------- */

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int udp_at(int port)
{
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    check(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof at));
    return fd;
}

static void send_to(int port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    check(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1);
    close(fd);
    usleep(5000);
}

static void tcp_pair(int fds[2])
{
    struct sockaddr_in at = loopback(7);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    check(!bind(listener, (struct sockaddr *)&at, sizeof at) && !listen(listener, 1));
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    check(!connect(fds[0], (struct sockaddr *)&at, sizeof at));
    fds[1] = accept(listener, NULL, NULL);
    check(fds[1] >= 0);
    close(listener);
}

static void watch(int ep, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.fd = fd };
    check(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
}

static uint32_t bits_of(int fd, uint32_t events)
{
    struct epoll_event event = { .events = 0 };
    int ep = epoll_create1(0);
    watch(ep, fd, events);
    check(epoll_wait(ep, &event, 1, 0) >= 0);
    close(ep);
    return event.events;
}

static void suffers(int fd, enum fit__affliction affliction, int64_t value)
{
    fit__enter();
    check(fit__kernel->afflict(fd, affliction, value) >= 0);
    fit__leave();
}

static void one_by_one(int ep, unsigned first)
{
    fit__enter();
    fit__kernel->epoll_sparing(ep, first);
    fit__leave();
}

/* The numbers of what is told, each once, as "4 5"; it is read if it can be. */
static const char *told(int ep, bool reads)
{
    static char text[64];
    struct epoll_event events[8];
    char byte;
    int count = epoll_wait(ep, events, 8, 0);
    check(count >= 0);
    text[0] = 0;
    for (int i = 0; i < count; i++) {
        sprintf(text + strlen(text), "%s%d", i ? " " : "", events[i].data.fd);
        if (reads) check(recv(events[i].data.fd, &byte, 1, 0) == 1);
    }
    return text;
}

static const char *numbers(int first, int second, int third)
{
    static char text[64];
    int length = sprintf(text, "%d", first);
    if (second) length += sprintf(text + length, " %d", second);
    if (third) sprintf(text + length, " %d", third);
    return text;
}

/* ---- bits -------------------------------------------------------------------------------- */

static void bits_after_faults(void *unused)
{
    int pair[2], ends[2], udp = udp_at(9);
    const uint32_t all = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
    (void)unused;
    suffers(udp, FIT_A_RESET, ECONNREFUSED);
    check(bits_of(udp, EPOLLIN) == EPOLLERR);
    tcp_pair(pair);
    check(send(pair[1], "x", 1, 0) == 1);
    usleep(5000);
    check(bits_of(pair[0], all) == (EPOLLIN | EPOLLOUT));
    shutdown(pair[1], SHUT_WR);
    usleep(5000);
    check(bits_of(pair[0], all) == (EPOLLIN | EPOLLOUT | EPOLLRDHUP));
    suffers(pair[0], FIT_A_RESET, ECONNRESET);
    check(bits_of(pair[0], all) == (all | EPOLLERR | EPOLLHUP));
    check(!pipe(ends) && write(ends[1], "x", 1) == 1);
    close(ends[1]);
    check(bits_of(ends[0], EPOLLIN) == (EPOLLIN | EPOLLHUP));
    check(read(ends[0], pair, 1) == 1);
    check(bits_of(ends[0], EPOLLIN) == EPOLLHUP);
}

/* ---- one by one -------------------------------------------------------------------------- */

static int three_ready(int fds[3])
{
    int ep = epoll_create1(0);
    for (int i = 0; i < 3; i++) watch(ep, fds[i] = udp_at(20 + i), EPOLLIN);
    for (int i = 0; i < 3; i++) send_to(20 + i);
    return ep;
}

static void new_things_come_alone(void *unused)
{
    int fds[3], ep = three_ready(fds);
    (void)unused;
    one_by_one(ep, 0);
    check(!strcmp(told(ep, true), numbers(fds[0], 0, 0)));
    check(!strcmp(told(ep, true), numbers(fds[1], 0, 0)));
    check(!strcmp(told(ep, true), numbers(fds[2], 0, 0)));
    check(!*told(ep, true));
}

/* What was told and is still there must be told, and so must what the program did itself. */
static void what_is_known_is_told(void *unused)
{
    int fds[3], ep = three_ready(fds), number = eventfd(1, 0);
    (void)unused;
    one_by_one(ep, 0);
    check(!strcmp(told(ep, false), numbers(fds[0], 0, 0)));
    check(!strcmp(told(ep, false), numbers(fds[0], fds[1], 0)));
    watch(ep, number, EPOLLIN);
    check(strstr(told(ep, false), numbers(number, 0, 0)));
}

static void one_comes_first(void *unused)
{
    char byte;
    int fds[3], ep = three_ready(fds);
    (void)unused;
    one_by_one(ep, 2);
    for (int i = 0; i < 5; i++) {
        check(!strcmp(told(ep, true), numbers(fds[1], 0, 0)));
        send_to(21);
    }
    check(recv(fds[1], &byte, 1, 0) == 1);
    check(!strcmp(told(ep, true), numbers(fds[0], 0, 0)));
    check(!strcmp(told(ep, true), numbers(fds[2], 0, 0)));
}

/* Nobody is hungry for ever, and nothing is wrong while faults are off. */
static void hunger_has_an_end(void *unused)
{
    int fds[3], ep = three_ready(fds), waits = 1;
    (void)unused;
    one_by_one(ep, 1);
    while (!strchr(told(ep, false), ' ')) check(++waits < 200);
    check(waits > 50);
    for (int i = 0; i < 3; i++) close(fds[i]);
    int others[3], other = three_ready(others);
    one_by_one(other, 1);
    fit__faults_off++;
    check(!strcmp(told(other, false), numbers(others[0], others[1], others[2])));
    fit__faults_off--;
}

/* Who waits beside hears of what came later. */
static void *wait_there(void *ep)
{
    struct epoll_event event;
    return (void *)(intptr_t)epoll_wait(*(int *)ep, &event, 1, 1000);
}

static void others_are_woken(void *unused)
{
    int fds[3], ep = epoll_create1(0);
    pthread_t thread;
    void *result;
    (void)unused;
    for (int i = 0; i < 3; i++) watch(ep, fds[i] = udp_at(20 + i), EPOLLIN | EPOLLET);
    check(!pthread_create(&thread, NULL, wait_there, &ep));
    one_by_one(ep, 0);
    for (int i = 0; i < 3; i++) send_to(20 + i);
    check(!pthread_join(thread, &result) && (intptr_t)result == 1);
    check(!strcmp(told(ep, true), numbers(fds[1], 0, 0)));
}

/* ---- readiness of nothing ---------------------------------------------------------------- */

static unsigned offers, extended;
static const char *wanted;                   /* the object that is ready for nothing */

static int choose_phantom(struct fit__question *q)
{
    for (unsigned a = 0; a < q->count; a++) {
        if (q->alternatives[a].what != FIT_W_SPURIOUS) continue;
        offers++;
        extended += q->alternatives[a].extended;
        if (wanted && !strcmp(q->object, wanted)) return (int)a;
    }
    return -1;
}

static int poll_for(int fd, int ms)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    return poll(&one, 1, ms);
}

static void ready_for_nothing(void *unused)
{
    char byte;
    int udp = udp_at(53);
    (void)unused;
    fit__chooser = choose_phantom;
    check(poll_for(udp, 10) == 0 && offers == 1 && !extended);
    wanted = "udp/53";
    check(poll_for(udp, 10) == 1);
    check(recv(udp, &byte, 1, 0) == -1 && errno == EAGAIN);
    wanted = NULL;
    check(poll_for(udp, 10) == 0);
    wanted = "udp/53";
    check(poll_for(udp, 10) == 1);           /* until somebody looks */
    check(poll_for(udp, 10) == 1);
    send_to(53);
    check(recv(udp, &byte, 1, 0) == 1);
    wanted = NULL;
    check(poll_for(udp, 10) == 0);
    fcntl(udp, F_SETFL, 0);
    offers = 0;
    check(poll_for(udp, 10) == 0 && offers == 0);        /* Linux looks at the checksum */
    fit__chooser = NULL;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static void numbers_later(void *unused)
{
    uint64_t value = 0;
    int number = eventfd(3, EFD_NONBLOCK), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec soon = { .it_value = { .tv_nsec = 1000000 } };
    (void)unused;
    check(!timerfd_settime(timer, 0, &soon, NULL));
    usleep(2000);
    suffers(number, FIT_A_LATE, 5 * FIT_MS);
    suffers(timer, FIT_A_LATE, 5 * FIT_MS);
    check(read(number, &value, sizeof value) == -1 && errno == EAGAIN && !poll_for(number, 0));
    check(read(timer, &value, sizeof value) == -1 && errno == EAGAIN && !poll_for(timer, 0));
    check(poll_for(number, 100) == 1 && read(number, &value, sizeof value) == 8 && value == 3);
    check(poll_for(timer, 100) == 1 && read(timer, &value, sizeof value) == 8 && value == 1);
}

static void in_world(const char *name, void (*body)(void *))
{
    check(!fit__world_new());
    fit__world_run(body, NULL);
    fit__world_drop();
    printf("ok %s\n", name);
}

int main(void)
{
#define RUN(body) in_world(#body, body)
    RUN(bits_after_faults);
    RUN(new_things_come_alone);
    RUN(what_is_known_is_told);
    RUN(one_comes_first);
    RUN(hunger_has_an_end);
    RUN(others_are_woken);
    RUN(ready_for_nothing);
    RUN(numbers_later);
    return 0;
}
