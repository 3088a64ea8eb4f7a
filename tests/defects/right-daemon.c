/* No mistake: a daemon on a unix socket, with a pid file, SIGTERM by signalfd, SIGHUP reads the
 * configuration again; keeps the old one if the new one cannot be read.
 * expect: none
 * options: --extended --random 100
 * repaired: reported
 */
#include "zoo.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/un.h>

struct daemon { int sfd, listener, answered, stop; char greeting[32]; };

static int read_config(struct daemon *d)
{
    char line[32];
    FILE *f = fopen("daemon.conf", "re");
    if (!f) return -errno;
    int err = 0;
    errno = 0;
    if (!fgets(line, sizeof line, f)) err = ferror(f) && errno ? -errno : -EINVAL;
    fclose(f);
    if (!err && !strchr(line, '\n')) err = -EINVAL;
    if (!err) memcpy(d->greeting, line, sizeof line);
    return err;
}
static void on_signal(struct daemon *d)
{
    struct signalfd_siginfo info;
    while (read(d->sfd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM) d->stop = 1;
        if (info.ssi_signo == SIGHUP) read_config(d);
    }
}
static void on_client(struct daemon *d)
{
    struct timeval patience = { .tv_sec = 2 };
    int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        bool full = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
        if (full) usleep(20000);
        return;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0)
        put(fd, d->greeting, strlen(d->greeting));
    close(fd);
}
static int run(struct daemon *d)
{
    struct pollfd p[2] = { { .fd = d->sfd, .events = POLLIN },
                           { .fd = d->listener, .events = POLLIN } };
    while (!d->stop) {
        int n = poll(p, 2, -1);
        if (n < 0 && errno != EINTR && errno != EAGAIN && errno != ENOMEM) return -errno;
        if (n <= 0) continue;
        if (p[0].revents) on_signal(d);
        if (p[1].revents) on_client(d);
    }
    return 0;
}
static int open_listener(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "daemon.sock" };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    unlink(a.sun_path);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 4) == 0) return fd;
    int err = -errno;
    close(fd);
    return err;
}
static int serve(struct daemon *d, const sigset_t *set)
{
    int err = read_config(d);
    if (err) return err;
    d->sfd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (d->sfd < 0) return -errno;
    d->listener = open_listener();
    err = d->listener < 0 ? d->listener : run(d);
    if (d->listener >= 0) {
        close(d->listener);
        unlink("daemon.sock");
    }
    close(d->sfd);
    return err;
}
static void asks(void *unused)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "daemon.sock" };
    char line[32];
    (void)unused;
    usleep(1000);
    kill(getpid(), SIGHUP);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        while (read(fd, line, sizeof line) > 0) { }
    close(fd);
    kill(getpid(), SIGTERM);
}
static void serves(void **state)
{
    struct daemon d = { 0 };
    sigset_t set, old;
    (void)state;
    fit_faults_off();
    FILE *f = fopen("daemon.conf", "we");
    fputs("hello\n", f);
    fclose(f);
    fit_faults_on();
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    struct fit_op *op = fit_op("daemon");
    fit_client(NULL, asks, NULL);
    int err = serve(&d, &set);
    told(op, err, d.greeting, strlen(d.greeting));
    fit_faults_off();
    unlink("daemon.conf");
    fit_faults_on();
}
ZOO_MAIN(serves)
