/* making.c - steps that make objects, and those that connect them. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/differential/differential.h"

static int tcp(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);        /* known.h: delayed-acks */
    /* What stays in TIME_WAIT on this machine must not stand in the way of other tests. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return fd;
}

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
                                 .sin_addr.s_addr = address };
}

/* A listener's port is any free one: it is not written down. */
static void learn_address(struct slot *slot)
{
    struct sockaddr_in in;
    socklen_t size = sizeof in;
    if (getsockname(slot->fd, (struct sockaddr *)&in, &size) || in.sin_family != AF_INET)
        return;
    slot->address = in.sin_addr.s_addr == INADDR_ANY ? htonl(INADDR_LOOPBACK)
                                                     : in.sin_addr.s_addr;
    slot->port = ntohs(in.sin_port);
}

static void make_listener(struct run *run, int at, int backlog)
{
    struct sockaddr_in in = address_of(run->address, 0);
    int fd = tcp();
    put(run, at, fd, LISTENER);
    seen(run, bind(fd, (struct sockaddr *)&in, sizeof in), "listener: bind(%d)", at);
    seen(run, listen(fd, backlog), "listen(%d, %d)", at, backlog);
    learn_address(&run->slots[at]);
}

static void make_link(struct run *run, int client, int server)
{
    struct sockaddr_in in = address_of(run->address, 0);
    if (client == server)
        return;
    struct slot listener = { .fd = tcp() };
    bind(listener.fd, (struct sockaddr *)&in, sizeof in);
    listen(listener.fd, 1);
    learn_address(&listener);
    in = address_of(listener.address, listener.port);
    make_room(run, client);
    make_room(run, server);
    put(run, client, tcp(), SOCKET);
    connect(run->slots[client].fd, (struct sockaddr *)&in, sizeof in);
    struct timespec a_moment = { .tv_nsec = 1000000 };
    int fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK);
    for (int tries = 0; fd < 0 && tries < 100; tries++) {
        nanosleep(&a_moment, NULL);
        fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK);
    }
    close(listener.fd);
    put(run, server, fd, SOCKET);
    seen(run, fd < 0, "link(%d, %d)", client, server);
}

static void make_accepted(struct run *run, const struct step *step)
{
    int from = slot_for(run, step, step->b, LISTENER), listener = run->slots[from].fd;
    if (run->slots[from].object != NOTHING && is_blocking(listener))
        return;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    seen(run, fd < 0 ? fd : 0, "accept(%d) to %d", from, step->a);
    if (fd >= 0)
        put(run, step->a, fd, SOCKET);
}

static void make_two(struct run *run, const struct step *step)
{
    bool is_pipe = step->kind == STEP_PIPE;
    int fds[2];
    if (step->a == step->b)
        return;
    make_room(run, step->a);
    make_room(run, step->b);
    int result = is_pipe ? pipe2(fds, O_NONBLOCK)
                         : socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    seen(run, result, "%s(%d, %d)", is_pipe ? "pipe" : "socketpair", step->a, step->b);
    put(run, step->a, fds[0], is_pipe ? PIPE : PAIR);
    put(run, step->b, fds[1], is_pipe ? PIPE : PAIR);
}

static void make_one(struct run *run, const struct step *step)
{
    static const uint32_t values[] = { 0, 1, 3, 0xffffffff };
    unsigned value = values[step->number % 4];
    int fd = -1;
    make_room(run, step->a);
    switch (step->kind) {
    case STEP_SOCKET:
        fd = tcp();
        seen(run, fd < 0, "socket(%d)", step->a);
        put(run, step->a, fd, SOCKET);
        break;
    case STEP_EVENTFD:
        fd = eventfd(value, EFD_NONBLOCK | (step->bits & 1 ? EFD_SEMAPHORE : 0));
        seen(run, fd < 0, "eventfd(%d, %u%s)", step->a, value, step->bits & 1 ? ", sem" : "");
        put(run, step->a, fd, EVENTFD);
        break;
    case STEP_TIMERFD:
        fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        seen(run, fd < 0, "timerfd(%d)", step->a);
        put(run, step->a, fd, TIMERFD);
        break;
    default:
        fd = epoll_create1(0);
        seen(run, fd < 0, "epoll(%d)", step->a);
        put(run, step->a, fd, EPOLL);
    }
}

static void make_duplicate(struct run *run, const struct step *step)
{
    int from = slot_for(run, step, step->b, ANYTHING), to = step->a;
    struct slot *old = &run->slots[from], *new = &run->slots[to];
    int fd;
    if (from == to || old->object == NOTHING)
        return;
    if (step->kind == STEP_DUP2 && new->object != NOTHING) {
        fd = dup2(old->fd, new->fd);
        seen(run, fd < 0 ? fd : fd == new->fd, "dup2(%d, %d)", from, to);
    } else {
        make_room(run, to);
        fd = dup(old->fd);
        seen(run, fd < 0, "dup(%d) to %d", from, to);
    }
    if (fd >= 0) {
        *new = *old;
        new->fd = fd;
    }
}

void step_make(struct run *run, const struct step *step)
{
    switch (step->kind) {
    case STEP_LISTENER: make_listener(run, step->a, (int)(step->number % 4)); break;
    case STEP_LINK: make_link(run, step->a, step->b); break;
    case STEP_ACCEPT: make_accepted(run, step); break;
    case STEP_PIPE: case STEP_PAIR: make_two(run, step); break;
    case STEP_DUP: case STEP_DUP2: make_duplicate(run, step); break;
    default: make_one(run, step);
    }
}

/* ---- connecting -------------------------------------------------------------------------- */

static void connect_somewhere(struct run *run, const struct step *step)
{
    int from = slot_for(run, step, step->a, SOCKET), to = slot_for(run, step, step->b, LISTENER);
    int fd = run->slots[from].fd;
    struct sockaddr_in in = address_of(run->address, 1);     /* where nobody listens */
    bool refused = !run->slots[to].port || step->number % 8 == 0;
    bool nowhere = !refused && step->number % 16 == 1;
    if (run->slots[from].object != NOTHING && is_blocking(fd))
        return;
    if (!refused)
        in = address_of(run->slots[to].address, run->slots[to].port);
    if (nowhere)
        in.sin_family = AF_UNSPEC;
    long result = connect(fd, (struct sockaddr *)&in, sizeof in);
    seen(run, result, "connect(%d, %s)", from,
         nowhere ? "unspecified" : refused ? "nobody" : "listener");
}

void step_connect(struct run *run, const struct step *step)
{
    int at = slot_for(run, step, step->a, SOCKET), fd = run->slots[at].fd;
    struct sockaddr_in in = address_of(run->address, 0);
    if (step->kind == STEP_CONNECT) {
        connect_somewhere(run, step);
    } else if (step->kind == STEP_BIND) {
        seen(run, bind(fd, (struct sockaddr *)&in, sizeof in), "bind(%d)", at);
    } else if (!seen(run, listen(fd, 2), "listen(%d)", at)) {
        run->slots[at].object = LISTENER;
        learn_address(&run->slots[at]);
    }
}
