/* No mistake: a server without a spare descriptor waits a little and tries again, and drops a
 * client that says nothing. Whoever asks is answered, or told that the connection has ended.
 * expect: none
 * repaired: recovered
 */
#include "zoo.h"

static int stopped;

static void stop(void *unused)
{
    (void)unused;
    stopped = 1;
}
static void answer(int fd)
{
    struct timeval patience = { .tv_sec = 5 };
    char line[16];
    size_t have = 0;
    ssize_t n;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    do {
        n = recv(fd, line + have, sizeof line - have, 0);
        if (n > 0) have += (size_t)n;
    } while ((n > 0 && !memchr(line, '\n', have)) || (n < 0 && errno == EINTR));
    if (n > 0) put(fd, line, have);
    close(fd);
}
static void run(int listener)
{
    for (;;) {
        FAULT_CANCEL_POINT();
        if (stopped) return;
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) answer(fd);
        else if (errno == EMFILE || errno == ENFILE) usleep(10000);
    }
}
static void serves(void **state)
{
    static const struct fit_reply ask[] = { { .send = "12345\n", .until = "12345\n" }, { 0 } };
    struct sockaddr_in a = ip4("127.0.0.1", 8080);
    (void)state;
    stopped = 0;
    fit_faults_off();
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 8), 0);
    fit_faults_on();
    fit_on_shutdown(stop, NULL);
    fit_client_asks(NULL, "127.0.0.1:8080", ask);
    fit_client_asks(NULL, "127.0.0.1:8080", ask);
    run(listener);
    close(listener);
}
ZOO_MAIN(serves)
