/* A child process is not simulated: such a test has no result, and says so.
 * expect: unsupported
 * repaired: reported
 */
#include "zoo.h"

#include <sys/wait.h>

static void forks(void **state)
{
    int ends[2];
    (void)state;
    struct fit_op *op = fit_op("pipe");
    int err = pipe(ends) < 0 ? -errno : 0;
    if (!err) {
#ifndef REPAIRED
        pid_t child = fork();
        if (child == 0) _exit(0);
        waitpid(child, NULL, 0);
#endif
        close(ends[0]);
        close(ends[1]);
    }
    told(op, err, NULL, 0);
}
ZOO_MAIN(forks)
