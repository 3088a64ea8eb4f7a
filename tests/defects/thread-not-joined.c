/* When the connection fails, the thread that was to read from it is forgotten.
 * expect: leak-handle
 * repaired: reported
 */
#include "zoo.h"

static struct { pthread_mutex_t lock; pthread_cond_t changed; int fd; } given = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, -1
};
enum { NO_WORK = -2 };

static void *reader(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&given.lock);
    while (given.fd == -1) pthread_cond_wait(&given.changed, &given.lock);
    pthread_mutex_unlock(&given.lock);
    return NULL;
}
static void give(int fd)
{
    pthread_mutex_lock(&given.lock);
    given.fd = fd;
    pthread_cond_signal(&given.changed);
    pthread_mutex_unlock(&given.lock);
}
static int connects(void)
{
    pthread_t thread;
    given.fd = -1;
    if (pthread_create(&thread, NULL, reader, NULL)) return -EAGAIN;
    int fd = dial(SERVER, 7);
    if (fd < 0) {
#ifdef REPAIRED
        give(NO_WORK);
        pthread_join(thread, NULL);
#endif
        return fd;
    }
    give(fd);
    pthread_join(thread, NULL);
    close(fd);
    return 0;
}
static void starts(void **state)
{
    (void)state;
    fit_peer_replies(SERVER ":7", (const struct fit_reply[]){ { 0 } });
    struct fit_op *op = fit_op("start");
    told(op, connects(), NULL, 0);
}
ZOO_MAIN(starts)
