/* A strict test that asserts what holds only while nothing goes wrong. The repaired one hands the
 * outcome over and asserts only what must hold always.
 * expect: assertion
 * repaired: reported
 */
#include "zoo.h"

static int ask(char *line, size_t size, size_t *have)
{
    int fd = dial(SERVER, 7), err;
    if (fd < 0) return fd;
    err = take_line(fd, line, size, have);
    close(fd);
    return err;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
#ifdef REPAIRED
    struct fit_op *op = fit_op("ask");
    int err = ask(line, sizeof line, &have);
    told(op, err, line, have);
    assert_true(have <= sizeof line);
#else
    assert_int_equal(ask(line, sizeof line, &have), 0);
#endif
}
ZOO_MAIN(asks)
