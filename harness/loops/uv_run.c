/* harness/loops/uv_run.c - libuv's loops: stepped turn by turn, and counted.
 *
 * UV_RUN_DEFAULT is cut into iterations by stopping the loop, as uv_stop() would, from a check
 * handle of ours: that is after the poll, so the iteration goes on to its end exactly as it
 * would have (check and closing callbacks), makes the same system calls, and uv_run() returns
 * before the next one's timers. UV_RUN_ONCE would not do: it runs timers once more at its end,
 * and a uv_stop() in one of these would then leave out the poll and the closing callbacks that
 * follow it in UV_RUN_DEFAULT (libuv 1.44.2, src/unix/core.c, uv_run). The handle is marked
 * internal, so that neither uv_walk() nor uv_loop_close() sees it, and has no reference. */
#include <uv.h>

#include <assert.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/export.h"
#include "fi/guard.h"
#include "fi/hot.h"
#include "fi/kernel.h"
#include "fi/raw.h"
#include "harness/loops/loops.h"

enum {
    HANDLE_INTERNAL = 0x10,      /* libuv 1.44.2, src/uv-common.h: UV_HANDLE_INTERNAL */
    HANDLES_MAX = 100000         /* followed in one loop's queue */
};

struct loop {
    uv_loop_t *uv;
    struct loop *next;
    bool counted;                /* made in this test */
    bool running;                /* in libuv's uv_run() */
    bool stepping;               /* cut the iteration that runs now */
    bool cut;                    /* stop_flag was set by us */
    bool stopped;                /* stop_flag was set by the user */
    unsigned nested;             /* uv_run() calls from callbacks of this very loop */
    bool has_check;
    uv_check_t check;
};

static struct fit__library library = { .file = "libuv.so.1" };
FIT_HOT static struct loop *loops;
static unsigned busy_closes;

static bool watched(void)
{
    return !fit__passes() && !fit__guard->exempt;
}

static struct loop *find(const uv_loop_t *uv)
{
    for (struct loop *loop = loops; loop; loop = loop->next)
        if (loop->uv == uv) return loop;
    return NULL;
}

static void forget(const uv_loop_t *uv)
{
    for (struct loop **link = &loops; *link; link = &(*link)->next) {
        struct loop *loop = *link;
        if (loop->uv != uv) continue;
        *link = loop->next;
        fit__free(loop);
        return;
    }
}

static struct loop *add(uv_loop_t *uv, bool counted)
{
    struct loop *loop = fit__alloc(sizeof *loop);
    loop->uv = uv;
    loop->counted = counted;
    loop->next = loops;
    loops = loop;
    return loop;
}

/* ---- Life of a loop ---------------------------------------------------------------------- */

FIT_EXPORT int uv_loop_init(uv_loop_t *uv)
{
    int result = FIT__REAL(&library, uv_loop_init)(uv);
    if (result == 0 && watched()) {
        forget(uv);              /* one at the same address that was never closed */
        add(uv, true);
    }
    return result;
}

FIT_EXPORT int uv_loop_close(uv_loop_t *uv)
{
    int result = FIT__REAL(&library, uv_loop_close)(uv);
    if (!watched()) return result;
    if (result == UV_EBUSY) busy_closes++;
    if (result == 0) forget(uv);
    return result;
}

/* ---- Turn by turn ------------------------------------------------------------------------ */

static void on_check(uv_check_t *check)
{
    struct loop *loop = check->data;
    if (!loop->stepping || loop->nested) return;
    loop->cut = true;
    FIT__REAL(&library, uv_stop)(loop->uv);
}

static void look_for_ours(uv_handle_t *handle, void *arg)
{
    struct loop *loop = arg;
    if (handle == (uv_handle_t *)&loop->check)
        fit__unsupported("uv_run", NULL, "this libuv marks internal handles in another way");
}

static void add_check(struct loop *loop)
{
    FIT__REAL(&library, uv_check_init)(loop->uv, &loop->check);
    loop->check.data = loop;
    loop->check.flags |= HANDLE_INTERNAL;
    FIT__REAL(&library, uv_unref)((uv_handle_t *)&loop->check);
    FIT__REAL(&library, uv_check_start)(&loop->check, on_check);
    FIT__REAL(&library, uv_walk)(loop->uv, look_for_ours, loop);
    loop->has_check = true;
}

static int run_really(uv_loop_t *uv, uv_run_mode mode)
{
    fit__loop_begin("uv_run");
    int alive = FIT__REAL(&library, uv_run)(uv, mode);
    fit__loop_end("uv_run");
    return alive;
}

/* A uv_run() inside a callback of the loop that we are stepping must find the user's stop
 * request and not ours; it uses it up, as it always does. */
static int run_nested(uv_loop_t *uv, uv_run_mode mode)
{
    struct loop *loop = find(uv);
    if (!loop || !loop->stepping) return run_really(uv, mode);
    loop->nested++;
    uv->stop_flag = loop->stopped;
    int alive = run_really(uv, mode);
    loop->stopped = false;
    uv->stop_flag = loop->cut;
    loop->nested--;
    return alive;
}

static int run_stepped(struct loop *loop, uv_run_mode mode)
{
    int alive;
    loop->nested = 0;            /* all of these may be left over from a longjmp */
    loop->cut = false;
    loop->stopped = loop->uv->stop_flag != 0;
    loop->stepping = mode == UV_RUN_DEFAULT;
    do {
        if (!loop->stopped) fit__turn();
        loop->cut = false;
        loop->running = true;
        alive = run_really(loop->uv, mode);
        loop->running = false;
    } while (loop->stepping && alive && !loop->stopped);
    loop->stepping = false;
    return alive;
}

FIT_EXPORT int uv_run(uv_loop_t *uv, uv_run_mode mode)
{
    if (!watched()) return FIT__REAL(&library, uv_run)(uv, mode);
    if (!fit__turn_allowed()) return run_nested(uv, mode);
    struct loop *loop = find(uv);
    if (!loop) loop = add(uv, false);
    if (mode == UV_RUN_DEFAULT && !loop->has_check) add_check(loop);
    return run_stepped(loop, mode);
}

FIT_EXPORT void uv_stop(uv_loop_t *uv)
{
    struct loop *loop = watched() ? find(uv) : NULL;
    if (loop) loop->stopped = true;
    FIT__REAL(&library, uv_stop)(uv);
}

/* As an uv_async_send() that nobody asked for: the loop wakes, finds no handle that was sent to,
 * runs nothing, and the iteration comes to its end. EINTR would not do, for libuv waits on. */
bool fit__uv_wake(void)
{
    uint64_t one = 1;
    struct iovec counter = { &one, sizeof one };
    bool any = false;
    for (struct loop *loop = loops; loop; loop = loop->next) {
        if (!loop->running) continue;
        any = true;
        fit__kernel->writev(loop->uv->async_io_watcher.fd, &counter, 1, -1);
    }
    return any;
}

/* ---- Census ------------------------------------------------------------------------------ */

#define TYPE_NAME(upper, lower) [UV_##upper] = "uv_" #lower "_t",
static const char *const type_names[UV_HANDLE_TYPE_MAX] = {
    [UV_UNKNOWN_HANDLE] = "uv_handle_t", UV_HANDLE_TYPE_MAP(TYPE_NAME) [UV_FILE] = "uv_file",
};
#undef TYPE_NAME

static uv_handle_t *handle_of(void *link)
{
    return (uv_handle_t *)((char *)link - offsetof(uv_handle_t, handle_queue));
}

/* Counts by type; false if the memory holds no intact loop any more: one that was never closed may
 * be gone by now. So every link is checked. */
static bool count_handles(const uv_loop_t *uv, unsigned counts[UV_HANDLE_TYPE_MAX])
{
    const void *head = &uv->handle_queue, *before = head;
    void *links[2];
    if (!fit__peek(links, head, sizeof links)) return false;
    for (unsigned i = 0; i < HANDLES_MAX && links[0] != head; i++) {
        uv_handle_t handle;
        void *link = links[0];
        if (!fit__peek(&handle, handle_of(link), sizeof handle)) return false;
        memcpy(links, handle.handle_queue, sizeof links);
        if (links[1] != before || handle.loop != uv) return false;
        if (handle.type <= UV_UNKNOWN_HANDLE || handle.type >= UV_HANDLE_TYPE_MAX) return false;
        if (!(handle.flags & HANDLE_INTERNAL)) counts[handle.type]++;
        before = link;
    }
    return links[0] == head;
}

size_t fit__uv_census(struct fit__census_entry *entries, size_t most)
{
    unsigned open = 0, counts[UV_HANDLE_TYPE_MAX] = { 0 };
    size_t filled = 0;
    for (struct loop *loop = loops; loop; loop = loop->next) {
        unsigned here[UV_HANDLE_TYPE_MAX] = { 0 };
        if (!loop->counted) continue;
        open++;
        if (!count_handles(loop->uv, here)) continue;
        for (int type = 0; type < UV_HANDLE_TYPE_MAX; type++) counts[type] += here[type];
    }
    if (open && filled < most)
        entries[filled++] = (struct fit__census_entry){ "uv_loop_t", open };
    for (int type = 0; type < UV_HANDLE_TYPE_MAX; type++)
        if (counts[type] && filled < most)
            entries[filled++] = (struct fit__census_entry){ type_names[type], counts[type] };
    return filled;
}

unsigned fit__uv_busy_closes(void)
{
    return busy_closes;
}

/* Loops that outlive a test stay known, for our check handle is in them. */
void fit__uv_reset(void)
{
    busy_closes = 0;
    for (struct loop *loop = loops; loop; loop = loop->next) loop->counted = false;
}
