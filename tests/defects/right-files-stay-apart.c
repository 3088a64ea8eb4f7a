/* No mistake: a journal is written, renamed and read back, with calls to the server in between.
 * Each copy of the program must find its own files as it left them, and no other's: neither those
 * of an earlier case nor of the run that it was split off. The real disk must see none of it.
 * expect: none
 * repaired: reported recovered
 */
#include "zoo.h"
#include <dirent.h>
#include <sys/stat.h>

#define FOLDER "/tmp/zoo-journal"

static int append(const char *name, const char *text)
{
    FILE *f = fopen(name, "a");
    if (!f) return -errno;
    int err = fputs(text, f) < 0 ? -errno : 0;
    if (fclose(f) && !err) err = -errno;
    return err;
}

static int entries(void)
{
    int count = 0;
    DIR *dir = opendir(FOLDER);
    if (!dir) return -errno;
    while (readdir(dir)) count++;
    closedir(dir);
    return count - 2;
}

static int exchange(int fd, const char *line)
{
    char answer[8];
    size_t have;
    int err = put(fd, line, strlen(line));
    return err ? err : take_line(fd, answer, sizeof answer, &have);
}

static int journal(int fd)
{
    int err = append(FOLDER "/new", "begun\n");
    if (!err) err = exchange(fd, "begin\n");
    if (!err) err = append(FOLDER "/new", "done\n");
    if (!err && rename(FOLDER "/new", FOLDER "/old")) err = -errno;
    if (!err) err = exchange(fd, "end\n");
    return err;
}

static int read_back(char *text, int room)
{
    int fd = open(FOLDER "/old", O_RDONLY);
    if (fd < 0) return -errno;
    int size = (int)read(fd, text, (size_t)room);
    close(fd);
    return size;
}

static void talk(int fd, void *arg)
{
    char line[8];
    size_t have;
    (void)arg;
    while (take_line(fd, line, sizeof line, &have) == 0)
        if (put(fd, "go on\n", 6)) return;
}

static void keeps(void **state)
{
    char text[64] = "";
    (void)state;
    fit_options("--mode timeout,partial,emfile,callback");
    fit_peer(SERVER ":7", talk, NULL);
    assert_int_equal(mkdir(FOLDER, 0700), 0);        /* nobody else made it, ever */
    struct fit_op *op = fit_op("journal");
    int fd = dial(SERVER, 7), size = 0;
    int err = fd < 0 ? fd : journal(fd);
    if (fd >= 0) close(fd);
    if (!err) size = read_back(text, sizeof text);
    if (size < 0) err = size;
    if (!err) assert_string_equal(text, "begun\ndone\n");
    int left = entries();
    if (left >= 0) assert_in_range(left, 0, 1);
    told(op, err, text, err ? 0 : (size_t)size);
}
ZOO_MAIN(keeps)
