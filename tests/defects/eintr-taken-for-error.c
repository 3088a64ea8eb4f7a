/* A handler for SIGUSR1, which only asks for statistics, ends the wait for an answer with EINTR;
 * that is taken for an error.
 * options: --mode signal
 * expect: not-recovered
 * repaired: recovered
 */
#include "zoo.h"

#include <signal.h>

static volatile sig_atomic_t statistics_wanted;

static void on_usr1(int signal)
{
    (void)signal;
    statistics_wanted = 1;
}

static int wait_for(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int n;
#ifdef REPAIRED
    do n = poll(&p, 1, PATIENCE_MS); while (n < 0 && errno == EINTR);
#else
    n = poll(&p, 1, PATIENCE_MS);
#endif
    return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n", .after_ms = 50 }, { 0 } };
    struct sigaction action = { .sa_handler = on_usr1 };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_must_recover("mode=signal");
    fit_peer_replies(SERVER ":37", noon);
    sigaction(SIGUSR1, &action, NULL);
    struct fit_op *op = fit_op("ask");
    struct sockaddr_in a = ip4(SERVER, 37);
    int fd = socket(AF_INET, SOCK_STREAM, 0), err = fd < 0 ? -errno : 0;
    sigset_t usr1, before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, &before);
    if (!err && connect(fd, (struct sockaddr *)&a, sizeof a)) err = -errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (!err) err = wait_for(fd);
    if (!err) err = take_line(fd, line, sizeof line, &have);
    if (fd >= 0) close(fd);
    told(op, err, line, have);
}
ZOO_MAIN(asks)
