/* The time of a wait is over, and what was waited for has come all the same: who does not look
 * again throws away a result that is there.
 * options: --mode timeout
 * expect: leak-fd
 * repaired: unaffected
 */
#include "zoo.h"

#include <time.h>

struct job {
    pthread_mutex_t lock;
    pthread_cond_t done;
    int fd;                              /* what it makes; -1: not yet */
};

static void *work(void *arg)
{
    struct job *job = arg;
    pthread_mutex_lock(&job->lock);
    job->fd = open("/dev/null", O_RDONLY);
    pthread_cond_signal(&job->done);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

/* The descriptor, or a negative errno when half a second is over. */
static int await_job(struct job *job)
{
    struct timespec until;
    int err = 0, fd;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 500000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&job->lock);
    while (job->fd < 0 && !err) err = pthread_cond_timedwait(&job->done, &job->lock, &until);
#ifdef REPAIRED
    if (job->fd >= 0) err = 0;
#endif
    fd = err ? -err : job->fd;
    pthread_mutex_unlock(&job->lock);
    return fd;
}

static void waits(void **state)
{
    struct job job = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, -1 };
    pthread_t thread;
    (void)state;
    struct fit_op *op = fit_op("job");
    int err = pthread_create(&thread, NULL, work, &job), fd = err ? -err : await_job(&job);
    if (!err) pthread_join(thread, NULL);
    if (fd >= 0) close(fd);
    told(op, fd < 0 ? fd : 0, "done", 4);
}
ZOO_MAIN(waits)
