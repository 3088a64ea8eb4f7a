/* A server that nobody asks, in a loop of select(). libs: libmicrohttpd */
#include "idle.h"

#include <microhttpd.h>
#include <sys/select.h>

static struct MHD_Daemon *server;

static enum MHD_Result answers(void *arg, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *body,
                               size_t *size, void **state)
{
    (void)arg, (void)connection, (void)url, (void)method, (void)version, (void)body;
    (void)size, (void)state;
    return MHD_NO;
}

static void start(void)
{
    server = MHD_start_daemon(MHD_NO_FLAG, 8080, NULL, NULL, answers, NULL, MHD_OPTION_END);
    assert_non_null(server);
}

static void idle(void)
{
    while (ticks < TICKS) {
        struct timeval tick = { .tv_sec = TICK_MS / 1000 };
        fd_set in, out, other;
        int highest = -1;
        FD_ZERO(&in);
        FD_ZERO(&out);
        FD_ZERO(&other);
        MHD_get_fdset(server, &in, &out, &other, &highest);
        if (select(highest + 1, &in, &out, &other, &tick) != 0) return;
        MHD_run_from_select(server, &in, &out, &other);
        ticks++;
    }
}

static void end(void) { MHD_stop_daemon(server); }
