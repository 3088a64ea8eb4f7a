/* The write callback goes on whatever its status is, and the upload is called a success although
 * the server has got nothing of it.
 * expect: swallowed
 * libs: libuv
 * options: --mode callback,reset
 * repaired: reported
 */
#include "zoo_uv.h"

struct upload { uv_tcp_t tcp; uv_connect_t connect; uv_write_t write; uv_shutdown_t end; int err; };
struct store { char bytes[64]; size_t have; };

static void store_session(int fd, void *arg)
{
    struct store *s = arg;
    ssize_t n;
    while ((n = read(fd, s->bytes + s->have, sizeof s->bytes - s->have)) > 0) s->have += (size_t)n;
}
static void upload_end(struct upload *u, int err)
{
    u->err = err;
    uv_close((uv_handle_t *)&u->tcp, NULL);
}
static void on_end(uv_shutdown_t *r, int status)
{
#ifdef REPAIRED
    upload_end(r->data, status);
#else
    (void)status;
    upload_end(r->data, 0);
#endif
}
static void on_written(uv_write_t *w, int status)
{
    struct upload *u = w->data;
#ifdef REPAIRED
    if (status) {
        upload_end(u, status);
        return;
    }
#else
    (void)status;
#endif
    if (uv_shutdown(&u->end, (uv_stream_t *)&u->tcp, on_end)) upload_end(u, u->err);
}
static void on_connected(uv_connect_t *c, int status)
{
    struct upload *u = c->data;
    uv_buf_t b = uv_buf_init("twenty bytes of text", 20);
    if (!status) status = uv_write(&u->write, (uv_stream_t *)&u->tcp, &b, 1, on_written);
    if (status) upload_end(u, status);
}

static void uploads(void **state)
{
    struct sockaddr_in to = ip4(SERVER, 9);
    static struct upload u;
    static struct store s;
    (void)state;
    memset(&u, 0, sizeof u);
    s.have = 0;
    fit_peer(SERVER ":9", store_session, &s);
    struct fit_op *op = fit_op("upload");
    uv_tcp_init(&loop, &u.tcp);
    u.connect.data = u.write.data = u.end.data = &u;
    int err = uv_tcp_connect(&u.connect, &u.tcp, (struct sockaddr *)&to, on_connected);
    if (err) upload_end(&u, err);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    usleep(10000);
    if (u.err) fit_op_failed(op, u.err, uv_strerror(u.err), NULL);
    else       fit_op_succeeded(op, s.bytes, s.have);
}
ZOO_UV_MAIN(uploads)
