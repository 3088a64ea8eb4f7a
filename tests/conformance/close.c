/* Ends of TCP connections: in order, half, and abrupt. */
#include "tests/conformance/conformance.h"

static void peer_ends(void)
{
    struct link link = link_up();
    char buffer[8];
    send(link.server, "bye", 3, 0);
    RUN(shutdown(link.server, SHUT_WR));
    settle();
    note_epoll("end with data", link.client);
    RUN(recv(link.client, buffer, 8, 0));
    RUN(recv(link.client, buffer, 8, 0));
    RUN(recv(link.client, buffer, 8, 0));
    note_epoll("end", link.client);
    note_poll("end", link.client);
    note_epoll("who ended", link.server);
    RUN(send(link.client, "still", 5, MSG_NOSIGNAL));
    settle();
    RUN(recv(link.server, buffer, 8, 0));
    RUN(send(link.server, "x", 1, MSG_NOSIGNAL));
    link_down(&link);
}

static void both_end(void)
{
    struct link link = link_up();
    struct sockaddr_in in;
    socklen_t size = sizeof in;
    char byte;
    shutdown(link.server, SHUT_WR);
    settle();
    shutdown(link.client, SHUT_WR);
    settle();
    note_epoll("client", link.client);
    note_epoll("server", link.server);
    RUN(recv(link.client, &byte, 1, 0));
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    RUN(getpeername(link.client, (struct sockaddr *)&in, &size));
    RUN(getpeername(link.server, (struct sockaddr *)&in, &size));
    RUN(shutdown(link.client, SHUT_RDWR));
    RUN(shutdown(link.server, SHUT_WR));
    link_down(&link);
}

static void shut_reading(void)
{
    struct link link = link_up();
    char byte;
    RUN(shutdown(link.client, SHUT_RD));
    note_epoll("reader", link.client);
    note_epoll("other", link.server);
    RUN(recv(link.client, &byte, 1, 0));
    RUN(send(link.server, "x", 1, MSG_NOSIGNAL));
    settle();
    RUN(recv(link.client, &byte, 1, 0));
    RUN(recv(link.client, &byte, 1, 0));
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    link_down(&link);
}

static void shut_both(void)
{
    struct link link = link_up();
    char byte;
    RUN(shutdown(link.client, SHUT_RDWR));
    settle();
    note_epoll("shut", link.client);
    note_epoll("other", link.server);
    RUN(recv(link.client, &byte, 1, 0));
    RUN(recv(link.server, &byte, 1, 0));
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    RUN(shutdown(link.client, SHUT_RDWR));
    link_down(&link);
}

static void shut_both_then_data(void)
{
    struct link link = link_up();
    char byte;
    shutdown(link.client, SHUT_RDWR);
    settle();
    RUN(send(link.server, "x", 1, MSG_NOSIGNAL));
    settle();
    note_epoll("shut", link.client);
    note_epoll("other", link.server);
    RUN(send(link.server, "x", 1, MSG_NOSIGNAL));
    RUN(recv(link.server, &byte, 1, 0));
    RUN(recv(link.client, &byte, 1, 0));
    RUN(recv(link.client, &byte, 1, 0));
    link_down(&link);
}

static void closed_in_order(void)
{
    struct link link = link_up();
    char buffer[8];
    send(link.server, "bye", 3, 0);
    close(link.server);
    link.server = -1;
    settle();
    note_epoll("closed", link.client);
    RUN(recv(link.client, buffer, 8, 0));
    RUN(recv(link.client, buffer, 8, 0));
    link_down(&link);
}

static void write_after_close(void)
{
    struct link link = link_up();
    char byte;
    close(link.server);
    link.server = -1;
    settle();
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    settle();
    note_epoll("reset", link.client);
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    note_epoll("then", link.client);
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    RUN(recv(link.client, &byte, 1, 0));
    link_down(&link);
}

static void write_after_close_then_read(void)
{
    struct link link = link_up();
    char byte;
    int error = -1;
    socklen_t size = sizeof error;
    close(link.server);
    link.server = -1;
    settle();
    send(link.client, "x", 1, MSG_NOSIGNAL);
    settle();
    RUN(recv(link.client, &byte, 1, 0));
    getsockopt(link.client, SOL_SOCKET, SO_ERROR, &error, &size);
    note("SO_ERROR %s", strerrorname_np(error));
    RUN(write(link.client, "x", 1));
    link_down(&link);
}

static void closed_with_unread(void)
{
    struct link link = link_up();
    char byte;
    send(link.client, "unread", 6, 0);
    settle();
    close(link.server);
    link.server = -1;
    settle();
    note_epoll("reset", link.client);
    note_poll("reset", link.client);
    RUN(recv(link.client, &byte, 1, 0));
    RUN(recv(link.client, &byte, 1, 0));
    note_epoll("error was read", link.client);
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    link_down(&link);
}

static void reset_with_data_queued(void)
{
    struct link link = link_up();
    char buffer[8];
    send(link.client, "unread", 6, 0);
    send(link.server, "queued", 6, 0);
    settle();
    close(link.server);
    link.server = -1;
    settle();
    note_epoll("reset", link.client);
    RUN(recv(link.client, buffer, 3, 0));
    RUN(recv(link.client, buffer, 8, 0));
    RUN(recv(link.client, buffer, 8, 0));
    RUN(recv(link.client, buffer, 8, 0));
    link_down(&link);
}

static void linger_zero(void)
{
    struct link link = link_up();
    struct linger hard = { 1, 0 };
    struct sockaddr_in in;
    socklen_t size = sizeof in;
    char byte;
    setsockopt(link.server, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(link.server);
    link.server = -1;
    settle();
    note_epoll("reset", link.client);
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    RUN(recv(link.client, &byte, 1, 0));
    RUN(getpeername(link.client, (struct sockaddr *)&in, &size));
    RUN(shutdown(link.client, SHUT_WR));
    RUN(connect(link.client, (struct sockaddr *)&link.address, sizeof link.address));
    link_down(&link);
}

static void reset_error_is_read_once(void)
{
    struct link link = link_up();
    struct linger hard = { 1, 0 };
    int error = -1;
    socklen_t size = sizeof error;
    char byte;
    setsockopt(link.server, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(link.server);
    link.server = -1;
    settle();
    getsockopt(link.client, SOL_SOCKET, SO_ERROR, &error, &size);
    note("SO_ERROR %s", strerrorname_np(error));
    getsockopt(link.client, SOL_SOCKET, SO_ERROR, &error, &size);
    note("SO_ERROR %d", error);
    note_epoll("then", link.client);
    RUN(recv(link.client, &byte, 1, 0));
    RUN(recv(link.client, &byte, 1, MSG_PEEK));
    link_down(&link);
}

static void reset_after_end(void)
{
    struct link link = link_up();
    struct linger hard = { 1, 0 };
    char byte;
    shutdown(link.server, SHUT_WR);
    settle();
    setsockopt(link.server, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(link.server);
    link.server = -1;
    settle();
    note_epoll("reset", link.client);
    RUN(recv(link.client, &byte, 1, 0));
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    RUN(send(link.client, "x", 1, MSG_NOSIGNAL));
    link_down(&link);
}

static void *wait_for_end(void *arg)
{
    char byte;
    RUN(recv(*(int *)arg, &byte, 1, 0));
    return NULL;
}

static void end_wakes_reader(void)
{
    struct link link = link_up();
    set_nonblocking(link.client, false);
    pthread_t thread = on_thread(wait_for_end, &link.client);
    settle();
    close(link.server);
    link.server = -1;
    wait_for_thread(thread);
    link_down(&link);
}

static void own_shutdown_wakes_reader(void)
{
    struct link link = link_up();
    set_nonblocking(link.client, false);
    pthread_t thread = on_thread(wait_for_end, &link.client);
    settle();
    shutdown(link.client, SHUT_RD);
    wait_for_thread(thread);
    link_down(&link);
}

static void reset_wakes_reader(void)
{
    struct link link = link_up();
    struct linger hard = { 1, 0 };
    set_nonblocking(link.client, false);
    setsockopt(link.server, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    pthread_t thread = on_thread(wait_for_end, &link.client);
    settle();
    close(link.server);
    link.server = -1;
    wait_for_thread(thread);
    link_down(&link);
}

const struct conformance_case close_cases[] = {
    { "close/peer_ends", peer_ends }, { "close/both_end", both_end },
    { "close/shut_reading", shut_reading }, { "close/shut_both", shut_both },
    { "close/shut_both_then_data", shut_both_then_data }, { "close/in_order", closed_in_order },
    { "close/write_after", write_after_close },
    { "close/write_after_then_read", write_after_close_then_read },
    { "close/with_unread", closed_with_unread }, { "close/queued", reset_with_data_queued },
    { "close/linger_zero", linger_zero }, { "close/error_once", reset_error_is_read_once },
    { "close/reset_after_end", reset_after_end }, { "close/end_wakes_reader", end_wakes_reader },
    { "close/own_shutdown_wakes", own_shutdown_wakes_reader },
    { "close/reset_wakes_reader", reset_wakes_reader },
    { NULL, NULL },
};
