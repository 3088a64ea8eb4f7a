/* futex(): libraries that build their locks on it (GLib) come by syscall(). A word is waited for by
 * its address; threads are green, so looking at the word and going to sleep are one step. */
#include <linux/futex.h>
#include <time.h>

#include "fi/thread.h"
#include "fi/wait.h"
#include "fi/wrap_futex.h"

struct sleeper {
    const uint32_t *word;
    uint32_t bits;
    bool woken;
    struct sleeper *next;
};

static struct sleeper *sleepers;         /* in the order in which they came */

static void enlist(struct sleeper *self)
{
    struct sleeper **link = &sleepers;
    while (*link) link = &(*link)->next;
    *link = self;
}

static void leave(const struct sleeper *self)
{
    struct sleeper **link = &sleepers;
    while (*link != self) link = &(*link)->next;
    *link = self->next;
}

/* Nanoseconds to the end of the wait, -1: none. Only FUTEX_WAIT takes a span, others a time. */
static int64_t span_of(int operation, const struct timespec *time, bool *bad)
{
    struct timespec now;
    int64_t ns = fit__ns_of(time, bad);
    if (ns < 0 || *bad || (operation & FUTEX_CMD_MASK) == FUTEX_WAIT) return ns;
    fit__kernel->clock_gettime(operation & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME
                                                                : CLOCK_MONOTONIC, &now);
    ns -= now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    return ns < 0 ? 0 : ns;
}

static const struct fit__sleep for_futex = {
    .what = "futex", .call = "futex", .alone = "a futex that nobody is left to wake"
};

static long sleep_on(const uint32_t *word, int operation, uint32_t expected,
                     const struct timespec *time, uint32_t bits)
{
    struct sleeper self = { .word = word, .bits = bits };
    bool bad;
    int64_t left = span_of(operation, time, &bad);
    if (bad || !bits) return -EINVAL;
    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != expected) return -EAGAIN;
    if (left == 0) return -ETIMEDOUT;
    int64_t end = left < 0 ? -1 : fit__monotonic() + left;
    enlist(&self);
    while (!self.woken && (end < 0 || fit__monotonic() < end))
        fit__threads->park(&self, &for_futex, end < 0 ? -1 : end - fit__monotonic());
    leave(&self);
    return self.woken ? 0 : -ETIMEDOUT;
}

static long wake(const uint32_t *word, uint32_t most, uint32_t bits)
{
    long woken = 0;
    if (!bits) return -EINVAL;
    for (struct sleeper *s = sleepers; s && (!woken || woken < (long)most); s = s->next) {
        if (s->word != word || s->woken || !(s->bits & bits)) continue;
        s->woken = true;
        woken++;
        fit__threads->unpark(s, 1);
    }
    return woken;
}

bool fit__futex(const long a[6], long *result)
{
    const uint32_t *word = (const uint32_t *)a[0];
    int operation = (int)a[1];
    if (operation & ~(FUTEX_CMD_MASK | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) return false;
    fit__enter();
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
        *result = sleep_on(word, operation, (uint32_t)a[2], (const struct timespec *)a[3],
                           FUTEX_BITSET_MATCH_ANY);
        break;
    case FUTEX_WAIT_BITSET:
        *result = sleep_on(word, operation, (uint32_t)a[2], (const struct timespec *)a[3],
                           (uint32_t)a[5]);
        break;
    case FUTEX_WAKE: *result = wake(word, (uint32_t)a[2], FUTEX_BITSET_MATCH_ANY); break;
    case FUTEX_WAKE_BITSET: *result = wake(word, (uint32_t)a[2], (uint32_t)a[5]); break;
    default:
        fit__leave();
        return false;
    }
    fit__leave();
    *result = fit__result(*result);
    return true;
}

void fit__futex_restart(void)
{
    sleepers = NULL;
}
