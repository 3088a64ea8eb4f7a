/* Every state that a descriptor can get into, seen by every way to watch it. */
#include <sys/select.h>

#include "tests/conformance/conformance.h"

/* What a situation has open; -1: nothing. The first is watched. */
struct things { int fds[3]; };
struct situation {
    void (*begin)(struct things *things);
    void (*happens)(struct things *things);
};

enum { WATCHED = EPOLLIN | EPOLLOUT | EPOLLRDHUP };

static void begin_pipe_reader(struct things *things)
{
    pipe2(things->fds, O_NONBLOCK);
}

static void begin_pipe_writer(struct things *things)
{
    int fds[2];
    pipe2(fds, O_NONBLOCK);
    things->fds[0] = fds[1];
    things->fds[1] = fds[0];
}

static void begin_pair(struct things *things)
{
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, things->fds);
}

static void begin_tcp(struct things *things)
{
    struct link link = link_up();
    things->fds[0] = link.client;
    things->fds[1] = link.server;
    things->fds[2] = link.listener;
}

static void begin_fresh(struct things *things)
{
    things->fds[0] = nonblocking_tcp();
}

static void begin_listener(struct things *things)
{
    struct sockaddr_in in;
    things->fds[0] = listen_loopback(2, &in);
}

static void begin_eventfd(struct things *things)
{
    things->fds[0] = eventfd(0, EFD_NONBLOCK);
}

static void begin_timerfd(struct things *things)
{
    things->fds[0] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

static void begin_epoll(struct things *things)
{
    struct epoll_event event = { .events = EPOLLIN };
    things->fds[0] = epoll_create1(0);
    things->fds[1] = eventfd(0, EFD_NONBLOCK);
    epoll_ctl(things->fds[0], EPOLL_CTL_ADD, things->fds[1], &event);
}

/* ---- what happens ------------------------------------------------------------------------ */

static void other_writes(struct things *things)
{
    write(things->fds[1], "abc", 3);
}

static void other_writes_twice(struct things *things)
{
    write(things->fds[1], "abc", 3);
    settle();
    write(things->fds[1], "def", 3);
}

static void other_is_read(struct things *things)
{
    char buffer[8];
    write(things->fds[1], "abc", 3);
    settle();
    read(things->fds[0], buffer, sizeof buffer);
}

static void other_closes(struct things *things)
{
    close(things->fds[1]);
    things->fds[1] = -1;
}

static void other_writes_and_closes(struct things *things)
{
    other_writes(things);
    other_closes(things);
}

static void drained_after_close(struct things *things)
{
    char buffer[8];
    other_writes_and_closes(things);
    settle();
    read(things->fds[0], buffer, sizeof buffer);
}

static void end_read_after_close(struct things *things)
{
    char buffer[8];
    drained_after_close(things);
    read(things->fds[0], buffer, sizeof buffer);
}

static void other_closes_with_unread(struct things *things)
{
    write(things->fds[0], "abc", 3);
    settle();
    other_closes(things);
}

static void error_read_after_reset(struct things *things)
{
    int error;
    socklen_t size = sizeof error;
    other_closes_with_unread(things);
    settle();
    getsockopt(things->fds[0], SOL_SOCKET, SO_ERROR, &error, &size);
}

static void other_resets(struct things *things)
{
    struct linger now = { 1, 0 };
    setsockopt(things->fds[1], SOL_SOCKET, SO_LINGER, &now, sizeof now);
    other_closes(things);
}

static void reset_with_data_here(struct things *things)
{
    other_writes(things);
    settle();
    other_resets(things);
}

static void written_to_the_closed(struct things *things)
{
    other_closes(things);
    settle();
    write(things->fds[0], "abc", 3);
}

static void other_shuts_writing(struct things *things)
{
    shutdown(things->fds[1], SHUT_WR);
}

static void other_shuts_reading(struct things *things)
{
    shutdown(things->fds[1], SHUT_RD);
}

static void own_shuts_writing(struct things *things)
{
    shutdown(things->fds[0], SHUT_WR);
}

static void own_shuts_reading(struct things *things)
{
    shutdown(things->fds[0], SHUT_RD);
}

static void own_shuts_both(struct things *things)
{
    shutdown(things->fds[0], SHUT_RDWR);
}

static void both_shut_writing(struct things *things)
{
    shutdown(things->fds[0], SHUT_WR);
    settle();
    shutdown(things->fds[1], SHUT_WR);
}

static void both_shut_writing_other_first(struct things *things)
{
    shutdown(things->fds[1], SHUT_WR);
    settle();
    shutdown(things->fds[0], SHUT_WR);
}

static void is_filled(struct things *things)
{
    char block[4096] = "";
    while (write(things->fds[0], block, sizeof block) > 0) { }
}

static void is_filled_then_drained(struct things *things)
{
    char block[4096];
    is_filled(things);
    while (read(things->fds[1], block, sizeof block) > 0) { }
}

static void nothing(struct things *things)
{
    (void)things;
}

static void connect_is_refused(struct things *things)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(1),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    connect(things->fds[0], (struct sockaddr *)&in, sizeof in);
}

static void refusal_is_read(struct things *things)
{
    int error;
    socklen_t size = sizeof error;
    connect_is_refused(things);
    settle();
    getsockopt(things->fds[0], SOL_SOCKET, SO_ERROR, &error, &size);
}

static void connect_succeeds(struct things *things)
{
    struct sockaddr_in in;
    things->fds[1] = listen_loopback(2, &in);
    connect(things->fds[0], (struct sockaddr *)&in, sizeof in);
}

static void starts_to_listen(struct things *things)
{
    listen(things->fds[0], 1);
}

static void somebody_calls(struct things *things)
{
    struct sockaddr_in in;
    socklen_t size = sizeof in;
    getsockname(things->fds[0], (struct sockaddr *)&in, &size);
    things->fds[1] = nonblocking_tcp();
    connect(things->fds[1], (struct sockaddr *)&in, size);
}

static void is_accepted(struct things *things)
{
    somebody_calls(things);
    settle();
    things->fds[2] = accept(things->fds[0], NULL, NULL);
}

static void caller_goes_away(struct things *things)
{
    somebody_calls(things);
    settle();
    other_closes(things);
}

static void caller_resets(struct things *things)
{
    somebody_calls(things);
    settle();
    other_resets(things);
}

static void counts(struct things *things)
{
    eventfd_write(things->fds[0], 3);
}

static void counts_to_the_top(struct things *things)
{
    eventfd_write(things->fds[0], UINT64_MAX - 1);
}

static void is_counted_down(struct things *things)
{
    eventfd_t value;
    counts_to_the_top(things);
    eventfd_read(things->fds[0], &value);
}

static void expires(struct things *things)
{
    struct itimerspec soon = { .it_value = { 0, 1000000 } };
    timerfd_settime(things->fds[0], 0, &soon, NULL);
}

static void expires_and_is_read(struct things *things)
{
    uint64_t value;
    expires(things);
    settle();
    read(things->fds[0], &value, sizeof value);
}

static void expires_and_is_set_again(struct things *things)
{
    struct itimerspec later = { .it_value = { 1000, 0 } };
    expires(things);
    settle();
    timerfd_settime(things->fds[0], 0, &later, NULL);
}

static void inner_is_ready(struct things *things)
{
    eventfd_write(things->fds[1], 1);
}

static void inner_is_ready_no_more(struct things *things)
{
    eventfd_t value;
    eventfd_write(things->fds[1], 1);
    eventfd_read(things->fds[1], &value);
}

static void only_a_duplicate_is_left(struct things *things)
{
    things->fds[2] = dup(things->fds[0]);
    close(things->fds[0]);
    write(things->fds[1], "x", 1);
    settle();
    things->fds[0] = dup2(things->fds[2], things->fds[0]);
}

/* ---- ways to watch ----------------------------------------------------------------------- */

static void note_select(int fd)
{
    struct timeval none = { 0, 0 };
    fd_set in, out, bad;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&bad);
    FD_SET(fd, &in);
    FD_SET(fd, &out);
    FD_SET(fd, &bad);
    int count = select(fd + 1, &in, &out, &bad, &none);
    note("select %d %d %d %d", count, FD_ISSET(fd, &in), FD_ISSET(fd, &out), FD_ISSET(fd, &bad));
}

static void modify(int ep, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.u32 = 'm' };
    epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event);
}

/* `extra`: EPOLLET, EPOLLONESHOT or nothing. */
static void see(const struct situation *situation, uint32_t extra)
{
    struct things things = { { -1, -1, -1 } };
    int ep = epoll_create1(0);
    situation->begin(&things);
    watch(ep, EPOLL_CTL_ADD, things.fds[0], WATCHED | extra, 'w');
    note_wait("before", ep, 4, 0);
    if (extra & EPOLLONESHOT)
        modify(ep, things.fds[0], WATCHED | extra);
    situation->happens(&things);
    settle();
    note_wait("it happened", ep, 4, 0);
    note_wait("and now", ep, 4, 0);
    modify(ep, things.fds[0], EPOLLIN | extra);
    note_wait("reading only", ep, 4, 0);
    modify(ep, things.fds[0], extra);
    note_wait("nothing asked for", ep, 4, 0);
    for (int i = 0; i < 3; i++)
        if (things.fds[i] >= 0)
            close(things.fds[i]);
    note_wait("all closed", ep, 4, 0);
    close(ep);
}

static void see_late(const struct situation *situation)
{
    struct things things = { { -1, -1, -1 } };
    situation->begin(&things);
    situation->happens(&things);
    settle();
    note_epoll("late", things.fds[0]);
    note_poll("late", things.fds[0]);
    note_select(things.fds[0]);
    for (int i = 0; i < 3; i++)
        if (things.fds[i] >= 0)
            close(things.fds[i]);
}

/* A second epoll watches the first, edge-triggered. */
static void see_nested(const struct situation *situation)
{
    struct things things = { { -1, -1, -1 } };
    int outer = epoll_create1(0), inner = epoll_create1(0);
    situation->begin(&things);
    watch(outer, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLET, 'i');
    watch(inner, EPOLL_CTL_ADD, things.fds[0], EPOLLIN | EPOLLRDHUP, 'w');
    note_wait("before", outer, 4, 0);
    situation->happens(&things);
    settle();
    note_wait("it happened", outer, 4, 0);
    note_wait("and now", outer, 4, 0);
    note_wait("inner", inner, 4, 0);
    note_wait("after", outer, 4, 0);
    for (int i = 0; i < 3; i++)
        if (things.fds[i] >= 0)
            close(things.fds[i]);
    close(outer);
    close(inner);
}

#define SITUATIONS(X) \
    X(pipe_data, begin_pipe_reader, other_writes) \
    X(pipe_more_data, begin_pipe_reader, other_writes_twice) \
    X(pipe_read, begin_pipe_reader, other_is_read) \
    X(pipe_data_then_closed, begin_pipe_reader, other_writes_and_closes) \
    X(pipe_drained_then_closed, begin_pipe_reader, drained_after_close) \
    X(pipe_end_read, begin_pipe_reader, end_read_after_close) \
    X(pipe_duplicate, begin_pipe_reader, only_a_duplicate_is_left) \
    X(pipe_reader_closed, begin_pipe_writer, other_closes) \
    X(pipe_filled, begin_pipe_writer, is_filled) \
    X(pipe_room_again, begin_pipe_writer, is_filled_then_drained) \
    X(pair_data, begin_pair, other_writes) \
    X(pair_more_data, begin_pair, other_writes_twice) \
    X(pair_read, begin_pair, other_is_read) \
    X(pair_data_then_closed, begin_pair, other_writes_and_closes) \
    X(pair_end_read, begin_pair, end_read_after_close) \
    X(pair_closed, begin_pair, other_closes) \
    X(pair_closed_unread, begin_pair, other_closes_with_unread) \
    X(pair_error_read, begin_pair, error_read_after_reset) \
    X(pair_other_shut_writing, begin_pair, other_shuts_writing) \
    X(pair_other_shut_reading, begin_pair, other_shuts_reading) \
    X(pair_own_shut_writing, begin_pair, own_shuts_writing) \
    X(pair_own_shut_reading, begin_pair, own_shuts_reading) \
    X(pair_own_shut_both, begin_pair, own_shuts_both) \
    X(pair_duplicate, begin_pair, only_a_duplicate_is_left) \
    X(tcp_fresh, begin_fresh, nothing) \
    X(tcp_refused, begin_fresh, connect_is_refused) \
    X(tcp_refusal_read, begin_fresh, refusal_is_read) \
    X(tcp_connected, begin_fresh, connect_succeeds) \
    X(tcp_listens, begin_fresh, starts_to_listen) \
    X(tcp_data, begin_tcp, other_writes) \
    X(tcp_more_data, begin_tcp, other_writes_twice) \
    X(tcp_read, begin_tcp, other_is_read) \
    X(tcp_end, begin_tcp, other_shuts_writing) \
    X(tcp_closed, begin_tcp, other_closes) \
    X(tcp_data_then_closed, begin_tcp, other_writes_and_closes) \
    X(tcp_end_read, begin_tcp, end_read_after_close) \
    X(tcp_closed_unread, begin_tcp, other_closes_with_unread) \
    X(tcp_error_read, begin_tcp, error_read_after_reset) \
    X(tcp_reset, begin_tcp, other_resets) \
    X(tcp_reset_with_data, begin_tcp, reset_with_data_here) \
    X(tcp_written_after_end, begin_tcp, written_to_the_closed) \
    X(tcp_other_shut_reading, begin_tcp, other_shuts_reading) \
    X(tcp_own_shut_writing, begin_tcp, own_shuts_writing) \
    X(tcp_own_shut_reading, begin_tcp, own_shuts_reading) \
    X(tcp_own_shut_both, begin_tcp, own_shuts_both) \
    X(tcp_both_shut, begin_tcp, both_shut_writing) \
    X(tcp_both_shut_other_first, begin_tcp, both_shut_writing_other_first) \
    X(tcp_duplicate, begin_tcp, only_a_duplicate_is_left) \
    X(listener_called, begin_listener, somebody_calls) \
    X(listener_accepted, begin_listener, is_accepted) \
    X(listener_caller_gone, begin_listener, caller_goes_away) \
    X(listener_caller_reset, begin_listener, caller_resets) \
    X(listener_shut_reading, begin_listener, own_shuts_reading) \
    X(eventfd_counts, begin_eventfd, counts) \
    X(eventfd_full, begin_eventfd, counts_to_the_top) \
    X(eventfd_read, begin_eventfd, is_counted_down) \
    X(timerfd_expires, begin_timerfd, expires) \
    X(timerfd_read, begin_timerfd, expires_and_is_read) \
    X(timerfd_set_again, begin_timerfd, expires_and_is_set_again) \
    X(epoll_ready, begin_epoll, inner_is_ready) \
    X(epoll_ready_no_more, begin_epoll, inner_is_ready_no_more)

#define FUNCTIONS(name, begin, happens) \
    static const struct situation name##_situation = { begin, happens }; \
    static void name##_level(void) { see(&name##_situation, 0); } \
    static void name##_edge(void) { see(&name##_situation, EPOLLET); } \
    static void name##_once(void) { see(&name##_situation, EPOLLONESHOT); } \
    static void name##_late(void) { see_late(&name##_situation); } \
    static void name##_nested(void) { see_nested(&name##_situation); }
SITUATIONS(FUNCTIONS)

#define CASES(name, begin, happens) \
    { "watch/" #name "/level", name##_level }, { "watch/" #name "/edge", name##_edge }, \
    { "watch/" #name "/once", name##_once }, { "watch/" #name "/late", name##_late }, \
    { "watch/" #name "/nested", name##_nested },
const struct conformance_case watch_cases[] = { SITUATIONS(CASES) { NULL, NULL } };
