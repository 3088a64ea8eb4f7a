/* Progress is reported with the state locked first and the log second, an error the other way
 * round: when both happen at once, both threads wait for ever.
 * expect: hang
 * repaired: reported
 * symptom: deadlock: main thread waits in pthread_mutex_lock, in report_progress \(.*:[0-9]+\),
 * symptom: for a mutex held by thread fetcher \(fetch\), which waits in pthread_mutex_lock,
 * symptom: in report_error \(.*:[0-9]+\), for a mutex held by main thread
 */
#include "zoo.h"

struct shared {
    pthread_mutex_t state, log;
    int over, err, lines;
    char line[32];
    size_t have;
};

static void format_slowly(void)
{
    usleep(2000);
}

static void report_progress(struct shared *s)
{
    pthread_mutex_lock(&s->state);
    format_slowly();
    pthread_mutex_lock(&s->log);
    s->lines++;
    pthread_mutex_unlock(&s->log);
    pthread_mutex_unlock(&s->state);
}

static void report_error(struct shared *s)
{
#ifdef REPAIRED
    report_progress(s);
#else
    pthread_mutex_lock(&s->log);
    format_slowly();
    pthread_mutex_lock(&s->state);
    s->lines++;
    pthread_mutex_unlock(&s->state);
    pthread_mutex_unlock(&s->log);
#endif
}

static void *fetch(void *arg)
{
    struct shared *s = arg;
    pthread_setname_np(pthread_self(), "fetcher");
    int fd = dial(SERVER, 7), err = fd < 0 ? fd : take_line(fd, s->line, sizeof s->line, &s->have);
    if (fd >= 0) close(fd);
    if (err) report_error(s);
    pthread_mutex_lock(&s->state);
    s->err = err;
    s->over = 1;
    pthread_mutex_unlock(&s->state);
    return NULL;
}

static int is_over(struct shared *s)
{
    pthread_mutex_lock(&s->state);
    int over = s->over;
    pthread_mutex_unlock(&s->state);
    return over;
}

static void fetches(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct shared s;
    pthread_t worker;
    (void)state;
    s = (struct shared){ .state = PTHREAD_MUTEX_INITIALIZER, .log = PTHREAD_MUTEX_INITIALIZER };
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("fetch");
    int err = pthread_create(&worker, NULL, fetch, &s);
    if (err) {
        told(op, -err, NULL, 0);
        return;
    }
    while (!is_over(&s)) report_progress(&s);
    pthread_join(worker, NULL);
    told(op, s.err, s.line, s.have);
}
ZOO_MAIN(fetches)
