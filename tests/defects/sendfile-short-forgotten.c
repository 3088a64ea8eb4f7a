/* sendfile() to a socket sends as much as there is room for, and says how much. This server does
 * not ask: whoever downloads gets the first half of the file.
 * expect: swallowed
 * options: --mode partial
 * repaired: recovered
 */
#include "zoo.h"

#include <sys/sendfile.h>

struct store { char bytes[64]; size_t have; };

static void keeps(int fd, void *arg)
{
    struct store *s = arg;
    ssize_t n;
    while ((n = read(fd, s->bytes + s->have, sizeof s->bytes - s->have)) > 0) s->have += (size_t)n;
}
static int send_file(int fd, int file, size_t size)
{
    while (size) {
        ssize_t n = sendfile(fd, file, NULL, size);
        int err = n < 0 && errno == EAGAIN ? await(fd, POLLOUT) : n < 0 ? -errno : 0;
        if (err || n == 0) return err ? err : -EIO;
        if (n > 0) size -= (size_t)n;
#ifndef REPAIRED
        if (n > 0) break;
#endif
    }
    return 0;
}
static void uploads(void **state)
{
    static struct store s;
    char end;
    (void)state;
    s.have = 0;
    fit_faults_off();
    int file = open("/tmp/zoo-page", O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(file, "twenty bytes of text", 20), 20);
    lseek(file, 0, SEEK_SET);
    fit_faults_on();
    fit_peer(SERVER ":9", keeps, &s);
    struct fit_op *op = fit_op("upload");
    int fd = dial(SERVER, 9), err = fd < 0 ? fd : send_file(fd, file, 20);
    if (!err && shutdown(fd, SHUT_WR) < 0) err = -errno;
    if (!err) err = (int)take(fd, &end, 1);      /* until it has all */
    if (fd >= 0) close(fd);
    close(file);
    told(op, err, s.bytes, s.have);
}
ZOO_MAIN(uploads)
