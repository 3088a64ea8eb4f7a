/* Thread-specific values, what is done once, and the destructors at the end of a thread. */
#include <limits.h>
#include <pthread.h>

#include "fi/thread.h"
#include "fi/wrap.h"

/* Kept also while no world is active: libraries make their keys when they are initialised. */
static void (*destructors[PTHREAD_KEYS_MAX])(void *);

extern void __call_tls_dtors(void);          /* glibc's own; it has no header */

static bool run_key_destructors(void)
{
    bool any = false;
    for (pthread_key_t key = 0; key < PTHREAD_KEYS_MAX; key++) {
        void *value;
        if (!destructors[key] || !(value = pthread_getspecific(key))) continue;
        pthread_setspecific(key, NULL);
        destructors[key](value);
        any = true;
    }
    return any;
}

void fit__thread_destructors(void)
{
    FIT_NEXT(__call_tls_dtors)();
    for (int i = 0; i < PTHREAD_DESTRUCTOR_ITERATIONS && run_key_destructors(); i++) { }
}

/* There are 1024 of them in all. */
static int no_key_left(const void *caller)
{
    int error;
    if (fit__passes() || !fit__mode_asked(FIT_THREAD)) return 0;
    fit__enter();
    error = fit__error_at(FIT_CALL_pthread_key_create, caller, 0);
    fit__leave();
    return error;
}

FIT_EXPORT int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    int error = no_key_left(FIT_CALLER);
    if (error) return error;
    error = FIT_NEXT(pthread_key_create)(key, destructor);
    if (!error && *key < PTHREAD_KEYS_MAX) destructors[*key] = destructor;
    return error;
}
FIT_ALIAS(__pthread_key_create, pthread_key_create);

FIT_EXPORT int pthread_key_delete(pthread_key_t key)
{
    int error = FIT_NEXT(pthread_key_delete)(key);
    if (!error && key < PTHREAD_KEYS_MAX) destructors[key] = NULL;
    return error;
}

/* What glibc allocates for it is neither the service's nor may it fail: glibc's own thread end
 * would free it, and ours does. */
FIT_EXPORT int pthread_setspecific(pthread_key_t key, const void *value)
{
    int error;
    fit__enter();
    error = FIT_NEXT(pthread_setspecific)(key, value);
    fit__leave();
    return error;
}

/* ---- Once -------------------------------------------------------------------------------- */

enum { ONCE_RUNS = 1, ONCE_DONE = 2 };       /* as glibc has them */

static const struct fit__sleep for_once = {
    .what = "pthread_once", .call = "pthread_once", .alone = "a routine that does not return"
};

/* Also when the routine is left by an exception, or because the thread ends in it: then it is as if
 * it had not been called. */
static void once_is_over(pthread_once_t **once)
{
    if (**once & ONCE_RUNS) **once = PTHREAD_ONCE_INIT;
    fit__enter();
    fit__threads->unpark(*once, UINT_MAX);
    fit__leave();
}

static void run_once(pthread_once_t *control, void (*routine)(void))
{
    pthread_once_t *once __attribute__((cleanup(once_is_over))) = control;
    *once = ONCE_RUNS;
    routine();
    *once = ONCE_DONE;
}

FIT_EXPORT int pthread_once(pthread_once_t *once, void (*routine)(void))
{
    if (__atomic_load_n(once, __ATOMIC_ACQUIRE) & ONCE_DONE) return 0;
    if (fit__passes()) return FIT_NEXT(pthread_once)(once, routine);
    fit__enter();
    if (!(*once & ONCE_RUNS)) fit__thread_preempt(FIT_CALL_pthread_once, FIT_CALLER);
    while (*once & ONCE_RUNS) fit__threads->park(once, &for_once, -1);
    fit__leave();
    if (*once & ONCE_DONE) return 0;
    run_once(once, routine);
    return 0;
}
