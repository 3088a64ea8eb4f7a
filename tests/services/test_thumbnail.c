/* test_thumbnail.c - the thumbnail service, whatever goes wrong.
 *
 * image.h is made by make_image. Globals of curl are made in the setup of the group: they stay
 * for the life of a process, and a program makes them once, before it serves anybody. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <uv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/faulttest.h"
#include "image.h"
#include "sample_services/thumbnail/thumbnail.h"

#define FROM "http://origin.test/cat.jpg"
#define TO "http://sink.test/small/cat.jpg"
#define IMAGE ((const char *)image)

enum { HEAD_MAX = 2048, STORED_MAX = 8192 };

/* ---- The other side ------------------------------------------------------------------------ */

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: " IMAGE_SIZE_TEXT \
                "\r\nConnection: close\r\n\r\n"

static const struct fit_reply serves[] = {
    { .until = "\r\n\r\n", .send = OK_HEAD },
    { .send = IMAGE, .size = 100 },
    { .after_ms = 3, .send = IMAGE + 100, .size = 400 },
    { .after_ms = 3, .send = IMAGE + 500, .size = IMAGE_SIZE - 500 },
    { 0 },
};

/* First overloaded, then gone in the middle of the picture, then well. */
static const struct fit_reply serves_at_last[] = {
    { .until = "\r\n\r\n",
      .send = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", .next = 1 },
    { .until = "\r\n\r\n", .send = OK_HEAD },
    { .send = IMAGE, .size = 300, .next = 1 },
    { .until = "\r\n\r\n", .send = OK_HEAD },
    { .send = IMAGE, .size = IMAGE_SIZE },
    { 0 },
};

/* What the sink has got, the last complete upload. */
static struct stored {
    char body[STORED_MAX];
    size_t size;
} stored;

/* Reads up to the end of the headers, and maybe more. Returns the size of the headers, or 0. */
static size_t read_head(int fd, char *data, size_t *have)
{
    char *end = NULL;

    while (*have < HEAD_MAX && !end) {
        ssize_t n = read(fd, data + *have, HEAD_MAX - *have);
        if (n <= 0) return 0;
        *have += (size_t)n;
        data[*have] = 0;
        end = strstr(data, "\r\n\r\n");
    }
    return end ? (size_t)(end - data) + 4 : 0;
}

static size_t content_length(const char *head)
{
    const char *field = strcasestr(head, "\r\nContent-Length:");
    return field ? strtoul(field + 17, NULL, 10) : 0;
}

/* Takes one PUT as blocking code; an upload that breaks off is not stored. */
static void takes_upload(int fd, void *arg)
{
    static const char created[] = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n"
                                  "Connection: close\r\n\r\n";
    struct stored *into = arg;
    char data[HEAD_MAX + STORED_MAX + 1];
    size_t have = 0, head = read_head(fd, data, &have);
    size_t size = head ? content_length(data) : 0;

    if (size == 0 || size > STORED_MAX) return;
    while (have < head + size) {
        ssize_t n = read(fd, data + have, head + size - have);
        if (n <= 0) return;
        have += (size_t)n;
    }
    memcpy(into->body, data + head, size);
    into->size = size;
    if (write(fd, created, sizeof created - 1) < 0) return;
}

/* ---- The caller ---------------------------------------------------------------------------- */

struct caller {
    struct thumbnail_service *service;
    struct fit_op *op;
};

/* `url`: which one it is about, where the service has not been told yet. */
static void told_error(struct fit_op *op, const struct thumbnail_error *err, const char *url)
{
    char text[2048], attempt[16], bytes[24], request[24];

    thumbnail_error_text(err, text, sizeof text);
    snprintf(attempt, sizeof attempt, "%u", err->attempt);
    snprintf(bytes, sizeof bytes, "%zu", err->bytes);
    snprintf(request, sizeof request, "%lu", err->request);
    fit_op_failed(op, (int)err->code, text, "url", url ? url : err->url, "attempt", attempt,
                  "bytes", bytes, "request", request, NULL);
}

static void told(struct thumbnail_job *job, const struct thumbnail_error *err,
                 const struct thumbnail_result *result, void *arg)
{
    struct caller *caller = arg;

    (void)job;
    if (err) {
        told_error(caller->op, err, NULL);
    } else {
        assert_int_equal(result->width, 24);
        assert_int_equal(result->height, 16);
        assert_int_equal(result->source_bytes, IMAGE_SIZE);
        assert_int_equal(result->bytes, stored.size);
        fit_op_succeeded(caller->op, stored.body, stored.size);
    }
    thumbnail_service_close(caller->service, NULL, NULL);
}

static void start(struct caller *caller, uv_loop_t *loop)
{
    static const struct thumbnail_options options = {
        .attempts = 4, .attempt_ms = 2000, .deadline_ms = 20000, .backoff_ms = 100,
    };
    static const struct thumbnail_request request = { FROM, TO, 24, 24 };
    struct thumbnail_error err;

    if (thumbnail_service_new(loop, &options, &caller->service, &err)) {
        told_error(caller->op, &err, FROM);
        return;
    }
    struct thumbnail_job *job = thumbnail_start(caller->service, &request, told, caller, &err);
    if (job) {
        fit_on_cancel(caller->op, thumbnail_cancel, job);
    } else {
        told_error(caller->op, &err, NULL);
        thumbnail_service_close(caller->service, NULL, NULL);
    }
}

static void stores_thumbnail(const struct fit_reply *origin)
{
    struct caller caller = { 0 };
    uv_loop_t loop;

    stored.size = 0;
    fit_require_details("cause,url,attempt,request");
    fit_peer_replies("origin.test:80", origin);
    fit_peer("sink.test:80", takes_upload, &stored);
    caller.op = fit_op("thumbnail");
    int err = uv_loop_init(&loop);
    if (err) {
        fit_op_failed(caller.op, err, uv_strerror(err), "url", FROM, "attempt", "0", "request",
                      "0", NULL);
        return;
    }
    start(&caller, &loop);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- The tests ------------------------------------------------------------------------------ */

static void uploads(void **state)
{
    (void)state;
    stores_thumbnail(serves);
}

static void retries(void **state)
{
    (void)state;
    stores_thumbnail(serves_at_last);
}

static int set_up(void **state)
{
    (void)state;
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    curl_global_cleanup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(uploads), cmocka_unit_test(retries) };
    return fit_run_group_tests(tests, set_up, tear_down);
}
