/* Corners: what random sequences of calls have brought to light, each in its shortest form. */
#include "tests/conformance/conformance.h"

static struct sockaddr_in nobody(void)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(1),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int connect_to(int fd, struct sockaddr_in in)
{
    int result = connect(fd, (struct sockaddr *)&in, sizeof in);
    int error = errno;
    settle();
    errno = error;
    return result;
}

static int disconnect(int fd)
{
    return connect_to(fd, (struct sockaddr_in){ .sin_family = AF_UNSPEC });
}

static int bind_any_port(int fd)
{
    struct sockaddr_in in = nobody();
    in.sin_port = 0;
    return bind(fd, (struct sockaddr *)&in, sizeof in);
}

static int unread_of(int fd)
{
    int size = -1;
    return ioctl(fd, FIONREAD, &size) ? -1 : size;
}

static int error_of(int fd)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) ? -1 : value;
}

/* ---- counting what is unread ------------------------------------------------------------- */

static void unread_of_each_kind(void)
{
    int fds[2], pair[2], event = eventfd(3, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    pipe(fds);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    write(fds[1], "abc", 3);
    write(pair[0], "abcd", 4);
    RUN(unread_of(event));
    RUN(unread_of(timer));
    RUN(unread_of(fds[0]));
    RUN(unread_of(fds[1]));
    RUN(unread_of(pair[0]));
    RUN(unread_of(pair[1]));
    RUN(unread_of(-1));
    close(event);
    close(timer);
    for (int i = 0; i < 2; i++) {
        close(fds[i]);
        close(pair[i]);
    }
}

/* ---- vectors ----------------------------------------------------------------------------- */

static void vectors_of_nothing(void)
{
    char byte[8];
    struct iovec none[2] = { { byte, 0 }, { byte, 0 } };
    int tcp = nonblocking_tcp(), event = eventfd(0, EFD_NONBLOCK), ep = epoll_create1(0), fds[2];
    pipe(fds);
    RUN(writev(tcp, none, 2));
    RUN(write(tcp, byte, 0));
    RUN(readv(tcp, none, 2));
    RUN(read(tcp, byte, 0));
    RUN(writev(event, none, 2));
    RUN(write(event, byte, 0));
    RUN(readv(event, none, 2));
    RUN(read(event, byte, 0));
    RUN(writev(fds[0], none, 2));
    RUN(readv(fds[1], none, 2));
    RUN(writev(ep, none, 1));
    RUN(readv(ep, none, 1));
    RUN(writev(-1, none, 1));
    RUN(writev(event, none, 0));
    close(tcp);
    close(event);
    close(ep);
    close(fds[0]);
    close(fds[1]);
}

static void vectors_of_numbers(void)
{
    uint64_t one = 1, two = 2, value = 0;
    struct iovec both[] = { { &one, 8 }, { &two, 8 } };
    struct iovec empty_first[] = { { &one, 0 }, { &two, 8 } };
    struct iovec cut[] = { { &one, 4 }, { (char *)&one + 4, 4 } };
    struct iovec in[] = { { &value, 4 }, { (char *)&value + 4, 4 } };
    int fd = eventfd(0, EFD_NONBLOCK);
    RUN(writev(fd, both, 2));
    RUN(read(fd, &value, 8));
    note("%llu", (unsigned long long)value);
    RUN(writev(fd, empty_first, 2));
    RUN(writev(fd, cut, 2));
    RUN(write(fd, &two, 8));
    RUN(readv(fd, in, 2));
    note("%llu", (unsigned long long)value);
    close(fd);
}

/* ---- ports and phases -------------------------------------------------------------------- */

static void bind_after_reset(void)
{
    struct link link = link_up();
    struct linger now = { 1, 0 };
    setsockopt(link.client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(link.client);
    settle();
    RUN(bind_any_port(link.server));
    RUN(listen(link.server, 1));
    link.client = -1;
    link_down(&link);
}

static void bind_after_refusal(void)
{
    int fd = nonblocking_tcp();
    RUN(connect_to(fd, nobody()));
    RUN(bind_any_port(fd));
    RUN(connect_to(fd, nobody()));
    RUN(bind_any_port(fd));
    RUN(disconnect(fd));
    RUN(bind_any_port(fd));
    close(fd);
}

static void bind_after_listening(void)
{
    struct sockaddr_in in;
    int fd = listen_loopback(2, &in), second = nonblocking_tcp();
    RUN(shutdown(fd, SHUT_RD));
    RUN(bind_any_port(fd));
    RUN(listen(fd, 1));
    RUN(shutdown(fd, SHUT_RD));
    RUN(listen(fd, 1));
    close(fd);
    RUN(bind_any_port(second));
    RUN(disconnect(second));
    RUN(bind_any_port(second));
    close(second);
}

static void shut_down_after_refusal(void)
{
    for (int how = 0; how < 3; how++) {
        int fd = nonblocking_tcp();
        RUN(connect_to(fd, nobody()));
        RUN(shutdown(fd, how));
        RUN(connect_to(fd, nobody()));
        RUN(listen(fd, 1));
        RUN(error_of(fd));
        RUN(disconnect(fd));
        RUN(connect_to(fd, nobody()));
        close(fd);
    }
}

static void shut_down_tells_that_it_is_connected(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(2, &in);
    for (int how = 0; how < 3; how++) {
        int fd = nonblocking_tcp();
        RUN(connect_to(fd, in));
        RUN(shutdown(fd, how));
        RUN(connect_to(fd, in));
        close(fd);
    }
    close(listener);
}

static void error_outlives_disconnect(void)
{
    int fd = nonblocking_tcp();
    char byte;
    RUN(connect_to(fd, nobody()));
    RUN(disconnect(fd));
    RUN(read(fd, &byte, 1));
    RUN(read(fd, &byte, 1));
    close(fd);
}

static void connect_forgets_the_error(void)
{
    struct link link = link_up();
    char byte;
    RUN(disconnect(link.client));
    RUN(connect_to(link.client, link.address));
    RUN(read(link.client, &byte, 1));
    note_epoll("connected again", link.client);
    link_down(&link);
}

static void shut_down_then_listening(void)
{
    struct sockaddr_in in = nobody();
    socklen_t size = sizeof in;
    int fd = nonblocking_tcp(), client = nonblocking_tcp();
    char byte;
    RUN(shutdown(fd, SHUT_WR));
    RUN(bind_any_port(fd));
    RUN(listen(fd, 1));
    getsockname(fd, (struct sockaddr *)&in, &size);
    RUN(connect_to(client, in));
    note_epoll("client", client);
    RUN(read(client, &byte, 1));
    int server = accept(fd, NULL, NULL);
    RUN(send(server, "x", 1, MSG_NOSIGNAL));
    close(fd);
    close(client);
    close(server);
}

static void edge_of_a_listener_shut_down(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(2, &in), fd = nonblocking_tcp(), ep = epoll_create1(0);
    connect_to(fd, in);
    watch(ep, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLET, 'l');
    note_wait("at once", ep, 4, 0);
    note_wait("no second", ep, 4, 0);
    RUN(shutdown(listener, SHUT_WR));
    note_wait("shut down", ep, 4, 0);
    close(ep);
    close(fd);
    close(listener);
}

static void waiting_for_all_uses_the_error_up(void)
{
    int fds[2];
    char buffer[8];
    for (int flags = 0; flags <= MSG_WAITALL; flags += MSG_WAITALL) {
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
        write(fds[0], "abc", 3);
        write(fds[1], "x", 1);
        close(fds[0]);
        RUN(recv(fds[1], buffer, 8, flags | MSG_PEEK));
        RUN(recv(fds[1], buffer, 8, flags));
        RUN(recv(fds[1], buffer, 8, 0));
        RUN(recv(fds[1], buffer, 8, 0));
        close(fds[1]);
    }
}

/* ---- edges ------------------------------------------------------------------------------- */

static void edges_of_disconnect(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(2, &in), fd = nonblocking_tcp(), ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLET, 'l');
    watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLET, 'f');
    note_wait("fresh", ep, 4, 0);
    RUN(connect_to(fd, nobody()));
    note_wait("refused", ep, 4, 0);
    RUN(connect_to(fd, nobody()));
    note_wait("told", ep, 4, 0);
    RUN(connect_to(fd, in));
    note_wait("connected", ep, 4, 0);
    RUN(disconnect(fd));
    note_wait("disconnected", ep, 4, 0);
    RUN(disconnect(listener));
    note_wait("listens no more", ep, 4, 0);
    RUN(connect_to(fd, in));
    close(ep);
    close(fd);
    close(listener);
}

static void disconnected_listener_resets(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(2, &in), fd = nonblocking_tcp();
    RUN(connect_to(fd, in));
    RUN(disconnect(listener));
    settle();
    note_epoll("client", fd);
    RUN(error_of(fd));
    RUN(accept(listener, NULL, NULL));
    close(fd);
    close(listener);
}

static void room_is_told_of_by_messages(void)
{
    int fds[2], ep = epoll_create1(0);
    char buffer[16];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLOUT | EPOLLET, 'p');
    note_wait("at once", ep, 4, 0);
    write(fds[0], "abc", 3);
    write(fds[0], "defg", 4);
    RUN(recv(fds[1], buffer, 0, 0));
    note_wait("nothing read", ep, 4, 0);
    RUN(read(fds[1], buffer, 2));
    note_wait("part of the first", ep, 4, 0);
    RUN(read(fds[1], buffer, 1));
    note_wait("all of the first", ep, 4, 0);
    RUN(recv(fds[1], buffer, 8, MSG_PEEK));
    note_wait("seen the second", ep, 4, 0);
    RUN(read(fds[1], buffer, 8));
    note_wait("all of the second", ep, 4, 0);
    close(ep);
    close(fds[0]);
    close(fds[1]);
}

/* Not being ready is found out when somebody looks at the epoll, and that changes the order. */
static void looking_at_an_epoll(void)
{
    for (int look = 0; look < 2; look++) {
        int ep = epoll_create1(0), fds[2][2];
        char byte;
        for (int i = 0; i < 2; i++) {
            pipe(fds[i]);
            watch(ep, EPOLL_CTL_ADD, fds[i][0], EPOLLIN, (char)('a' + i));
            write(fds[i][1], "x", 1);
        }
        read(fds[0][0], &byte, 1);
        if (look)
            note_poll("epoll", ep);
        write(fds[0][1], "x", 1);
        note_wait("order", ep, 4, 0);
        close(ep);
        for (int i = 0; i < 4; i++)
            close(fds[i / 2][i % 2]);
    }
}

static void inner_epoll_says_in_only(void)
{
    int outer = epoll_create1(0), inner = epoll_create1(0), fds[2];
    pipe(fds);
    watch(outer, EPOLL_CTL_ADD, inner, EPOLLRDNORM | EPOLLET, 'i');
    watch(inner, EPOLL_CTL_ADD, fds[0], EPOLLIN, 'r');
    write(fds[1], "x", 1);
    note_wait("asked for another bit", outer, 4, 0);
    watch(outer, EPOLL_CTL_MOD, inner, EPOLLRDNORM, 'i');
    note_wait("looked again", outer, 4, 0);
    close(outer);
    close(inner);
    close(fds[0]);
    close(fds[1]);
}

/* Which of the two ends is told first. */
static void order_of_the_ends(void)
{
    int fds[2], ep = epoll_create1(0);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLET, 'a');
    watch(ep, EPOLL_CTL_ADD, fds[1], EPOLLIN | EPOLLET, 'b');
    RUN(shutdown(fds[1], SHUT_WR));
    note_wait("one way", ep, 4, 0);
    RUN(shutdown(fds[1], SHUT_RDWR));
    note_wait("both", ep, 4, 0);
    close(ep);
    close(fds[0]);
    close(fds[1]);
}

static void order_of_the_ends_of_tcp(void)
{
    struct link link = link_up();
    int ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, link.client, EPOLLIN | EPOLLOUT | EPOLLET, 'c');
    watch(ep, EPOLL_CTL_ADD, link.server, EPOLLIN | EPOLLOUT | EPOLLET, 's');
    note_wait("at once", ep, 4, 0);
    RUN(shutdown(link.client, SHUT_WR));
    settle();
    note_wait("one end", ep, 4, 0);
    RUN(shutdown(link.server, SHUT_RDWR));
    settle();
    note_wait("the other", ep, 4, 0);
    close(ep);
    link_down(&link);
}

/* News of data is news for who asked for urgent data, too: it takes its place in the order. */
static void data_and_urgent_interest(void)
{
    struct link link = link_up();
    int ep = epoll_create1(0), fds[2];
    pipe(fds);
    watch(ep, EPOLL_CTL_ADD, link.client, EPOLLPRI, 'c');
    watch(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN, 'p');
    send(link.server, "x", 1, 0);
    settle();
    write(fds[1], "x", 1);
    shutdown(link.client, SHUT_WR);
    shutdown(link.server, SHUT_WR);
    settle();
    note_wait("order", ep, 4, 0);
    close(ep);
    close(fds[0]);
    close(fds[1]);
    link_down(&link);
}

const struct conformance_case corner_cases[] = {
    { "corner/unread", unread_of_each_kind }, { "corner/vectors_of_nothing", vectors_of_nothing },
    { "corner/vectors_of_numbers", vectors_of_numbers },
    { "corner/bind_after_reset", bind_after_reset },
    { "corner/bind_after_refusal", bind_after_refusal },
    { "corner/bind_after_listening", bind_after_listening },
    { "corner/shut_down_after_refusal", shut_down_after_refusal },
    { "corner/shut_down_connects", shut_down_tells_that_it_is_connected },
    { "corner/error_outlives_disconnect", error_outlives_disconnect },
    { "corner/connect_forgets_error", connect_forgets_the_error },
    { "corner/shut_down_then_listening", shut_down_then_listening },
    { "corner/listener_edge", edge_of_a_listener_shut_down },
    { "corner/waitall_error", waiting_for_all_uses_the_error_up },
    { "corner/edges_of_disconnect", edges_of_disconnect },
    { "corner/disconnected_listener", disconnected_listener_resets },
    { "corner/room_by_messages", room_is_told_of_by_messages },
    { "corner/looking_at_an_epoll", looking_at_an_epoll },
    { "corner/inner_epoll", inner_epoll_says_in_only },
    { "corner/urgent_interest", data_and_urgent_interest },
    { "corner/order_of_the_ends", order_of_the_ends },
    { "corner/order_of_the_ends_of_tcp", order_of_the_ends_of_tcp },
    { NULL, NULL },
};
