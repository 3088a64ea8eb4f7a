/* No mistake: a watcher of a spool folder: a file moved into it is read; the folder is looked
 * through after the watch is set, and again when events were lost.
 * expect: none
 * options: --extended
 * repaired: reported
 */
#include "zoo.h"

#include <dirent.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

struct spool { int fd, cancelled; size_t have; char text[64]; int done; };

static int read_file(struct spool *s, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "spool/%s", name);
    int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    s->have = 0;
    for (;;) {
        ssize_t n = read(fd, s->text + s->have, sizeof s->text - s->have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) err = -errno;
        if (n <= 0) break;
        s->have += (size_t)n;
    }
    close(fd);
    if (!err) s->done = 1;
    return err;
}
static int look_through(struct spool *s)
{
    struct dirent *entry;
    int err = 0;
    DIR *dir = opendir("spool");
    if (!dir) return -errno;
    while (!err && !s->done && (errno = 0, entry = readdir(dir)))
        if (entry->d_name[0] != '.') err = read_file(s, entry->d_name);
    if (!err && !s->done) err = -errno;
    closedir(dir);
    return err;
}
static int on_events(struct spool *s)
{
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t n = read(s->fd, buffer, sizeof buffer);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    for (char *at = buffer; at < buffer + n; ) {
        struct inotify_event *e = (struct inotify_event *)at;
        int err = 0;
        at += sizeof *e + e->len;
        if (e->mask & IN_Q_OVERFLOW) err = look_through(s);
        else if (e->mask & IN_IGNORED) err = -ENOENT;
        else if (e->len && e->name[0] != '.' && !s->done) err = read_file(s, e->name);
        if (err) return err;
    }
    return 0;
}
static int watch(struct spool *s)
{
    s->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (s->fd < 0) return -errno;
    if (inotify_add_watch(s->fd, "spool", IN_MOVED_TO | IN_CLOSE_WRITE) < 0) return -errno;
    int err = look_through(s);
    while (!err && !s->done) {
        struct pollfd p = { .fd = s->fd, .events = POLLIN };
        FAULT_CANCEL_POINT();
        if (s->cancelled) return -ECANCELED;
        int n = poll(&p, 1, PATIENCE_MS);
        if (n < 0 && errno != EINTR) return -errno;
        if (n == 0) return -ETIMEDOUT;
        if (n > 0) err = on_events(s);
    }
    return err;
}
static void *deliver(void *unused)
{
    usleep(100000);
    fit_faults_off();
    int fd = open("spool/.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "a letter", 8), 8);
    close(fd);
    assert_int_equal(rename("spool/.new", "spool/letter"), 0);
    fit_faults_on();
    return unused;
}
static void cancel(void *spool) { ((struct spool *)spool)->cancelled = 1; }
static void watches(void **state)
{
    struct spool s = { .fd = -1 };
    pthread_t thread;
    (void)state;
    fit_faults_off();
    mkdir("spool", 0700);
    assert_int_equal(pthread_create(&thread, NULL, deliver, NULL), 0);
    fit_faults_on();
    struct fit_op *op = fit_op("spool");
    fit_on_cancel(op, cancel, &s);
    int err = watch(&s);
    if (s.fd >= 0) close(s.fd);
    told(op, err, s.text, err ? 0 : s.have);
    pthread_join(thread, NULL);
    fit_faults_off();
    unlink("spool/letter");
    rmdir("spool");
    fit_faults_on();
}
ZOO_MAIN(watches)
