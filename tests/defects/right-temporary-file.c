/* No mistake: work goes through an unlinked temporary file, which is read back after each call to
 * the server; its offset and its content are each copy's own. Locks, sizes and times, too.
 * expect: none
 * repaired: reported recovered
 */
#include "zoo.h"
#include <sys/file.h>
#include <sys/stat.h>

static int scratch(void)
{
    char name[] = "/tmp/zoo-XXXXXX";
    int fd = mkstemp(name);
    if (fd < 0) return -errno;
    unlink(name);
    return fd;
}

static int fill(int file, int fd)
{
    char answer[8], back[16];
    size_t have;
    struct stat st;
    for (int round = 1; round <= 4; round++) {
        int err = put(fd, "next\n", 5);
        if (!err) err = take_line(fd, answer, sizeof answer, &have);
        if (err) return err;
        assert_int_equal(flock(file, LOCK_EX | LOCK_NB), 0);
        assert_int_equal(write(file, "abc", 3), 3);
        assert_int_equal(fstat(file, &st), 0);
        assert_int_equal(st.st_size, 3 * round);
        assert_int_equal(pread(file, back, sizeof back, 0), 3 * round);
        assert_int_equal(lseek(file, 0, SEEK_CUR), 3 * round);
    }
    assert_int_equal(ftruncate(file, 5), 0);
    return 0;
}

static void talk(int fd, void *arg)
{
    char line[8];
    size_t have;
    (void)arg;
    while (take_line(fd, line, sizeof line, &have) == 0)
        if (put(fd, "go on\n", 6)) return;
}

static void fills(void **state)
{
    char text[16];
    (void)state;
    fit_options("--mode timeout,partial,emfile,callback");
    fit_peer(SERVER ":7", talk, NULL);
    struct fit_op *op = fit_op("fill");
    int file = scratch(), size = 0;
    int fd = file < 0 ? file : dial(SERVER, 7);
    int err = fd < 0 ? fd : fill(file, fd);
    if (fd >= 0) close(fd);
    if (!err) size = (int)pread(file, text, sizeof text, 0);
    if (file >= 0) close(file);
    told(op, err, text, (size_t)size);
}
ZOO_MAIN(fills)
