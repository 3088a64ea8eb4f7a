/* No mistake: plain threads that use character classes, qsort, time zones, the environment and
 * their own memory, each with a connection, and take turns at a lock.
 * expect: none
 * options: --mode partial,callback,reset,timeout
 * repaired: reported recovered
 */
#include "zoo.h"

#include <ctype.h>
#include <time.h>

struct worker { pthread_t thread; int err; char line[32], date[32]; size_t have; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int finished;
static _Thread_local int mine[8];

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}
static void *work(void *arg)
{
    struct worker *w = arg;
    struct tm day;
    time_t then = 86400;
    for (int i = 0; i < 8; i++) mine[i] = (i * 5) % 8;
    int fd = dial(SERVER, 7);
    w->err = fd < 0 ? fd : take_line(fd, w->line, sizeof w->line, &w->have);
    if (fd >= 0) close(fd);
    qsort(mine, 8, sizeof mine[0], by_number);
    for (int i = 0; i < 8; i++) assert_int_equal(mine[i], i);
    for (size_t i = 0; i < w->have; i++) w->line[i] = (char)toupper((unsigned char)w->line[i]);
    localtime_r(&then, &day);
    strftime(w->date, sizeof w->date, "%A %d %B %Y", &day);
    assert_true(getenv("PATH") != NULL);
    pthread_mutex_lock(&lock);
    finished++;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void works(void **state)
{
    static const struct fit_reply hello[] = { { .send = "hello\n" }, { 0 } };
    static struct worker w[3];
    struct fit_op *ops[3];
    int refused[3], begun = 0;
    (void)state;
    finished = 0;
    memset(w, 0, sizeof w);
    fit_peer_replies(SERVER ":7", hello);
    for (int i = 0; i < 3; i++) ops[i] = fit_op("work");
    for (int i = 0; i < 3; i++) {
        refused[i] = pthread_create(&w[i].thread, NULL, work, &w[i]);
        begun += !refused[i];
    }
    for (int i = 0; i < 3; i++)
        if (!refused[i]) pthread_join(w[i].thread, NULL);
    assert_int_equal(finished, begun);
    for (int i = 0; i < 3; i++) {
        if (!refused[i]) assert_string_equal(w[i].date, w[refused[0] ? 1 : 0].date);
        told(ops[i], refused[i] ? -refused[i] : w[i].err, w[i].line, w[i].have);
    }
}
ZOO_MAIN(works)
