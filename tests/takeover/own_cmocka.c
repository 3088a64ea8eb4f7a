/* Stands for a CMocka that is linked statically: the program has the runner in itself. */
#include <stddef.h>

struct CMUnitTest;
int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                            int (*setup)(void **), int (*teardown)(void **));

int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                            int (*setup)(void **), int (*teardown)(void **))
{
    return !name || !tests || !count || setup || teardown;
}

int main(void)
{
    return _cmocka_run_group_tests("tests", NULL, 0, NULL, NULL);
}
