/* No mistake: a pool of threads, each fed by a pipe, and one pipe back that wakes a poll loop.
 * expect: none
 * repaired: reported
 */
#include "zoo.h"

enum { WORKERS = 2, JOBS = 5 };
struct job { int number, square; };
struct worker { pthread_t thread; int in[2]; int back; };
struct pool { struct worker workers[WORKERS]; int started, back[2], cancelled; };

static int full_read(int fd, void *to, size_t size)
{
    for (size_t have = 0; have < size; ) {
        ssize_t n = read(fd, (char *)to + have, size - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) return have ? -EPIPE : 1;
        have += (size_t)n;
    }
    return 0;
}
static int full_write(int fd, const void *from, size_t size)
{
    for (size_t done = 0; done < size; ) {
        ssize_t n = write(fd, (const char *)from + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        done += (size_t)n;
    }
    return 0;
}
static void *work(void *arg)
{
    struct worker *w = arg;
    struct job job;
    int err;
    while ((err = full_read(w->in[0], &job, sizeof job)) == 0) {
        job.square = job.number * job.number;
        if ((err = full_write(w->back, &job, sizeof job)) < 0) break;
    }
    if (err < 0) {
        job = (struct job){ .number = -1, .square = err };
        full_write(w->back, &job, sizeof job);
    }
    return NULL;
}
static int start(struct pool *p)
{
    if (pipe2(p->back, O_CLOEXEC) < 0) return -errno;
    for (int i = 0; i < WORKERS; i++) {
        struct worker *w = &p->workers[i];
        w->back = p->back[1];
        if (pipe2(w->in, O_CLOEXEC) < 0) return -errno;
        int err = pthread_create(&w->thread, NULL, work, w);
        if (err) {
            close(w->in[0]);
            close(w->in[1]);
            return -err;
        }
        p->started++;
    }
    return 0;
}
static void stop(struct pool *p)
{
    for (int i = 0; i < p->started; i++) close(p->workers[i].in[1]);
    for (int i = 0; i < p->started; i++) {
        pthread_join(p->workers[i].thread, NULL);
        close(p->workers[i].in[0]);
    }
    if (p->back[0] >= 0) close(p->back[0]);
    if (p->back[1] >= 0) close(p->back[1]);
}
static int collect(struct pool *p, long *sum)
{
    for (int got = 0; got < JOBS; ) {
        struct pollfd at = { .fd = p->back[0], .events = POLLIN };
        struct job job;
        FAULT_CANCEL_POINT();
        if (p->cancelled) return -ECANCELED;
        int n = poll(&at, 1, PATIENCE_MS);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n ? -errno : -ETIMEDOUT;
        int err = full_read(p->back[0], &job, sizeof job);
        if (err) return err < 0 ? err : -EPIPE;
        if (job.number < 0) return job.square;
        *sum += job.square;
        got++;
    }
    return 0;
}
static int run(struct pool *p, long *sum)
{
    int err = start(p);
    for (int i = 1; !err && i <= JOBS; i++) {
        struct job job = { i, 0 };
        err = full_write(p->workers[i % WORKERS].in[1], &job, sizeof job);
    }
    return err ? err : collect(p, sum);
}
static void cancel(void *pool) { ((struct pool *)pool)->cancelled = 1; }
static void squares(void **state)
{
    struct pool p = { .back = { -1, -1 } };
    long sum = 0;
    (void)state;
    struct fit_op *op = fit_op("squares");
    fit_on_cancel(op, cancel, &p);
    int err = run(&p, &sum);
    stop(&p);
    told(op, err, &sum, sizeof sum);
}
ZOO_MAIN(squares)
