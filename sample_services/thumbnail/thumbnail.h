/* thumbnail.h - fetches an image, scales it down, stores the result; on a libuv loop.
 *
 *   struct thumbnail_service *service;
 *   struct thumbnail_error err;
 *   curl_global_init(CURL_GLOBAL_DEFAULT);                 // once in the program
 *   if (thumbnail_service_new(loop, NULL, &service, &err)) ...
 *   struct thumbnail_request r = { "http://a/cat.jpg", "http://b/cat-small.jpg", 128, 128 };
 *   struct thumbnail_job *job = thumbnail_start(service, &r, done, arg, &err);
 *   uv_run(loop, UV_RUN_DEFAULT);
 *
 * A job downloads (HTTP GET), scales in the loop's thread pool and uploads (HTTP PUT). JPEG
 * and PNG; the result has the format of the source. Each transfer is tried several times with
 * growing pauses, if its failure looks temporary. Redirects are not followed, proxies in the
 * environment are not used. An upload that is tried again repeats the same PUT.
 *
 * All functions are called on the thread of the loop; none blocks. No callback is ever called
 * from within a function of this header. SIGPIPE is not raised.
 *
 * Names are looked up in the loop's thread pool. A look-up in progress cannot be stopped: a job
 * that is cancelled meanwhile ends at once, but the service is not closed before the system's
 * resolver has given up by its own time-out (/etc/resolv.conf: usually 10 s). */
#ifndef THUMBNAIL_H
#define THUMBNAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct thumbnail_service;
struct thumbnail_job;

/* ---- Errors ------------------------------------------------------------------------- */

enum thumbnail_code {
    THUMBNAIL_OK,
    THUMBNAIL_EINVAL,        /* the request is malformed: URL, size */
    THUMBNAIL_ENOMEM,        /* out of memory */
    THUMBNAIL_EQUOTA,        /* too many jobs, or the service is closing */
    THUMBNAIL_ECANCELED,     /* by thumbnail_cancel() or thumbnail_service_close() */
    THUMBNAIL_EDEADLINE,     /* the job as a whole took too long */
    THUMBNAIL_ETIMEOUT,      /* an attempt took too long */
    THUMBNAIL_ERESOLVE,      /* the name of a host could not be looked up */
    THUMBNAIL_ENETWORK,      /* the connection failed, broke or ended early */
    THUMBNAIL_EHTTP,         /* a status other than 2xx; the first cause has it */
    THUMBNAIL_ETOOBIG,       /* more bytes or pixels than configured */
    THUMBNAIL_EIMAGE,        /* no JPEG or PNG image, or a damaged one */
    THUMBNAIL_EINTERNAL,     /* an exception in one of the service's own callbacks, or a library
                                that refused its service */
};

/* One link of the chain of causes. `domain` says whose `code` it is: "curl", "curlm", "errno",
 * "uv", "http", "gd", or "thumbnail" (an enum thumbnail_code: an earlier failure). Static. */
struct thumbnail_cause {
    const char *domain;
    int code;
    char text[160];
};

/* What failed, on what, and why. Self-contained: may be copied and kept. */
struct thumbnail_error {
    enum thumbnail_code code;
    bool temporary;                  /* trying again later may help */
    const char *operation;           /* "start", "download", "scale", "upload"; static */
    char url[256];                   /* what it worked on, cut off if longer */
    unsigned long request;           /* number of the job, from 1 in each service; 0: none */
    unsigned attempt;                /* of this operation, from 1; 0: does not apply */
    size_t bytes;                    /* of the body that had been transferred by then */
    unsigned causes;                 /* nearest first */
    struct thumbnail_cause cause[6];
    unsigned frames;                 /* call stack of the place where it arose */
    void *stack[24];
};

/* "network", "cancelled", ... Static. */
const char *thumbnail_code_text(enum thumbnail_code code);

/* The whole as one line, with every cause. Writes at most `size` bytes with the final zero;
 * returns the length of the untruncated text. Allocates nothing. */
size_t thumbnail_error_text(const struct thumbnail_error *err, char *text, size_t size);

/* The call stack, a line a frame; the same rules. */
size_t thumbnail_error_stack(const struct thumbnail_error *err, char *text, size_t size);

/* ---- The service -------------------------------------------------------------------- */

/* Limits; 0 means the default in brackets. */
struct thumbnail_options {
    unsigned attempts;               /* of each transfer [3] */
    unsigned attempt_ms;             /* time limit of one attempt [10,000] */
    unsigned deadline_ms;            /* time limit of a job [60,000] */
    unsigned backoff_ms;             /* pause after the first attempt, doubles each time [200] */
    unsigned backoff_ms_max;         /* [5,000] */
    unsigned jobs_max;               /* at the same time [64] */
    size_t bytes_max;                /* of one source image [32 MiB] */
    size_t memory_max;               /* of all source images together: above it, downloads but
                                        the oldest pause until others are done [64 MiB] */
    uint64_t pixels_max;             /* of one source image [50,000,000] */
};

/* One service per loop, or several. `options` may be NULL and is copied; the loop must outlive
 * the service. An idle service does not keep the loop running. Returns THUMBNAIL_OK, or a code
 * with `err` filled in (may be NULL) and *service NULL. */
enum thumbnail_code thumbnail_service_new(uv_loop_t *loop, const struct thumbnail_options *options,
                                          struct thumbnail_service **service,
                                          struct thumbnail_error *err);

/* Cancels all jobs, lets each report that, releases everything, then calls `closed` (may be
 * NULL), after which the service is no more. To be called once; may be called from the callback
 * of a job. The loop must go on running until then. */
void thumbnail_service_close(struct thumbnail_service *service, void (*closed)(void *arg),
                             void *arg);

/* ---- Jobs --------------------------------------------------------------------------- */

struct thumbnail_request {
    const char *from, *to;           /* http URLs; copied */
    unsigned width, height;          /* box to fit into, in pixels, 1 to 10,000; the proportions
                                        are kept and nothing is ever enlarged */
};

struct thumbnail_result {
    unsigned width, height;          /* of the thumbnail */
    size_t source_bytes, bytes;      /* downloaded, uploaded */
    unsigned attempts;               /* transfers begun: 2 if all went well */
};

/* `err` is NULL on success, otherwise `result` is NULL. Both live until the callback returns. */
typedef void thumbnail_done(struct thumbnail_job *job, const struct thumbnail_error *err,
                            const struct thumbnail_result *result, void *arg);

/* Starts a job. `done` is called exactly once, in a later turn of the loop, when all that the
 * job held is released. The job is valid until `done` returns. Returns NULL, with `err` filled
 * in (may be NULL), if it could not be started: then `done` is never called. */
struct thumbnail_job *thumbnail_start(struct thumbnail_service *service,
                                      const struct thumbnail_request *request,
                                      thumbnail_done *done, void *arg,
                                      struct thumbnail_error *err);

/* Ends the job early: `done` gets THUMBNAIL_ECANCELED in one of the next turns (while the pool
 * works on the image: after the step it is in). Does nothing if the job has been cancelled or
 * has its outcome already; may be called as long as the job is valid, also from `done`. */
void thumbnail_cancel(struct thumbnail_job *job);

#endif
