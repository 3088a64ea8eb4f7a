/* No mistake: what libc keeps for each thread (character classes, the locale, error texts, errno)
 * is used on libuv's pool, and static thread-local memory is there, too.
 * expect: none
 * libs: libuv
 * repaired: reported
 */
#include "zoo_uv.h"

#include <ctype.h>
#include <locale.h>

struct job { uv_work_t work; char text[120]; };

static _Thread_local unsigned calls;
static _Thread_local char scratch[64] = "start";

static void on_work(uv_work_t *w)
{
    struct job *j = w->data;
    double value;
    int letters = 0;
    calls++;
    for (const char *p = "one 2 three"; *p; p++) letters += isalpha((unsigned char)*p) != 0;
    value = strtod("2.5e1", NULL);
    errno = 0;
    strtol("99999999999999999999999", NULL, 10);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(scratch[0], 's');
    snprintf(j->text, sizeof j->text, "%d %.1f %s %c %zu", letters, value, strerror(ECONNRESET),
             toupper('x'), strlen(localeconv()->decimal_point));
}
static void on_worked(uv_work_t *w, int status)
{
    assert_int_equal(status, 0);
    assert_non_null(w->data);
}

static void works(void **state)
{
    static struct job jobs[6];
    (void)state;
    struct fit_op *op = fit_op("work");
    for (int i = 0; i < 6; i++) {
        jobs[i].work.data = &jobs[i];
        assert_int_equal(uv_queue_work(&loop, &jobs[i].work, on_work, on_worked), 0);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    for (int i = 1; i < 6; i++) assert_string_equal(jobs[i].text, jobs[0].text);
    int err = -FAULT_POINT("result", EBUSY);
    told(op, err, jobs[0].text, strlen(jobs[0].text));
}
ZOO_UV_MAIN(works)
