/* A peer on a host of its own needs the simulated kernel: this test has no result over the real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <faulttest.h>

static const struct fit_reply nothing[] = { { 0 } };

static void has_a_peer(void **state)
{
    (void)state;
    fit_peer_replies("origin.test:80", nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(has_a_peer) };
    return fit_run_group_tests(tests, NULL, NULL);
}
