/* A finished file is moved to its place by rename(), which cannot do that from one disk to another.
 * expect: not-recovered
 * options: --mode disk
 * repaired: recovered reported
 */
#include "zoo.h"
#include <sys/stat.h>

#define FROM "/tmp/zoo-work/picture"
#define TO "/tmp/zoo-done/picture"

static int make(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), err = 0;
    if (fd < 0) return -errno;
    ssize_t n = write(fd, bytes, size);
    if (n != (ssize_t)size) err = n < 0 ? -errno : -ENOSPC;
    if (close(fd) && !err) err = -errno;
    return err;
}

static ssize_t load(const char *path, char *bytes, size_t size)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0) return -errno;
    ssize_t n = read(fd, bytes, size);
    if (n < 0) n = -errno;
    close(fd);
    return n;
}

static int move(void)
{
    if (rename(FROM, TO) == 0) return 0;
#ifdef REPAIRED
    if (errno == EXDEV) {
        char bytes[64];
        ssize_t size = load(FROM, bytes, sizeof bytes);
        int err = size < 0 ? (int)size : make(TO, bytes, (size_t)size);
        if (!err && unlink(FROM)) err = -errno;
        return err;
    }
#endif
    return -errno;
}

static void moves(void **state)
{
    char text[64];
    (void)state;
    fit_must_recover("rename:error=EXDEV");
    fit_faults_off();
    mkdir("/tmp/zoo-work", 0700);
    mkdir("/tmp/zoo-done", 0700);
    assert_int_equal(make(FROM, "a picture", 9), 0);
    fit_faults_on();
    struct fit_op *op = fit_op("move");
    int err = move();
    fit_faults_off();
    ssize_t size = err ? 0 : load(TO, text, sizeof text);
    fit_faults_on();
    told(op, err, text, (size_t)size);
}
ZOO_MAIN(moves)
