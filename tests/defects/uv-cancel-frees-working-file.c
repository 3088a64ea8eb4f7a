/* A file is being read on the pool when the user cancels. uv_cancel() says that it is too late, and
 * nobody hears: the request is freed while its thread works with it.
 * expect: crash
 * libs: libuv
 * options: --mode cancel
 * repaired: reported
 */
#include "zoo_uv.h"

struct look { uv_fs_t request; char path[32]; int cancelled; struct fit_op *op; };

static void on_found(uv_fs_t *request)
{
    struct look *l = request->data;
    int err = request->result < 0 ? (int)request->result : 0;
    if (l->cancelled) err = UV_ECANCELED;
    told(l->op, err, "found", 5);
    uv_fs_req_cleanup(request);
    free(l);
}
static void look_cancel(struct look *l)
{
    l->cancelled = 1;
#ifdef REPAIRED
    uv_cancel((uv_req_t *)&l->request);
#else
    if (uv_cancel((uv_req_t *)&l->request) == 0) return;
    told(l->op, UV_ECANCELED, NULL, 0);
    memset(l, 0, sizeof *l);
    free(l);
#endif
}
static void looks(void **state)
{
    (void)state;
    struct fit_op *op = fit_op("look");
    struct look *l = calloc(1, sizeof *l);
    assert_non_null(l);
    strcpy(l->path, "/etc/hosts");
    l->op = op;
    l->request.data = l;
    int err = uv_fs_stat(&loop, &l->request, l->path, on_found);
    assert_int_equal(err, 0);
    fit_on_cancel(op, look_cancel, l);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
ZOO_UV_MAIN(looks)
