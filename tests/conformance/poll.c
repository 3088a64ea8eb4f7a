/* poll and select over all kinds of objects. */
#include <sys/select.h>

#include "tests/conformance/conformance.h"

static void not_open(void)
{
    struct pollfd fds[] = { { 999, POLLIN, 0 }, { -1, POLLIN, 77 }, { -5, 0, 77 } };
    RUN(poll(fds, 3, 0));
    note("%d %d %d", fds[0].revents, fds[1].revents, fds[2].revents);
    RUN(poll(fds, 3, -1));
    RUN(poll(NULL, 0, 0));
}

static void regular_file(void)
{
    int fd = open("/etc/passwd", O_RDONLY), null = open("/dev/null", O_RDWR);
    note_poll("file", fd);
    note_poll("null", null);
    close(fd);
    close(null);
}

static void several(void)
{
    int fds[2][2];
    pipe(fds[0]);
    pipe(fds[1]);
    struct pollfd all[] = { { fds[0][0], POLLIN, 0 }, { fds[1][0], POLLIN, 0 },
                            { fds[0][1], POLLOUT, 0 }, { fds[1][0], POLLIN, 0 } };
    write(fds[1][1], "x", 1);
    RUN(poll(all, 4, -1));
    note("%d %d %d %d", all[0].revents, all[1].revents, all[2].revents, all[3].revents);
    close(fds[1][1]);
    all[1].events = 0;
    RUN(poll(all, 2, 0));
    note("%d %d", all[0].revents, all[1].revents);
    close(fds[0][0]);
    close(fds[0][1]);
    close(fds[1][0]);
}

static void time_out(void)
{
    int fds[2];
    pipe(fds);
    struct pollfd one = { fds[0], POLLIN, 77 };
    int64_t start = now_ms();
    RUN(poll(&one, 1, 40));
    note("%d, in time %d", one.revents, now_ms() - start >= 39 && now_ms() - start < 500);
    close(fds[0]);
    close(fds[1]);
}

static void *write_later(void *arg)
{
    settle();
    write(*(int *)arg, "x", 1);
    return NULL;
}

static void woken(void)
{
    int fds[2][2];
    pipe(fds[0]);
    pipe(fds[1]);
    struct pollfd both[] = { { fds[0][0], POLLIN, 0 }, { fds[1][0], POLLIN, 0 } };
    pthread_t thread = on_thread(write_later, &fds[1][1]);
    RUN(poll(both, 2, -1));
    note("%d %d", both[0].revents, both[1].revents);
    wait_for_thread(thread);
    for (int i = 0; i < 2; i++) {
        close(fds[i][0]);
        close(fds[i][1]);
    }
}

static void normal_bits(void)
{
    struct link link = link_up();
    send(link.server, "x", 1, 0);
    settle();
    struct pollfd one = { link.client, POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND, 0 };
    RUN(poll(&one, 1, 0));
    note("%x", (unsigned)one.revents);
    link_down(&link);
}

static void selecting(void)
{
    struct link link = link_up();
    struct timeval none = { 0, 0 };
    fd_set in, out, bad;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&bad);
    FD_SET(link.client, &in);
    FD_SET(link.client, &out);
    FD_SET(link.client, &bad);
    RUN(select(link.client + 1, &in, &out, &bad, &none));
    note("%d %d %d", FD_ISSET(link.client, &in), FD_ISSET(link.client, &out),
         FD_ISSET(link.client, &bad));
    shutdown(link.server, SHUT_WR);
    settle();
    FD_SET(link.client, &in);
    RUN(select(link.client + 1, &in, NULL, NULL, &none));
    FD_SET(999, &in);
    RUN(select(1000, &in, NULL, NULL, &none));
    link_down(&link);
}

const struct conformance_case poll_cases[] = {
    { "poll/not_open", not_open }, { "poll/file", regular_file }, { "poll/several", several },
    { "poll/timeout", time_out }, { "poll/woken", woken }, { "poll/normal_bits", normal_bits },
    { "poll/select", selecting },
    { NULL, NULL },
};
