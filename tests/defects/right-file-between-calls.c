/* No mistake: a real file is read line by line, with a call to the server after each line. Every
 * copy of the program has to read on from where it was, and all of it.
 * expect: none
 * repaired: reported recovered
 */
#include "zoo.h"

static int send_lines(FILE *f, int *lines, size_t *bytes)
{
    char line[200], answer[8];
    size_t have;
    int fd = dial(SERVER, 7), err = 0;
    if (fd < 0) return fd;
    while (!err && fgets(line, sizeof line, f)) {
        ++*lines;
        *bytes += strlen(line);
        err = put(fd, "next\n", 5);
        if (!err) err = take_line(fd, answer, sizeof answer, &have);
    }
    close(fd);
    return err;
}

static void talk(int fd, void *arg)
{
    char line[8];
    size_t have;
    (void)arg;
    while (take_line(fd, line, sizeof line, &have) == 0)
        if (put(fd, "go on\n", 6)) return;
}
static void sends(void **state)
{
    char result[64];
    int lines = 0;
    size_t bytes = 0;
    (void)state;
    fit_options("--mode partial,emfile,callback");
    fit_peer(SERVER ":7", talk, NULL);
    struct fit_op *op = fit_op("send");
    FILE *f = fopen("/etc/passwd", "r");
    int err = f ? send_lines(f, &lines, &bytes) : -errno;
    if (f) {
        if (!err) assert_int_equal((long)bytes, ftell(f));
        fclose(f);
    }
    int size = snprintf(result, sizeof result, "%d lines, %zu bytes", lines, bytes);
    told(op, err, result, (size_t)size);
}
ZOO_MAIN(sends)
