/* Work comes on one connection, and on the other the word to begin. Both are there when the loop
 * begins, so the word always comes before the room for work is full - unless the work is told of
 * first, again and again. The repaired one stops to read while there is no room.
 * expect: abort
 * repaired: unaffected reported
 */
#include "zoo.h"

enum { ITEM = 2, ITEMS = 12, ROOM = 5 };
struct shop { int loop, work, word, begun, queued, done; };

static int open_line(struct shop *s, int *fd, int port)
{
    struct epoll_event event = { .events = EPOLLIN };
    *fd = dial(SERVER, port);
    event.data.fd = *fd;
    if (*fd < 0) return *fd;
    return epoll_ctl(s->loop, EPOLL_CTL_ADD, *fd, &event) ? -errno : 0;
}
static void queue_item(struct shop *s)
{
    if (s->begun) {
        s->done++;
        return;
    }
    assert(s->queued < ROOM);
    s->queued++;
}
#ifdef REPAIRED
static int pause_work(struct shop *s, int on)
{
    struct epoll_event event = { .events = on ? 0 : EPOLLIN, .data.fd = s->work };
    return epoll_ctl(s->loop, EPOLL_CTL_MOD, s->work, &event) ? -errno : 0;
}
#endif
static int on_work(struct shop *s)
{
    static char item[ITEM];
    static size_t have;
#ifdef REPAIRED
    if (!s->begun && s->queued == ROOM) return pause_work(s, 1);
#endif
    ssize_t n = recv(s->work, item, ITEM - have, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -errno;
    if (n == 0) return -ECONNRESET;
    have += (size_t)n;
    if (have < ITEM) return 0;
    have = 0;
    queue_item(s);
    return 0;
}
static int on_word(struct shop *s)
{
    char word;
    ssize_t n = recv(s->word, &word, 1, 0);
    if (n < 0) return errno == EAGAIN ? 0 : -errno;
    if (n == 0) return -ECONNRESET;
    s->begun = 1;
    s->done += s->queued;
    s->queued = 0;
    int err = epoll_ctl(s->loop, EPOLL_CTL_DEL, s->word, NULL) ? -errno : 0;
#ifdef REPAIRED
    if (!err) err = pause_work(s, 0);
#endif
    return err;
}
static int serve(struct shop *s)
{
    while (s->done < ITEMS) {
        struct epoll_event ready[2];
        int n = epoll_wait(s->loop, ready, 2, PATIENCE_MS), err = 0;
        if (n == 0) return -ETIMEDOUT;
        if (n < 0 && errno != EINTR) return -errno;
        for (int i = 0; i < n && !err; i++)
            err = ready[i].data.fd == s->word ? on_word(s) : on_work(s);
        if (err) return err;
    }
    return 0;
}

static void serves(void **state)
{
    static const struct fit_reply word[] = { { .until = "?", .send = "!", .hold = 1 }, { 0 } };
    static const struct fit_reply work[] = {
        { .until = "?", .send = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n", .hold = 1 }, { 0 } };
    struct shop s = { .work = -1, .word = -1 };
    (void)state;
    fit_peer_replies(SERVER ":7", word);
    fit_peer_replies(SERVER ":8", work);
    struct fit_op *op = fit_op("shift");
    s.loop = epoll_create1(0);
    int err = s.loop < 0 ? -errno : open_line(&s, &s.word, 7);
    if (!err) err = open_line(&s, &s.work, 8);
    if (!err) err = put(s.word, "?", 1);
#ifndef REPAIRED
    if (!err) err = await(s.word, POLLIN);       /* it is there: what could go wrong? */
#endif
    if (!err) err = put(s.work, "?", 1);
    if (!err) usleep(20000);
    if (!err) err = serve(&s);
    if (s.word >= 0) close(s.word);
    if (s.work >= 0) close(s.work);
    if (s.loop >= 0) close(s.loop);
    told(op, err, &s.done, sizeof s.done);
}
ZOO_MAIN(serves)
