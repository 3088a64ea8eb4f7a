/* Threads as C11 names them. glibc's types are those of POSIX under other names, and its
 * functions call the POSIX ones inside libc, where no wrapper is: so they are forwarded here. */
#include <pthread.h>
#include <stdint.h>
#include <threads.h>

#include "fi/thread.h"
#include "fi/wrap.h"

static int c11(int error)
{
    switch (error) {
    case 0: return thrd_success;
    case EBUSY: return thrd_busy;
    case ENOMEM: return thrd_nomem;
    case ETIMEDOUT: return thrd_timedout;
    default: return thrd_error;
    }
}

/* An int is returned in the same register as a pointer; the rest of it is cut off by thrd_join. */
FIT_EXPORT int thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
    void *(*posix)(void *) = (void *(*)(void *))(void (*)(void))start;
    if (fit__passes()) return FIT_NEXT(thrd_create)(thread, start, arg);
    int error = pthread_create(thread, NULL, posix, arg);
    return c11(error == EAGAIN ? ENOMEM : error);
}

FIT_EXPORT int thrd_join(thrd_t thread, int *result)
{
    void *value;
    if (fit__passes()) return FIT_NEXT(thrd_join)(thread, result);
    int error = pthread_join(thread, &value);
    if (!error && result) *result = (int)(intptr_t)value;
    return c11(error);
}

FIT_EXPORT int thrd_detach(thrd_t thread)
{
    if (fit__passes()) return FIT_NEXT(thrd_detach)(thread);
    return c11(pthread_detach(thread));
}

FIT_EXPORT void thrd_exit(int result)
{
    if (fit__passes()) FIT_NEXT(thrd_exit)(result);
    pthread_exit((void *)(intptr_t)result);
}

FIT_EXPORT void thrd_yield(void)
{
    sched_yield();
}

FIT_EXPORT int mtx_init(mtx_t *mutex, int type)
{
    int error = fit__init_fault(FIT_CALL_pthread_mutex_init, FIT_CALLER);
    return error ? c11(error) : FIT_NEXT(mtx_init)(mutex, type);
}

FIT_EXPORT int cnd_init(cnd_t *cond)
{
    int error = fit__init_fault(FIT_CALL_pthread_cond_init, FIT_CALLER);
    return error ? c11(error) : FIT_NEXT(cnd_init)(cond);
}

FIT_EXPORT int mtx_lock(mtx_t *mutex)
{
    if (fit__passes()) return FIT_NEXT(mtx_lock)(mutex);
    return c11(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

FIT_EXPORT int mtx_trylock(mtx_t *mutex)
{
    if (fit__passes()) return FIT_NEXT(mtx_trylock)(mutex);
    return c11(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

FIT_EXPORT int mtx_timedlock(mtx_t *mutex, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(mtx_timedlock)(mutex, until);
    return c11(pthread_mutex_timedlock((pthread_mutex_t *)mutex, until));
}

FIT_EXPORT int mtx_unlock(mtx_t *mutex)
{
    if (fit__passes()) return FIT_NEXT(mtx_unlock)(mutex);
    return c11(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

FIT_EXPORT int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
    if (fit__passes()) return FIT_NEXT(cnd_wait)(cond, mutex);
    return c11(pthread_cond_wait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex));
}

FIT_EXPORT int cnd_timedwait(cnd_t *cond, mtx_t *mutex, const struct timespec *until)
{
    if (fit__passes()) return FIT_NEXT(cnd_timedwait)(cond, mutex, until);
    return c11(pthread_cond_timedwait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex, until));
}

FIT_EXPORT int cnd_signal(cnd_t *cond)
{
    if (fit__passes()) return FIT_NEXT(cnd_signal)(cond);
    return c11(pthread_cond_signal((pthread_cond_t *)cond));
}

FIT_EXPORT int cnd_broadcast(cnd_t *cond)
{
    if (fit__passes()) return FIT_NEXT(cnd_broadcast)(cond);
    return c11(pthread_cond_broadcast((pthread_cond_t *)cond));
}

FIT_EXPORT void call_once(once_flag *once, void (*routine)(void))
{
    pthread_once((pthread_once_t *)once, routine);
}

FIT_EXPORT int tss_create(tss_t *key, tss_dtor_t destructor)
{
    return c11(pthread_key_create(key, destructor));
}

FIT_EXPORT void tss_delete(tss_t key)
{
    pthread_key_delete(key);
}

FIT_EXPORT int tss_set(tss_t key, void *value)
{
    return c11(pthread_setspecific(key, value));
}
