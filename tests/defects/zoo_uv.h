/* zoo_uv.h - zoo.h for programs on a libuv loop: the setup makes the loop, the test closes it.
 * (uv_loop_init() ends the program by design when it cannot make its first pipe.) */
#ifndef TESTS_DEFECTS_ZOO_UV_H
#define TESTS_DEFECTS_ZOO_UV_H

#include "zoo.h"

#include <uv.h>

static uv_loop_t loop;

static inline int setup(void **state)
{
    *state = &loop;
    return uv_loop_init(&loop);
}

#define ZOO_UV_MAIN(test)                                                            \
    int main(void)                                                                   \
    {                                                                                \
        const struct CMUnitTest tests[] = {                                          \
            cmocka_unit_test_setup_teardown(test, setup, NULL) };                    \
        return fit_run_group_tests(tests, NULL, NULL);                               \
    }

#endif
