/* A disk that becomes full takes the first part of a write, and says so. The rest is forgotten.
 * expect: swallowed
 * options: --mode disk
 * repaired: reported
 */
#include "zoo.h"

#define PLACE "/tmp/zoo-store"

static char block[20000], back[sizeof block];

static int store(void)
{
    size_t done = 0;
    int fd = open(PLACE, O_WRONLY | O_CREAT | O_TRUNC, 0600), err = 0;
    if (fd < 0) return -errno;
    while (done < sizeof block && !err) {
        ssize_t n = write(fd, block + done, sizeof block - done);
        if (n < 0) err = -errno;
        else done += (size_t)n;
#ifndef REPAIRED
        break;
#endif
    }
    if (close(fd) && !err) err = -errno;
    return err;
}

static void stores(void **state)
{
    (void)state;
    memset(block, 'x', sizeof block);
    struct fit_op *op = fit_op("store");
    int err = store();
    fit_faults_off();
    int fd = err ? -1 : open(PLACE, O_RDONLY);
    ssize_t size = fd < 0 ? 0 : read(fd, back, sizeof back);
    if (fd >= 0) close(fd);
    fit_faults_on();
    told(op, err, back, (size_t)size);
}
ZOO_MAIN(stores)
