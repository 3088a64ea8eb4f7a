/* No mistake: an evhttp service with an outside client, which asks once while something goes wrong
 * and once more when that is over.
 * expect: none
 * libs: libevent
 * options: --mode emfile,partial,timeout
 * repaired: reported recovered
 */
#include "zoo.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

struct svc { struct event_base *base; struct evhttp *http; int hits; };

static void on_status(struct evhttp_request *r, void *arg)
{
    struct svc *s = arg;
    struct evbuffer *b = evbuffer_new();
    if (!b) {
        evhttp_send_error(r, 503, NULL);
        return;
    }
    evbuffer_add_printf(b, "hits %d\n", ++s->hits);
    evhttp_send_reply(r, 200, "OK", b);
    evbuffer_free(b);
}
static void svc_stop(struct svc *s) { event_base_loopexit(s->base, NULL); }

static int setup(void **state)
{
    struct svc *s = calloc(1, sizeof *s);
    if (!s || !(s->base = event_base_new()) || !(s->http = evhttp_new(s->base))) return -1;
    evhttp_set_cb(s->http, "/status", on_status, s);
    *state = s;
    return evhttp_bind_socket(s->http, "127.0.0.1", 8080);
}
static int teardown(void **state)
{
    struct svc *s = *state;
    evhttp_free(s->http);
    event_base_free(s->base);
    free(s);
    return 0;
}
static int ask(char *reply, size_t size)
{
    static const char get[] = "GET /status HTTP/1.0\r\n\r\n";
    struct sockaddr_in a = ip4("127.0.0.1", 8080);
    struct timeval patience = { .tv_sec = 60 };
    size_t have = 0;
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0
        && write(fd, get, sizeof get - 1) == (ssize_t)sizeof get - 1)
        while ((n = read(fd, reply + have, size - 1 - have)) > 0) have += (size_t)n;
    close(fd);
    reply[have] = 0;
    return have ? 0 : -1;
}
static void two_questions(void *arg)
{
    char reply[512];
    (void)arg;
    struct fit_op *op = fit_op("first");
    int err = ask(reply, sizeof reply);
    if (err) fit_op_failed(op, 0, "connection closed", NULL);
    else     fit_op_succeeded(op, NULL, 0);
    fit_faults_off();
    op = fit_op("again");
    err = ask(reply, sizeof reply);
    if (err) fit_op_failed(op, 0, "connection closed", NULL);
    else     fit_op_succeeded(op, NULL, 0);
    fit_faults_on();
}
static void survives(void **state)
{
    struct svc *s = *state;
    fit_allow("busy-loop", "accept*:error=EMFILE", NULL,
              "libevent 2.1 tries to accept at once again when descriptors are used up");
    fit_on_shutdown(svc_stop, s);
    fit_client(NULL, two_questions, NULL);
    event_base_dispatch(s->base);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(survives, setup, teardown) };
    return fit_run_group_tests(tests, NULL, NULL);
}
