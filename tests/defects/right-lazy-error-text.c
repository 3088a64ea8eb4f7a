/* No mistake: a buffer for error texts is made at the first error and kept for the next. It is
 * still pointed to at the end, which is no leak.
 * expect: none
 * repaired: reported
 */
#include "zoo.h"

static char *last_error;

static const char *error_text(int err)
{
    if (!last_error) last_error = malloc(200);
    if (!last_error) return "out of memory";
    snprintf(last_error, 200, "asking failed: %s", strerror(-err));
    return last_error;
}

static void asks(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    char line[32];
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("ask");
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : take_line(fd, line, sizeof line, &have);
    if (fd >= 0) close(fd);
    if (err) fit_op_failed(op, -err, error_text(err), NULL);
    else     fit_op_succeeded(op, line, have);
}
ZOO_MAIN(asks)
