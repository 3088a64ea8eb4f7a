/* SIGTERM leaves the loop by siglongjmp() from its handler, wherever the program is: what the
 * callback at work there holds is lost.
 * options: --mode signal
 * expect: leak-fd
 * repaired: reported
 */
#include "zoo.h"

#include <signal.h>

static sigjmp_buf out_of_loop;
static volatile sig_atomic_t stop;

static void on_term(int signal)
{
    (void)signal;
    stop = 1;
#ifndef REPAIRED
    siglongjmp(out_of_loop, 1);
#endif
}

/* One round of the service: holds a connection while it waits for its answer. */
static int on_tick(struct fit_op *op)
{
    char line[32];
    size_t have = 0;
    int fd = dial(SERVER, 37), err = fd < 0 ? fd : 0;
    while (!err && (err = take_line(fd, line, sizeof line, &have)) == -EINTR && !stop) { }
    if (fd >= 0) close(fd);
    told(op, err, line, have);
    return err;
}

static void ticks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n", .after_ms = 50 }, { 0 } };
    struct sigaction action = { .sa_handler = on_term };
    (void)state;
    fit_peer_replies(SERVER ":37", noon);
    struct fit_op *op = fit_op("tick");
    sigaction(SIGTERM, &action, NULL);
    if (sigsetjmp(out_of_loop, 1) == 0) on_tick(op);
    else fit_op_failed(op, ECANCELED, "stopped", NULL);
    signal(SIGTERM, SIG_DFL);
}
ZOO_MAIN(ticks)
