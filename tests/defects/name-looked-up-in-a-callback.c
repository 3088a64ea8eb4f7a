/* A name is looked up on the loop's thread, in a callback: all is well while the answer is quick.
 * expect: blocks-loop
 * symptom: uv_run stood still for .*, while its callback on_start waited
 * libs: libuv
 * options: --mode dns,timeout --pairs no
 * repaired: reported
 */
#include "zoo.h"

#include <uv.h>

struct look_up {
    uv_timer_t start, patience;
    uv_getaddrinfo_t request;
    int err, done;
    char address[64];
};

static const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };

static void finish(struct look_up *l, int err)
{
    if (l->done++) return;
    l->err = err;
    uv_close((uv_handle_t *)&l->patience, NULL);
}
static void keep(struct look_up *l, const struct addrinfo *found)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)found->ai_addr;
    inet_ntop(AF_INET, &in->sin_addr, l->address, sizeof l->address);
}
static void on_patience(uv_timer_t *t)
{
    struct look_up *l = t->data;
    uv_cancel((uv_req_t *)&l->request);
    finish(l, UV_ETIMEDOUT);
}
#ifdef REPAIRED
static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct look_up *l = request->data;
    if (!status) keep(l, found);
    uv_freeaddrinfo(found);
    finish(l, status);
}
#endif
static void on_start(uv_timer_t *t)
{
    struct look_up *l = t->data;
    uv_close((uv_handle_t *)t, NULL);
#ifdef REPAIRED
    int err = uv_getaddrinfo(t->loop, &l->request, on_found, "origin.test", "80", &hints);
    if (err) finish(l, err);
#else
    struct addrinfo *found = NULL;
    int err = getaddrinfo("origin.test", "80", &hints, &found);
    if (!err) keep(l, found);
    if (found) freeaddrinfo(found);
    finish(l, err);
#endif
}

static void finds_the_server(void **state)
{
    static const struct fit_reply nothing[] = { { 0 } };
    struct look_up l = { 0 };
    struct fit_op *op = fit_op("look-up");
    uv_loop_t loop;
    (void)state;
    fit_peer_replies("origin.test:80", nothing);
    fit_faults_off();
    assert_int_equal(uv_loop_init(&loop), 0);
    fit_faults_on();
    l.start.data = l.patience.data = l.request.data = &l;
    uv_timer_init(&loop, &l.start);
    uv_timer_init(&loop, &l.patience);
    uv_timer_start(&l.start, on_start, 10, 0);
    uv_timer_start(&l.patience, on_patience, 3000, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    if (l.err) fit_op_failed(op, l.err, "look-up", NULL);
    else       fit_op_succeeded(op, NULL, 0);
}
ZOO_MAIN(finds_the_server)
