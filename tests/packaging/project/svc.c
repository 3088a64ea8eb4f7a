/* The service: one pipe, one write, reads until the end. */
#include "svc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct copy {
    uv_pipe_t from, to;
    uv_write_t write;
    char got[SVC_TEXT_MAX];
    size_t have, size;
    int err, open;
    svc_done *done;
    void *arg;
};

static void on_closed(uv_handle_t *handle)
{
    struct copy *c = handle->data;
    if (--c->open) return;
    c->done(c->err, c->got, c->have, c->arg);
    free(c);
}

static void close_end(uv_pipe_t *end)
{
    if (!uv_is_closing((uv_handle_t *)end)) uv_close((uv_handle_t *)end, on_closed);
}

static void finish(struct copy *c, int err)
{
    if (!c->err) c->err = err;
    close_end(&c->from);
    close_end(&c->to);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct copy *c = handle->data;
    (void)suggested;
    *buf = uv_buf_init(c->got + c->have, (unsigned)(sizeof c->got - c->have));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct copy *c = stream->data;
    (void)buf;
    if (size == UV_EOF) {
        finish(c, c->have == c->size ? 0 : UV_EOF);
    } else if (size < 0) {
        finish(c, (int)size);
    } else {
        c->have += (size_t)size;
    }
}

static void on_written(uv_write_t *write, int err)
{
    struct copy *c = write->data;
    if (err) finish(c, err);
    else close_end(&c->to);
}

static int open_end(uv_loop_t *loop, uv_pipe_t *end, int fd, struct copy *c)
{
    int err;
    uv_pipe_init(loop, end, 0);
    end->data = c;
    c->open++;
    err = uv_pipe_open(end, fd);
    if (err) close(fd);
    return err;
}

int svc_copy(uv_loop_t *loop, const char *text, svc_done *done, void *arg)
{
    struct copy *c = calloc(1, sizeof *c);
    uv_buf_t buf = uv_buf_init((char *)text, (unsigned)strlen(text));
    int fds[2], err, other;
    if (!c) return UV_ENOMEM;
    c->size = buf.len;
    c->done = done;
    c->arg = arg;
    c->write.data = c;
    err = uv_pipe(fds, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);
    if (err) {
#ifndef PLANTED_LEAK
        free(c);
#endif
        return err;
    }
    err = open_end(loop, &c->from, fds[0], c);
    other = open_end(loop, &c->to, fds[1], c);
    if (!err) err = other;
    if (!err) err = uv_read_start((uv_stream_t *)&c->from, on_alloc, on_read);
    if (!err) err = uv_write(&c->write, (uv_stream_t *)&c->to, &buf, 1, on_written);
    if (err) finish(c, err);
    return 0;
}
