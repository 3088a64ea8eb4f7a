/* service.h - what the jobs of one loop share: curl's multi handle, the memory budget.
 *
 * curl tells through callbacks which sockets to watch and when to wake it (multi.c); each
 * transfer that is added is reported back by transfer_finished() or transfer_broken(), from a
 * loop callback, never from within one of curl's. */
#ifndef THUMBNAIL_SERVICE_H
#define THUMBNAIL_SERVICE_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "thumbnail.h"

struct transfer;
struct watch;

TAILQ_HEAD(transfers, transfer);
TAILQ_HEAD(jobs, thumbnail_job);

struct thumbnail_service {
    uv_loop_t *loop;
    struct thumbnail_options options;       /* no zeros left in it */

    CURLM *multi;                           /* NULL until the first transfer, and after a breach */
    uv_timer_t timer;                       /* when curl wants to be called */
    LIST_HEAD(, watch) watches;
    struct transfers transfers;             /* those added to `multi`, oldest first */
    const char *refused;                    /* step of ours that failed in a callback of curl's, */
    int refused_status;                     /* and why: UV_* */

    struct jobs jobs;
    unsigned job_count;
    unsigned long requests;                 /* numbers given out */
    unsigned lookups;                       /* in the pool, cancelled ones included */
    unsigned handles;                       /* of libuv's, not yet closed */
    size_t held;                            /* bytes of source images in memory */

    bool closing, torn_down;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* ---- service.c ------------------------------------------------------------------------ */

/* Something has ended: if the service is closing and nothing is left, it goes away now. Last
 * statement of the caller: the service may be no more. */
void service_drained(struct thumbnail_service *service);

/* May `transfer` keep `size` bytes more? The oldest transfer always may, so that there is
 * progress whatever the limit. */
bool service_has_room(const struct thumbnail_service *service, const struct transfer *transfer,
                      size_t size);
/* Takes the room. Returns 0 (then it counts until service_release()), -EAGAIN (pause; multi.c
 * resumes it when there is room) or another negative errno. */
int service_reserve(struct thumbnail_service *service, struct transfer *transfer, size_t size);
void service_release(struct thumbnail_service *service, size_t size);

/* ---- job.c ---------------------------------------------------------------------------- */

void job_cancel_all(struct thumbnail_service *service);

/* ---- multi.c -------------------------------------------------------------------------- */

void multi_init(struct thumbnail_service *service);
/* Returns 0 or curl's error; then transfer->easy must not be touched any more but by
 * transfer_stop(), and all other transfers have been reported as broken. */
CURLMcode multi_add(struct thumbnail_service *service, struct transfer *transfer);
void multi_remove(struct thumbnail_service *service, struct transfer *transfer);
/* There may be room for paused downloads. */
void multi_resume_soon(struct thumbnail_service *service);
/* Closes curl's side and all handles of the loop. No transfer must be left. */
void multi_close(struct thumbnail_service *service);

#endif
