/* No mistake: a loop of epoll that takes SIGTERM from a signalfd and ticks by an interval timer,
 * and a handler of SIGALRM that interrupts it: EINTR is no error.
 * expect: none
 * repaired: reported
 */
#include "zoo.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>

enum { TICKS = 3 };
static volatile sig_atomic_t ticks;

static void on_tick(int number)
{
    (void)number;
    if (++ticks == TICKS) kill(getpid(), SIGTERM);
}

static void set_tick(int ms)
{
    struct itimerval every = { { 0, ms * 1000 }, { 0, ms * 1000 } };
    setitimer(ITIMER_REAL, &every, NULL);
}

/* Until SIGTERM has come: 0 or a negative errno. */
static int turn_until_term(int ep, int sfd)
{
    struct epoll_event event = { .events = EPOLLIN };
    struct signalfd_siginfo info;
    if (epoll_ctl(ep, EPOLL_CTL_ADD, sfd, &event) < 0) return -errno;
    set_tick(40);
    for (;;) {
        int n = epoll_wait(ep, &event, 1, PATIENCE_MS);
        if (n == 0) return -ETIMEDOUT;
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0 && read(sfd, &info, sizeof info) == sizeof info) return 0;
    }
}

static int serve(const sigset_t *set)
{
    int ep = epoll_create1(EPOLL_CLOEXEC);
    if (ep < 0) return -errno;
    int sfd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
    int err = sfd < 0 ? -errno : turn_until_term(ep, sfd);
    if (sfd >= 0) close(sfd);
    close(ep);
    set_tick(0);
    return err;
}

static void ends_on_term(void **state)
{
    struct sigaction action = { .sa_handler = on_tick };
    struct fit_op *op = fit_op("service");
    sigset_t set;
    (void)state;
    ticks = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGALRM, &action, NULL);
    int err = serve(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    if (err) fit_op_failed(op, -err, strerror(-err), NULL);
    else fit_op_succeeded(op, NULL, 0);
}
ZOO_MAIN(ends_on_term)
