/* A worker wakes the loop through an eventfd and writes its result only then: that works as long as
 * it goes on running. The repaired one wakes it when the result is there.
 * expect: wrong-result swallowed
 * repaired: reported unaffected
 */
#include <sys/eventfd.h>

#include "zoo.h"

struct job { int wake, result; };

static void *work(void *arg)
{
    struct job *j = arg;
#ifdef REPAIRED
    j->result = 49;
#endif
    while (eventfd_write(j->wake, 1) && errno == EINTR) { }
#ifndef REPAIRED
    j->result = 49;
#endif
    return NULL;
}

static int loop(struct job *j)
{
    eventfd_t count;
    struct pollfd woken = { .fd = j->wake, .events = POLLIN };
    do {
        if (poll(&woken, 1, -1) < 0 && errno != EINTR) return -errno;
    } while (eventfd_read(j->wake, &count));
    return 0;
}

static void runs(void **state)
{
    struct job j = { eventfd(0, EFD_NONBLOCK), 0 };
    pthread_t worker;
    (void)state;
    struct fit_op *op = fit_op("job");
    int result, err = j.wake < 0 ? errno : pthread_create(&worker, NULL, work, &j);
    if (err) {
        if (j.wake >= 0) close(j.wake);
        fit_op_failed(op, -err, strerror(err), NULL);
        return;
    }
    err = loop(&j);
    result = j.result;
    pthread_join(worker, NULL);
    close(j.wake);
    told(op, err, &result, sizeof result);
}
ZOO_MAIN(runs)
