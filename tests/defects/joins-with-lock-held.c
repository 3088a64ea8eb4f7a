/* The worker notes its error under the lock which the caller still holds while it joins the worker.
 * expect: hang
 * repaired: reported
 * symptom: deadlock: main thread waits in pthread_join, in stop \(.*:[0-9]+\), for thread
 * symptom: \(work\), which waits in pthread_mutex_lock, in note_error \(.*:[0-9]+\),
 * symptom: for a mutex held by main thread
 */
#include "zoo.h"

struct worker {
    pthread_mutex_t lock;
    pthread_t thread;
    int err;
    char line[32];
    size_t have;
};

static void note_error(struct worker *w, int err)
{
    pthread_mutex_lock(&w->lock);
    w->err = err;
    pthread_mutex_unlock(&w->lock);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : take_line(fd, w->line, sizeof w->line, &w->have);
    if (fd >= 0) close(fd);
    if (err) note_error(w, err);
    return NULL;
}

static int stop(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
#ifdef REPAIRED
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_lock(&w->lock);
#else
    pthread_join(w->thread, NULL);
#endif
    int err = w->err;
    pthread_mutex_unlock(&w->lock);
    return err;
}

static void works(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct worker w;
    (void)state;
    w = (struct worker){ .lock = PTHREAD_MUTEX_INITIALIZER };
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("work");
    int err = pthread_create(&w.thread, NULL, work, &w);
    err = err ? -err : stop(&w);
    told(op, err, w.line, w.have);
}
ZOO_MAIN(works)
