/* A raw epoll state machine with a guard for exceptions. When it cannot be started it is thrown
 * away as it is, with whatever it had opened until then.
 * expect: leak-fd
 * repaired: reported recovered
 */
#include "zoo.h"

enum state { CONNECTING, SENDING, READING, DONE };
struct machine {
    int ep, fd, timer, err, stop; enum state state;
    char line[128]; size_t have; char where[64]; jmp_buf guard;
};

static void machine_fail(struct machine *m, const char *what, int err)
{
    m->err = err;
    m->state = DONE;
    snprintf(m->where, sizeof m->where, "%s: %s", what, strerror(err));
}
static void on_line(struct machine *m)
{
    FAULT_RAISE("on_line", longjmp(m->guard, EPROTO));
    m->state = DONE;
}
static void on_readable(struct machine *m)
{
    ssize_t n = recv(m->fd, m->line + m->have, sizeof m->line - m->have, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        machine_fail(m, "recv", n ? errno : ECONNRESET);
        return;
    }
    m->have += (size_t)n;
    if (memchr(m->line, '\n', m->have)) on_line(m);
    else if (m->have == sizeof m->line) machine_fail(m, "recv", EMSGSIZE);
}
static void step(struct machine *m)
{
    int err = 0;
    socklen_t size = sizeof err;
    ssize_t n;
    if (m->state == READING) {
        on_readable(m);
        return;
    }
    if (m->state == CONNECTING) {
        getsockopt(m->fd, SOL_SOCKET, SO_ERROR, &err, &size);
        if (err) {
            machine_fail(m, "connect", err);
            return;
        }
        m->state = SENDING;
    }
    n = send(m->fd, "TIME\n", 5, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n != 5) {
        machine_fail(m, "send", n < 0 ? errno : EIO);
        return;
    }
    m->state = READING;
    epoll_ctl(m->ep, EPOLL_CTL_MOD, m->fd, &(struct epoll_event){ EPOLLIN, { .fd = m->fd } });
}
static void guarded_step(struct machine *m)
{
    int code = setjmp(m->guard);
    if (code) machine_fail(m, "callback", code);
    else      step(m);
}
static void machine_cancel(struct machine *m) { m->stop = 1; }
static void machine_run(struct machine *m)
{
    struct epoll_event ev[4];
    while (m->state != DONE) {
        FAULT_CANCEL_POINT();
        if (m->stop) {
            machine_fail(m, "run", ECANCELED);
            break;
        }
        int n = epoll_wait(m->ep, ev, 4, -1);
        if (n < 0 && errno != EINTR) machine_fail(m, "epoll_wait", errno);
        for (int i = 0; i < n && m->state != DONE; i++) {
            if (ev[i].data.fd == m->timer) machine_fail(m, "deadline", ETIMEDOUT);
            else guarded_step(m);
        }
    }
}
static int machine_start(struct machine *m, const char *host, const char *port)
{
    struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *ai = NULL;
    struct itimerspec t = { .it_value.tv_sec = 3 };
    int g;
    memset(m, 0, sizeof *m);
    m->fd = m->timer = -1;
    if ((m->ep = epoll_create1(EPOLL_CLOEXEC)) < 0) {
        machine_fail(m, "epoll", errno);
        return -1;
    }
    if (FAULT_POINT("quota", EDQUOT)) {
        machine_fail(m, "quota", EDQUOT);
        return -1;
    }
    if ((g = getaddrinfo(host, port, &hint, &ai)) != 0) {
        machine_fail(m, gai_strerror(g), g == EAI_SYSTEM ? errno : EHOSTUNREACH);
        return -1;
    }
    m->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (m->fd < 0) machine_fail(m, "socket", errno);
    else if (connect(m->fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS)
        machine_fail(m, "connect", errno);
    freeaddrinfo(ai);
    if (m->state == DONE) return -1;
    m->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event out = { EPOLLOUT, { .fd = m->fd } }, in = { EPOLLIN, { .fd = m->timer } };
    if (m->timer < 0 || timerfd_settime(m->timer, 0, &t, NULL) < 0
        || epoll_ctl(m->ep, EPOLL_CTL_ADD, m->fd, &out) < 0
        || epoll_ctl(m->ep, EPOLL_CTL_ADD, m->timer, &in) < 0) {
        machine_fail(m, "timer", errno);
        return -1;
    }
    return 0;
}
static void machine_close(struct machine *m)
{
    if (m->fd >= 0) close(m->fd);
    if (m->timer >= 0) close(m->timer);
    if (m->ep >= 0) close(m->ep);
}

static void asks_the_time(void **state)
{
    static const struct fit_reply noon[] = { { .until = "TIME\n", .send = "12:00:00\n" }, { 0 } };
    static struct machine m;
    (void)state;
    fit_peer_replies("clock.test:37", noon);
    fit_require_details("cause");
    struct fit_op *op = fit_op("ask");
    fit_on_cancel(op, machine_cancel, &m);
    if (machine_start(&m, "clock.test", "37") == 0) {
        machine_run(&m);
        machine_close(&m);
#ifdef REPAIRED
    } else {
        machine_close(&m);
#endif
    }
    if (m.err) fit_op_failed(op, m.err, m.where, NULL);
    else       fit_op_succeeded(op, m.line, m.have);
}
ZOO_MAIN(asks_the_time)
