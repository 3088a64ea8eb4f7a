/* A disk has a block that cannot be read. Linux gives what stands before it, and the error only to
 * the next read, for which nobody asks: half a file is taken for the whole.
 * expect: swallowed
 * options: --mode disk
 * symptom: told success by
 * repaired: reported
 */
#include "zoo.h"

#define PLACE "/tmp/zoo-archive"

static char text[20000], whole[sizeof text];

/* Bytes read, or a negative errno. */
static ssize_t load(void)
{
    ssize_t have = 0, n = 1;
    int fd = open(PLACE, O_RDONLY);
    if (fd < 0) return -errno;
#ifdef REPAIRED
    while (n > 0) {
        n = read(fd, text + have, sizeof text - (size_t)have);
        if (n > 0) have += n;
    }
#else
    have = n = read(fd, text, sizeof text);
#endif
    if (n < 0) have = -errno;
    close(fd);
    return have;
}

static void loads(void **state)
{
    (void)state;
    fit_faults_off();
    memset(whole, 'x', sizeof whole);
    int fd = open(PLACE, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, whole, sizeof whole), sizeof whole);
    close(fd);
    fit_faults_on();
    struct fit_op *op = fit_op("load");
    ssize_t size = load();
    told(op, size < 0 ? (int)size : 0, text, size < 0 ? 0 : (size_t)size);
}
ZOO_MAIN(loads)
