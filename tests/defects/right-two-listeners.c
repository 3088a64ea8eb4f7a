/* No mistake: two threads, each with a listener of its own on one port (SO_REUSEPORT); an eventfd
 * stops both.
 * expect: none
 * options: --extended --random 100
 * repaired: reported recovered
 */
#include "zoo.h"

#include <sys/eventfd.h>

struct worker { pthread_t thread; int listener, stop; };
static int stop_fd;

static int listen_on(int port)
{
    struct sockaddr_in a = ip4("127.0.0.1", port);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0
        && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 8) == 0) return fd;
    int err = -errno;
    close(fd);
    return err;
}
static void echo(int fd)
{
    struct timeval patience = { .tv_sec = 3 };
    char line[16];
    size_t have = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) return;
    while (have < sizeof line) {
        ssize_t n = recv(fd, line + have, sizeof line - have, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        have += (size_t)n;
        if (line[have - 1] == '\n') break;
    }
    put(fd, line, have);
}
static void *work(void *arg)
{
    struct worker *w = arg;
    struct pollfd p[2] = { { .fd = w->listener, .events = POLLIN },
                           { .fd = stop_fd, .events = POLLIN } };
    for (;;) {
        int n = poll(p, 2, -1);
        if (n < 0) continue;
        if (p[1].revents) return NULL;
        if (!p[0].revents) continue;
        int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EAGAIN && errno != EINTR) usleep(10000);
            continue;
        }
        echo(fd);
        close(fd);
    }
}
static void asks(void *op)
{
    char line[16];
    size_t have = 0;
    int fd = dial("127.0.0.1", 8080), err = fd < 0 ? fd : put(fd, "hello\n", 6);
    if (!err) err = take_line(fd, line, sizeof line, &have);
    if (fd >= 0) close(fd);
    told(op, err < 0 ? err : 0, line, have);
}
static void *client(void *op)
{
    asks(op);
    return NULL;
}
static void serves(void **state)
{
    struct worker workers[2];
    uint64_t one = 1;
    int started = 0;
    pthread_t clients[3];
    struct fit_op *ops[3];
    (void)state;
    fit_faults_off();
    stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_true(stop_fd >= 0);
    fit_faults_on();
    struct fit_op *op = fit_op("start");
    int err = 0;
    for (; started < 2 && !err; started += !err) {
        struct worker *w = &workers[started];
        w->listener = listen_on(8080);
        err = w->listener < 0 ? -w->listener : pthread_create(&w->thread, NULL, work, w);
        if (err && w->listener >= 0) close(w->listener);
    }
    told(op, -err, NULL, 0);
    int asked = 0;
    if (!err) for (; asked < 3; asked++) {
        ops[asked] = fit_op("ask");
        fit_faults_off();
        pthread_create(&clients[asked], NULL, client, ops[asked]);
        fit_faults_on();
    }
    for (int i = 0; i < asked; i++) pthread_join(clients[i], NULL);
    fit_faults_off();
    assert_int_equal(write(stop_fd, &one, sizeof one), sizeof one);
    fit_faults_on();
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        close(workers[i].listener);
    }
    close(stop_fd);
}
ZOO_MAIN(serves)
