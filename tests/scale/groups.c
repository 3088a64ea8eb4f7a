/* Two groups with one name and a test of one name, as two files of a suite may have them: the
 * second leaks where the first does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include <faulttest.h>

static int leaks;

static void opens(void **state)
{
    int first = epoll_create1(0), second = epoll_create1(0);
    (void)state;
    if (first >= 0 && (second >= 0 || !leaks))
        close(first);
    if (second >= 0)
        close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(opens) };
    int failed = fit_run_group_tests(tests, NULL, NULL);
    leaks = 1;
    return failed + fit_run_group_tests(tests, NULL, NULL);
}
