/* Another program has the lock: the file that was opened for it stays open.
 * expect: leak-fd
 * options: --mode disk
 * symptom: zoo-lock
 * repaired: reported
 */
#include "zoo.h"

#include <sys/file.h>

#define PLACE "/tmp/zoo-lock"

/* A descriptor, or a negative errno. */
static int begin(void)
{
    int fd = open(PLACE, O_RDWR | O_CREAT, 0600);
    if (fd < 0) return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    int err = -errno;
#ifdef REPAIRED
    close(fd);
#endif
    return err;
}

static void begins(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("begin");
    int fd = begin();
    if (fd >= 0) close(fd);
    told(op, fd < 0 ? fd : 0, NULL, 0);
}
ZOO_MAIN(begins)
