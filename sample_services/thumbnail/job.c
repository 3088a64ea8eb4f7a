/* job.c - the steps of one job: download, scale, upload; retries; and its end.
 *
 * One timer, `wake`, serves all that is due later: the end of a pause (nothing is running then),
 * the time limit of an attempt (a transfer is running), the end of the job (`ending`). All steps
 * are taken from callbacks of the loop, never from within one of curl's, so that a transfer may be
 * stopped at any of them. The user is told last, when every handle is closed. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fi/point.h"
#include "image.h"
#include "transfer.h"

enum { BOX_MAX = 10000 };

struct thumbnail_job {
    struct thumbnail_service *service;
    TAILQ_ENTRY(thumbnail_job) link;
    unsigned long number;
    struct target from, to;
    thumbnail_done *done;
    void *arg;

    uv_timer_t wake, deadline;
    unsigned open;                       /* of these two */
    bool ending;                         /* the outcome stands: `error`, or success */

    bool uploading;                      /* which transfer it is or will be */
    unsigned attempt;                    /* of this transfer */
    struct transfer transfer;
    struct buffer source;

    uv_work_t work;
    bool working;
    struct scaling scaling;
    struct thumbnail_error error;        /* the latest failure */
    struct thumbnail_result result;
};

/* ---- The end ---------------------------------------------------------------------------- */

static void source_free(struct thumbnail_job *job)
{
    size_t held = job->source.size;

    buffer_free(&job->source);
    service_release(job->service, held);
}

static void job_free(struct thumbnail_job *job)
{
    scaling_free(&job->scaling);
    target_free(&job->from);
    target_free(&job->to);
    free(job);
}

static void on_closed(uv_handle_t *handle)
{
    struct thumbnail_job *job = handle->data;
    struct thumbnail_service *service = job->service;

    if (--job->open > 0) return;
    if (job->error.code) job->done(job, &job->error, NULL, job->arg);
    else job->done(job, NULL, &job->result, job->arg);
    TAILQ_REMOVE(&service->jobs, job, link);
    service->job_count--;
    job_free(job);
    service_drained(service);
}

/* Releases what can be released now; comes again when the thread pool has returned. */
static void tear_down(struct thumbnail_job *job)
{
    assert(job->ending);
    transfer_stop(&job->transfer);
    if (job->working || uv_is_closing((uv_handle_t *)&job->wake)) return;
    source_free(job);
    uv_close((uv_handle_t *)&job->wake, on_closed);
    uv_close((uv_handle_t *)&job->deadline, on_closed);
}

static void stop_working(struct thumbnail_job *job)
{
    atomic_store(&job->scaling.stop, true);
    if (job->working) uv_cancel((uv_req_t *)&job->work);     /* refused if it runs already */
}

static const char *operation(const struct thumbnail_job *job)
{
    if (job->working) return "scale";
    return job->uploading ? "upload" : "download";
}

static void context(struct thumbnail_job *job)
{
    const struct target *target = job->uploading ? &job->to : &job->from;
    error_context(&job->error, target->url, job->number, job->attempt, job->transfer.bytes);
}

/* Ends the job with an error of its own, on top of what failed before. */
static void give_up(struct thumbnail_job *job, enum thumbnail_code code, int number)
{
    struct thumbnail_error earlier = job->error;

    error_set(&job->error, code, operation(job));
    error_cause_errno(&job->error, number);
    if (earlier.code) error_follows(&job->error, &earlier);
    context(job);
    job->ending = true;
    stop_working(job);
}

/* ---- Transfers --------------------------------------------------------------------------- */

static void on_wake(uv_timer_t *timer);

/* The timer belongs to the job and is not closing, so this cannot fail. */
static void wake_in(struct thumbnail_job *job, unsigned ms)
{
    uv_timer_start(&job->wake, on_wake, ms, 0);
}

static void begin_attempt(struct thumbnail_job *job)
{
    struct transfer *t = &job->transfer;

    job->attempt++;
    job->result.attempts++;
    if (job->uploading) {
        t->target = &job->to;
        t->operation = "upload";
        t->upload_type = job->scaling.type;
        t->upload = job->scaling.data;
        t->upload_size = job->scaling.size;
    }
    wake_in(job, job->service->options.attempt_ms);
    transfer_start(t);
}

static unsigned pause_ms(const struct thumbnail_job *job)
{
    const struct thumbnail_options *o = &job->service->options;
    unsigned ms = o->backoff_ms;

    for (unsigned i = 1; i < job->attempt && ms < o->backoff_ms_max; i++) ms *= 2;
    return ms < o->backoff_ms_max ? ms : o->backoff_ms_max;
}

/* `error` is set. Tries again if that may help. */
static void attempt_failed(struct thumbnail_job *job)
{
    context(job);
    if (!job->uploading) source_free(job);
    if (job->error.temporary && job->attempt < job->service->options.attempts) {
        wake_in(job, pause_ms(job));
        return;
    }
    if (job->error.temporary) FAULT_MARK("retry/exhausted");
    job->ending = true;
    tear_down(job);
}

static void timed_out(struct thumbnail_job *job)
{
    struct transfer *t = &job->transfer;
    const char *phase = t->lookup ? "looking up the name" : t->answered ? "receiving the answer"
                      : t->bytes ? "sending or waiting" : "connecting or waiting";

    FAULT_MARK("attempt/timed-out");
    error_set(&job->error, THUMBNAIL_ETIMEOUT, t->operation);
    job->error.temporary = true;
    error_cause(&job->error, "thumbnail", THUMBNAIL_ETIMEOUT, "%u ms passed while %s",
                job->service->options.attempt_ms, phase);
    error_cause_errno(&job->error, ETIMEDOUT);
    transfer_stop(t);
    attempt_failed(job);
}

static void on_wake(uv_timer_t *timer)
{
    struct thumbnail_job *job = timer->data;

    if (job->ending) tear_down(job);
    else if (job->transfer.paused) wake_in(job, job->service->options.attempt_ms);  /* our fault */
    else if (job->transfer.running) timed_out(job);
    else begin_attempt(job);
}

static void on_deadline(uv_timer_t *timer)
{
    struct thumbnail_job *job = timer->data;

    if (job->ending) return;
    FAULT_MARK("deadline");
    give_up(job, THUMBNAIL_EDEADLINE, ETIMEDOUT);
    tear_down(job);
}

/* ---- Scaling ----------------------------------------------------------------------------- */

static void on_work(uv_work_t *work)
{
    struct thumbnail_job *job = work->data;
    scaling_run(&job->scaling);
}

static void begin_upload(struct thumbnail_job *job)
{
    job->result.width = job->scaling.scaled_width;
    job->result.height = job->scaling.scaled_height;
    job->result.source_bytes = job->source.size;
    job->result.bytes = job->scaling.size;
    source_free(job);
    job->uploading = true;
    job->attempt = 0;
    begin_attempt(job);
}

static void scaling_failed(struct thumbnail_job *job)
{
    job->error = job->scaling.error;
    error_context(&job->error, job->from.url, job->number, job->attempt, job->source.size);
    job->ending = true;
    tear_down(job);
}

static void scaled(struct thumbnail_job *job, int status)
{
    struct thumbnail_error *err = &job->scaling.error;

    FAULT_RAISE("on_scaled", guard_raise(&job->scaling.guard, err, "scale", "on_scaled"));
    if (!status) return;
    error_set(err, THUMBNAIL_EINTERNAL, "scale");
    error_cause_uv(err, status);
}

static void on_scaled(uv_work_t *work, int status)
{
    struct thumbnail_job *job = work->data;

    job->working = false;
    if (job->ending) {
        tear_down(job);
        return;
    }
    if (!setjmp(job->scaling.guard.place)) scaled(job, status);
    if (job->scaling.error.code) scaling_failed(job);
    else begin_upload(job);
}

static void begin_scaling(struct thumbnail_job *job)
{
    uv_timer_stop(&job->wake);
    job->work.data = job;
    job->scaling.source = &job->source;
    job->scaling.pixels_max = job->service->options.pixels_max;
    int status = uv_queue_work(job->service->loop, &job->work, on_work, on_scaled);
    if (!status) {
        job->working = true;
        return;
    }
    error_set(&job->scaling.error, THUMBNAIL_EINTERNAL, "scale");
    error_cause_uv(&job->scaling.error, status);
    scaling_failed(job);
}

static void on_transferred(struct transfer *t)
{
    struct thumbnail_job *job = t->arg;

    job->error = t->error;
    if (t->error.code) {
        attempt_failed(job);
        return;
    }
    if (!job->uploading) {
        begin_scaling(job);
        return;
    }
    job->ending = true;
    tear_down(job);
}

/* ---- The beginning ------------------------------------------------------------------------- */

static enum thumbnail_code refuse(struct thumbnail_error *err, enum thumbnail_code code,
                                  int number)
{
    error_set(err, code, "start");
    error_cause_errno(err, number);
    return code;
}

static enum thumbnail_code admit(struct thumbnail_service *service,
                                 const struct thumbnail_request *r, struct thumbnail_error *err)
{
    int number = FAULT_POINT("quota", EDQUOT);

    if (number) return refuse(err, THUMBNAIL_EQUOTA, number);
    if (service->closing) return refuse(err, THUMBNAIL_EQUOTA, ESHUTDOWN);
    if (service->job_count >= service->options.jobs_max)
        return refuse(err, THUMBNAIL_EQUOTA, EAGAIN);
    if (!r->width || !r->height || r->width > BOX_MAX || r->height > BOX_MAX)
        return refuse(err, THUMBNAIL_EINVAL, ERANGE);
    return THUMBNAIL_OK;
}

static struct thumbnail_job *job_new(struct thumbnail_service *service,
                                     const struct thumbnail_request *r,
                                     struct thumbnail_error *err)
{
    struct thumbnail_job *job = calloc(1, sizeof *job);

    if (!job) {
        refuse(err, THUMBNAIL_ENOMEM, ENOMEM);
        return NULL;
    }
    if (target_parse(&job->from, r->from, err) || target_parse(&job->to, r->to, err)) {
        job_free(job);
        return NULL;
    }
    job->service = service;
    job->scaling.width = r->width;
    job->scaling.height = r->height;
    job->transfer.service = service;
    job->transfer.target = &job->from;
    job->transfer.operation = "download";
    job->transfer.download = &job->source;
    job->transfer.done = on_transferred;
    job->transfer.arg = job;
    return job;
}

static void run(struct thumbnail_job *job)
{
    uv_loop_t *loop = job->service->loop;

    uv_update_time(loop);                /* so that the caller's own work does not count */
    uv_timer_init(loop, &job->wake);
    uv_timer_init(loop, &job->deadline);
    job->wake.data = job->deadline.data = job;
    job->open = 2;
    uv_timer_start(&job->deadline, on_deadline, job->service->options.deadline_ms, 0);
    wake_in(job, 0);
}

struct thumbnail_job *thumbnail_start(struct thumbnail_service *service,
                                      const struct thumbnail_request *request,
                                      thumbnail_done *done, void *arg,
                                      struct thumbnail_error *err)
{
    struct thumbnail_error ignored;
    struct thumbnail_job *job = NULL;

    if (!err) err = &ignored;
    memset(err, 0, sizeof *err);
    if (admit(service, request, err) == THUMBNAIL_OK) job = job_new(service, request, err);
    if (!job) {
        if (!err->url[0]) error_context(err, request->from, 0, 0, 0);
        return NULL;
    }
    job->number = ++service->requests;
    job->done = done;
    job->arg = arg;
    TAILQ_INSERT_TAIL(&service->jobs, job, link);
    service->job_count++;
    run(job);
    return job;
}

void thumbnail_cancel(struct thumbnail_job *job)
{
    if (job->ending) return;
    FAULT_MARK("cancel");
    give_up(job, THUMBNAIL_ECANCELED, ECANCELED);
    wake_in(job, 0);
}

void job_cancel_all(struct thumbnail_service *service)
{
    struct thumbnail_job *job;

    TAILQ_FOREACH(job, &service->jobs, link) thumbnail_cancel(job);
}
