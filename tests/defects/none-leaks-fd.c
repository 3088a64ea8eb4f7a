/* A test that passes and never closes what it opened.
 * expect: leak-fd
 * without-fault: leak-fd
 * repaired: reported
 */
#include "zoo.h"

static void opens(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("open");
    int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
    told(op, fd < 0 ? -errno : 0, NULL, 0);
#ifdef REPAIRED
    if (fd >= 0) close(fd);
#endif
}
ZOO_MAIN(opens)
