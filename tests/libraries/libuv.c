/* libuv: TCP with a look-up of the name and a deadline, a pipe with the pool and an async handle
 * beside it, a socket of the user's own with uv_poll, a signal, datagrams, and a file that the pool
 * writes and reads.
 * packages: libuv1-dev
 * libs: libuv
 */
#include "library.h"

#include <fcntl.h>
#include <signal.h>
#include <uv.h>

static const struct fit_reply echo[] = {
    { .until = "hello\n", .send = "hel" }, { .after_ms = 2, .send = "lo\n" }, { 0 } };

static void close_all(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}
static void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    static char room[256];
    (void)handle; (void)wanted;
    *buf = uv_buf_init(room, sizeof room);
}

/* ---- A client that waits for a line ----------------------------------------------------- */

struct client {
    struct asker asker;
    uv_loop_t loop;
    uv_getaddrinfo_t lookup;
    uv_connect_t connect;
    uv_write_t write;
    uv_tcp_t tcp;
    uv_timer_t patience;
};

/* Once: a request that was cancelled must not be so again, by its own callback. */
static void ends(struct client *c, int err)
{
    if (c->asker.told) return;
    if (err) tell_failed(&c->asker, err, uv_strerror(err));
    else     tell_done(&c->asker);
    uv_cancel((uv_req_t *)&c->lookup);
    uv_walk(&c->loop, close_all, NULL);
}
static void cancel(struct client *c) { ends(c, UV_ECANCELED); }
static void late(uv_timer_t *timer) { ends(timer->data, UV_ETIMEDOUT); }

static void reads(uv_stream_t *tcp, ssize_t n, const uv_buf_t *buf)
{
    struct client *c = tcp->data;
    if (n > 0) keep(&c->asker, buf->base, (size_t)n);
    if (n < 0) ends(c, (int)n);
    else if (memchr(c->asker.bytes, '\n', c->asker.have)) ends(c, 0);
}
static void written(uv_write_t *write, int err)
{
    if (err) ends(write->data, err);
}
static void connected(uv_connect_t *connect, int err)
{
    struct client *c = connect->data;
    uv_buf_t text = uv_buf_init("hello\n", 6);
    if (c->asker.told) return;
    if (!err) err = uv_read_start((uv_stream_t *)&c->tcp, give_room, reads);
    if (!err) err = uv_write(&c->write, (uv_stream_t *)&c->tcp, &text, 1, written);
    if (err) ends(c, err);
}
static void looked_up(uv_getaddrinfo_t *lookup, int err, struct addrinfo *found)
{
    struct client *c = lookup->data;
    if (!err && !c->asker.told)
        err = uv_tcp_connect(&c->connect, &c->tcp, found->ai_addr, connected);
    uv_freeaddrinfo(found);
    if (err) ends(c, err);
}
static void start_client(struct client *c)
{
    static const struct addrinfo stream = { .ai_socktype = SOCK_STREAM };
    c->lookup.data = c->connect.data = c->write.data = c->tcp.data = c->patience.data = c;
    uv_tcp_init(&c->loop, &c->tcp);
    uv_timer_init(&c->loop, &c->patience);
    uv_timer_start(&c->patience, late, PATIENCE_S * 1000, 0);
    int err = uv_getaddrinfo(&c->loop, &c->lookup, looked_up, "lines.test", "7", &stream);
    if (err) ends(c, err);
}
static void asks_for_a_line(void **state)
{
    struct client c;
    (void)state;
    memset(&c, 0, sizeof c);
    fit_peer_replies("lines.test:7", echo);
    asks(&c.asker, "line");
    int err = uv_loop_init(&c.loop);
    if (err) {
        tell_failed(&c.asker, err, uv_strerror(err));
        return;
    }
    fit_on_cancel(c.asker.op, cancel, &c);
    start_client(&c);
    uv_run(&c.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&c.loop), 0);
}

/* ---- A pipe, the pool, an async handle --------------------------------------------------- */

struct worker {
    struct asker asker;
    uv_loop_t loop;
    uv_work_t work;
    uv_async_t async;
    uv_pipe_t out, in;
    uv_write_t write;
};

static void worker_ends(struct worker *w, int err)
{
    if (w->asker.told) return;
    if (err) tell_failed(&w->asker, err, uv_strerror(err));
    else     tell_done(&w->asker);
    uv_cancel((uv_req_t *)&w->work);
    uv_walk(&w->loop, close_all, NULL);
}
static void worker_cancel(struct worker *w) { worker_ends(w, UV_ECANCELED); }

static void piped(uv_stream_t *in, ssize_t n, const uv_buf_t *buf)
{
    struct worker *w = in->data;
    if (n > 0) keep(&w->asker, buf->base, (size_t)n);
    if (n < 0) worker_ends(w, (int)n);
    else if (w->asker.have == 4) worker_ends(w, 0);
}
static void piped_out(uv_write_t *write, int err)
{
    if (err) worker_ends(write->data, err);
}
static void heard(uv_async_t *async)
{
    struct worker *w = async->data;
    uv_buf_t text = uv_buf_init("work", 4);
    int err = uv_write(&w->write, (uv_stream_t *)&w->out, &text, 1, piped_out);
    if (err) worker_ends(w, err);
}
static void works(uv_work_t *work)
{
    struct worker *w = work->data;
    uv_async_send(&w->async);
}
static void worked(uv_work_t *work, int err)
{
    if (err) worker_ends(work->data, err);
}
static int open_pipes(struct worker *w)
{
    uv_os_sock_t ends[2];
    int err = uv_socketpair(SOCK_STREAM, 0, ends, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);
    if (err) return err;
    err = uv_pipe_open(&w->out, ends[0]);
    if (err) close(ends[0]);
    int other = uv_pipe_open(&w->in, ends[1]);
    if (other) close(ends[1]);
    return err ? err : other;
}
static void works_in_the_pool(void **state)
{
    struct worker w;
    (void)state;
    memset(&w, 0, sizeof w);
    asks(&w.asker, "work");
    int err = uv_loop_init(&w.loop);
    if (err) {
        tell_failed(&w.asker, err, uv_strerror(err));
        return;
    }
    w.work.data = w.async.data = w.in.data = w.write.data = &w;
    fit_on_cancel(w.asker.op, worker_cancel, &w);
    uv_pipe_init(&w.loop, &w.out, 0);
    uv_pipe_init(&w.loop, &w.in, 0);
    err = open_pipes(&w);
    if (!err) err = uv_read_start((uv_stream_t *)&w.in, give_room, piped);
    if (!err) err = uv_async_init(&w.loop, &w.async, heard);
    if (!err) err = uv_queue_work(&w.loop, &w.work, works, worked);
    if (err) worker_ends(&w, err);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w.loop), 0);
}

/* ---- A socket of the user's own ---------------------------------------------------------- */

struct own { struct asker asker; uv_loop_t loop; uv_poll_t poll; uv_timer_t patience; int fd;
             bool sent; };

static void own_ends(struct own *o, int err)
{
    if (err) tell_failed(&o->asker, err, uv_strerror(err));
    else     tell_done(&o->asker);
    uv_walk(&o->loop, close_all, NULL);
}
static void own_cancel(struct own *o) { own_ends(o, UV_ECANCELED); }
static void own_late(uv_timer_t *timer) { own_ends(timer->data, UV_ETIMEDOUT); }

static void own_ready(uv_poll_t *poll, int err, int events)
{
    struct own *o = poll->data;
    char bytes[64];
    ssize_t n = 0;
    if (!err && !o->sent && (events & UV_WRITABLE)) {
        n = send(o->fd, "hello\n", 6, MSG_NOSIGNAL);
        o->sent = n == 6;
        if (n >= 0 && n < 6) err = UV_EIO;
        if (o->sent) err = uv_poll_start(poll, UV_READABLE, own_ready);
    } else if (!err && (events & UV_READABLE)) {
        n = recv(o->fd, bytes, sizeof bytes, 0);
        if (n > 0) keep(&o->asker, bytes, (size_t)n);
        if (n == 0) err = UV_EOF;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR) err = -errno;
    if (err || memchr(o->asker.bytes, '\n', o->asker.have)) own_ends(o, err);
}
static int own_starts(struct own *o)
{
    struct sockaddr_in to = ip4(SERVER, 7);
    o->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (o->fd < 0) return -errno;
    if (connect(o->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) return -errno;
    int err = uv_poll_init(&o->loop, &o->poll, o->fd);
    if (err) return err;
    return uv_poll_start(&o->poll, UV_WRITABLE, own_ready);
}
static void polls_a_socket(void **state)
{
    struct own o;
    (void)state;
    memset(&o, 0, sizeof o);
    fit_peer_replies(SERVER ":7", echo);
    asks(&o.asker, "line");
    int err = uv_loop_init(&o.loop);
    if (err) {
        tell_failed(&o.asker, err, uv_strerror(err));
        return;
    }
    o.poll.data = o.patience.data = &o;
    fit_on_cancel(o.asker.op, own_cancel, &o);
    uv_timer_init(&o.loop, &o.patience);
    uv_timer_start(&o.patience, own_late, PATIENCE_S * 1000, 0);
    err = own_starts(&o);
    if (err) own_ends(&o, err);
    uv_run(&o.loop, UV_RUN_DEFAULT);
    if (o.fd >= 0) close(o.fd);
    assert_int_equal(uv_loop_close(&o.loop), 0);
}

/* ---- A signal that the program sends to itself ------------------------------------------- */

struct ear { struct asker asker; uv_loop_t loop; uv_signal_t signal; uv_timer_t timer; };

static void ear_ends(struct ear *e, int err)
{
    if (err) tell_failed(&e->asker, err, uv_strerror(err));
    else     tell_done(&e->asker);
    uv_walk(&e->loop, close_all, NULL);
}
static void ear_cancel(struct ear *e) { ear_ends(e, UV_ECANCELED); }
static void ear_hears(uv_signal_t *signal, int number)
{
    ear_ends(signal->data, number == SIGUSR1 ? 0 : UV_EINVAL);
}
static void ear_sends(uv_timer_t *timer)
{
    int err = uv_kill(uv_os_getpid(), SIGUSR1);
    if (err) ear_ends(timer->data, err);
}
static void hears_a_signal(void **state)
{
    struct ear e;
    (void)state;
    memset(&e, 0, sizeof e);
    asks(&e.asker, "signal");
    int err = uv_loop_init(&e.loop);
    if (err) {
        tell_failed(&e.asker, err, uv_strerror(err));
        return;
    }
    e.signal.data = e.timer.data = &e;
    fit_on_cancel(e.asker.op, ear_cancel, &e);
    uv_timer_init(&e.loop, &e.timer);
    uv_timer_start(&e.timer, ear_sends, 3, 0);
    err = uv_signal_init(&e.loop, &e.signal);
    if (!err) err = uv_signal_start_oneshot(&e.signal, ear_hears, SIGUSR1);
    if (err) ear_ends(&e, err);
    uv_run(&e.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&e.loop), 0);
}

/* ---- Datagrams --------------------------------------------------------------------------- */

static const struct fit_reply datagram[] = {
    { .until = "hello\n", .send = "hello yourself\n", .hold = 1 }, { 0 } };

struct caller { struct asker asker; uv_loop_t loop; uv_udp_t udp; uv_udp_send_t send;
                uv_timer_t patience; };

static void caller_ends(struct caller *c, int err)
{
    if (err) tell_failed(&c->asker, err, uv_strerror(err));
    else     tell_done(&c->asker);
    uv_walk(&c->loop, close_all, NULL);
}
static void caller_cancel(struct caller *c) { caller_ends(c, UV_ECANCELED); }
static void caller_late(uv_timer_t *timer) { caller_ends(timer->data, UV_ETIMEDOUT); }
static void caller_sent(uv_udp_send_t *send, int err)
{
    if (err && err != UV_ECANCELED) caller_ends(send->data, err);
}
/* Zero bytes of nobody: nothing more to read for now. */
static void caller_hears(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf,
                         const struct sockaddr *from, unsigned flags)
{
    struct caller *c = udp->data;
    (void)flags;
    if (n == 0 && !from) return;
    if (n > 0) keep(&c->asker, buf->base, (size_t)n);
    caller_ends(c, n < 0 ? (int)n : 0);
}
static int caller_calls(struct caller *c)
{
    const struct sockaddr_in to = ip4(SERVER, 7);
    uv_buf_t hello = uv_buf_init("hello\n", 6);
    int err = uv_udp_init(&c->loop, &c->udp);
    if (!err) err = uv_udp_connect(&c->udp, (const struct sockaddr *)&to);
    if (!err) err = uv_udp_recv_start(&c->udp, give_room, caller_hears);
    return err ? err : uv_udp_send(&c->send, &c->udp, &hello, 1, NULL, caller_sent);
}
static void calls_by_datagram(void **state)
{
    struct caller c;
    (void)state;
    memset(&c, 0, sizeof c);
    fit_peer_replies(SERVER ":7/udp", datagram);
    asks(&c.asker, "datagram");
    int err = uv_loop_init(&c.loop);
    if (err) {
        tell_failed(&c.asker, err, uv_strerror(err));
        return;
    }
    c.udp.data = c.send.data = c.patience.data = &c;
    fit_on_cancel(c.asker.op, caller_cancel, &c);
    uv_timer_init(&c.loop, &c.patience);
    uv_timer_start(&c.patience, caller_late, PATIENCE_S * 1000, 0);
    err = caller_calls(&c);
    if (err) caller_ends(&c, err);
    uv_run(&c.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&c.loop), 0);
}

/* ---- A file, by the pool ----------------------------------------------------------------- */

#define NOTE "/tmp/faulttest-libuv-note"

/* One request after the other; the file is closed and removed whatever became of them. */
struct noter { struct asker asker; uv_loop_t loop; uv_fs_t fs; int fd, err; bool made, cancelled;
               char text[16]; };

static void noter_turns(uv_fs_t *fs);

static void noter_removed(uv_fs_t *fs)
{
    struct noter *n = fs->data;
    if (!n->err && fs->result < 0) n->err = (int)fs->result;
    uv_fs_req_cleanup(fs);
    if (n->err) tell_failed(&n->asker, n->err, uv_strerror(n->err));
    else        tell_done(&n->asker);
}
static void noter_closed(uv_fs_t *fs)
{
    struct noter *n = fs->data;
    if (!n->err && fs->result < 0) n->err = (int)fs->result;
    uv_fs_req_cleanup(fs);
    int err = uv_fs_unlink(&n->loop, fs, NOTE, noter_removed);
    if (err) tell_failed(&n->asker, err, uv_strerror(err));
}
/* What comes next, after `result` of what was asked before; 0 if it is under way. */
static int noter_next(struct noter *n, ssize_t result)
{
    uv_buf_t out = uv_buf_init("a note\n", 7), in = uv_buf_init(n->text, sizeof n->text);
    if (n->cancelled) return UV_ECANCELED;
    if (result < 0) return (int)result;
    switch (n->fs.fs_type) {
    case UV_FS_OPEN: return uv_fs_write(&n->loop, &n->fs, n->fd, &out, 1, 0, noter_turns);
    case UV_FS_WRITE:
        if (result != 7) return UV_EIO;
        return uv_fs_read(&n->loop, &n->fs, n->fd, &in, 1, 0, noter_turns);
    default: keep(&n->asker, n->text, (size_t)result); return UV_EOF;
    }
}
static void noter_turns(uv_fs_t *fs)
{
    struct noter *n = fs->data;
    ssize_t result = fs->result;
    if (fs->fs_type == UV_FS_OPEN && result >= 0) n->made = true, n->fd = (int)result;
    uv_fs_req_cleanup(fs);
    int err = noter_next(n, result);
    if (!err) return;
    if (err != UV_EOF) n->err = err;
    if (n->made) uv_fs_close(&n->loop, fs, n->fd, noter_closed);
    else         tell_failed(&n->asker, n->err, uv_strerror(n->err));
}
static void noter_cancel(struct noter *n)
{
    bool ends = n->fs.fs_type == UV_FS_CLOSE || n->fs.fs_type == UV_FS_UNLINK;
    n->cancelled = true;
    if (!ends) uv_cancel((uv_req_t *)&n->fs);
}
static void writes_a_note(void **state)
{
    struct noter n;
    (void)state;
    memset(&n, 0, sizeof n);
    asks(&n.asker, "note");
    int err = uv_loop_init(&n.loop);
    if (err) {
        tell_failed(&n.asker, err, uv_strerror(err));
        return;
    }
    n.fs.data = &n;
    fit_on_cancel(n.asker.op, noter_cancel, &n);
    err = uv_fs_open(&n.loop, &n.fs, NOTE, O_RDWR | O_CREAT | O_TRUNC, 0600, noter_turns);
    if (err) tell_failed(&n.asker, err, uv_strerror(err));
    uv_run(&n.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&n.loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_a_line), cmocka_unit_test(works_in_the_pool),
        cmocka_unit_test(polls_a_socket), cmocka_unit_test(hears_a_signal),
        cmocka_unit_test(calls_by_datagram), cmocka_unit_test(writes_a_note),
    };
    return fit_run_group_tests(tests, NULL, NULL);
}
