/* What lies between hosts: latency, speed, partitions, and how long TCP is patient. Linux's figures
 * are those of its documentation (tcp_retries2, tcp_syn_retries); none of them can be asked for on
 * one machine in a short time. Linked with the library's objects; all in a world. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness/world/inner.h"
#include "harness/world/link.h"

/* assert() must count in every build. */
#define check(condition)                                                                \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,       \
                                      #condition), abort()))

enum { PORT = 7, LARGE = 100000 };
#define ORIGIN "10.0.0.3"

static const struct fit__host *here, *there;
static struct fit__process *origin;
static bool reads = true;                    /* does the other side read what comes? */
static long came;                            /* bytes */
static int ended = -1;                       /* errno that its last read gave, 0: the end */

static struct sockaddr_in address_of(const char *ip)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    inet_pton(AF_INET, ip, &in.sin_addr);
    return in;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool about(double value, double wanted)
{
    return value >= wanted - 0.01 && value < wanted * 1.01 + 0.3;
}

static void *serve_tcp(void *arg)
{
    static char buffer[4096];
    struct sockaddr_in in = address_of(ORIGIN);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    (void)arg;
    check(!bind(listener, (struct sockaddr *)&in, sizeof in) && !listen(listener, 5));
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        check(fd >= 0);
        ssize_t size = 1;
        while (!reads)
            sleep(1);
        while ((size = read(fd, buffer, sizeof buffer)) > 0)
            came += size;
        ended = size ? errno : 0;
        close(fd);
    }
}

static void *serve_udp(void *arg)
{
    char buffer[2048];
    struct sockaddr_in in = address_of(ORIGIN);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ssize_t size;
    (void)arg;
    check(!bind(fd, (struct sockaddr *)&in, sizeof in));
    while ((size = recv(fd, buffer, sizeof buffer, 0)) >= 0)
        came += size;
    return NULL;
}

static void in_world(const char *name, void (*body)(void *), void *(*server)(void *))
{
    check(fit__world_new() == 0);
    fit__enter();
    here = fit__service_process()->host;
    origin = fit__process_new(fit__host_named(ORIGIN, true), false);
    there = origin->host;
    fit__leave();
    reads = true;
    came = 0;
    ended = -1;
    fit__world_run(body, (void *)(uintptr_t)server);
    fit__world_drop();
    printf("ok %s\n", name);
    fflush(stdout);
}

static void start(void *server)
{
    void *(*body)(void *);
    *(void **)&body = server;
    fit__enter();
    struct fit__thread *thread = fit__thread_new("origin", origin, body, NULL, 0);
    thread->service = false;
    thread->guard.exempt = true;
    fit__leave();
    usleep(1);
}

static struct fit__link *link_there(void)
{
    fit__enter();
    struct fit__link *link = fit__link_between(here, there);
    fit__leave();
    return link;
}

static void cut(bool on)
{
    struct fit__link *link = link_there();
    fit__enter();
    fit__link_cut(link, on);
    fit__leave();
}

static int connected(void)
{
    struct sockaddr_in in = address_of(ORIGIN);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    check(!connect(fd, (struct sockaddr *)&in, sizeof in));
    return fd;
}

static void set(int fd, int level, int option, int value)
{
    check(!setsockopt(fd, level, option, &value, sizeof value));
}

static int await(int fd, int seconds_most)
{
    struct pollfd one = { .fd = fd, .events = POLLIN | POLLRDHUP };
    return poll(&one, 1, seconds_most * 1000) == 1 ? one.revents : 0;
}

static void expect_timeout(int fd, double start, double patience)
{
    char byte;
    check(await(fd, 100000) == (POLLIN | POLLRDHUP | POLLERR | POLLHUP));
    check(about(seconds() - start, patience));
    check(recv(fd, &byte, 1, 0) == -1 && errno == ETIMEDOUT);
    check(recv(fd, &byte, 1, 0) == 0);
    check(send(fd, &byte, 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    close(fd);
}

/* ---- latency and speed ------------------------------------------------------------------- */

static void latency(void *server)
{
    start(server);
    double before = seconds();
    close(connected());
    check(seconds() - before > 0.0019 && seconds() - before < 0.003);
    link_there()->latency = FIT_S;
    before = seconds();
    close(connected());
    check(about(seconds() - before, 2));
}

static void speed(void *server)
{
    static char bytes[LARGE];
    start(server);
    int fd = connected();
    link_there()->bytes_per_second = LARGE / 10;
    double before = seconds();
    check(send(fd, bytes, LARGE, 0) == LARGE);
    close(fd);
    while (ended < 0)
        usleep(1000);
    check(came == LARGE && ended == 0);
    /* 70 segments with their headers. */
    check(about(seconds() - before, (LARGE + 70 * 66) / (LARGE / 10.)));
}

static void speed_of_datagrams(void *server)
{
    char bytes[1000] = "";
    struct sockaddr_in in = address_of(ORIGIN);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    start(server);
    link_there()->bytes_per_second = 1042;
    double before = seconds();
    for (int i = 0; i < 3; i++)
        sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&in, sizeof in);
    while (came < 3000)
        usleep(1000);
    check(about(seconds() - before, 3));
    close(fd);
}

/* ---- partitions -------------------------------------------------------------------------- */

static void datagrams_are_lost(void *server)
{
    char bytes[10] = "";
    struct sockaddr_in in = address_of(ORIGIN);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    start(server);
    cut(true);
    check(sendto(fd, bytes, 10, 0, (struct sockaddr *)&in, sizeof in) == 10);
    sleep(1);
    cut(false);
    sleep(1000);
    check(came == 0);
    check(sendto(fd, bytes, 7, 0, (struct sockaddr *)&in, sizeof in) == 7);
    usleep(500);
    cut(true);                               /* while it is under way */
    sleep(1);
    check(came == 0);
    cut(false);
    sendto(fd, bytes, 7, 0, (struct sockaddr *)&in, sizeof in);
    sleep(1);
    check(came == 7);
    close(fd);
}

static void connect_times_out(void *server)
{
    struct sockaddr_in in = address_of(ORIGIN);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    start(server);
    cut(true);
    double before = seconds();
    check(connect(fd, (struct sockaddr *)&in, sizeof in) == -1 && errno == ETIMEDOUT);
    check(about(seconds() - before, 127));
    set(fd, IPPROTO_TCP, TCP_SYNCNT, 2);
    before = seconds();
    check(connect(fd, (struct sockaddr *)&in, sizeof in) == -1 && errno == ETIMEDOUT);
    check(about(seconds() - before, 7));
    close(fd);
}

static void connects_when_healed(void *server)
{
    struct sockaddr_in in = address_of(ORIGIN);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct pollfd one = { .fd = fd, .events = POLLOUT };
    start(server);
    check(connect(fd, (struct sockaddr *)&in, sizeof in) == -1 && errno == EINPROGRESS);
    usleep(1500);                            /* the answer is under way */
    cut(true);
    double before = seconds();
    check(poll(&one, 1, 4000) == 0);
    cut(false);
    check(poll(&one, 1, 100000) == 1 && one.revents == POLLOUT);
    check(about(seconds() - before, 7));     /* the third time it is sent again */
    check(!connect(fd, (struct sockaddr *)&in, sizeof in));
    check(send(fd, "x", 1, 0) == 1);
    sleep(1);
    check(came == 1);
    close(fd);
}

static void data_times_out(void *server)
{
    start(server);
    int fd = connected();
    cut(true);
    double before = seconds();
    check(send(fd, "x", 1, 0) == 1);
    expect_timeout(fd, before, 924.6);
    check(came == 0 && ended == -1);         /* the other side knows nothing of it */
}

static void data_arrives_when_healed(void *server)
{
    start(server);
    int fd = connected();
    cut(true);
    for (int i = 0; i < 10; i++)
        check(send(fd, "x", 1, 0) == 1);
    sleep(30);
    check(came == 0);
    cut(false);
    sleep(60);
    check(came == 10);
    close(fd);
    sleep(1);
    check(ended == 0);
}

static void user_timeout(void *server)
{
    start(server);
    int fd = connected();
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
    cut(true);
    double before = seconds();
    check(send(fd, "x", 1, 0) == 1);
    expect_timeout(fd, before, 5);
}

/* The other side's host answers, its program does not read: only who limits it gives up. */
static void closed_window(void *server)
{
    static char bytes[LARGE];
    reads = false;
    start(server);
    int fd = connected();
    fcntl(fd, F_SETFL, O_NONBLOCK);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
    for (int i = 0; i < 10; i++) {
        while (send(fd, bytes, sizeof bytes, 0) > 0)
            ;
        usleep(10000);
    }
    expect_timeout(fd, seconds(), 4.9);
}

static void keepalive(void *server)
{
    start(server);
    int fd = connected();
    sleep(10);
    cut(true);
    check(await(fd, 50000) == 0);            /* nobody asks */
    cut(false);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    check(send(fd, "x", 1, 0) == 1);
    sleep(10);
    double before = seconds();
    cut(true);
    check(await(fd, 64) == 0);
    cut(false);
    check(await(fd, 50000) == 0);            /* answered in time */
    cut(true);
    double cut_at = seconds();
    char byte;
    check(await(fd, 1000) == (POLLIN | POLLRDHUP | POLLERR | POLLHUP));
    check(seconds() - cut_at >= 15 && seconds() - cut_at < 75.1);
    check(seconds() > before && recv(fd, &byte, 1, 0) == -1 && errno == ETIMEDOUT);
    close(fd);
}

static void falls_silent(int fd)
{
    fit__enter();
    check(fit__kernel->afflict(fd, FIT_A_SILENT, 0) == 0);
    fit__leave();
}

/* A program that says nothing any more: whoever asks for signs of life finds its host gone. */
static void keepalive_of_the_silent(void *server)
{
    start(server);
    int fd = connected(), patient = connected();
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    double before = seconds();
    falls_silent(fd);
    falls_silent(patient);
    expect_timeout(fd, before, 75);
    check(await(patient, 50000) == 0);
    close(patient);
}

static void user_timeout_of_the_silent(void *server)
{
    start(server);
    int fd = connected();
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
    falls_silent(fd);
    check(await(fd, 50000) == 0);            /* nothing was sent */
    double before = seconds();
    check(send(fd, "x", 1, 0) == 1);
    expect_timeout(fd, before, 5);
}

/* What one side has said and closed with while cut off is lost when it has given up. */
static void closed_while_cut(void *server)
{
    start(server);
    int fd = connected();
    cut(true);
    check(send(fd, "x", 1, 0) == 1);
    close(fd);
    sleep(200);                              /* eight tries of a socket that nobody owns */
    cut(false);
    sleep(1000);
    check(came == 0 && ended == -1);
    cut(true);
    cut(false);
}

int main(void)
{
#define RUN(body, server) in_world(#body, body, server)
    RUN(latency, serve_tcp);
    RUN(speed, serve_tcp);
    RUN(speed_of_datagrams, serve_udp);
    RUN(datagrams_are_lost, serve_udp);
    RUN(connect_times_out, serve_tcp);
    RUN(connects_when_healed, serve_tcp);
    RUN(data_times_out, serve_tcp);
    RUN(data_arrives_when_healed, serve_tcp);
    RUN(user_timeout, serve_tcp);
    RUN(closed_window, serve_tcp);
    RUN(keepalive, serve_tcp);
    RUN(keepalive_of_the_silent, serve_tcp);
    RUN(user_timeout_of_the_silent, serve_tcp);
    RUN(closed_while_cut, serve_tcp);
    return 0;
}
