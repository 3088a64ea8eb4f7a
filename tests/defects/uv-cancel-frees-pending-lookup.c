/* A name is being resolved on the pool when the user cancels. The request is freed there and then,
 * and the callback, which comes all the same, looks into it.
 * expect: memory-error
 * libs: libuv
 * repaired: reported
 */
#include "zoo_uv.h"

struct lookup { char host[64]; int cancelled; uv_getaddrinfo_t request; struct fit_op *op; };

static void tell(struct lookup *l, int err)
{
    if (err) fit_op_failed(l->op, err, uv_strerror(err), NULL);
    else     fit_op_succeeded(l->op, NULL, 0);
}
static void on_resolved(uv_getaddrinfo_t *r, int status, struct addrinfo *found)
{
    struct lookup *l = r->data;
    uv_freeaddrinfo(found);
#ifdef REPAIRED
    tell(l, l->cancelled ? UV_ECANCELED : status);
    free(l);
#else
    if (l->cancelled) return;
    tell(l, status);
    free(l);
#endif
}
static void lookup_cancel(struct lookup *l)
{
    l->cancelled = 1;
    uv_cancel((uv_req_t *)&l->request);
#ifndef REPAIRED
    tell(l, UV_ECANCELED);
    free(l);
#endif
}

static void looks_up(void **state)
{
    (void)state;
    fit_peer_replies("origin.test:80", (const struct fit_reply[]){ { 0 } });
    struct fit_op *op = fit_op("lookup");
    struct lookup *l = calloc(1, sizeof *l);
    assert_non_null(l);
    strcpy(l->host, "origin.test");
    l->op = op;
    l->request.data = l;
    int err = uv_getaddrinfo(&loop, &l->request, on_resolved, l->host, "80", NULL);
    assert_int_equal(err, 0);
    fit_on_cancel(op, lookup_cancel, l);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(looks_up)
