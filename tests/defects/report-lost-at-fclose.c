/* A report is written by stdio, whose buffer is only emptied by fclose(). Nobody looks at what that
 * returns, so a full disk makes an empty report that counts as done.
 * expect: swallowed
 * options: --mode disk
 * repaired: reported
 */
#include "zoo.h"

#define REPORT "/tmp/zoo-report"

static int report(void)
{
    FILE *out = fopen(REPORT, "w");
    int err = 0;
    if (!out) return -errno;
    if (fprintf(out, "three of three done\n") < 0) err = -errno;
#ifdef REPAIRED
    if (fclose(out) && !err) err = -errno;
#else
    fclose(out);
#endif
    return err;
}

static void reports(void **state)
{
    char text[64];
    (void)state;
    struct fit_op *op = fit_op("report");
    int err = report();
    fit_faults_off();
    int fd = err ? -1 : open(REPORT, O_RDONLY);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text);
    if (fd >= 0) close(fd);
    fit_faults_on();
    told(op, err, text, (size_t)size);
}
ZOO_MAIN(reports)
