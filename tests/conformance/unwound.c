/* The end of a thread as code with exceptions sees it: clean-up handlers are variables that know
 * how to clean up, and so are the objects of C++, here without C++. What runs last, in order. */
#include <threads.h>

#include "tests/conformance/conformance.h"

#define SAY(call) note("%s: %s", #call, strerrorname_np(call))

/* What `thread_local` objects with destructors call. */
extern int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library);
extern void *__dso_handle __attribute__((visibility("hidden")));

static void told(void *what)
{
    note("clean up: %s", (const char *)what);
}

static void destroyed(const char **what)
{
    note("destroyed: %s", *what);
}
#define OBJECT(name) const char *name __attribute__((cleanup(destroyed))) = #name

static void local_destroyed(void *what)
{
    note("thread_local destroyed: %s", (const char *)what);
}

static pthread_key_t key;

static void key_destroyed(void *value)
{
    note("key destroyed: %s", (const char *)value);
    __cxa_thread_atexit_impl(local_destroyed, "made by a key's destructor", &__dso_handle);
}

enum way { RETURNS, EXITS, IS_CANCELLED, THRD_EXITS };

static void end_by(enum way way)
{
    OBJECT(deepest);
    switch (way) {
    case EXITS: pthread_exit((void *)7); break;
    case IS_CANCELLED: usleep(900000000); break;
    case THRD_EXITS: thrd_exit(7); break;
    default: break;
    }
}

static void *ends(void *way)
{
    OBJECT(outer);
    pthread_setspecific(key, "value");
    __cxa_thread_atexit_impl(local_destroyed, "first", &__dso_handle);
    __cxa_thread_atexit_impl(local_destroyed, "second", &__dso_handle);
    pthread_cleanup_push(told, "handler around");
    OBJECT(middle);
    pthread_cleanup_push(told, "handler within");
    end_by((enum way)(intptr_t)way);
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(0);
    return (void *)7;
}

static void end_of(enum way way)
{
    void *result = NULL;
    SAY(pthread_key_create(&key, key_destroyed));
    pthread_t thread = on_thread(ends, (void *)(intptr_t)way);
    usleep(30000);
    if (way == IS_CANCELLED)
        pthread_cancel(thread);
    int error = pthread_join(thread, &result);
    note("%s, %ld", strerrorname_np(error), (long)(int)(intptr_t)result);
    SAY(pthread_key_delete(key));
}

static void by_return(void) { end_of(RETURNS); }
static void by_exit(void) { end_of(EXITS); }
static void by_cancel(void) { end_of(IS_CANCELLED); }
static void by_thrd_exit(void) { end_of(THRD_EXITS); }

/* ---- destructors of keys: how often, and in which order ---------------------------------- */

static tss_t slots[3];
static int rounds;

static void again(void *value)
{
    note("round %d: %s", ++rounds, (const char *)value);
    tss_set(slots[1], "set again");
}

static void other(void *value)
{
    note("other: %s, and %s", (const char *)value, tss_get(slots[1]) ? "one" : "none");
}

static int uses_slots(void *exits)
{
    for (int i = 0; i < 3; i++)
        tss_set(slots[i], "at first");
    if (exits)
        thrd_exit(5);
    return 6;
}

static void slots_end(void)
{
    thrd_t thread;
    int result = 0;
    tss_create(&slots[0], other);
    tss_create(&slots[1], again);
    tss_create(&slots[2], NULL);
    for (int exits = 0; exits < 2; exits++) {
        rounds = 0;
        thrd_create(&thread, uses_slots, exits ? &rounds : NULL);
        note("%d", thrd_join(thread, &result) == thrd_success);
        note("%d", result);
    }
    for (int i = 0; i < 3; i++)
        tss_delete(slots[i]);
}

/* ---- handlers that keep to themselves ---------------------------------------------------- */

static void *defers(void *unused)
{
    pthread_cleanup_push_defer_np(told, "deferred");
    usleep(900000000);
    pthread_cleanup_pop_restore_np(1);
    return unused;
}

static void deferred(void)
{
    void *result = NULL;
    pthread_t thread = on_thread(defers, NULL);
    usleep(30000);
    pthread_cancel(thread);
    SAY(pthread_join(thread, &result));
    note("%d", result == PTHREAD_CANCELED);
}

const struct conformance_case unwound_cases[] = {
    { "unwound/by_return", by_return }, { "unwound/by_exit", by_exit },
    { "unwound/by_cancel", by_cancel }, { "unwound/by_thrd_exit", by_thrd_exit },
    { "unwound/slots", slots_end }, { "unwound/deferred", deferred },
    { NULL, NULL },
};
