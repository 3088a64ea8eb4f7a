/* "It is not there, so make it": somebody else does so in between, and the service does not start.
 * expect: not-recovered
 * options: --mode disk
 * repaired: recovered reported
 */
#include "zoo.h"
#include <sys/stat.h>

#define FOLDER "/tmp/zoo-spool"

static int prepare(void)
{
    struct stat st;
#ifdef REPAIRED
    if (mkdir(FOLDER, 0700) == 0) return 0;
    if (errno != EEXIST) return -errno;
    return stat(FOLDER, &st) ? -errno : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
#else
    if (stat(FOLDER, &st) == 0) return 0;
    return mkdir(FOLDER, 0700) ? -errno : 0;
#endif
}

static void prepares(void **state)
{
    (void)state;
    fit_must_recover("mkdir:error=EEXIST");
    struct fit_op *op = fit_op("prepare");
    told(op, prepare(), NULL, 0);
}
ZOO_MAIN(prepares)
