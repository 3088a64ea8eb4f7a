/* A client that writes down why an answer failed, and forgets its connection when that cannot be
 * written down either. It takes two faults: one that fails the answer, and one for the log.
 * expect: leak-fd
 * faults: 2
 * repaired: reported recovered
 */
#include "zoo.h"

static int write_down(int why)
{
    int log = open("failures.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0) return -errno;
    dprintf(log, "%s\n", strerror(-why));
    close(log);
    return why;
}

static int ask(char *answer, size_t size, size_t *have)
{
    int fd = dial(SERVER, 7), err, logged = 0;
    if (fd < 0) return fd;
    err = put(fd, "TIME\n", 5);
    if (!err) err = take_line(fd, answer, size, have);
    if (err) logged = write_down(err);
#ifdef REPAIRED
    (void)logged;
#else
    if (logged != err) return logged;
#endif
    close(fd);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .until = "TIME\n", .send = "12:00\n" }, { 0 } };
    char answer[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    int err = ask(answer, sizeof answer, &have);
    told(op, err, answer, have);
}
ZOO_MAIN(asks)
