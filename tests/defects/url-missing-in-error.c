/* The error object gets its URL only after the name was resolved: when resolving fails, whoever
 * reads the log does not learn which of a thousand downloads it was.
 * expect: context-missing
 * repaired: reported
 */
#include "zoo.h"

struct error { int code; char text[80]; const char *url; };

static int start(const char *url, const char *host, struct error *e)
{
    struct addrinfo hint = { .ai_socktype = SOCK_STREAM, .ai_family = AF_INET }, *ai = NULL;
    int rc, fd;
#ifdef REPAIRED
    e->url = url;
#endif
    rc = getaddrinfo(host, "80", &hint, &ai);
    if (rc) {
        e->code = rc;
        snprintf(e->text, sizeof e->text, "%s", gai_strerror(rc));
        return -1;
    }
    e->url = url;
    fd = socket(ai->ai_family, ai->ai_socktype, 0);
    freeaddrinfo(ai);
    if (fd < 0) {
        e->code = -errno;
        snprintf(e->text, sizeof e->text, "socket: %s", strerror(errno));
        return -1;
    }
    close(fd);
    return 0;
}

static void starts(void **state)
{
    struct error e = { .url = NULL };
    (void)state;
    fit_peer_replies("origin.test:80", (const struct fit_reply[]){ { 0 } });
    fit_require_details("url");
    struct fit_op *op = fit_op("start");
    if (start("http://origin.test/cat", "origin.test", &e))
        fit_op_failed(op, e.code, e.text, "url", e.url, NULL);
    else
        fit_op_succeeded(op, NULL, 0);
}
ZOO_MAIN(starts)
