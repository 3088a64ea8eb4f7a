/* futex(): waiting and waking, by syscall(). */
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "tests/conformance/conformance.h"

static uint32_t word;

static long futex(int operation, uint32_t value, const struct timespec *time, uint32_t bits)
{
    return syscall(SYS_futex, &word, operation, value, time, NULL, bits);
}

static void futex_refuses(void)
{
    struct timespec bad = { 0, -1 }, soon = { 0, 2000000 }, zero = { 0, 0 }, past = { 1, 0 };
    word = 1;
    RUN(futex(FUTEX_WAIT, 0, NULL, 0));
    RUN(futex(FUTEX_WAIT_PRIVATE, 1, &bad, 0));
    RUN(futex(FUTEX_WAIT_PRIVATE, 0, &bad, 0));
    RUN(futex(FUTEX_WAIT_PRIVATE, 1, &zero, 0));
    RUN(futex(FUTEX_WAIT_PRIVATE, 1, &soon, 0));
    RUN(futex(FUTEX_WAIT_BITSET_PRIVATE, 1, &past, 1));
    RUN(futex(FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 1, &past, 1));
    RUN(futex(FUTEX_WAIT_BITSET_PRIVATE, 1, NULL, 0));
    RUN(futex(FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, 0));
    RUN(futex(FUTEX_WAKE_PRIVATE, 1, NULL, 0));
    RUN(futex(FUTEX_WAKE_PRIVATE, 0, NULL, 0));
}

static void *waits(void *arg)
{
    uint32_t bits = (uint32_t)(uintptr_t)arg;
    return (void *)(bits ? futex(FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, bits)
                         : futex(FUTEX_WAIT_PRIVATE, 0, NULL, 0));
}

/* By now it waits, on a busy machine too: one that came after its wake would wait for ever. */
static void let_it_wait(void)
{
    usleep(50000);
}

static void joined(const char *what, pthread_t thread)
{
    void *result;
    pthread_join(thread, &result);
    note("%s: %ld", what, (long)result);
}

static void futex_wakes_in_order(void)
{
    word = 0;
    pthread_t first = on_thread(waits, NULL);
    let_it_wait();
    pthread_t second = on_thread(waits, NULL);
    let_it_wait();
    pthread_t third = on_thread(waits, NULL);
    let_it_wait();
    RUN(futex(FUTEX_WAKE_PRIVATE, 0, NULL, 0));
    joined("first", first);
    RUN(futex(FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, 0));
    joined("second", second);
    joined("third", third);
    RUN(futex(FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, 0));
}

static void futex_wakes_by_bits(void)
{
    word = 0;
    pthread_t one = on_thread(waits, (void *)1);
    let_it_wait();
    pthread_t two = on_thread(waits, (void *)2);
    let_it_wait();
    RUN(futex(FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, 4));
    RUN(futex(FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, 2));
    joined("two", two);
    RUN(futex(FUTEX_WAKE_PRIVATE, 9, NULL, 0));
    joined("one", one);
}

const struct conformance_case futex_cases[] = {
    { "futex_refuses", futex_refuses },
    { "futex_wakes_in_order", futex_wakes_in_order },
    { "futex_wakes_by_bits", futex_wakes_by_bits },
    { NULL, NULL },
};
