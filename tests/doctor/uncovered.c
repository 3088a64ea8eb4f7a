/* A test that asks for a System V message queue, which nobody simulates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <sys/ipc.h>
#include <sys/msg.h>

static void asks_for_a_queue(void **state)
{
    (void)state;
    printf("stdio is no trouble\n");
    fflush(stdout);
    assert_int_equal(msgget(0x7a3f51c2, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(asks_for_a_queue) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
