/* Options of sockets that decide how long, how many, and who: limits of time, lingering, ports. */
#include "tests/conformance/conformance.h"

#define ADDRESS(in) (struct sockaddr *)&(in), sizeof (in)

static char bytes[65536];

static void set(int fd, int level, int option, int value)
{
    noted("set", setsockopt(fd, level, option, &value, sizeof value));
}

static void fill(int fd)
{
    for (int round = 0; round < 3; round++) {
        while (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
            ;
        settle();
    }
}

static long drain(int fd)
{
    long total = 0;
    ssize_t size;
    set_nonblocking(fd, false);
    while ((size = recv(fd, bytes, sizeof bytes, 0)) > 0)
        total += size;
    note("the end %zd", size);
    return total;
}

static void ranges(void)
{
    static const int options[] = { TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT,
                                   TCP_USER_TIMEOUT };
    static const int values[] = { -1, 0, 1, 127, 128, 32767, 32768 };
    int fd = nonblocking_tcp();
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++)
        for (unsigned j = 0; j < sizeof values / sizeof values[0]; j++) {
            int now = -1;
            socklen_t size = sizeof now;
            set(fd, IPPROTO_TCP, options[i], values[j]);
            getsockopt(fd, IPPROTO_TCP, options[i], &now, &size);
            note("%u: %d gives %d", i, values[j], now);
        }
    close(fd);
}

/* A listener that takes no more: every SYN to it is lost. */
static int full_listener(struct sockaddr_in *in, int *first)
{
    int listener = listen_loopback(0, in);
    *first = nonblocking_tcp();
    connect(*first, ADDRESS(*in));
    settle();
    return listener;
}

static void connect_user_timeout(void)
{
    struct sockaddr_in in;
    int first, listener = full_listener(&in, &first), fd = socket(AF_INET, SOCK_STREAM, 0);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 500);
    int64_t start = now_ms();
    RUN(connect(fd, ADDRESS(in)));
    note("with the first SYN that is sent again %d", now_ms() - start > 900);
    close(fd);
    close(first);
    close(listener);
}

static void connect_send_timeout(void)
{
    struct sockaddr_in in;
    struct timeval time = { .tv_usec = 50000 };
    int first, listener = full_listener(&in, &first), fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    RUN(connect(fd, ADDRESS(in)));
    RUN(connect(fd, ADDRESS(in)));
    close(fd);
    close(first);
    close(listener);
}

/* Nobody reads at the other side, but its host answers. */
static void window_user_timeout(void)
{
    struct link link = link_up();
    char byte;
    struct pollfd one = { link.client, POLLIN | POLLRDHUP, 0 };
    set(link.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 300);
    fill(link.client);
    int64_t start = now_ms();
    RUN(poll(&one, 1, 10000));
    note("not at once %d", now_ms() - start > 100);
    note_poll("over", link.client);
    RUN(recv(link.client, &byte, 1, 0));
    RUN(recv(link.client, &byte, 1, 0));
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    settle();
    note_poll("the other side", link.server);
    link_down(&link);
}

static void lingers(void)
{
    struct link link = link_up();
    struct linger linger = { 1, 1 };
    setsockopt(link.client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    fill(link.client);
    int64_t start = now_ms();
    RUN(close(link.client));
    note("waits %d", now_ms() - start >= 900);
    link.client = -1;
    note("nothing is lost %d", drain(link.server) > 100000);
    link_down(&link);
}

static void *drains_later(void *arg)
{
    long total = 0;
    ssize_t size;
    set_nonblocking(*(int *)arg, false);
    settle();
    while ((size = recv(*(int *)arg, bytes, sizeof bytes, 0)) > 0)
        total += size;
    return (void *)(intptr_t)(size < 0 ? -1 : total > 100000);
}

static void lingers_until_read(void)
{
    struct link link = link_up();
    struct linger linger = { 1, 20 };
    setsockopt(link.client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    fill(link.client);
    void *result;
    pthread_t thread = on_thread(drains_later, &link.server);
    int64_t start = now_ms();
    RUN(close(link.client));
    note("in time %d", now_ms() - start < 5000);
    link.client = -1;
    pthread_join(thread, &result);
    note("all came %d", (int)(intptr_t)result);
    link_down(&link);
}

static void lingers_for_nothing(void)
{
    struct link link = link_up();
    struct linger linger = { 1, 20 };
    setsockopt(link.client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    int other = dup(link.client);
    fill(link.client);
    int64_t start = now_ms();
    RUN(close(other));                       /* not the last of its kind */
    note("at once %d", now_ms() - start < 500);
    close(link.server);
    link.server = -1;
    settle();
    RUN(close(link.client));
    note("reset, at once %d", now_ms() - start < 900);
    link.client = -1;
    link_down(&link);
    link = link_up();
    setsockopt(link.client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    start = now_ms();
    RUN(close(link.client));
    note("nothing to send, at once %d", now_ms() - start < 900);
    link.client = -1;
    link_down(&link);
}

/* ---- who gets the call ------------------------------------------------------------------- */

static int shared(struct sockaddr_in *in, uint32_t address)
{
    int fd = nonblocking_tcp();
    set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(address);
    RUN(bind(fd, ADDRESS(*in)));
    socklen_t size = sizeof *in;
    getsockname(fd, (struct sockaddr *)in, &size);
    RUN(listen(fd, 5));
    return fd;
}

static void nearest_listener(void)
{
    struct sockaddr_in in = { .sin_port = 0 };
    int any = shared(&in, INADDR_ANY), own = shared(&in, INADDR_LOOPBACK);
    int caller = nonblocking_tcp();
    RUN(connect(caller, ADDRESS(in)));
    settle();
    note_poll("any", any);
    note_poll("own", own);
    int rude = nonblocking_tcp();
    RUN(bind(rude, ADDRESS(in)));
    set(rude, SOL_SOCKET, SO_REUSEPORT, 1);
    RUN(bind(rude, ADDRESS(in)));
    close(rude);
    close(caller);
    close(any);
    close(own);
}

static void same_listeners(void)
{
    struct sockaddr_in in = { .sin_port = 0 };
    int a = shared(&in, INADDR_LOOPBACK), b = shared(&in, INADDR_LOOPBACK);
    int caller = nonblocking_tcp();
    RUN(connect(caller, ADDRESS(in)));
    settle();
    struct pollfd both[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };
    RUN(poll(both, 2, 0));                   /* which of them is a matter of chance */
    close(caller);
    close(a);
    close(b);
}

/* One more than the backlog finds room; who does not is let in when it tries again. */
static void room_again(void)
{
    enum { CALLERS = 4 };
    struct sockaddr_in in;
    int listener = listen_loopback(2, &in), callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = nonblocking_tcp();
        connect(callers[i], ADDRESS(in));
        settle();
        note_poll("caller", callers[i]);
    }
    struct pollfd last = { callers[CALLERS - 1], POLLOUT, 0 };
    close(accept(listener, NULL, NULL));
    note("the last one %d", poll(&last, 1, 5000));
    for (int i = 0; i < CALLERS; i++)
        close(callers[i]);
    close(listener);
}

/* ---- no port is left --------------------------------------------------------------------- */

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51               /* since Linux 6.3 */
#endif

static int ranged(int type)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0), range = (int)(47113u << 16 | 47112u);
    setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range);
    return fd;
}

static bool can_be_ranged(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), range;
    socklen_t size = sizeof range;
    bool can = !getsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, &size);
    close(fd);
    return can;
}

static void ports_run_out(void)
{
    struct sockaddr_in in, any = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int listener = listen_loopback(5, &in), fds[4], bound = ranged(SOCK_STREAM);
    if (!can_be_ranged()) {
        close(listener);
        close(bound);
        return;
    }
    for (int i = 0; i < 4; i++) {
        fds[i] = ranged(SOCK_STREAM);
        RUN(connect(fds[i], ADDRESS(in)));
    }
    RUN(bind(bound, ADDRESS(any)));
    RUN(listen(bound, 1));
    close(fds[0]);
    settle();
    for (int i = 1; i < 4; i++)
        close(fds[i]);
    close(bound);
    close(listener);
}

static void datagram_ports_run_out(void)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in to = any;
    int fds[3];
    to.sin_port = htons(9);
    if (!can_be_ranged())
        return;
    for (int i = 0; i < 3; i++) {
        fds[i] = ranged(SOCK_DGRAM);
        RUN(bind(fds[i], ADDRESS(any)));
    }
    RUN(sendto(fds[2], "x", 1, 0, ADDRESS(to)));
    RUN(connect(fds[2], ADDRESS(to)));
    close(fds[0]);
    RUN(sendto(fds[2], "x", 1, 0, ADDRESS(to)));
    close(fds[1]);
    close(fds[2]);
}

const struct conformance_case patience_cases[] = {
    { "patience/ranges", ranges },
    { "patience/connect_user_timeout", connect_user_timeout },
    { "patience/connect_send_timeout", connect_send_timeout },
    { "patience/window_user_timeout", window_user_timeout },
    { "patience/lingers", lingers }, { "patience/lingers_until_read", lingers_until_read },
    { "patience/lingers_for_nothing", lingers_for_nothing },
    { "listen/nearest", nearest_listener }, { "listen/the_same", same_listeners },
    { "listen/room_again", room_again },
    { "connect/ports_run_out", ports_run_out },
    { "datagram/ports_run_out", datagram_ports_run_out },
    { NULL, NULL },
};
