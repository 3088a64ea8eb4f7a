/* AF_UNIX sockets with a name: streams and packets in sequence. */
#include <sys/stat.h>

#include "tests/conformance/unix.h"

static int dial(int type, const char *text)
{
    struct sockaddr_un name = named(text);
    int fd = local(type);
    RUN(connect(fd, ADDRESS(name)));
    return fd;
}

struct trio { int listener, client, server; };

static struct trio trio_up(int type)
{
    struct trio t;
    t.listener = bound(type, path);
    RUN(listen(t.listener, 3));
    t.client = dial(type, path);
    t.server = accept4(t.listener, NULL, NULL, SOCK_NONBLOCK);
    return t;
}

static void trio_down(struct trio *t)
{
    close(t->client);
    close(t->server);
    close(t->listener);
    unlink(path);
}

static void unix_fresh(void)
{
    int fd = local(SOCK_STREAM);
    char byte;
    note_epoll("fresh", fd);
    note_poll("fresh", fd);
    note_name("fresh", fd, false);
    note_name("fresh", fd, true);
    RUN(recv(fd, &byte, 1, 0));
    RUN(send(fd, "x", 1, MSG_NOSIGNAL));
    RUN(listen(fd, 1));
    RUN(accept(fd, NULL, NULL));
    RUN(shutdown(fd, SHUT_WR));
    note_epoll("shut", fd);
    RUN(send(fd, "x", 1, MSG_NOSIGNAL));
    close(fd);
}

static void unix_kinds(void)
{
    RUN(socket(AF_UNIX, SOCK_STREAM, 7));
    RUN(socket(AF_UNIX, 9, 0));
    int fd = socket(AF_UNIX, SOCK_RAW, 0), value = 0;
    socklen_t size = sizeof value;
    RUN(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size));
    note("%d", value);
    RUN(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, &size));
    note("%d", value);
    RUN(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &size));
    note("%d", value);
    close(fd);
}

static void unix_bind(void)
{
    struct sockaddr_un name = named(path), wrong = named("/tmp/no-such-folder/x");
    int fd = bound(SOCK_STREAM, path), second = local(SOCK_STREAM);
    note_name("bound", fd, false);
    RUN(bind(fd, ADDRESS(name)));
    RUN(bind(second, ADDRESS(name)));
    RUN(bind(second, ADDRESS(wrong)));
    RUN(bind(second, (struct sockaddr *)&name, 1));
    RUN(bind(second, (struct sockaddr *)&name, sizeof name + 1));
    name.sun_family = AF_INET;
    RUN(bind(second, ADDRESS(name)));
    close(fd);
    name.sun_family = AF_UNIX;
    RUN(bind(second, ADDRESS(name)));
    RUN(unlink(path));
    RUN(unlink(path));
    RUN(bind(second, (struct sockaddr *)&name, 2 + (socklen_t)strlen(path)));
    note_name("exact", second, false);
    close(second);
    RUN(unlink(path));
}

static void unix_bind_file(void)
{
    struct sockaddr_un name = named("/etc/passwd");
    int fd = local(SOCK_STREAM);
    RUN(bind(fd, ADDRESS(name)));
    RUN(connect(fd, ADDRESS(name)));
    name = named("/tmp");
    RUN(bind(fd, ADDRESS(name)));
    RUN(connect(fd, ADDRESS(name)));
    close(fd);
}

static void unix_stat(void)
{
    struct stat st;
    int fd = bound(SOCK_STREAM, path);
    RUN(stat(path, &st));
    note("socket %d", S_ISSOCK(st.st_mode));
    RUN(lstat(path, &st));
    RUN(access(path, F_OK));
    RUN(access(path, W_OK));
    RUN(chmod(path, 0600));
    close(fd);
    RUN(stat(path, &st));
    RUN(unlink(path));
    RUN(access(path, F_OK));
    RUN(stat(path, &st));
}

static void unix_no_listener(void)
{
    int fd = dial(SOCK_STREAM, path), holder = bound(SOCK_STREAM, path);
    struct sockaddr_un name = named(path);
    RUN(connect(fd, ADDRESS(name)));
    close(holder);
    RUN(connect(fd, ADDRESS(name)));
    unlink(path);
    RUN(connect(fd, ADDRESS(name)));
    note_epoll("never connected", fd);
    close(fd);
}

static void unix_unlinked(void)
{
    int listener = bound(SOCK_STREAM, path), fd;
    listen(listener, 3);
    RUN(unlink(path));
    fd = dial(SOCK_STREAM, path);
    note_name("listener", listener, false);
    int second = bound(SOCK_STREAM, path);
    RUN(listen(second, 1));
    struct sockaddr_un name = named(path);
    RUN(connect(fd, ADDRESS(name)));
    note_epoll("first", listener);
    note_epoll("second", second);
    close(fd);
    close(second);
    close(listener);
    unlink(path);
}

static void unix_wrong_type(void)
{
    int fd = bound(SOCK_DGRAM, path);
    RUN(listen(fd, 1));
    RUN(accept(fd, NULL, NULL));
    close(dial(SOCK_STREAM, path));
    close(dial(SOCK_SEQPACKET, path));
    close(fd);
    unlink(path);
}

static void unix_connect(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    struct sockaddr_un name = named(path);
    char buffer[8];
    note_name("client", t.client, false);
    note_name("client's peer", t.client, true);
    note_name("server", t.server, false);
    note_name("server's peer", t.server, true);
    note_epoll("client", t.client);
    note_epoll("listener", t.listener);
    RUN(connect(t.client, ADDRESS(name)));
    RUN(connect(t.listener, ADDRESS(name)));
    RUN(listen(t.client, 1));
    RUN(recv(t.listener, buffer, 8, 0));
    RUN(send(t.listener, "x", 1, MSG_NOSIGNAL));
    note_name("listener's peer", t.listener, true);
    trio_down(&t);
}

static void unix_talk(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    char buffer[16] = "";
    RUN(send(t.client, "abc", 3, 0));
    RUN(send(t.client, "def", 3, 0));
    note_epoll("server", t.server);
    RUN(recv(t.server, buffer, 2, MSG_PEEK));
    RUN(recv(t.server, buffer, 16, MSG_PEEK));
    RUN(recv(t.server, buffer, 4, 0));
    RUN(recv(t.server, buffer + 4, 12, 0));
    note("%s", buffer);
    RUN(recv(t.server, buffer, 16, 0));
    RUN(shutdown(t.client, SHUT_WR));
    note_epoll("server", t.server);
    note_epoll("client", t.client);
    RUN(recv(t.server, buffer, 16, 0));
    RUN(send(t.server, "answer", 6, 0));
    RUN(recv(t.client, buffer, 16, 0));
    RUN(sendto(t.client, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&(sa_family_t){ AF_UNIX }, 2));
    trio_down(&t);
}

static void unix_closed(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    char buffer[16] = "";
    RUN(send(t.server, "last", 4, 0));
    close(t.server);
    note_epoll("client", t.client);
    note_name("client's peer", t.client, true);
    RUN(recv(t.client, buffer, 16, 0));
    RUN(recv(t.client, buffer, 16, 0));
    RUN(send(t.client, "x", 1, MSG_NOSIGNAL));
    t.server = dup(t.client);
    trio_down(&t);
}

static void unix_closed_unread(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    char buffer[16] = "";
    RUN(send(t.client, "last", 4, 0));
    close(t.server);
    note_epoll("client", t.client);
    RUN(recv(t.client, buffer, 16, 0));
    RUN(recv(t.client, buffer, 16, 0));
    t.server = dup(t.client);
    trio_down(&t);
}

static void unix_before_accept(void)
{
    int listener = bound(SOCK_STREAM, path), client, server;
    char buffer[8] = "";
    listen(listener, 3);
    client = dial(SOCK_STREAM, path);
    note_name("peer", client, true);
    RUN(send(client, "early", 5, 0));
    close(client);
    note_epoll("listener", listener);
    server = accept(listener, NULL, NULL);
    RUN(server < 0);
    RUN(recv(server, buffer, 8, 0));
    RUN(recv(server, buffer, 8, 0));
    RUN(accept(listener, NULL, NULL));
    close(server);
    close(listener);
    unlink(path);
}

static void unix_listener_closed(void)
{
    int listener = bound(SOCK_STREAM, path), client;
    char byte;
    listen(listener, 3);
    client = dial(SOCK_STREAM, path);
    close(listener);
    note_epoll("client", client);
    RUN(recv(client, &byte, 1, 0));
    RUN(recv(client, &byte, 1, 0));
    RUN(send(client, "x", 1, MSG_NOSIGNAL));
    close(client);
    unlink(path);
}

static void unix_backlog(void)
{
    int listener = bound(SOCK_STREAM, path), fds[4], server;
    listen(listener, 1);
    for (int i = 0; i < 4; i++)
        fds[i] = dial(SOCK_STREAM, path);
    server = accept(listener, NULL, NULL);
    RUN(server < 0);
    struct sockaddr_un name = named(path);
    RUN(connect(fds[2], ADDRESS(name)));
    RUN(connect(fds[3], ADDRESS(name)));
    note_epoll("refused", fds[3]);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    close(server);
    close(listener);
    unlink(path);
}

static void *accept_later(void *arg)
{
    settle();
    for (int i = 0; i < 3; i++)
        close(accept(*(int *)arg, NULL, NULL));
    return NULL;
}

static void unix_backlog_blocking(void)
{
    struct sockaddr_un name = named(path);
    int listener = bound(SOCK_STREAM, path), fds[3];
    listen(listener, 0);
    set_nonblocking(listener, false);
    pthread_t thread = on_thread(accept_later, &listener);
    for (int i = 0; i < 3; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        RUN(connect(fds[i], ADDRESS(name)));
    }
    wait_for_thread(thread);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    close(listener);
    unlink(path);
}

static void unix_connect_timeout(void)
{
    struct sockaddr_un name = named(path);
    struct timeval limit = { 0, 20000 };
    int listener = bound(SOCK_STREAM, path), first, fd = socket(AF_UNIX, SOCK_STREAM, 0);
    listen(listener, 0);
    first = dial(SOCK_STREAM, path);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    RUN(connect(fd, ADDRESS(name)));
    close(fd);
    close(first);
    close(listener);
    unlink(path);
}

static void unix_shutdown_listener(void)
{
    int listener = bound(SOCK_STREAM, path);
    listen(listener, 3);
    RUN(shutdown(listener, SHUT_RD));
    note_epoll("listener", listener);
    RUN(accept(listener, NULL, NULL));
    close(dial(SOCK_STREAM, path));
    close(listener);
    unlink(path);
}

static void unix_accept_name(void)
{
    struct sockaddr_un name;
    socklen_t size = sizeof name;
    int listener = bound(SOCK_STREAM, path), client = bound(SOCK_STREAM, other_path), server;
    struct sockaddr_un to = named(path);
    listen(listener, 3);
    RUN(connect(client, ADDRESS(to)));
    memset(&name, 0, sizeof name);
    server = accept(listener, (struct sockaddr *)&name, &size);
    note("%u \"%s\"", size, name.sun_path);
    close(server);
    close(client);
    close(listener);
    unlink(path);
    unlink(other_path);
}

static void unix_accept_unnamed(void)
{
    struct sockaddr_un name = { 0 };
    socklen_t size = sizeof name;
    int listener = bound(SOCK_STREAM, path), client;
    listen(listener, 3);
    client = dial(SOCK_STREAM, path);
    close(accept(listener, (struct sockaddr *)&name, &size));
    note("%u %d", size, name.sun_family);
    close(client);
    close(listener);
    unlink(path);
}

static void unix_seqpacket(void)
{
    struct trio t = trio_up(SOCK_SEQPACKET);
    char buffer[8];
    note_epoll("server", t.server);
    RUN(send(t.client, "abc", 3, 0));
    RUN(send(t.client, "de", 2, 0));
    RUN(send(t.client, "", 0, 0));
    RUN(recv(t.server, buffer, 2, 0));
    RUN(recv(t.server, buffer, 8, 0));
    RUN(recv(t.server, buffer, 8, 0));
    RUN(recv(t.server, buffer, 8, 0));
    RUN(shutdown(t.client, SHUT_WR));
    note_epoll("server", t.server);
    RUN(recv(t.server, buffer, 8, 0));
    RUN(send(t.client, "x", 1, MSG_NOSIGNAL));
    close(t.server);
    note_epoll("client", t.client);
    RUN(recv(t.client, buffer, 8, 0));
    t.server = dup(t.client);
    trio_down(&t);
}

static void unix_seqpacket_reset(void)
{
    struct trio t = trio_up(SOCK_SEQPACKET);
    char buffer[8];
    RUN(send(t.client, "abc", 3, 0));
    close(t.server);
    note_epoll("client", t.client);
    RUN(recv(t.client, buffer, 8, 0));
    RUN(recv(t.client, buffer, 8, 0));
    RUN(send(t.client, "x", 1, MSG_NOSIGNAL));
    t.server = dup(t.client);
    trio_down(&t);
    int fd = local(SOCK_SEQPACKET);
    note_epoll("fresh", fd);
    RUN(recv(fd, buffer, 8, 0));
    RUN(send(fd, "x", 1, MSG_NOSIGNAL));
    close(fd);
}

static void unix_full(void)
{
    static char block[65536];
    struct trio t = trio_up(SOCK_STREAM);
    while (send(t.client, block, sizeof block, 0) > 0)
        ;
    RUN(send(t.client, block, 1, 0));
    note_epoll("full", t.client);
    int ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, t.client, EPOLLOUT | EPOLLET, 'w');
    note_wait("full", ep, 4, 0);
    while (recv(t.server, block, sizeof block, 0) > 0)
        ;
    note_wait("room", ep, 4, 0);
    close(ep);
    trio_down(&t);
}

static void unix_small_sends(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    int count = 0;
    while (send(t.client, "x", 1, 0) > 0)
        count++;
    note("hundreds %d", count > 100 && count < 1000);
    trio_down(&t);
}

static void *read_all(void *arg)
{
    static char block[10000];
    size_t all = 0;
    for (ssize_t got; (got = read(*(int *)arg, block, sizeof block)) > 0; )
        all += (size_t)got;
    note("read %zu", all);
    return NULL;
}

static void unix_blocking(void)
{
    static char block[600000];
    struct trio t = trio_up(SOCK_STREAM);
    set_nonblocking(t.client, false);
    set_nonblocking(t.server, false);
    pthread_t thread = on_thread(read_all, &t.server);
    long wrote = write(t.client, block, sizeof block);
    RUN(shutdown(t.client, SHUT_WR));
    wait_for_thread(thread);
    note("wrote %ld", wrote);
    trio_down(&t);
}

static void *send_parts(void *arg)
{
    settle();
    send(*(int *)arg, "def", 3, 0);
    return NULL;
}

static void unix_waitall(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    char buffer[8] = "";
    set_nonblocking(t.server, false);
    send(t.client, "abc", 3, 0);
    pthread_t thread = on_thread(send_parts, &t.client);
    RUN(recv(t.server, buffer, 6, MSG_WAITALL));
    wait_for_thread(thread);
    note("%s", buffer);
    trio_down(&t);
}

static void unix_edges(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    int ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, t.server, EPOLLIN | EPOLLRDHUP | EPOLLET, 's');
    watch(ep, EPOLL_CTL_ADD, t.listener, EPOLLIN | EPOLLET, 'l');
    note_wait("none", ep, 4, 0);
    send(t.client, "x", 1, 0);
    note_wait("data", ep, 4, 0);
    send(t.client, "x", 1, 0);
    note_wait("more", ep, 4, 0);
    note_wait("none", ep, 4, 0);
    shutdown(t.client, SHUT_WR);
    note_wait("end", ep, 4, 0);
    int second = dial(SOCK_STREAM, path), third = dial(SOCK_STREAM, path);
    note_wait("two call", ep, 4, 0);
    note_wait("none", ep, 4, 0);
    close(second);
    close(third);
    close(ep);
    trio_down(&t);
}

static void unix_credentials(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    struct ucred who = { 0 };
    socklen_t size = sizeof who;
    RUN(getsockopt(t.server, SOL_SOCKET, SO_PEERCRED, &who, &size));
    note("%u %d %d", size, who.pid == getpid(), who.uid == getuid());
    size = sizeof who;
    RUN(getsockopt(t.client, SOL_SOCKET, SO_PEERCRED, &who, &size));
    note("%d", who.pid == getpid());
    trio_down(&t);
}

static void unix_fionread(void)
{
    struct trio t = trio_up(SOCK_STREAM);
    int size = -1, fds[2];
    send(t.client, "abc", 3, 0);
    send(t.client, "de", 2, 0);
    RUN(ioctl(t.server, FIONREAD, &size));
    note("%d", size);
    RUN(ioctl(t.listener, FIONREAD, &size));
    trio_down(&t);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
    send(fds[0], "abc", 3, 0);
    send(fds[0], "de", 2, 0);
    RUN(ioctl(fds[1], FIONREAD, &size));
    note("%d", size);
    close(fds[0]);
    close(fds[1]);
}

const struct conformance_case unix_cases[] = {
    { "unix/fresh", unix_fresh }, { "unix/kinds", unix_kinds }, { "unix/bind", unix_bind },
    { "unix/bind_file", unix_bind_file },
    { "unix/stat", unix_stat }, { "unix/no_listener", unix_no_listener },
    { "unix/unlinked", unix_unlinked }, { "unix/wrong_type", unix_wrong_type },
    { "unix/connect", unix_connect }, { "unix/talk", unix_talk }, { "unix/closed", unix_closed },
    { "unix/closed_unread", unix_closed_unread }, { "unix/before_accept", unix_before_accept },
    { "unix/listener_closed", unix_listener_closed }, { "unix/backlog", unix_backlog },
    { "unix/backlog_blocking", unix_backlog_blocking },
    { "unix/connect_timeout", unix_connect_timeout },
    { "unix/shutdown_listener", unix_shutdown_listener }, { "unix/accept_name", unix_accept_name },
    { "unix/accept_unnamed", unix_accept_unnamed },
    { "unix/seqpacket", unix_seqpacket },
    { "unix/seqpacket_reset", unix_seqpacket_reset }, { "unix/full", unix_full },
    { "unix/small_sends", unix_small_sends }, { "unix/blocking", unix_blocking },
    { "unix/waitall", unix_waitall }, { "unix/edges", unix_edges },
    { "unix/credentials", unix_credentials }, { "unix/fionread", unix_fionread },
    { NULL, NULL },
};
