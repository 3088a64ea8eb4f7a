/* Connecting, listening, accepting, names. */
#include "tests/conformance/conformance.h"

#define ADDRESS(in) (struct sockaddr *)&(in), sizeof (in)

static int so_error(int fd)
{
    int error = -1;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

/* An address where nobody listens. */
static struct sockaddr_in nobody(void)
{
    struct sockaddr_in in;
    close(listen_loopback(1, &in));
    return in;
}

static void fresh_socket(void)
{
    char byte;
    int fd = nonblocking_tcp();
    note_epoll("fresh", fd);
    note_poll("fresh", fd);
    RUN(recv(fd, &byte, 1, 0));
    RUN(send(fd, "x", 1, MSG_NOSIGNAL));
    RUN(shutdown(fd, SHUT_RDWR));
    RUN(accept(fd, NULL, NULL));
    RUN(shutdown(fd, 7));
    close(fd);
}

static void fresh_names(void)
{
    struct sockaddr_in in;
    socklen_t size = sizeof in;
    int fd = nonblocking_tcp();
    RUN(getsockname(fd, (struct sockaddr *)&in, &size));
    note("%d %s %d", in.sin_family, inet_ntoa(in.sin_addr), in.sin_port);
    size = sizeof in;
    RUN(getpeername(fd, (struct sockaddr *)&in, &size));
    close(fd);
}

static void connect_in_progress(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(5, &in), fd = nonblocking_tcp();
    RUN(connect(fd, ADDRESS(in)));
    settle();
    note_epoll("connected", fd);
    note("SO_ERROR %d", so_error(fd));
    RUN(connect(fd, ADDRESS(in)));
    RUN(connect(fd, ADDRESS(in)));
    close(fd);
    close(listener);
}

static void connect_refused(void)
{
    struct sockaddr_in in = nobody();
    int fd = nonblocking_tcp();
    RUN(connect(fd, ADDRESS(in)));
    settle();
    note_epoll("refused", fd);
    note_poll("refused", fd);
    note("SO_ERROR %s", strerrorname_np(so_error(fd)));
    note("SO_ERROR %d", so_error(fd));
    note_epoll("error was read", fd);
    close(fd);
}

static void connect_refused_then_again(void)
{
    struct sockaddr_in in = nobody(), open;
    int fd = nonblocking_tcp(), listener = listen_loopback(5, &open);
    RUN(connect(fd, ADDRESS(in)));
    settle();
    RUN(connect(fd, ADDRESS(in)));
    RUN(connect(fd, ADDRESS(open)));
    settle();
    RUN(connect(fd, ADDRESS(open)));
    close(fd);
    close(listener);
}

static void connect_refused_error_lost(void)
{
    struct sockaddr_in in = nobody();
    int fd = nonblocking_tcp();
    RUN(connect(fd, ADDRESS(in)));
    settle();
    so_error(fd);
    RUN(connect(fd, ADDRESS(in)));
    close(fd);
}

static void connect_refused_read(void)
{
    struct sockaddr_in in = nobody();
    char byte;
    int fd = nonblocking_tcp();
    RUN(connect(fd, ADDRESS(in)));
    settle();
    RUN(recv(fd, &byte, 1, 0));
    RUN(recv(fd, &byte, 1, 0));
    RUN(send(fd, "x", 1, MSG_NOSIGNAL));
    close(fd);
}

static void connect_refused_write(void)
{
    struct sockaddr_in in = nobody();
    int fd = nonblocking_tcp();
    RUN(connect(fd, ADDRESS(in)));
    settle();
    RUN(send(fd, "x", 1, MSG_NOSIGNAL));
    RUN(send(fd, "x", 1, MSG_NOSIGNAL));
    RUN(write(fd, "x", 1));
    close(fd);
}

static void connect_refused_blocking(void)
{
    struct sockaddr_in in = nobody();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    RUN(connect(fd, ADDRESS(in)));
    note("SO_ERROR %d", so_error(fd));
    note_epoll("after", fd);
    close(fd);
}

static void connect_blocking(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(5, &in), fd = socket(AF_INET, SOCK_STREAM, 0);
    RUN(connect(fd, ADDRESS(in)));
    RUN(connect(fd, ADDRESS(in)));
    RUN(send(fd, "hello", 5, 0));
    settle();
    note_epoll("listener", listener);
    close(fd);
    close(listener);
}

static void connect_bad_addresses(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in six = { .sin_family = AF_INET6 };
    int fd = nonblocking_tcp();
    RUN(connect(fd, (struct sockaddr *)&in, 1));
    RUN(connect(fd, (struct sockaddr *)&in, 8));
    RUN(connect(fd, ADDRESS(six)));
    RUN(bind(fd, (struct sockaddr *)&in, 8));
    RUN(bind(fd, ADDRESS(six)));
    in.sin_addr.s_addr = htonl(0x08080808);
    RUN(bind(fd, ADDRESS(in)));
    close(fd);
}

static void connect_any_is_loopback(void)
{
    struct sockaddr_in in, peer;
    socklen_t size = sizeof peer;
    int listener = listen_loopback(5, &in), fd = socket(AF_INET, SOCK_STREAM, 0);
    in.sin_addr.s_addr = INADDR_ANY;
    RUN(connect(fd, ADDRESS(in)));
    RUN(getpeername(fd, (struct sockaddr *)&peer, &size));
    note("%s", inet_ntoa(peer.sin_addr));
    close(fd);
    close(listener);
}

static void listen_states(void)
{
    struct sockaddr_in in;
    char byte;
    int listener = listen_loopback(5, &in);
    note_epoll("idle", listener);
    RUN(accept(listener, NULL, NULL));
    RUN(recv(listener, &byte, 1, 0));
    RUN(send(listener, "x", 1, MSG_NOSIGNAL));
    RUN(connect(listener, ADDRESS(in)));
    RUN(listen(listener, 7));
    RUN(bind(listener, ADDRESS(in)));
    RUN(shutdown(listener, SHUT_WR));
    note_epoll("send side shut", listener);
    RUN(shutdown(listener, SHUT_RD));
    note_epoll("shut", listener);
    RUN(accept(listener, NULL, NULL));
    close(listener);
}

static void listen_unbound(void)
{
    int fd = nonblocking_tcp();
    struct sockaddr_in in;
    socklen_t size = sizeof in;
    RUN(listen(fd, 1));
    RUN(getsockname(fd, (struct sockaddr *)&in, &size));
    note("%s, a port: %d", inet_ntoa(in.sin_addr), in.sin_port != 0);
    close(fd);
}

static void listen_on_connected(void)
{
    struct link link = link_up();
    RUN(listen(link.client, 1));
    RUN(bind(link.client, ADDRESS(link.address)));
    RUN(accept(link.server, NULL, NULL));
    link_down(&link);
}

static void bind_taken(void)
{
    struct sockaddr_in in;
    int one = 1, listener = listen_loopback(5, &in), fd = nonblocking_tcp();
    RUN(bind(fd, ADDRESS(in)));
    RUN(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
    RUN(bind(fd, ADDRESS(in)));
    in.sin_addr.s_addr = INADDR_ANY;
    RUN(bind(fd, ADDRESS(in)));
    close(listener);
    RUN(bind(fd, ADDRESS(in)));
    RUN(bind(fd, ADDRESS(in)));
    close(fd);
}

static void bind_shared_then_listen(void)
{
    struct sockaddr_in in = nobody();
    int one = 1, a = nonblocking_tcp(), b = nonblocking_tcp();
    setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    RUN(bind(a, ADDRESS(in)));
    RUN(bind(b, ADDRESS(in)));
    RUN(listen(a, 1));
    RUN(listen(b, 1));
    close(a);
    close(b);
}

static void bind_after_close(void)
{
    struct link link = link_up();
    int fd, one = 1;
    close(link.server);                  /* this end closes first and keeps the port taken */
    settle();
    close(link.client);
    settle();
    close(link.listener);
    fd = nonblocking_tcp();
    RUN(bind(fd, ADDRESS(link.address)));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    RUN(bind(fd, ADDRESS(link.address)));
    close(fd);
}

static void accept_in_order(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(5, &in), fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = nonblocking_tcp();
        connect(fds[i], ADDRESS(in));
        settle();
        send(fds[i], "abc" + i, 1, MSG_NOSIGNAL);
        settle();
    }
    note_epoll("three wait", listener);
    for (int i = 0; i < 3; i++) {
        char byte = '?';
        int fd = accept(listener, NULL, NULL);
        RUN(recv(fd, &byte, 1, 0));
        note("%c", byte);
        close(fd);
    }
    note_epoll("none waits", listener);
    RUN(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
    RUN(accept4(listener, NULL, NULL, 1));
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    close(listener);
}

static void accept_flags(void)
{
    struct sockaddr_in in, peer;
    socklen_t size = sizeof peer;
    int listener = listen_loopback(5, &in), fd = socket(AF_INET, SOCK_STREAM, 0);
    connect(fd, ADDRESS(in));
    settle();
    int server = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    note("size %u family %d %s", size, peer.sin_family, inet_ntoa(peer.sin_addr));
    note("nonblocking %d cloexec %d", !!(fcntl(server, F_GETFL) & O_NONBLOCK),
         fcntl(server, F_GETFD));
    close(fd);
    close(server);
    close(listener);
}

static void accept_of_the_reset(void)
{
    struct sockaddr_in in;
    struct linger hard = { 1, 0 };
    char byte;
    int listener = listen_loopback(5, &in), fd = nonblocking_tcp();
    connect(fd, ADDRESS(in));
    settle();
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    settle();
    note_epoll("listener", listener);
    int server = accept(listener, NULL, NULL);
    note("accepted %d", server >= 0);
    RUN(recv(server, &byte, 1, 0));
    RUN(recv(server, &byte, 1, 0));
    close(server);
    close(listener);
}

/* The other side takes the connection and resets it before anybody here looks. */
static void connect_then_reset(void)
{
    struct sockaddr_in in;
    struct linger hard = { 1, 0 };
    char byte;
    int listener = listen_loopback(5, &in);
    for (int asks = 0; asks < 2; asks++) {
        int fd = nonblocking_tcp();
        RUN(connect(fd, ADDRESS(in)));
        settle();
        int server = accept(listener, NULL, NULL);
        setsockopt(server, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(server);
        settle();
        note_epoll("reset", fd);
        if (asks)
            note("SO_ERROR %d", so_error(fd));
        else
            RUN(recv(fd, &byte, 1, 0));
        RUN(recv(fd, &byte, 1, 0));
        RUN(recv(fd, &byte, 1, 0));
        RUN(send(fd, "x", 1, MSG_NOSIGNAL));
        close(fd);
    }
    close(listener);
}

static void *accept_blocking_thread(void *arg)
{
    int fd = accept(*(int *)arg, NULL, NULL);
    note("accepted %d", fd >= 0);
    close(fd);
    return NULL;
}

static void accept_blocking(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(5, &in), fd = nonblocking_tcp();
    set_nonblocking(listener, false);
    pthread_t thread = on_thread(accept_blocking_thread, &listener);
    settle();
    note("connecting");
    connect(fd, ADDRESS(in));
    wait_for_thread(thread);
    close(fd);
    close(listener);
}

static void accept_timeout(void)
{
    struct sockaddr_in in;
    struct timeval time = { .tv_usec = 30000 };
    int listener = listen_loopback(5, &in);
    set_nonblocking(listener, false);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    int64_t start = now_ms();
    RUN(accept(listener, NULL, NULL));
    note("in time %d", now_ms() - start >= 29 && now_ms() - start < 500);
    close(listener);
}

static void listener_closed_with_waiting(void)
{
    struct sockaddr_in in;
    char byte;
    int listener = listen_loopback(5, &in), fd = nonblocking_tcp();
    connect(fd, ADDRESS(in));
    settle();
    close(listener);
    settle();
    note_epoll("client", fd);
    RUN(recv(fd, &byte, 1, 0));
    RUN(recv(fd, &byte, 1, 0));
    close(fd);
}

static void backlog_full(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(0, &in), a = nonblocking_tcp(), b = nonblocking_tcp();
    connect(a, ADDRESS(in));
    settle();
    connect(b, ADDRESS(in));
    settle();
    note_epoll("first", a);
    note_epoll("second", b);
    RUN(connect(b, ADDRESS(in)));
    close(accept(listener, NULL, NULL));
    close(a);
    close(b);
    close(listener);
}

static void names_of_both(void)
{
    struct link link = link_up();
    struct sockaddr_in a, b;
    socklen_t size = sizeof a;
    RUN(getsockname(link.client, (struct sockaddr *)&a, &size));
    RUN(getpeername(link.server, (struct sockaddr *)&b, &size));
    note("the same port %d, %s", a.sin_port == b.sin_port, inet_ntoa(b.sin_addr));
    RUN(getpeername(link.client, (struct sockaddr *)&a, &size));
    note("the listener's %d, size %u", a.sin_port == link.address.sin_port, size);
    size = 4;
    RUN(getpeername(link.client, (struct sockaddr *)&a, &size));
    note("size %u", size);
    link_down(&link);
}

static void shutdown_while_connecting(void)
{
    struct sockaddr_in in;
    int listener = listen_loopback(0, &in), a = nonblocking_tcp(), b = nonblocking_tcp();
    connect(a, ADDRESS(in));
    settle();
    connect(b, ADDRESS(in));
    settle();
    RUN(shutdown(b, SHUT_WR));
    note_epoll("given up", b);
    close(a);
    close(b);
    close(listener);
}

const struct conformance_case connect_cases[] = {
    { "connect/fresh_socket", fresh_socket }, { "connect/fresh_names", fresh_names },
    { "connect/in_progress", connect_in_progress }, { "connect/refused", connect_refused },
    { "connect/refused_then_again", connect_refused_then_again },
    { "connect/refused_error_lost", connect_refused_error_lost },
    { "connect/refused_read", connect_refused_read },
    { "connect/refused_write", connect_refused_write },
    { "connect/refused_blocking", connect_refused_blocking },
    { "connect/blocking", connect_blocking },
    { "connect/bad_addresses", connect_bad_addresses },
    { "connect/any_is_loopback", connect_any_is_loopback },
    { "connect/shutdown_while_connecting", shutdown_while_connecting },
    { "listen/states", listen_states }, { "listen/unbound", listen_unbound },
    { "listen/on_connected", listen_on_connected }, { "listen/bind_taken", bind_taken },
    { "listen/bind_shared", bind_shared_then_listen },
    { "listen/bind_after_close", bind_after_close },
    { "listen/closed_with_waiting", listener_closed_with_waiting },
    { "listen/backlog_full", backlog_full },
    { "accept/in_order", accept_in_order }, { "accept/flags", accept_flags },
    { "connect/then_reset", connect_then_reset },
    { "accept/reset", accept_of_the_reset }, { "accept/blocking", accept_blocking },
    { "accept/timeout", accept_timeout }, { "names/both", names_of_both },
    { NULL, NULL },
};
