/* main.c - thumbnail: the service as a command, for one image. */
#include <curl/curl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thumbnail.h"

static const char usage[] =
    "usage: thumbnail --from URL --to URL [--size WxH] [--timeout MS] [--retries N] [--stack]\n"
    "Downloads an image (JPEG or PNG), scales it down and uploads the result with PUT.\n"
    "  --size WxH     box to fit into [128x128]\n"
    "  --timeout MS   time limit of one attempt [10000]\n"
    "  --retries N    further attempts after a temporary failure [2]\n"
    "  --stack        with an error, print the call stack of the place where it arose\n"
    "SIGINT and SIGTERM cancel. Exit status: 0 stored, 1 failed, 2 wrong usage, 3 cancelled.\n";

enum { STORED = 0, FAILED = 1, WRONG_USAGE = 2, CANCELLED = 3 };

struct command {
    struct thumbnail_request request;
    struct thumbnail_options options;
    bool with_stack;

    struct thumbnail_service *service;
    struct thumbnail_job *job;
    uv_signal_t interrupt, terminate;
    int status;
};

static bool number(const char *text, unsigned long most, unsigned *value)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end || n > most) return false;
    *value = (unsigned)n;
    return true;
}

static bool box(char *text, struct thumbnail_request *request)
{
    char *x = strchr(text, 'x');

    if (!x) return false;
    *x = 0;
    return number(text, 10000, &request->width) && number(x + 1, 10000, &request->height)
        && request->width && request->height;
}

/* Returns -1, or the exit status if there is nothing to do. */
static int parse(struct command *c, int argc, char **argv)
{
    static const struct option options[] = {
        { "from", required_argument, NULL, 'f' }, { "to", required_argument, NULL, 't' },
        { "size", required_argument, NULL, 's' }, { "timeout", required_argument, NULL, 'm' },
        { "retries", required_argument, NULL, 'r' }, { "stack", no_argument, NULL, 'k' },
        { "help", no_argument, NULL, 'h' }, { 0 },
    };
    bool good = true;
    unsigned retries = 2;
    int option;

    c->request.width = c->request.height = 128;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'f': c->request.from = optarg; break;
        case 't': c->request.to = optarg; break;
        case 's': good = box(optarg, &c->request); break;
        case 'm': good = number(optarg, 3600000, &c->options.attempt_ms); break;
        case 'r': good = number(optarg, 1000, &retries); break;
        case 'k': c->with_stack = true; break;
        case 'h': fputs(usage, stdout); return STORED;
        default: good = false;
        }
    }
    c->options.attempts = retries + 1;
    if (good && c->request.from && c->request.to && optind == argc) return -1;
    fputs(usage, stderr);
    return WRONG_USAGE;
}

static void complain(const struct command *c, const struct thumbnail_error *err)
{
    char text[8192];

    thumbnail_error_text(err, text, sizeof text);
    fprintf(stderr, "thumbnail: %s\n", text);
    if (!c->with_stack) return;
    thumbnail_error_stack(err, text, sizeof text);
    fprintf(stderr, "arose at\n%s", text);
}

static void shut_down(struct command *c)
{
    c->job = NULL;
    if (c->interrupt.data) uv_close((uv_handle_t *)&c->interrupt, NULL);
    if (c->terminate.data) uv_close((uv_handle_t *)&c->terminate, NULL);
    thumbnail_service_close(c->service, NULL, NULL);
}

static void on_done(struct thumbnail_job *job, const struct thumbnail_error *err,
                    const struct thumbnail_result *result, void *arg)
{
    struct command *c = arg;

    (void)job;
    if (err) {
        complain(c, err);
        c->status = err->code == THUMBNAIL_ECANCELED ? CANCELLED : FAILED;
    } else {
        printf("stored %s: %ux%u, %zu bytes (from %zu bytes, %u transfers)\n", c->request.to,
               result->width, result->height, result->bytes, result->source_bytes,
               result->attempts);
        c->status = STORED;
    }
    shut_down(c);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct command *c = signal->data;

    (void)number;
    if (c->job) thumbnail_cancel(c->job);
}

static int watch_signal(struct command *c, uv_loop_t *loop, uv_signal_t *signal, int number)
{
    int status = uv_signal_init(loop, signal);

    if (status) return status;
    signal->data = c;
    status = uv_signal_start(signal, on_signal, number);
    uv_unref((uv_handle_t *)signal);
    return status;
}

static void begin(struct command *c, uv_loop_t *loop)
{
    struct thumbnail_error err;

    c->status = FAILED;
    if (thumbnail_service_new(loop, &c->options, &c->service, &err)) {
        complain(c, &err);
        return;
    }
    int status = watch_signal(c, loop, &c->interrupt, SIGINT);
    if (!status) status = watch_signal(c, loop, &c->terminate, SIGTERM);
    if (status)
        fprintf(stderr, "thumbnail: watching signals: %s\n", uv_strerror(status));
    else if (!(c->job = thumbnail_start(c->service, &c->request, on_done, c, &err)))
        complain(c, &err);
    if (!c->job) shut_down(c);
}

int main(int argc, char **argv)
{
    struct command c = { 0 };
    uv_loop_t loop;
    int status = parse(&c, argc, argv);

    if (status >= 0) return status;
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        fprintf(stderr, "thumbnail: libcurl cannot be initialised\n");
        return FAILED;
    }
    status = uv_loop_init(&loop);
    if (status) {
        fprintf(stderr, "thumbnail: event loop: %s\n", uv_strerror(status));
        c.status = FAILED;
    } else {
        begin(&c, &loop);
        uv_run(&loop, UV_RUN_DEFAULT);
        if (uv_loop_close(&loop)) abort();            /* a handle was forgotten: a bug of ours */
        uv_library_shutdown();
    }
    curl_global_cleanup();
    return c.status;
}
