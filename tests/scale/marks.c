/* Two rare paths: one is taken when a read is short, the other never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include <faulttest.h>
#include <faulttest/point.h>

static void opens(void **state)
{
    int fd = epoll_create1(0);
    (void)state;
    if (fd == -1)
        FAULT_MARK("word/failed");
    if (fd == -2)
        FAULT_MARK("word/never");
    if (fd >= 0)
        close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(opens) };
    return fit_run_group_tests(tests, NULL, NULL);
}
