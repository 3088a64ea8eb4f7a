/* harness/loops/uv_pool.c - libuv's pool of threads: what the user's code gives it to do.
 *
 * Facts (libuv 1.44.2, src/threadpool.c): a request has in it a struct uv__work, which is in the
 * pool's queue until a thread takes it; that thread calls its function `work`. uv_cancel() takes it
 * out of the queue, and answers UV_EBUSY once a thread has it: then it is done, and its callback
 * comes with success. Idle threads sleep in uv_cond_wait(), called through the PLT. So
 *   - a request of libuv's own gets our function in front of its own, which says that it begins;
 *   - while the pool is busy, a thread that is woken goes on only when that is over. What is queued
 *     meanwhile stays there, and can be cancelled.
 * UV_ECANCELED is no fault of its own: libuv gives it to a request that somebody cancelled and to
 * no other, so it comes about where the test's cancel function is called. */
#include <uv.h>

#include "fi/export.h"
#include "fi/guard.h"
#include "fi/kernel.h"
#include "harness/loops/loops.h"
#include "harness/loops/thunk.h"

static struct fit__library library = { .file = "libuv.so.1" };

FIT__VOID_POOL(uv_work_cb, uv_work_cb, (uv_work_t *request), (request))
FIT__VOID_POOL(uv_after_work_cb, uv_after_work_cb, (uv_work_t *request, int status),
               (request, status))
FIT__VOID_POOL(uv_getaddrinfo_cb, uv_getaddrinfo_cb,
               (uv_getaddrinfo_t *request, int status, struct addrinfo *found),
               (request, status, found))
FIT__VOID_POOL(uv_getnameinfo_cb, uv_getnameinfo_cb,
               (uv_getnameinfo_t *request, int status, const char *host, const char *service),
               (request, status, host, service))
FIT__VOID_POOL(uv_random_cb, uv_random_cb,
               (uv_random_t *request, int status, void *bytes, size_t size),
               (request, status, bytes, size))
FIT__VOID_POOL(uv_fs_cb, uv_fs_cb, (uv_fs_t *request), (request))

/* ---- the pool is busy -------------------------------------------------------------------- */

static int64_t busy_until;               /* ns of the monotonic clock */

static int64_t now_ns(void)
{
    struct timespec now = { 0 };
    fit__enter();
    fit__kernel->clock_gettime(CLOCK_MONOTONIC, &now);
    fit__leave();
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The user's code gives it something to do: is the pool busy with what others gave it? */
static void submits(enum fit__call_id call, const void *caller)
{
    struct fit__question q = { .caller = caller };
    const struct fit__alternative *answer = fit__loop_asks(call, &q);
    if (answer) busy_until = now_ns() + answer->value * INT64_C(1000000);
}

FIT_EXPORT void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex)
{
    int64_t left;
    FIT__REAL(&library, uv_cond_wait)(cond, mutex);
    if (fit__passes() || fit__users_callback(&library, __builtin_return_address(0))) return;
    if (!busy_until || (left = busy_until - now_ns()) <= 0) return;
    FIT__REAL(&library, uv_mutex_unlock)(mutex);
    fit__enter();
    fit__kernel->sleep(left);
    fit__leave();
    FIT__REAL(&library, uv_mutex_lock)(mutex);
}

void fit__uv_pool_reset(void)
{
    busy_until = 0;
}

/* ---- a request of libuv's own ------------------------------------------------------------ */

#define JOB(name)                                                                             \
    static void (*name##_work)(struct uv__work *);                                            \
    static void name##_job(struct uv__work *work)                                             \
    {                                                                                         \
        if (!fit__passes() && fit__on_job) fit__on_job(#name);                                \
        name##_work(work);                                                                    \
    }                                                                                         \
    static void name##_submitted(struct uv__work *work)                                       \
    {                                                                                         \
        if (!work->work || work->work == name##_job) return;                                  \
        name##_work = work->work;                                                             \
        work->work = name##_job;                                                              \
    }
JOB(uv_fs)
JOB(uv_getaddrinfo)
JOB(uv_getnameinfo)
JOB(uv_random)

/* By code of the user's, in a world, and not to be done at once. */
#define IS_JOB(callback)                                                                      \
    ((callback) && fit__active                                                                \
     && fit__users_callback(&library, __builtin_return_address(0)))
#define FOR(type, callback)                                                                   \
    (fit__users_callback(&library, __builtin_return_address(0)) ? type##_for(callback)        \
                                                                : (callback))
/* `call`: what it is in the table. Parameters are the loop l, the request r, ..., callback cb. */
#define SUBMIT(call, name, params, args)                                                      \
    FIT_EXPORT int name params                                                                \
    {                                                                                         \
        __typeof__(&name) real = FIT__REAL(&library, name);                                   \
        bool job = IS_JOB(cb);                                                                \
        if (job) submits(FIT_CALL_##call, __builtin_return_address(0));                       \
        int result = real args;                                                               \
        if (job && !result) call##_submitted(&r->work_req);                                   \
        return result;                                                                        \
    }

/* Its function is the user's, and says so itself. */
FIT_EXPORT int uv_queue_work(uv_loop_t *l, uv_work_t *r, uv_work_cb work, uv_after_work_cb cb)
{
    __typeof__(&uv_queue_work) real = FIT__REAL(&library, uv_queue_work);
    if (IS_JOB(work)) submits(FIT_CALL_uv_queue_work, __builtin_return_address(0));
    return real(l, r, FOR(uv_work_cb, work), FOR(uv_after_work_cb, cb));
}

SUBMIT(uv_getaddrinfo, uv_getaddrinfo,
       (uv_loop_t *l, uv_getaddrinfo_t *r, uv_getaddrinfo_cb cb, const char *node,
        const char *service, const struct addrinfo *hints),
       (l, r, FOR(uv_getaddrinfo_cb, cb), node, service, hints))
SUBMIT(uv_getnameinfo, uv_getnameinfo,
       (uv_loop_t *l, uv_getnameinfo_t *r, uv_getnameinfo_cb cb, const struct sockaddr *address,
        int flags),
       (l, r, FOR(uv_getnameinfo_cb, cb), address, flags))
SUBMIT(uv_random, uv_random,
       (uv_loop_t *l, uv_random_t *r, void *bytes, size_t n, unsigned flags, uv_random_cb cb),
       (l, r, bytes, n, flags, FOR(uv_random_cb, cb)))

/* Files: uv_fs_NAME(loop, request, arguments, callback). */
#define FS(name, params, ...)                                                                 \
    SUBMIT(uv_fs, uv_fs_##name, (uv_loop_t *l, uv_fs_t *r, FIT__LIST params, uv_fs_cb cb),    \
           (l, r, __VA_ARGS__, FOR(uv_fs_cb, cb)))

FS(close, (uv_file f), f)
FS(open, (const char *p, int flags, int mode), p, flags, mode)
FS(read, (uv_file f, const uv_buf_t b[], unsigned n, int64_t at), f, b, n, at)
FS(write, (uv_file f, const uv_buf_t b[], unsigned n, int64_t at), f, b, n, at)
FS(unlink, (const char *p), p)
FS(copyfile, (const char *p, const char *to, int flags), p, to, flags)
FS(mkdir, (const char *p, int mode), p, mode)
FS(mkdtemp, (const char *p), p)
FS(mkstemp, (const char *p), p)
FS(rmdir, (const char *p), p)
FS(scandir, (const char *p, int flags), p, flags)
FS(opendir, (const char *p), p)
FS(readdir, (uv_dir_t *d), d)
FS(closedir, (uv_dir_t *d), d)
FS(stat, (const char *p), p)
FS(fstat, (uv_file f), f)
FS(lstat, (const char *p), p)
FS(statfs, (const char *p), p)
FS(rename, (const char *p, const char *to), p, to)
FS(fsync, (uv_file f), f)
FS(fdatasync, (uv_file f), f)
FS(ftruncate, (uv_file f, int64_t size), f, size)
FS(sendfile, (uv_file out, uv_file in, int64_t at, size_t n), out, in, at, n)
FS(access, (const char *p, int mode), p, mode)
FS(chmod, (const char *p, int mode), p, mode)
FS(fchmod, (uv_file f, int mode), f, mode)
FS(utime, (const char *p, double accessed, double changed), p, accessed, changed)
FS(futime, (uv_file f, double accessed, double changed), f, accessed, changed)
FS(lutime, (const char *p, double accessed, double changed), p, accessed, changed)
FS(link, (const char *p, const char *to), p, to)
FS(symlink, (const char *p, const char *to, int flags), p, to, flags)
FS(readlink, (const char *p), p)
FS(realpath, (const char *p), p)
FS(chown, (const char *p, uv_uid_t user, uv_gid_t group), p, user, group)
FS(fchown, (uv_file f, uv_uid_t user, uv_gid_t group), f, user, group)
FS(lchown, (const char *p, uv_uid_t user, uv_gid_t group), p, user, group)
