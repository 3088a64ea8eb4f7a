/* The configuration file is always there, so nobody looks at what fopen() returned. With a full
 * descriptor table that is NULL.
 * expect: crash
 * repaired: reported
 */
#include "zoo.h"

static int first_line(const char *path, char *line, int size)
{
    FILE *f = fopen(path, "r");
#ifdef REPAIRED
    if (!f) return -errno;
#endif
    if (!fgets(line, size, f)) line[0] = 0;
    int err = ferror(f) ? -EIO : 0;
    fclose(f);
    return err;
}

static void reads(void **state)
{
    char line[200] = "";
    (void)state;
    struct fit_op *op = fit_op("read");
    int err = first_line("/etc/passwd", line, sizeof line);
    told(op, err, line, strlen(line));
}
ZOO_MAIN(reads)
