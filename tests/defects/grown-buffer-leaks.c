/* A buffer that grows with what arrives; when the connection breaks before the end of the line,
 * the function returns and forgets what it had.
 * expect: leak-memory
 * repaired: reported
 */
#include "zoo.h"

static int take_text(int fd, char **text, size_t *have)
{
    char *buffer = NULL, *more;
    size_t room = 0;
    ssize_t n;
    for (*have = 0; !*have || buffer[*have - 1] != '\n'; *have += (size_t)n) {
        if (*have == room) {
            room = room ? room * 2 : 8;
            more = realloc(buffer, room);
            if (!more) {
                free(buffer);
                return -ENOMEM;
            }
            buffer = more;
        }
        n = take(fd, buffer + *have, room - *have);
        if (n <= 0) {
#ifdef REPAIRED
            free(buffer);
#endif
            return n ? (int)n : -ECONNRESET;
        }
    }
    *text = buffer;
    return 0;
}

static void takes(void **state)
{
    static const struct fit_reply long_line[] = { { .send = "a line longer than eight\n" }, { 0 } };
    char *text = NULL;
    size_t have = 0;
    (void)state;
    fit_peer_replies(SERVER ":7", long_line);
    struct fit_op *op = fit_op("take");
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : take_text(fd, &text, &have);
    if (fd >= 0) close(fd);
    told(op, err, text, err ? 0 : have);
    free(text);
}
ZOO_MAIN(takes)
