/* event_base_new() can fail, but where it cannot make the descriptors for its signals libevent ends
 * the program by exit(1): its design, which its user cannot mend.
 * libs: libevent
 * options: --mode emfile
 * expect: none
 * repaired: reported recovered
 * allowed: library-abort
 */
#include "zoo.h"

#include <event2/event.h>

static void begins(void **state)
{
    struct fit_op *op = fit_op("base");
    int fd = open("/dev/null", O_RDONLY);        /* one more that can be missing */
    (void)state;
    if (fd < 0) {
        told(op, -errno, NULL, 0);
        return;
    }
    struct event_base *base = event_base_new();
    close(fd);
    told(op, base ? 0 : -ENOMEM, "begun", 5);
    if (!base) return;
    event_base_dispatch(base);
    event_base_free(base);
}
ZOO_MAIN(begins)
