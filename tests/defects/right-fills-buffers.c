/* No mistake: more is written than fits between the two sides, so that writes come short and block
 * without any fault, and the other side reads slowly.
 * expect: none
 * options: --mode partial,callback,reset
 * repaired: reported recovered
 */
#include "zoo.h"

enum { SIZE = 3 << 20 };

static void slow_reader(int fd, void *arg)
{
    static char chunk[1 << 16];
    size_t *total = arg;
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        *total += (size_t)n;
        usleep(100);
    }
    (void)!write(fd, "got it\n", 7);
}
static int upload(const char *bytes, size_t size)
{
    char answer[16];
    size_t have;
    int fd = dial(SERVER, 9), err;
    if (fd < 0) return fd;
    err = put(fd, bytes, size);
    if (!err && shutdown(fd, SHUT_WR)) err = -errno;
    if (!err) err = take_line(fd, answer, sizeof answer, &have);
    close(fd);
    return err;
}

static void uploads(void **state)
{
    static char bytes[SIZE];
    static size_t total;
    (void)state;
    total = 0;
    memset(bytes, 'x', sizeof bytes);
    fit_peer(SERVER ":9", slow_reader, &total);
    struct fit_op *op = fit_op("upload");
    int err = upload(bytes, sizeof bytes);
    told(op, err, &total, sizeof total);
}
ZOO_MAIN(uploads)
