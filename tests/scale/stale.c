/* What a test allows and demands: one allowance that is needed, one that nothing needs any more,
 * one for a mode that is not tried, and a demand with a slip of the pen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>

static void pairs(void **state)
{
    int pair[2], spare;
    (void)state;
    fit_must_recover("dup:in=pears");
    fit_allow("leak-fd", "dup", NULL, "none is left any more");
    fit_allow("leak-fd", "mode=memory", NULL, "memory is scarce");
    fit_allow("leak-fd", "socketpair", NULL, "the spare one is kept");
    spare = dup(0);
    if (spare < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return;
    close(pair[0]);
    close(pair[1]);
    close(spare);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(pairs) };
    return fit_run_group_tests(tests, NULL, NULL);
}
