/* libmicrohttpd: a server in the user's own loop of select(), and one with a thread of its own.
 * packages: libmicrohttpd-dev
 * libs: libmicrohttpd
 */
#include "library.h"

#include <microhttpd.h>
#include <semaphore.h>
#include <sys/select.h>

struct server { struct MHD_Daemon *daemon; bool stopped; };

/* A client has been told. Not part of a server, for clients may outlive it. */
static sem_t told;

static enum MHD_Result answers(void *arg, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *body,
                               size_t *size, void **state)
{
    static char text[] = "hello world";
    (void)arg; (void)url; (void)method; (void)version; (void)body; (void)size; (void)state;
    struct MHD_Response *r =
        MHD_create_response_from_buffer(sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
    if (!r) return MHD_NO;
    MHD_add_response_header(r, "Connection", "close");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, r);
    MHD_destroy_response(r);
    return result;
}
static void client_of_ours(void *arg)
{
    struct asker a;
    (void)arg;
    asks(&a, "page");
    int err = ask_once("127.0.0.1", 8080, "GET / HTTP/1.0\r\n\r\n", &a);
    const char *body = memmem(a.bytes, a.have, "\r\n\r\n", 4);
    if (err || !body) {
        tell_failed(&a, err ? err : ECONNRESET, "no answer");
    } else {                             /* the head has the time in it */
        a.have -= (size_t)(body - a.bytes);
        memmove(a.bytes, body, a.have);
        tell_done(&a);
    }
    sem_post(&told);
}

/* ---- In a loop of the user's ------------------------------------------------------------- */

static int serves(struct server *s)
{
    fd_set in, out, other;
    int highest = -1;
    unsigned long long ms;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&other);
    if (MHD_get_fdset(s->daemon, &in, &out, &other, &highest) != MHD_YES) return -1;
    bool limited = MHD_get_timeout(s->daemon, &ms) == MHD_YES;
    struct timeval limit = { (time_t)(limited ? ms / 1000 : 0), limited ? ms % 1000 * 1000 : 0 };
    if (select(highest + 1, &in, &out, &other, limited ? &limit : NULL) < 0)
        return errno == EINTR ? 0 : -1;
    return MHD_run_from_select(s->daemon, &in, &out, &other) == MHD_YES ? 0 : -1;
}
static void stop(struct server *s) { s->stopped = true; }

static void in_a_loop(void **state)
{
    struct server s = { 0 };
    (void)state;
    struct fit_op *op = fit_op("start");
    sem_init(&told, 0, 0);
    s.daemon = MHD_start_daemon(MHD_NO_FLAG, 8080, NULL, NULL, answers, NULL,
                                MHD_OPTION_CONNECTION_TIMEOUT, PATIENCE_S, MHD_OPTION_END);
    if (!s.daemon) {
        fit_op_failed(op, errno, "MHD_start_daemon", NULL);
        return;
    }
    fit_op_succeeded(op, NULL, 0);
    fit_on_shutdown(stop, &s);
    fit_client(NULL, client_of_ours, NULL);
    while (!s.stopped) {
        FAULT_CANCEL_POINT();
        if (!s.stopped && serves(&s)) break;
    }
    MHD_stop_daemon(s.daemon);
}

/* ---- By a thread of its own -------------------------------------------------------------- */

static void by_a_thread(void **state)
{
    struct server s = { 0 };
    (void)state;
    struct fit_op *op = fit_op("start");
    sem_init(&told, 0, 0);
    s.daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 8080, NULL, NULL, answers, NULL,
                                MHD_OPTION_CONNECTION_TIMEOUT, PATIENCE_S, MHD_OPTION_END);
    if (!s.daemon) {
        fit_op_failed(op, errno, "MHD_start_daemon", NULL);
        return;
    }
    fit_op_succeeded(op, NULL, 0);
    fit_client(NULL, client_of_ours, NULL);
    while (sem_wait(&told) && errno == EINTR) { }
    MHD_stop_daemon(s.daemon);
    sem_destroy(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_loop), cmocka_unit_test(by_a_thread) };
    return fit_run_group_tests(tests, NULL, NULL);
}
