/* No mistake: the server closes while the client writes its last words and closes, too. Whether the
 * server still hears them is no matter to the client.
 * expect: none
 * repaired: reported
 */
#include "zoo.h"

static int greet(void)
{
    char line[32];
    size_t have;
    int fd = dial(SERVER, 7), err;
    if (fd < 0) return fd;
    err = take_line(fd, line, sizeof line, &have);
    if (!err) {
        (void)!send(fd, "bye\n", 4, MSG_NOSIGNAL);
        shutdown(fd, SHUT_RDWR);
    }
    close(fd);
    return err;
}

static void greets(void **state)
{
    static const struct fit_reply hello[] = { { .send = "hello\n" }, { 0 } };
    (void)state;
    fit_peer_replies(SERVER ":7", hello);
    struct fit_op *op = fit_op("greet");
    int err = greet();
    told(op, err, NULL, 0);
}
ZOO_MAIN(greets)
