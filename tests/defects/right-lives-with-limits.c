/* A program that cannot be surprised by limits: it ignores SIGXFSZ and sees EFBIG, it does without
 * calls that a machine does not have, and waits for locks although signals come.
 * expect: none
 * options: --mode disk --extended
 * repaired: reported recovered
 */
#include "zoo.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#define PLACE "/tmp/zoo-limits"

static void on_signal(int number) { (void)number; }

static int size_of(const char *path, off_t *size)
{
    struct statx x;
    struct stat st;
    int err = 0;
    if (!statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &x)) *size = (off_t)x.stx_size;
    else if (errno != ENOSYS) err = -errno;
    else if (stat(path, &st)) err = -errno;
    else *size = st.st_size;
    return err;
}

/* Locked, with room for 10000 bytes, of which the first are there. */
static int prepare(int fd)
{
    int err;
    do err = flock(fd, LOCK_EX) ? -errno : 0;
    while (err == -EINTR);
    while (!err && fallocate(fd, 0, 0, 10000)) {
        if (errno == EINTR) continue;
        if (errno != EOPNOTSUPP && errno != ENOSYS) err = -errno;
        else if (ftruncate(fd, 10000)) err = -errno;
        break;
    }
    if (!err && pwrite(fd, "begun", 5, 0) != 5) err = -errno;
    if (!err && fdatasync(fd)) err = -errno;
    return err;
}

static void prepares(void **state)
{
    off_t size = 0;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_signal }, NULL);
    struct fit_op *op = fit_op("prepare");
    int fd = open(PLACE, O_RDWR | O_CREAT | O_TRUNC, 0600), err = fd < 0 ? -errno : prepare(fd);
    if (fd >= 0 && close(fd) && !err) err = -errno;
    if (!err) err = size_of(PLACE, &size);
    told(op, err, &size, sizeof size);
    signal(SIGTERM, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
}
ZOO_MAIN(prepares)
