/* What is sent depends on the processor's own counter, which is another one in every run.
 * expect: nondeterministic
 * repaired: reported
 */
#include "zoo.h"

static unsigned long counter(void)
{
#if defined(REPAIRED)
    return 1234;
#elif defined(__x86_64__)
    unsigned low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (unsigned long)high << 32;
#else
    unsigned long value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#endif
}

static void greets(void **state)
{
    static const struct fit_reply hello[] = { { .until = "\n" }, { 0 } };
    char line[40];
    (void)state;
    fit_peer_replies(SERVER ":7", hello);
    struct fit_op *op = fit_op("greet");
    int size = snprintf(line, sizeof line, "%lu\n", counter());
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : put(fd, line, (size_t)size);
    if (fd >= 0) close(fd);
    told(op, err, NULL, 0);
}
ZOO_MAIN(greets)
