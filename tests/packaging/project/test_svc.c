/* An ordinary CMocka test of the service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "svc.h"

struct outcome {
    int calls, err;
    char got[SVC_TEXT_MAX];
};

static void done(int err, const char *got, size_t size, void *arg)
{
    struct outcome *o = arg;
    o->calls++;
    o->err = err;
    if (!err) memcpy(o->got, got, size);
}

static void copies(void **state)
{
    struct outcome o = { 0 };
    uv_loop_t loop;
    int err = uv_loop_init(&loop);
    (void)state;
    if (err) return;
    err = svc_copy(&loop, "one text of thirty-three letters.", done, &o);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(o.calls, err ? 0 : 1);
    if (!err && !o.err) assert_string_equal(o.got, "one text of thirty-three letters.");
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(copies) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
