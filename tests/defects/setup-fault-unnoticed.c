/* A pool opens two connections, in the test's setup, and is content with one of them. When it is
 * closed it also closes the one that it does not have.
 * options: --include-setup
 * expect: bad-close
 * repaired: reported recovered noticed
 * symptom: close.-1.
 */
#include "zoo.h"

struct pool { int first, second; };

static int pool_open(struct pool *pool)
{
    pool->first = dial(SERVER, 7);
    pool->second = dial(SERVER, 7);
    if (pool->first < 0) {
        pool->first = pool->second;
        pool->second = -1;
    }
    return pool->first < 0 ? pool->first : 0;
}

static int pool_ask(struct pool *pool, char *line, size_t size, size_t *have)
{
    int err = put(pool->first, "go\n", 3);
    return err ? err : take_line(pool->first, line, size, have);
}

static void pool_close(struct pool *pool)
{
    close(pool->first);
#ifdef REPAIRED
    if (pool->second < 0) return;
#endif
    close(pool->second);
}

static struct pool pool;

static void answers(int fd, void *unused)
{
    char line[8];
    (void)unused;
    if (recv(fd, line, sizeof line, 0) > 0) send(fd, "gone\n", 5, MSG_NOSIGNAL);
}

static int opens(void **state)
{
    (void)state;
    fit_peer(SERVER ":7", answers, NULL);
    return pool_open(&pool);
}

static void asks(void **state)
{
    char line[32];
    size_t have = 0;
    (void)state;
    struct fit_op *op = fit_op("ask");
    int err = pool_ask(&pool, line, sizeof line, &have);
    told(op, err, line, have);
    pool_close(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(asks, opens, NULL) };
    return fit_run_group_tests(tests, NULL, NULL);
}
