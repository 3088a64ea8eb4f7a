/* The end of a thread that does not return: pthread_exit and pthread_cancel. Both unwind the stack,
 * so that clean-up handlers and destructors run. */
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include "fi/thread.h"
#include "fi/wrap.h"

/* Handlers of C code (pthread_cleanup_push without exceptions) are a chain of jump buffers that
 * lie in the frames that pushed them. */
static _Thread_local __pthread_unwind_buf_t *cleanups;
static _Thread_local struct { void *result; struct _Unwind_Exception unwinding; } ending;

static void push(__pthread_unwind_buf_t *buffer)
{
    buffer->__pad[0] = cleanups;
    cleanups = buffer;
}

FIT_EXPORT void __pthread_register_cancel(__pthread_unwind_buf_t *buffer)
{
    if (fit__passes()) FIT_NEXT(__pthread_register_cancel)(buffer);
    else push(buffer);
}

FIT_EXPORT void __pthread_unregister_cancel(__pthread_unwind_buf_t *buffer)
{
    if (fit__passes()) FIT_NEXT(__pthread_unregister_cancel)(buffer);
    else cleanups = buffer->__pad[0];
}

/* Of pthread_cleanup_push_defer_np: while it lasts the type is deferred, as it always is here. */
FIT_EXPORT void __pthread_register_cancel_defer(__pthread_unwind_buf_t *buffer)
{
    if (fit__passes()) FIT_NEXT(__pthread_register_cancel_defer)(buffer);
    else push(buffer);
}

FIT_EXPORT void __pthread_unregister_cancel_restore(__pthread_unwind_buf_t *buffer)
{
    if (fit__passes()) FIT_NEXT(__pthread_unregister_cancel_restore)(buffer);
    else cleanups = buffer->__pad[0];
}

/* ---- Unwinding --------------------------------------------------------------------------- */

static void __attribute__((noreturn)) end_thread(void)
{
    fit__enter();
    fit__threads->exit(ending.result);
}

/* The buffer has room for registers only: no signal mask was saved. */
static void __attribute__((noreturn)) run_handler(const __pthread_unwind_buf_t *buffer)
{
    sigjmp_buf whole = { { .__mask_was_saved = 0 } };
    memcpy(whole, buffer->__cancel_jmp_buf, sizeof buffer->__cancel_jmp_buf);
    siglongjmp(whole, 1);
}

static _Unwind_Reason_Code at_frame(int version, _Unwind_Action actions,
                                    _Unwind_Exception_Class class,
                                    struct _Unwind_Exception *exception,
                                    struct _Unwind_Context *context, void *argument)
{
    (void)version, (void)class, (void)exception, (void)argument;
    if (cleanups && (actions & _UA_END_OF_STACK ||
                     (uintptr_t)cleanups < (uintptr_t)_Unwind_GetCFA(context)))
        run_handler(cleanups);
    if (actions & _UA_END_OF_STACK) end_thread();
    return _URC_NO_REASON;
}

static void swallowed(_Unwind_Reason_Code reason, struct _Unwind_Exception *exception)
{
    (void)reason, (void)exception;
    fputs("FATAL: exception not rethrown\n", stderr);
    abort();
}

static void __attribute__((noreturn)) unwind(void)
{
    memset(&ending.unwinding, 0, sizeof ending.unwinding);
    ending.unwinding.exception_cleanup = swallowed;
    _Unwind_ForcedUnwind(&ending.unwinding, at_frame, NULL);
    end_thread();                            /* the stack cannot be unwound: no tables */
}

/* A clean-up handler of C code has run and asks for the rest. */
FIT_EXPORT void __pthread_unwind_next(__pthread_unwind_buf_t *buffer)
{
    if (fit__passes()) FIT_NEXT(__pthread_unwind_next)(buffer);
    cleanups = buffer->__pad[0];
    unwind();
}

static void __attribute__((noreturn)) end_with(void *result)
{
    fit__guard->cancel.ending = true;
    fit__guard->cancel.called_off = fit__guard->cancel.at_point = false;
    fit__cancel_changed(fit__guard);
    ending.result = result;
    unwind();
}

/* ---- The two ways ------------------------------------------------------------------------ */

/* A world runs its test on the process's own thread. */
static pthread_t first_thread;

static void __attribute__((constructor)) remember_first_thread(void)
{
    first_thread = pthread_self();
}

FIT_EXPORT void pthread_exit(void *result)
{
    if (fit__passes()) FIT_NEXT(pthread_exit)(result);
    if (pthread_equal(pthread_self(), first_thread))
        fit__unsupported("pthread_exit", FIT_CALLER, "return from the test's function instead");
    end_with(result);
}

void fit__cancelled(void)
{
    if (fit__traces()) fit__trace("  ", -1, "this thread is cancelled");
    end_with(PTHREAD_CANCELED);
}

FIT_EXPORT int pthread_cancel(pthread_t thread)
{
    int error;
    if (fit__passes()) return FIT_NEXT(pthread_cancel)(thread);
    if (pthread_equal(thread, first_thread))
        fit__unsupported("pthread_cancel", FIT_CALLER, "of the thread that runs the test");
    fit__enter();
    error = fit__threads->cancel(thread);
    if (fit__traces()) fit__trace("  ", -1, "pthread_cancel() = %d", error);
    fit__leave();
    return error;
}

FIT_EXPORT void pthread_testcancel(void)
{
    if (fit__passes()) FIT_NEXT(pthread_testcancel)();
    else fit__point_end(fit__point_begin(true));
}

FIT_EXPORT int pthread_setcancelstate(int state, int *old)
{
    if (fit__passes()) return FIT_NEXT(pthread_setcancelstate)(state, old);
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE) return EINVAL;
    if (old) *old = fit__guard->cancel.off ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    fit__guard->cancel.off = state == PTHREAD_CANCEL_DISABLE;
    fit__cancel_changed(fit__guard);
    return 0;
}

FIT_EXPORT int pthread_setcanceltype(int type, int *old)
{
    if (fit__passes()) return FIT_NEXT(pthread_setcanceltype)(type, old);
    if (type == PTHREAD_CANCEL_ASYNCHRONOUS)
        fit__unsupported("pthread_setcanceltype", FIT_CALLER, "threads are cancelled at "
                         "cancellation points only: keep to PTHREAD_CANCEL_DEFERRED");
    if (type != PTHREAD_CANCEL_DEFERRED) return EINVAL;
    if (old) *old = PTHREAD_CANCEL_DEFERRED;
    return 0;
}
