/* A channel that has nothing to ask, in a loop of poll(). libs: libcares */
#include "idle.h"

#include <ares.h>
#include <poll.h>

static ares_channel channel;

static void start(void)
{
    assert_int_equal(ares_library_init(ARES_LIB_INIT_ALL), ARES_SUCCESS);
    assert_int_equal(ares_init(&channel), ARES_SUCCESS);
}

static void idle(void)
{
    for (; ticks < TICKS; ticks++) {
        ares_socket_t fds[ARES_GETSOCK_MAXNUM];
        struct timeval most = { .tv_sec = TICK_MS / 1000 }, room;
        ares_getsock(channel, fds, ARES_GETSOCK_MAXNUM);
        struct timeval *left = ares_timeout(channel, &most, &room);
        poll(NULL, 0, (int)(left->tv_sec * 1000 + left->tv_usec / 1000));
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
}

static void end(void)
{
    ares_destroy(channel);
    ares_library_cleanup();
}
