/* No mistake: curl multi downloads into a file and goes on where it stopped (Range), three times.
 * expect: none
 * libs: libcurl
 * repaired: reported recovered
 */
#include "zoo.h"

#include <curl/curl.h>

struct download { CURLM *multi; CURL *easy; FILE *file; long have; int cancelled; };

static size_t on_data(char *bytes, size_t size, size_t count, void *arg)
{
    struct download *d = arg;
    size_t n = fwrite(bytes, 1, size * count, d->file);
    d->have += (long)n;
    return n;
}
static CURLcode one_try(struct download *d)
{
    CURLcode result = CURLE_OK;
    char range[32];
    int running = 1;
    curl_easy_reset(d->easy);
    curl_easy_setopt(d->easy, CURLOPT_URL, "http://" SERVER "/big");
    curl_easy_setopt(d->easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(d->easy, CURLOPT_WRITEDATA, d);
    curl_easy_setopt(d->easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(d->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(d->easy, CURLOPT_CONNECTTIMEOUT_MS, 2000L);
    curl_easy_setopt(d->easy, CURLOPT_TIMEOUT_MS, 5000L);
    snprintf(range, sizeof range, "%ld-", d->have);
    if (d->have) curl_easy_setopt(d->easy, CURLOPT_RANGE, range);
    if (curl_multi_add_handle(d->multi, d->easy)) return CURLE_OUT_OF_MEMORY;
    while (running && !result) {
        FAULT_CANCEL_POINT();
        if (d->cancelled) result = CURLE_ABORTED_BY_CALLBACK;
        else if (curl_multi_perform(d->multi, &running)) result = CURLE_OUT_OF_MEMORY;
        else if (running && curl_multi_poll(d->multi, NULL, 0, 1000, NULL))
            result = CURLE_OUT_OF_MEMORY;
    }
    int left;
    CURLMsg *m = result ? NULL : curl_multi_info_read(d->multi, &left);
    if (m) result = m->data.result;
    else if (!result) result = CURLE_GOT_NOTHING;
    curl_multi_remove_handle(d->multi, d->easy);
    return result;
}
static void serve(int fd, void *unused)
{
    static const char body[] = "0123456789abcdefghijklmnopqrstuv";
    char request[1024] = "", head[160];
    size_t have = 0;
    (void)unused;
    while (!strstr(request, "\r\n\r\n")) {
        ssize_t n = read(fd, request + have, sizeof request - 1 - have);
        if (n <= 0) return;
        have += (size_t)n;
        request[have] = 0;
    }
    const char *range = strstr(request, "Range: bytes=");
    long from = range ? strtol(range + 13, NULL, 10) : 0, all = (long)strlen(body);
    int n = from ? snprintf(head, sizeof head, "HTTP/1.1 206 Partial Content\r\nContent-Range: "
                            "bytes %ld-%ld/%ld\r\nContent-Length: %ld\r\nConnection: close\r\n\r\n",
                            from, all - 1, all, all - from)
                 : snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n"
                            "Connection: close\r\n\r\n", all);
    if (write(fd, head, (size_t)n) != n) return;
    if (write(fd, body + from, (size_t)(all - from)) < 0) return;
}
static CURLcode run(struct download *d)
{
    CURLcode result = CURLE_OUT_OF_MEMORY;
    d->multi = curl_multi_init();
    d->easy = d->multi ? curl_easy_init() : NULL;
    d->file = d->easy ? fopen("big", "w+e") : NULL;
    if (d->easy && !d->file) result = CURLE_WRITE_ERROR;
    for (int i = 0; d->file && i < 3 && result && !d->cancelled; i++) {
        if (i) usleep(100000);
        result = one_try(d);
        if (result == CURLE_WRITE_ERROR) break;
    }
    if (d->file && fflush(d->file) && !result) result = CURLE_WRITE_ERROR;
    return result;
}
static void cancel(void *d) { ((struct download *)d)->cancelled = 1; }
static void downloads(void **state)
{
    struct download d = { 0 };
    char text[64];
    size_t have = 0;
    (void)state;
    fit_peer(SERVER ":80", serve, NULL);
    struct fit_op *op = fit_op("download");
    fit_on_cancel(op, cancel, &d);
    CURLcode result = run(&d);
    if (d.file && !result) {
        rewind(d.file);
        have = fread(text, 1, sizeof text, d.file);
        if (ferror(d.file)) result = CURLE_READ_ERROR;
    }
    if (d.file && fclose(d.file) && !result) result = CURLE_WRITE_ERROR;
    if (d.easy) curl_easy_cleanup(d.easy);
    if (d.multi) curl_multi_cleanup(d.multi);
    if (result) fit_op_failed(op, result, curl_easy_strerror(result), NULL);
    else fit_op_succeeded(op, text, have);
    fit_faults_off();
    unlink("big");
    fit_faults_on();
}
static int up(void **state) { (void)state; return curl_global_init(CURL_GLOBAL_ALL); }
static int down(void **state) { (void)state; curl_global_cleanup(); return 0; }
int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(downloads) };
    return fit_run_group_tests(tests, up, down);
}
