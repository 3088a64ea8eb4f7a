/* transfer.h - one attempt at one HTTP request: look up the name, connect, GET or PUT. */
#ifndef THUMBNAIL_TRANSFER_H
#define THUMBNAIL_TRANSFER_H

#include "buffer.h"
#include "guard.h"
#include "service.h"

/* A parsed URL. The texts belong to curl (curl_free). */
struct target {
    char *url, *host, *port;
    bool numeric;                    /* the host is an address: no look-up */
};

/* Returns 0, or with `err` set the code. */
enum thumbnail_code target_parse(struct target *target, const char *url,
                                 struct thumbnail_error *err);
void target_free(struct target *target);

/* The user embeds it, sets the first part, zeroes the rest. */
struct transfer {
    struct thumbnail_service *service;
    const struct target *target;     /* not owned, like all here */
    const char *operation;           /* "download" or "upload" */
    const char *upload_type;         /* NULL: download */
    const unsigned char *upload;
    size_t upload_size;
    struct buffer *download;         /* grows */
    /* Called once for each transfer_start() that no transfer_stop() came before, maybe from
     * within it. error.code tells. The transfer is stopped by then and may be started again. */
    void (*done)(struct transfer *transfer);
    void *arg;

    struct thumbnail_error error;    /* THUMBNAIL_OK: it went well */
    size_t bytes;                    /* of the body so far */

    TAILQ_ENTRY(transfer) link;      /* in service->transfers while `added` */
    struct lookup *lookup;
    CURL *easy;
    struct curl_slist *headers, *addresses;
    char curl_text[CURL_ERROR_SIZE];
    struct guard guard;
    int socket_errno;                /* socket() failed; curl does not say why */
    bool running, added, answered;
    bool paused;                     /* until there is room for */
    size_t wanted;                   /* that many bytes */
};

void transfer_start(struct transfer *transfer);
/* At any time but from within a callback of curl's; nothing happens if it is not running. */
void transfer_stop(struct transfer *transfer);

/* ---- From multi.c ---------------------------------------------------------------------- */

/* curl is done with it. */
void transfer_finished(struct transfer *transfer, CURLcode result);
/* The multi handle broke; the transfer was removed from it. */
void transfer_broken(struct transfer *transfer, CURLMcode code);

/* ---- lookup.c -------------------------------------------------------------------------- */

struct addrinfo;
struct lookup;

/* Looks the host up in the thread pool. `found` is called once, later, with status 0 and the
 * addresses, which are freed after it, or with UV_*; not after lookup_drop(). Returns 0 or UV_*. */
int lookup_start(struct thumbnail_service *service, const struct target *target,
                 void (*found)(void *arg, int status, const struct addrinfo *addresses),
                 void *arg, struct lookup **lookup);
void lookup_drop(struct lookup *lookup);

#endif
