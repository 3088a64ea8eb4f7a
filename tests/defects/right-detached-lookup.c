/* No mistake: a detached thread warms the resolver up, and nobody waits for it: it may still be at
 * that when the test ends.
 * expect: none
 * repaired: reported
 */
#include "zoo.h"

static void *warm_up(void *arg)
{
    struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *ai = NULL;
    (void)arg;
    if (getaddrinfo("origin.test", "80", &hint, &ai) == 0) freeaddrinfo(ai);
    return NULL;
}

static void starts(void **state)
{
    pthread_t thread;
    (void)state;
    fit_peer_replies("origin.test:80", (const struct fit_reply[]){ { 0 } });
    fit_peer_replies(SERVER ":7", (const struct fit_reply[]){ { 0 } });
    struct fit_op *op = fit_op("start");
    /* It only saves time. */
    if (pthread_create(&thread, NULL, warm_up, NULL) == 0)
        assert_int_equal(pthread_detach(thread), 0);
    int fd = dial(SERVER, 7);
    if (fd >= 0) close(fd);
    told(op, fd < 0 ? fd : 0, NULL, 0);
}
ZOO_MAIN(starts)
