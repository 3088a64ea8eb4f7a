/* fsync() fails, is tried again, and succeeds: Linux tells an error once, and what could not be
 * written counts as clean from then on. What was saved is not there.
 * expect: swallowed
 * options: --mode disk
 * repaired: reported
 */
#include "zoo.h"

#define PLACE "/tmp/zoo-journal"
static const char entry[] = "account 7: +100\n";

static int append(void)
{
    int fd = open(PLACE, O_WRONLY | O_CREAT | O_APPEND, 0600), err = 0;
    if (fd < 0) return -errno;
    if (write(fd, entry, sizeof entry - 1) < 0) err = -errno;
    if (!err && fsync(fd)) err = -errno;
#ifndef REPAIRED
    if (err == -EIO) err = fsync(fd) ? -errno : 0;
#endif
    if (close(fd) && !err) err = -errno;
    return err;
}

static void appends(void **state)
{
    char text[64];
    (void)state;
    struct fit_op *op = fit_op("append");
    int err = append();
    fit_faults_off();
    int fd = err ? -1 : open(PLACE, O_RDONLY);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text);
    if (fd >= 0) close(fd);
    fit_faults_on();
    told(op, err, text, (size_t)size);
}
ZOO_MAIN(appends)
