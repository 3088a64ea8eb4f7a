/* harness/loops/thunk.h - functions that stand between a library and the user's callbacks.
 *
 * A thunk is one of a fixed pool of functions per type of callback; each belongs to one
 * function of the user's from the first time it is passed, for good. So the same function
 * always gets the same thunk, and it does not matter that libraries copy, compare and keep
 * callbacks: what a handle holds is as stable as the user's own function would be. */
#ifndef HARNESS_LOOPS_THUNK_H
#define HARNESS_LOOPS_THUNK_H

#include "harness/loops/loops.h"

enum { FIT_THUNKS = 64 /* different functions of the user's for one type of callback */ };

struct fit__pool {
    const char *type;
    void *const *thunks;
    bool may_be_full;            /* then further functions are passed on as they are */
    void *users[FIT_THUNKS];     /* whose thunk it is; NULL: nobody's yet */
};

/* The thunk that stands for `user`. NULL for NULL, and a thunk of this pool for itself. A full
 * pool ends the test as unsupported; outside a world, or if it may be full, it returns `user`. */
void *fit__thunk_for(struct fit__pool *pool, void *user);
/* The user's function behind `thunk`; `thunk` itself if it is none. */
void *fit__user_of(const struct fit__pool *pool, void *thunk);

#define FIT__LIST(...) __VA_ARGS__

/* X(n, ...) for n = 000, 001, ... 077: octal, so that two digits count to 64. */
#define FIT__8(X, d, ...)                                                              \
    X(0##d##0, __VA_ARGS__) X(0##d##1, __VA_ARGS__) X(0##d##2, __VA_ARGS__)            \
    X(0##d##3, __VA_ARGS__) X(0##d##4, __VA_ARGS__) X(0##d##5, __VA_ARGS__)            \
    X(0##d##6, __VA_ARGS__) X(0##d##7, __VA_ARGS__)
#define FIT__64(X, ...)                                                                \
    FIT__8(X, 0, __VA_ARGS__) FIT__8(X, 1, __VA_ARGS__) FIT__8(X, 2, __VA_ARGS__)      \
    FIT__8(X, 3, __VA_ARGS__) FIT__8(X, 4, __VA_ARGS__) FIT__8(X, 5, __VA_ARGS__)      \
    FIT__8(X, 6, __VA_ARGS__) FIT__8(X, 7, __VA_ARGS__)

#define FIT__THUNK(n, name, type, result, params, args)                                \
    static result name##_thunk_##n params                                              \
    {                                                                                  \
        return name##_run((type)name##_pool.users[n], FIT__LIST args);                 \
    }
#define FIT__THUNK_NAME(n, name, ...) (void *)name##_thunk_##n,

/* The pool for callbacks called `name`, of C type `type`; `params` and `args` in parentheses.
 * Needs `static result name_run(type user, params)`, which does what a thunk does (not
 * inlined: there are 64 thunks). Defines
 * `static type name_for(type user)`. */
#define FIT__POOL(name, type, result, params, args)                                    \
    FIT__POOL_THAT(false, name, type, result, params, args)
#define FIT__POOL_THAT(may_be_full, name, type, result, params, args)                  \
    static struct fit__pool name##_pool;                                               \
    FIT__64(FIT__THUNK, name, type, result, params, args)                              \
    static void *const name##_thunks[FIT_THUNKS] = { FIT__64(FIT__THUNK_NAME, name, 0) }; \
    static struct fit__pool name##_pool = { #name, name##_thunks, may_be_full, { 0 } }; \
    static type name##_for(type user)                                                  \
    {                                                                                  \
        return (type)fit__thunk_for(&name##_pool, (void *)user);                       \
    }

/* The same where the thunk only says that the callback runs. */
#define FIT__VOID_POOL(name, type, params, args)                                       \
    FIT__VOID_POOL_THAT(false, name, type, params, args)
/* And where a function too many is none that has to be known. */
#define FIT__LOOSE_POOL(name, type, params, args)                                      \
    FIT__VOID_POOL_THAT(true, name, type, params, args)
#define FIT__VOID_POOL_THAT(may_be_full, name, type, params, args)                     \
    static __attribute__((noinline)) void name##_run(type user, FIT__LIST params)      \
    {                                                                                  \
        fit__callback_begin(FIT_CALL_##name, (void *)user);                                      \
        user args;                                                                     \
        fit__callback_end(FIT_CALL_##name, (void *)user);                                        \
    }                                                                                  \
    FIT__POOL_THAT(may_be_full, name, type, void, params, args)

/* The same where it may also fail: `value` is returned instead of calling the user's function,
 * if `may` (an expression of the arguments) holds and the explorer says so. */
#define FIT__FAILING_POOL(name, type, result, params, args, may, value)                \
    static __attribute__((noinline)) result name##_run(type user, FIT__LIST params)    \
    {                                                                                  \
        result answer = (result)(value);                                               \
        fit__callback_begin(FIT_CALL_##name, (void *)user);                                      \
        if (!(may) || !fit__callback_fails(FIT_CALL_##name, (void *)user, (long)(value)))        \
            answer = user args;                                                        \
        fit__callback_end(FIT_CALL_##name, (void *)user);                                        \
        return answer;                                                                 \
    }                                                                                  \
    FIT__POOL(name, type, result, params, args)

#endif
