/* send() may take less than it was given. This client ignores how much, says that it has finished,
 * and tells success; the server has half an upload.
 * expect: swallowed
 * options: --mode partial
 * repaired: recovered
 */
#include "zoo.h"

struct store { char bytes[64]; size_t have; };

static void store_session(int fd, void *arg)
{
    struct store *s = arg;
    ssize_t n;
    while ((n = read(fd, s->bytes + s->have, sizeof s->bytes - s->have)) > 0) s->have += (size_t)n;
    if (write(fd, "stored\n", 7) < 0) s->have = 0;
}
static int upload(const char *bytes, size_t size)
{
    char answer[16];
    size_t have;
    int fd = dial(SERVER, 9), err;
    if (fd < 0) return fd;
#ifdef REPAIRED
    err = put(fd, bytes, size);
#else
    err = send(fd, bytes, size, MSG_NOSIGNAL) < 0 && errno != EAGAIN ? -errno : 0;
#endif
    if (!err && shutdown(fd, SHUT_WR) < 0) err = -errno;
    if (!err) err = take_line(fd, answer, sizeof answer, &have);
    close(fd);
    return err;
}

static void uploads(void **state)
{
    static struct store s;
    (void)state;
    s.have = 0;
    fit_peer(SERVER ":9", store_session, &s);
    struct fit_op *op = fit_op("upload");
    int err = upload("twenty bytes of text", 20);
    told(op, err, s.bytes, s.have);
}
ZOO_MAIN(uploads)
