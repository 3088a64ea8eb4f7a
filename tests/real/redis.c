/* A strict test of a small client of Redis, by hiredis and a poll loop of its own, against a real
 * server at port REDIS_PORT of this machine. With LEAKS the client forgets to close its log when no
 * connection comes about, as one easily does. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>
#include <hiredis/async.h>

enum { PATIENCE_MS = 2000 };

struct client {
    redisAsyncContext *redis;
    struct fit_op *set, *get;
    bool reading, writing;
    int log;                             /* a file where values are noted, or -1 */
};

/* ---- an adapter: what hiredis wants to be told of ---------------------------------------- */

static void add_read(void *arg) { ((struct client *)arg)->reading = true; }
static void del_read(void *arg) { ((struct client *)arg)->reading = false; }
static void add_write(void *arg) { ((struct client *)arg)->writing = true; }
static void del_write(void *arg) { ((struct client *)arg)->writing = false; }
static void ended(void *arg) { ((struct client *)arg)->redis = NULL; }

static void attach(struct client *c)
{
    redisAsyncContext *redis = c->redis;
    redis->data = c;
    redis->ev.data = c;
    redis->ev.addRead = add_read;
    redis->ev.delRead = del_read;
    redis->ev.addWrite = add_write;
    redis->ev.delWrite = del_write;
    redis->ev.cleanup = ended;
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Runs until hiredis has freed its context, or time is over. */
static void run(struct client *c)
{
    long end = now_ms() + PATIENCE_MS;
    while (c->redis && now_ms() < end) {
        struct pollfd one = { .fd = c->redis->c.fd };
        one.events = (short)((c->reading ? POLLIN : 0) | (c->writing ? POLLOUT : 0));
        int ready = poll(&one, 1, (int)(end - now_ms()));
        if (ready > 0 && one.revents & (POLLIN | POLLERR | POLLHUP)) redisAsyncHandleRead(c->redis);
        if (ready > 0 && c->redis && one.revents & POLLOUT) redisAsyncHandleWrite(c->redis);
    }
    if (c->redis) redisAsyncFree(c->redis);
}

/* ---- the client -------------------------------------------------------------------------- */

static void close_log(struct client *c)
{
    if (c->log >= 0) close(c->log);
    c->log = -1;
}

static void tell(struct fit_op *op, const redisAsyncContext *redis, const redisReply *reply)
{
    if (!reply) fit_op_failed(op, redis->err, redis->errstr, NULL);
    else fit_op_succeeded(op, reply->str, reply->len);
}

static void is_set(redisAsyncContext *redis, void *reply, void *arg)
{
    struct client *c = arg;
    tell(c->set, redis, reply);
}

static void has_value(redisAsyncContext *redis, void *answer, void *arg)
{
    struct client *c = arg;
    const redisReply *reply = answer;
    tell(c->get, redis, reply);
    if (!reply) return;
    if (c->log >= 0 && write(c->log, reply->str, reply->len) < 0)
        close_log(c);
    redisAsyncDisconnect(redis);
}

static void connected(const redisAsyncContext *redis, int status)
{
    struct client *c = redis->data;
#ifdef LEAKS
    if (status != REDIS_OK) c->log = -1;
#else
    (void)c;
    (void)status;
#endif
}

static void refused(struct client *c, int code, const char *text)
{
    fit_op_failed(c->set, code, text, NULL);
    fit_op_failed(c->get, code, text, NULL);
}

static void ask(struct client *c)
{
    c->redis = redisAsyncConnect("127.0.0.1", REDIS_PORT);
    if (!c->redis || c->redis->err) {
        refused(c, c->redis ? c->redis->err : ENOMEM, c->redis ? c->redis->errstr : "no context");
        if (c->redis) redisAsyncFree(c->redis);
        c->redis = NULL;
        return;
    }
    attach(c);
    redisAsyncSetConnectCallback(c->redis, connected);
    redisAsyncCommand(c->redis, is_set, c, "SET faulttest value");
    redisAsyncCommand(c->redis, has_value, c, "GET faulttest");
    run(c);
}

static void sets_and_gets(void **state)
{
    struct client c = { .log = open("answers.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0666) };
    (void)state;
    c.set = fit_op("set");
    c.get = fit_op("get");
    if (c.log < 0) refused(&c, errno, strerror(errno));
    else ask(&c);
    close_log(&c);
}

static void asks_twice(void **state)
{
    struct client c = { .log = -1 };
    (void)state;
    for (int i = 0; i < 2; i++) {
        c = (struct client){ .log = -1, .set = fit_op("set"), .get = fit_op("get") };
        ask(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_gets), cmocka_unit_test(asks_twice),
    };
    return fit_run_group_tests(tests, NULL, NULL);
}
