/* One label at the end closes everything, also what could not be opened: close(-1).
 * expect: bad-close
 * repaired: reported
 */
#include "zoo.h"

static int two_pipes(void)
{
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err = 0;
    if (pipe(in) < 0 || pipe(out) < 0) err = -errno;
    for (int i = 0; i < 2; i++) {
#ifdef REPAIRED
        if (in[i] >= 0) close(in[i]);
        if (out[i] >= 0) close(out[i]);
#else
        close(in[i]);
        close(out[i]);
#endif
    }
    return err;
}

static void opens(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("open");
    told(op, two_pipes(), NULL, 0);
}
ZOO_MAIN(opens)
