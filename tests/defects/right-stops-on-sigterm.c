/* A loop that SIGTERM stops in order: the handler writes to a pipe that the loop watches, and what
 * had begun is told that it was stopped.
 * options: --mode signal --extended
 * expect: none
 * repaired: reported
 */
#include "zoo.h"

#include <signal.h>

static int wake[2];

static void on_term(int signal)
{
    int saved = errno;
    (void)signal;
    if (write(wake[1], "t", 1) < 0) abort();
    errno = saved;
}

static int wait_for_line(int fd, char *line, size_t size, size_t *have)
{
    struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = wake[0], .events = POLLIN } };
    int n;
    do n = poll(p, 2, PATIENCE_MS); while (n < 0 && errno == EINTR);
    if (n < 0) return -errno;
    if (p[1].revents) return -ECANCELED;
    return n == 0 ? -ETIMEDOUT : take_line(fd, line, size, have);
}

static void serves(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n", .after_ms = 50 }, { 0 } };
    struct sigaction action = { .sa_handler = on_term, .sa_flags = SA_RESTART };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":37", noon);
    assert_int_equal(pipe(wake), 0);
    struct fit_op *op = fit_op("ask");
    sigaction(SIGTERM, &action, NULL);
    int fd, err;
    do fd = dial(SERVER, 37); while (fd == -EINTR);
    err = fd < 0 ? fd : wait_for_line(fd, line, sizeof line, &have);
    if (fd >= 0) close(fd);
    signal(SIGTERM, SIG_DFL);
    close(wake[0]);
    close(wake[1]);
    told(op, err, line, have);
}
ZOO_MAIN(serves)
