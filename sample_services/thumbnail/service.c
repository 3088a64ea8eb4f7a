/* service.c - life and death of the service, and the memory budget. */
#include "service.h"

#include <assert.h>
#include <errno.h>
#include <execinfo.h>
#include <stdlib.h>

#include "fi/point.h"
#include "image.h"
#include "transfer.h"

static void or_default(unsigned *value, unsigned preset)
{
    if (*value == 0) *value = preset;
}

static struct thumbnail_options with_defaults(const struct thumbnail_options *options)
{
    struct thumbnail_options o = options ? *options : (struct thumbnail_options){ 0 };

    or_default(&o.attempts, 3);
    or_default(&o.attempt_ms, 10000);
    or_default(&o.deadline_ms, 60000);
    or_default(&o.backoff_ms, 200);
    or_default(&o.backoff_ms_max, 5000);
    or_default(&o.jobs_max, 64);
    if (!o.bytes_max) o.bytes_max = (size_t)32 << 20;
    if (!o.memory_max) o.memory_max = (size_t)64 << 20;
    if (!o.pixels_max) o.pixels_max = 50000000;
    return o;
}

enum thumbnail_code thumbnail_service_new(uv_loop_t *loop, const struct thumbnail_options *options,
                                          struct thumbnail_service **result,
                                          struct thumbnail_error *err)
{
    struct thumbnail_service *service = calloc(1, sizeof *service);
    void *frame;

    *result = NULL;
    if (!service) {
        if (err) {
            error_set(err, THUMBNAIL_ENOMEM, "start");
            error_cause_errno(err, ENOMEM);
        }
        return THUMBNAIL_ENOMEM;
    }
    backtrace(&frame, 1);                 /* the first call loads a library: not in an emergency */
    image_library_init();
    service->loop = loop;
    service->options = with_defaults(options);
    TAILQ_INIT(&service->jobs);
    multi_init(service);
    *result = service;
    return THUMBNAIL_OK;
}

bool service_has_room(const struct thumbnail_service *service, const struct transfer *transfer,
                      size_t size)
{
    return transfer == TAILQ_FIRST(&service->transfers)
        || service->held + size <= service->options.memory_max;
}

int service_reserve(struct thumbnail_service *service, struct transfer *transfer, size_t size)
{
    int err = FAULT_POINT("budget", ENOBUFS);

    if (err) return -err;
    if (!service_has_room(service, transfer, size)) return -EAGAIN;
    service->held += size;
    return 0;
}

void service_release(struct thumbnail_service *service, size_t size)
{
    assert(size <= service->held);
    service->held -= size;
    multi_resume_soon(service);
}

void thumbnail_service_close(struct thumbnail_service *service, void (*closed)(void *arg),
                             void *arg)
{
    assert(!service->closing);
    service->closing = true;
    service->closed = closed;
    service->closed_arg = arg;
    job_cancel_all(service);
    service_drained(service);
}

void service_drained(struct thumbnail_service *service)
{
    if (!service->closing || service->job_count || service->lookups) return;
    if (!service->torn_down) {
        service->torn_down = true;
        multi_close(service);
    }
    if (service->handles) return;
    assert(service->held == 0);
    void (*closed)(void *arg) = service->closed;
    void *arg = service->closed_arg;
    free(service);
    if (closed) closed(arg);
}
