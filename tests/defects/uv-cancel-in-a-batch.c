/* Jobs whose time has come are gathered by their timers, and done together before the loop waits
 * again. One that is cancelled between the two is told so and stays among them: its caller is
 * told a second time.
 * expect: callback-late
 * libs: libuv
 * options: --mode cancel --extended
 * repaired: reported
 */
#include "zoo_uv.h"

enum { JOBS = 2 };

static struct job { uv_timer_t timer; struct fit_op *op; int ready; } jobs[JOBS];
static uv_prepare_t prepare;

static void on_timer(uv_timer_t *timer) { ((struct job *)timer->data)->ready = 1; }

static void end(struct job *job, int err)
{
    if (!uv_is_closing((uv_handle_t *)&job->timer)) uv_close((uv_handle_t *)&job->timer, NULL);
    told(job->op, err, "done", 4);
}
static void on_prepare(uv_prepare_t *handle)
{
    int left = 0;
    for (struct job *job = jobs; job < jobs + JOBS; job++) {
        if (job->ready) end(job, 0);
        job->ready = 0;
        left += !uv_is_closing((uv_handle_t *)&job->timer);
    }
    if (!left) uv_close((uv_handle_t *)handle, NULL);
}
static void job_cancel(struct job *job)
{
    if (uv_is_closing((uv_handle_t *)&job->timer)) return;
#ifdef REPAIRED
    job->ready = 0;
#endif
    end(job, UV_ECANCELED);
}
static void does_jobs(void **state)
{
    (void)state;
    memset(jobs, 0, sizeof jobs);
    uv_prepare_init(&loop, &prepare);
    uv_prepare_start(&prepare, on_prepare);
    for (struct job *job = jobs; job < jobs + JOBS; job++) {
        job->op = fit_op("job");
        job->timer.data = job;
        uv_timer_init(&loop, &job->timer);
        uv_timer_start(&job->timer, on_timer, 10, 0);
        fit_on_cancel(job->op, job_cancel, job);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(does_jobs)
