/* hiredis, asynchronous: commands and replies on a libev loop, by its own adapter.
 * packages: libhiredis-dev libev-dev
 * libs: hiredis
 * link: -lev
 */
#include "library.h"

#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>

static const struct fit_reply redis[] = {
    { .until = "SET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n", .send = "+OK\r\n" },
    { .until = "GET\r\n$3\r\nkey\r\n", .send = "$5\r\nva" },
    { .after_ms = 2, .send = "lue\r\n", .hold = 1 }, { 0 } };

struct client {
    struct asker set, get;
    struct ev_loop *loop;
    redisAsyncContext *redis;
    ev_timer patience;           /* this version of hiredis has none of its own */
};

static void has_value(redisAsyncContext *redis, void *answer, void *arg)
{
    struct client *c = arg;
    redisReply *reply = answer;
    if (!reply || reply->type != REDIS_REPLY_STRING) {
        tell_failed(&c->get, redis->err, redis->errstr);
        return;
    }
    keep(&c->get, reply->str, reply->len);
    tell_done(&c->get);
    redisAsyncDisconnect(redis);
}
static void is_set(redisAsyncContext *redis, void *answer, void *arg)
{
    struct client *c = arg;
    if (answer) tell_done(&c->set);
    else        tell_failed(&c->set, redis->err, redis->errstr);
}
/* The context is freed by the library after this. */
static void ended(const redisAsyncContext *redis, int status)
{
    struct client *c = redis->data;
    (void)status;
    c->redis = NULL;
    ev_timer_stop(c->loop, &c->patience);
}
static void connected(const redisAsyncContext *redis, int status)
{
    if (status != REDIS_OK) ended(redis, status);
}
static void cancel(struct client *c)
{
    redisAsyncContext *redis = c->redis;
    ev_timer_stop(c->loop, &c->patience);
    c->redis = NULL;
    if (redis) redisAsyncFree(redis);
}
static void late(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop; (void)events;
    cancel(timer->data);
}
/* With the text of the context, which does not outlive this. */
static void refused(struct client *c)
{
    int code = c->redis ? c->redis->err : ENOMEM;
    const char *text = c->redis ? c->redis->errstr : "no context";
    tell_failed(&c->set, code, text);
    tell_failed(&c->get, code, text);
    cancel(c);
}
static void start(struct client *c)
{
    c->redis = redisAsyncConnect(SERVER, 6379);
    if (!c->redis || c->redis->err) {
        refused(c);
        return;
    }
    c->redis->data = c;
    redisLibevAttach(c->loop, c->redis);
    redisAsyncSetConnectCallback(c->redis, connected);
    redisAsyncSetDisconnectCallback(c->redis, ended);
    ev_timer_init(&c->patience, late, PATIENCE_S, 0);
    c->patience.data = c;
    ev_timer_start(c->loop, &c->patience);
    fit_on_cancel(c->set.op, cancel, c);
    fit_on_cancel(c->get.op, cancel, c);
    redisAsyncCommand(c->redis, is_set, c, "SET key value");
    redisAsyncCommand(c->redis, has_value, c, "GET key");
}
static void sets_and_gets(void **state)
{
    struct client c = { 0 };
    (void)state;
    fit_peer_replies(SERVER ":6379", redis);
    asks(&c.set, "set");
    asks(&c.get, "get");
    if (!(c.loop = ev_loop_new(EVFLAG_AUTO))) {
        tell_failed(&c.set, EMFILE, "ev_loop_new");
        tell_failed(&c.get, EMFILE, "ev_loop_new");
        return;
    }
    start(&c);
    ev_run(c.loop, 0);
    ev_loop_destroy(c.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sets_and_gets) };
    return fit_run_group_tests(tests, NULL, NULL);
}
