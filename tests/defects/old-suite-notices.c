/* An ordinary CMocka group, as it was before anybody thought of faults: its assertions may fail
 * after one, which is what they are for. What is wrong is a file that is opened and not looked at.
 * contract: old
 * expect: crash
 * repaired: noticed
 */
#include "zoo.h"

static void reads_hosts(void **state)
{
    char line[200] = "";
    (void)state;
    FILE *f = fopen("/etc/hosts", "r");
#ifdef REPAIRED
    assert_non_null(f);
#endif
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    close(ends[1]);
}
int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reads_hosts) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
