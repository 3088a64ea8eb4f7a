/* copy_file_range() may copy less than it was asked for. What is missing is never copied.
 * expect: swallowed
 * options: --mode disk
 * repaired: recovered reported
 */
#include "zoo.h"

#define FROM "/tmp/zoo-original"
#define TO "/tmp/zoo-copy"

static char block[20000], back[sizeof block];

static int copy_all(int in, int out)
{
    size_t left = sizeof block;
    ssize_t n;
    do {
        n = copy_file_range(in, NULL, out, NULL, left, 0);
        if (n > 0) left -= (size_t)n;
#ifndef REPAIRED
        break;
#endif
    } while (n > 0 && left);
    return n < 0 ? -errno : 0;
}

static int copy(void)
{
    int in = open(FROM, O_RDONLY), out = -1, err = in < 0 ? -errno : 0;
    if (!err && (out = open(TO, O_WRONLY | O_CREAT | O_TRUNC, 0600)) < 0) err = -errno;
    if (!err) err = copy_all(in, out);
    if (in >= 0) close(in);
    if (out >= 0 && close(out) && !err) err = -errno;
    return err;
}

static void copies(void **state)
{
    (void)state;
    fit_faults_off();
    memset(block, 'x', sizeof block);
    int fd = open(FROM, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, block, sizeof block), sizeof block);
    close(fd);
    fit_faults_on();
    struct fit_op *op = fit_op("copy");
    int err = copy();
    fit_faults_off();
    fd = err ? -1 : open(TO, O_RDONLY);
    ssize_t size = fd < 0 ? 0 : read(fd, back, sizeof back);
    if (fd >= 0) close(fd);
    fit_faults_on();
    told(op, err, back, (size_t)size);
}
ZOO_MAIN(copies)
