/* execute.c - runs a sequence on the kernel that is there. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/differential/differential.h"

static void step_control(struct run *run, const struct step *step)
{
    static const struct { int operation; const char *name; } operations[] = {
        { EPOLL_CTL_ADD, "add" }, { EPOLL_CTL_ADD, "add" }, { EPOLL_CTL_MOD, "mod" },
        { EPOLL_CTL_DEL, "del" },
    };
    unsigned which = step->number % 4;
    int ep = slot_for(run, step, step->a, EPOLL), at = slot_for(run, step, step->b, ANYTHING);
    struct epoll_event event = { .events = step->bits, .data.u32 = (uint32_t)at };
    char text[160];
    long result = epoll_ctl(run->slots[ep].fd, operations[which].operation, run->slots[at].fd,
                            &event);
    seen(run, result, "epoll_ctl(%d, %s, %d, %s)", ep, operations[which].name, at,
         event_bits(step->bits, text));
}

static void step_wait(struct run *run, const struct step *step)
{
    int ep = slot_for(run, step, step->a, EPOLL), most = 1 + (int)(step->number % 8);
    struct epoll_event events[8];
    char text[160];
    long count = epoll_wait(run->slots[ep].fd, events, most, 0);
    seen(run, count, "epoll_wait(%d, %d)", ep, most);
    for (long i = 0; i < count; i++)
        also(run, " %u:%s", events[i].data.u32, event_bits(events[i].events, text));
}

static void step_poll(struct run *run, const struct step *step)
{
    struct pollfd fds[4];
    char text[160];
    nfds_t count = 1 + step->number % 4;
    for (nfds_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){ run->slots[(step->a + i) % SLOTS].fd,
                                  (short)(step->bits & 0x7fff), 0 };
    seen(run, poll(fds, count, 0), "poll(%d.., %u, %s)", step->a, (unsigned)count,
         event_bits(step->bits & 0x7fff, text));
    for (nfds_t i = 0; i < count; i++)
        also(run, " %s", event_bits((uint32_t)(unsigned short)fds[i].revents, text));
}

static void step_select(struct run *run, const struct step *step)
{
    struct timeval none = { 0, 0 };
    fd_set sets[3];
    int highest = -1;
    for (int i = 0; i < 3; i++)
        FD_ZERO(&sets[i]);
    for (int i = 0; i < 4; i++) {
        int fd = run->slots[(step->a + i) % SLOTS].fd;
        for (int set = 0; set < 3 && fd >= 0; set++)
            FD_SET(fd, &sets[set]);
        highest = fd > highest ? fd : highest;
    }
    seen(run, select(highest + 1, &sets[0], &sets[1], &sets[2], &none), "select(%d..)", step->a);
    for (int i = 0; i < 4; i++) {
        int fd = run->slots[(step->a + i) % SLOTS].fd;
        also(run, " ");
        for (int set = 0; set < 3 && fd >= 0; set++)
            also(run, "%c", FD_ISSET(fd, &sets[set]) ? "rwx"[set] : '-');
    }
}

/* ---- questions and options --------------------------------------------------------------- */

static void step_name(struct run *run, const struct step *step)
{
    int at = slot_for(run, step, step->a, SOCKET | LISTENER | PAIR);
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    bool peer = step->number % 2;
    memset(&name, 0, sizeof name);
    long result = peer ? getpeername(run->slots[at].fd, (struct sockaddr *)&name, &size)
                       : getsockname(run->slots[at].fd, (struct sockaddr *)&name, &size);
    seen(run, result, "%s(%d)", peer ? "getpeername" : "getsockname", at);
    if (result < 0)
        return;
    const struct sockaddr_in *in = (const struct sockaddr_in *)&name;
    also(run, " family %d size %u", name.ss_family, size);
    if (name.ss_family == AF_INET)
        also(run, " address %d port %d", in->sin_addr.s_addr != 0, in->sin_port != 0);
}

static void step_option(struct run *run, const struct step *step)
{
    static const struct { int level, option; const char *name; } options[] = {
        { SOL_SOCKET, SO_ACCEPTCONN, "ACCEPTCONN" }, { SOL_SOCKET, SO_TYPE, "TYPE" },
        { SOL_SOCKET, SO_DOMAIN, "DOMAIN" }, { SOL_SOCKET, SO_REUSEADDR, "REUSEADDR" },
        { IPPROTO_TCP, TCP_NODELAY, "NODELAY" }, { SOL_SOCKET, SO_KEEPALIVE, "KEEPALIVE" },
    };
    int at = slot_for(run, step, step->a, STREAMS | LISTENER), value = (int)(step->bits % 2);
    unsigned which = step->number % 6;
    if (which == 3 || which == 4)
        value = 1;                           /* making.c says why */
    socklen_t size = sizeof value;
    if (which >= 3 && step->bits & 2) {
        seen(run, setsockopt(run->slots[at].fd, options[which].level, options[which].option,
                             &value, size), "setsockopt(%d, %s)", at, options[which].name);
        return;
    }
    value = -1;
    seen(run, getsockopt(run->slots[at].fd, options[which].level, options[which].option, &value,
                         &size), "getsockopt(%d, %s)", at, options[which].name);
    also(run, " %d", value);
}

static void step_question(struct run *run, const struct step *step)
{
    int at = slot_for(run, step, step->a, step->kind == STEP_FLAGS || step->kind == STEP_UNREAD
                                          ? ANYTHING : STREAMS | LISTENER);
    int fd = run->slots[at].fd, value = -1;
    socklen_t size = sizeof value;
    struct linger linger = { step->number % 3 != 0, 0 };
    if (step->kind == STEP_UNREAD && run->slots[at].object == EPOLL)
        return;                              /* known.h: epoll-ioctl */
    switch (step->kind) {
    case STEP_UNREAD:
        seen(run, ioctl(fd, FIONREAD, &value), "FIONREAD(%d)", at);
        also(run, " %d", value);
        break;
    case STEP_ERROR:
        seen(run, getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size), "SO_ERROR(%d)", at);
        also(run, " %d", value);
        break;
    case STEP_LINGER:
        seen(run, setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger),
             "SO_LINGER(%d, %d)", at, linger.l_onoff);
        break;
    default:
        value = fcntl(fd, F_GETFL);
        seen(run, value, "F_GETFL(%d)", at);
        if (value >= 0)
            seen(run, fcntl(fd, F_SETFL, value ^ O_NONBLOCK), "F_SETFL(%d)", at);
    }
}

static void step_timer(struct run *run, const struct step *step)
{
    int at = slot_for(run, step, step->a, TIMERFD), fd = run->slots[at].fd;
    struct itimerspec value = { .it_value = { 0 } };
    struct pollfd one = { fd, POLLIN, 0 };
    const char *when = "never";
    if (step->kind == STEP_GETTIME) {
        long result = timerfd_gettime(fd, &value);
        seen(run, result, "timerfd_gettime(%d)", at);
        also(run, " set %d interval %ld", value.it_value.tv_sec || value.it_value.tv_nsec,
             value.it_interval.tv_sec);
        return;
    }
    if (step->number % 4 >= 2) {
        value.it_value.tv_nsec = 1;
        when = "at once";
    } else if (step->number % 4 == 1) {
        value.it_value.tv_sec = 5000;
        when = "much later";
    }
    value.it_interval.tv_sec = step->bits % 2 ? 4000 : 0;
    seen(run, timerfd_settime(fd, 0, &value, NULL), "timerfd_settime(%d, %s)", at, when);
    if (value.it_value.tv_nsec && run->slots[at].object == TIMERFD)
        poll(&one, 1, 1000);
}

/* ---- the whole --------------------------------------------------------------------------- */

static void take(struct run *run, const struct step *step)
{
    int at;
    switch ((enum step_kind)step->kind) {
    case STEP_CONNECT: case STEP_BIND: case STEP_LISTEN: step_connect(run, step); break;
    case STEP_CLOSE: make_room(run, slot_for(run, step, step->a, ANYTHING)); break;
    case STEP_SHUTDOWN:
        at = slot_for(run, step, step->a, STREAMS | LISTENER);
        seen(run, shutdown(run->slots[at].fd, (int)(step->number % 3)), "shutdown(%d, %u)", at,
             step->number % 3);
        break;
    case STEP_SEND: step_send(run, step); break;
    case STEP_RECV: step_receive(run, step); break;
    case STEP_WRITE: case STEP_WRITEV: step_write(run, step); break;
    case STEP_READ: case STEP_READV: step_read(run, step); break;
    case STEP_SPLICE: step_splice(run, step); break;
    case STEP_CONTROL: step_control(run, step); break;
    case STEP_WAIT: step_wait(run, step); break;
    case STEP_POLL: step_poll(run, step); break;
    case STEP_SELECT: step_select(run, step); break;
    case STEP_UNREAD: case STEP_ERROR: case STEP_LINGER: case STEP_FLAGS:
        step_question(run, step);
        break;
    case STEP_OPTION: step_option(run, step); break;
    case STEP_NAME: step_name(run, step); break;
    case STEP_SETTIME: case STEP_GETTIME: step_timer(run, step); break;
    default: step_make(run, step);
    }
}

void execute(const struct sequence *sequence, struct log *log, unsigned pause_us)
{
    struct run run = { .log = log, .pause_us = pause_us };
    uint32_t own = (uint32_t)(sequence->seed * 2654435761u);
    log->length = log->calls = 0;
    log->text[0] = 0;
    /* Each sequence listens at an address of its own, so that ports never run out. */
    run.address = htonl(0x7f000000 | (own & 0x00fffffe) | 0x010000);
    for (int i = 0; i < SLOTS; i++)
        run.slots[i].fd = -1;
    for (unsigned i = 0; i < sequence->count; i++)
        take(&run, &sequence->steps[i]);
    for (int i = 0; i < SLOTS; i++)
        make_room(&run, i);
    also(&run, "\n");
}
