/* libev: a client with an io watcher and a timer; an async watcher that a thread sends to.
 * packages: libev-dev
 * link: -lev
 */
#include "library.h"

#include <ev.h>
#include <fcntl.h>
#include <pthread.h>

static const struct fit_reply echo[] = {
    { .until = "hello\n", .send = "hel" }, { .after_ms = 2, .send = "lo\n" }, { 0 } };

/* ---- A client that waits for a line ----------------------------------------------------- */

struct client {
    struct asker asker;
    struct ev_loop *loop;
    ev_io io;
    ev_timer patience;
    size_t sent;
};

static void client_ends(struct client *c, int err)
{
    ev_io_stop(c->loop, &c->io);
    ev_timer_stop(c->loop, &c->patience);
    close(c->io.fd);
    if (err) tell_failed(&c->asker, err, strerror(err));
    else     tell_done(&c->asker);
}
static void client_cancel(struct client *c) { client_ends(c, ECANCELED); }

static void client_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop; (void)events;
    client_ends(timer->data, ETIMEDOUT);
}
static void client_reads(struct ev_loop *loop, ev_io *io, int events)
{
    struct client *c = io->data;
    char bytes[64];
    (void)loop; (void)events;
    ssize_t n = recv(io->fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        client_ends(c, n ? errno : ECONNRESET);
        return;
    }
    keep(&c->asker, bytes, (size_t)n);
    if (memchr(bytes, '\n', (size_t)n)) client_ends(c, 0);
}
static void client_writes(struct ev_loop *loop, ev_io *io, int events)
{
    struct client *c = io->data;
    static const char text[] = "hello\n";
    (void)events;
    ssize_t n = send(io->fd, text + c->sent, 6 - c->sent, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
        client_ends(c, errno);
        return;
    }
    c->sent += (size_t)n;
    if (c->sent < 6) return;
    ev_io_stop(loop, io);
    ev_io_init(io, client_reads, io->fd, EV_READ);
    ev_io_start(loop, io);
}
static int client_starts(struct client *c)
{
    struct sockaddr_in to = ip4(SERVER, 7);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) return errno;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        int err = errno;
        close(fd);
        return err;
    }
    ev_io_init(&c->io, client_writes, fd, EV_WRITE);
    ev_timer_init(&c->patience, client_late, PATIENCE_S, 0);
    c->io.data = c->patience.data = c;
    ev_io_start(c->loop, &c->io);
    ev_timer_start(c->loop, &c->patience);
    fit_on_cancel(c->asker.op, client_cancel, c);
    return 0;
}
static void asks_for_a_line(void **state)
{
    struct client c = { 0 };
    (void)state;
    fit_peer_replies(SERVER ":7", echo);
    asks(&c.asker, "line");
    if (!(c.loop = ev_loop_new(EVFLAG_AUTO))) {
        tell_failed(&c.asker, EMFILE, "ev_loop_new");
        return;
    }
    int err = client_starts(&c);
    if (err) tell_failed(&c.asker, err, strerror(err));
    ev_run(c.loop, 0);
    ev_loop_destroy(c.loop);
}

/* ---- A thread that sends to the loop ---------------------------------------------------- */

struct worker { struct asker asker; struct ev_loop *loop; ev_async async; pthread_t thread; };

static void *work(void *arg)
{
    struct worker *w = arg;
    usleep(3000);
    ev_async_send(w->loop, &w->async);
    return NULL;
}
static void work_done(struct ev_loop *loop, ev_async *async, int events)
{
    struct worker *w = async->data;
    (void)events;
    ev_async_stop(loop, async);
    keep(&w->asker, "done", 4);
    tell_done(&w->asker);
    ev_break(loop, EVBREAK_ONE);
}
static void work_cancel(struct worker *w)
{
    ev_async_stop(w->loop, &w->async);
    tell_failed(&w->asker, ECANCELED, "cancelled");
    ev_break(w->loop, EVBREAK_ALL);
}
static void hears_from_a_thread(void **state)
{
    struct worker w = { 0 };
    (void)state;
    asks(&w.asker, "work");
    if (!(w.loop = ev_loop_new(EVFLAG_AUTO))) {
        tell_failed(&w.asker, EMFILE, "ev_loop_new");
        return;
    }
    ev_async_init(&w.async, work_done);
    w.async.data = &w;
    ev_async_start(w.loop, &w.async);
    fit_on_cancel(w.asker.op, work_cancel, &w);
    int err = pthread_create(&w.thread, NULL, work, &w);
    if (err) {
        ev_async_stop(w.loop, &w.async);
        tell_failed(&w.asker, err, strerror(err));
    }
    ev_run(w.loop, 0);
    if (!err) pthread_join(w.thread, NULL);
    ev_loop_destroy(w.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_a_line), cmocka_unit_test(hears_from_a_thread) };
    return fit_run_group_tests(tests, NULL, NULL);
}
