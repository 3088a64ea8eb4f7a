/* The cache may refuse an entry (FAULT_POINT says so in one case); its caller does not look and
 * tells success with what it believes to be in the cache.
 * expect: swallowed
 * repaired: reported
 */
#include "zoo.h"

struct cache { char entry[32]; size_t size; };

static int cache_insert(struct cache *c, const char *bytes, size_t size)
{
    int err = FAULT_POINT("cache/insert", ENOMEM, EBUSY);
    if (err) return -err;
    memcpy(c->entry, bytes, size);
    c->size = size;
    return 0;
}
static int store(struct cache *c)
{
#ifdef REPAIRED
    return cache_insert(c, "picture", 7);
#else
    cache_insert(c, "picture", 7);
    return 0;
#endif
}

static void stores(void **state)
{
    struct cache c = { .size = 0 };
    (void)state;
    struct fit_op *op = fit_op("store");
    int err = store(&c);
    told(op, err, c.entry, c.size);
}
ZOO_MAIN(stores)
