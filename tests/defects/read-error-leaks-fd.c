/* A client that closes its connection only after a good answer: the early return on a failed or
 * ended read forgets it.
 * expect: leak-fd
 * repaired: reported
 */
#include "zoo.h"

static int ask(char *answer, size_t size, size_t *have)
{
    int fd = dial(SERVER, 7), err;
    if (fd < 0) return fd;
    if ((err = put(fd, "TIME\n", 5)) != 0) goto out;
    err = take_line(fd, answer, size, have);
#ifndef REPAIRED
    if (err) return err;
#endif
out:
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
