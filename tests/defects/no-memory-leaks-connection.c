/* A connection is set up in three steps; when the last of them gets no memory, what the first two
 * have made is forgotten.
 * options: --mode memory
 * expect: leak-memory
 * repaired: reported
 */
#include "zoo.h"

struct connection { char *host, *buffer; };

static void connection_free(struct connection *c)
{
    if (!c) return;
    free(c->host);
    free(c->buffer);
    free(c);
}

static struct connection *connection_new(const char *host)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->host = strdup(host);
    if (c->host) c->buffer = malloc(256);
    if (c->buffer) return c;
#ifdef REPAIRED
    connection_free(c);
#endif
    return NULL;
}

static void connects(void **state)
{
    struct fit_op *op = fit_op("connection");
    struct connection *c = connection_new("origin.test");
    (void)state;
    told(op, c ? 0 : -ENOMEM, "made", 4);
    connection_free(c);
}
ZOO_MAIN(connects)
