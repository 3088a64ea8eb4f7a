/* harness/loops/loops.c - what all adapters share: which callbacks run, thunks, real functions. */
#include "harness/loops/loops.h"

#include <assert.h>
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/uio.h>

#include "fi/fault.h"
#include "fi/guard.h"
#include "fi/hot.h"
#include "fi/kernel.h"
#include "fi/raw.h"
#include "fi/symbols.h"
#include "fi/trace.h"
#include "harness/loops/thunk.h"

enum { FRAMES_MAX = 32 };

/* Stacks grow downwards: what runs inside a frame lies below its base, so a frame whose base
 * is below that of the caller was left by longjmp. */
struct frame { const char *type; void *function; uintptr_t base; };

static __thread struct { unsigned depth; struct frame frames[FRAMES_MAX]; } running;
FIT_HOT static void *last_function;
/* Of the thread that steps a loop, and whose it is. */
FIT_HOT static const __typeof__(running) *turning;
FIT_HOT static const struct fit__guard *turner;

static bool watched(void)
{
    return !fit__passes() && !fit__guard->exempt;
}

void (*fit__on_callback_left)(const char *type);
void (*fit__on_job)(const char *name);
void (*fit__on_callback_ended)(const char *name);

static void forget_top(void)
{
    const struct frame *top = &running.frames[--running.depth];
    if (top->function && fit__on_callback_left) fit__on_callback_left(top->type);
}

static void forget_dead_frames(uintptr_t base)
{
    while (running.depth && running.frames[running.depth - 1].base <= base) forget_top();
}

static void push(const char *type, void *function, uintptr_t base)
{
    forget_dead_frames(base);
    assert(running.depth < FRAMES_MAX);
    running.frames[running.depth++] = (struct frame){ type, function, base };
}

/* True if the frame was there: it was not, if the world began after the callback did. */
static bool pop(const char *type, void *function)
{
    for (; running.depth; forget_top()) {
        const struct frame *top = &running.frames[running.depth - 1];
        if (top->type != type || top->function != function) continue;
        running.depth--;
        return true;
    }
    return false;
}

const char *fit__name_of(void *function)
{
    struct fit__symbol symbol;
    const char *name = NULL;
    fit__enter();
    if (fit__symbol_of(fit__as_caller(function), &symbol)) name = symbol.function;
    fit__leave();
    return name;
}

/* Is it the loop itself, on its own thread, that calls? */
static bool by_the_loop(void)
{
    return running.depth && !running.frames[running.depth - 1].function;
}

bool fit__in_callback(void)
{
    if (!watched()) return false;
    forget_dead_frames((uintptr_t)__builtin_frame_address(0));
    return running.depth && running.frames[running.depth - 1].function;
}

/* No call of its own shows a fault of the loop. The listener takes the next line for the one where
 * the fault is seen: this one. */
static const struct fit__alternative *choose(struct fit__question *q)
{
    const struct fit__alternative *answer = fit__choose(q);
    if (answer)
        fit__trace("--", -1, "%s%s%s%s", q->point, q->in ? " " : "", q->in ? q->in : "",
                   q->at ? " at its end" : "");
    return answer;
}

const struct fit__alternative *fit__loop_asks(enum fit__call_id call, struct fit__question *q)
{
    size_t count;
    const struct fit__fact *facts = fit__facts_of(fit__call_family(call), &count);
    if (!watched() || fit__settled || fit__faults_off) return NULL;
    q->point = fit__call_name(call);
    for (size_t i = 0; i < count; i++) {
        if (fit__kernel->lacks && fit__kernel->lacks(-1, &facts[i])) continue;
        fit__offer(q, facts[i].mode, facts[i].what, facts[i].space, facts[i].value,
                   facts[i].until);
        q->alternatives[q->count - 1].extended = facts[i].needs & FIT_N_EXTENDED;
    }
    return q->count ? choose(q) : NULL;
}

void fit__loop_sleeps(int64_t ms)
{
    fit__enter();
    fit__kernel->sleep(ms * INT64_C(1000000));
    fit__leave();
}

/* The loop, or the thread of a pool, had something else to do, or the callback itself: all that is
 * due after that is late. Callbacks that may fail are asked for that by fit__callback_fails(). */
static void come_late(enum fit__call_id callback, void *function, const char *at)
{
    if (!fit__asks()) return;
    struct fit__question q = { .in = fit__name_of(function), .at = at,
                               .caller = fit__as_caller(function) };
    const struct fit__alternative *answer = fit__loop_asks(callback, &q);
    if (answer) fit__loop_sleeps(answer->value);
}

void fit__callback_begin(enum fit__call_id callback, void *function)
{
    const char *type = fit__call_name(callback);
    bool work = callback == FIT_CALL_uv_work_cb;
    if (!watched()) return;
    if (fit__tracing) {
        const char *name = fit__name_of(function);
        fit__enter();
        fit__trace("--", -1, "cb %-16s %s", type, name ? name : "?");
        fit__leave();
    }
    forget_dead_frames((uintptr_t)__builtin_frame_address(0));
    if (by_the_loop() || work) come_late(callback, function, NULL);
    push(type, function, (uintptr_t)__builtin_frame_address(0));
    if (fit__on_job && work) fit__on_job(fit__name_of(function));
}

/* Is it one of those by which places have always been named? */
static bool names_places(enum fit__call_id callback)
{
    const char *type = fit__call_name(callback);
    return callback != FIT_CALL_uv_work_cb
        && (!strncmp(type, "uv_", 3) || !strncmp(type, "curl_", 5));
}

/* Has the loop called it itself, so that nothing else is left to do before the next callback? */
static bool is_plain(enum fit__call_id callback)
{
    const char *type = fit__call_name(callback);
    return callback == FIT_CALL_event_callback_fn || callback == FIT_CALL_GSourceFunc
        || !strncmp(type, "ev_", 3)
        || (!strncmp(type, "uv_", 3) && callback != FIT_CALL_uv_alloc_cb);
}

void fit__callback_end(enum fit__call_id callback, void *function)
{
    if (!watched() || !pop(fit__call_name(callback), function)) return;
    if (names_places(callback)) last_function = function;
    if (!by_the_loop()) return;
    come_late(callback, function, "end");
    if (fit__on_callback_ended && is_plain(callback))
        fit__on_callback_ended(fit__name_of(function));
}

void fit__loop_begin(const char *type)
{
    if (watched()) push(type, NULL, (uintptr_t)__builtin_frame_address(0));
}

void fit__loop_end(const char *type)
{
    if (watched()) pop(type, NULL);
}

bool fit__turn_allowed(void)
{
    if (!watched()) return false;
    forget_dead_frames((uintptr_t)__builtin_frame_address(0));
    if (running.depth) return false;
    turning = &running;
    turner = fit__guard;
    return true;
}

bool fit__library_loop_waits(const struct fit__guard *thread)
{
    return thread == turner && turning->depth && !turning->frames[turning->depth - 1].function;
}

const char *fit__loop_running(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    for (unsigned i = running.depth; i; i--) {
        const struct frame *f = &running.frames[i - 1];
        if (!f->function && f->base > here) return f->type;      /* else it was left by longjmp */
    }
    return NULL;
}

const char *fit__last_callback(void)
{
    return fit__active && last_function ? fit__name_of(last_function) : NULL;
}

void fit__loop_sent(enum fit__call_id call, const void *caller)
{
    struct fit__question q = { .caller = caller };
    if (!watched() || !fit__threads || !fit__threads->competes() || !fit__by_user(caller)) return;
    if (!fit__loop_asks(call, &q)) return;
    fit__enter();
    fit__threads->yield();
    fit__leave();
}

void fit__loop_timed(enum fit__call_id call, const void *caller)
{
    enum { TICK_MS = 1 };
    struct fit__question q = { .caller = caller };
    if (fit__by_user(caller) && fit__loop_asks(call, &q)) fit__loop_sleeps(TICK_MS);
}

bool fit__callback_fails(enum fit__call_id callback, void *function, long value)
{
    if (!watched() || fit__settled) return false;
    struct fit__question q = { .point = fit__call_name(callback), .in = fit__name_of(function),
                               .caller = fit__as_caller(function) };
    fit__offer(&q, FIT_CALLBACK, FIT_W_RETURN, FIT_S_NUMBER, value, FIT_U_ONCE);
    return choose(&q) != NULL;
}

/* ---- Thunks ------------------------------------------------------------------------------ */

void *fit__user_of(const struct fit__pool *pool, void *thunk)
{
    for (unsigned i = 0; i < FIT_THUNKS; i++)
        if (pool->thunks[i] == thunk) return pool->users[i];
    return thunk;
}

/* Before a world begins several kernel threads may come here at once, hence the exchange. */
void *fit__thunk_for(struct fit__pool *pool, void *user)
{
    if (!user || fit__user_of(pool, user) != user) return user;
    for (unsigned i = 0; i < FIT_THUNKS; i++) {
        void *owner = NULL;
        if (__atomic_compare_exchange_n(&pool->users[i], &owner, user, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) || owner == user)
            return pool->thunks[i];
    }
    if (!fit__active || pool->may_be_full) return user;
    fit__unsupported(pool->type, fit__as_caller(user),
                     "pass at most 64 different functions as callbacks of this type");
}

/* ---- The library behind our definitions -------------------------------------------------- */

struct span { uintptr_t inside, low, high; };

static int find_span(struct dl_phdr_info *object, size_t size, void *arg)
{
    struct span *span = arg;
    uintptr_t low = UINTPTR_MAX, high = 0;
    (void)size;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + part->p_vaddr;
        if (part->p_type != PT_LOAD) continue;
        if (start < low) low = start;
        if (start + part->p_memsz > high) high = start + part->p_memsz;
    }
    if (span->inside < low || span->inside >= high) return 0;
    span->low = low;
    span->high = high;
    return 1;
}

static void note_span(struct fit__library *library, const void *inside)
{
    struct span span = { .inside = (uintptr_t)inside };
    if (library->high) return;
    dl_iterate_phdr(find_span, &span);
    library->low = span.low;
    library->high = span.high;
}

static void *find_behind_us(struct fit__library *library, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found) note_span(library, found);
    return found;
}

void *fit__real_ahead(const struct fit__behind *function)
{
    if (!function->library) return dlsym(RTLD_NEXT, function->name);
    return find_behind_us(function->library, function->name);
}

/* A library that the program loaded with dlopen is not behind us in the search order. */
void *fit__real_of(struct fit__library *library, const char *name)
{
    bool active = fit__active;       /* else other kernel threads may share the guard */
    if (active) fit__enter();
    void *found = find_behind_us(library, name);
    if (!found) {
        void *loaded = dlopen(library->file, RTLD_LAZY | RTLD_NOLOAD);
        /* Nor is one that the linker left out, since all that the program uses of it is ours. */
        if (!loaded) loaded = dlopen(library->file, RTLD_LAZY | RTLD_GLOBAL);
        if (loaded) found = dlsym(loaded, name);
        if (found) note_span(library, found);
    }
    if (active) fit__leave();
    if (!found) fit__unsupported(name, NULL, "link the library that defines it");
    return found;
}

bool fit__users_callback(const struct fit__library *library, const void *caller)
{
    uintptr_t address = (uintptr_t)caller;
    if (fit__active && (fit__guard->inside || fit__guard->exempt)) return false;
    return address < library->low || address >= library->high;
}

bool fit__by_user(const void *caller)
{
    struct fit__symbol symbol;
    if (!watched()) return false;
    fit__enter();
    bool users = fit__symbol_of(caller, &symbol) && symbol.users;
    fit__leave();
    return users;
}

bool fit__is_users(void *function)
{
    return function && fit__by_user(fit__as_caller(function));
}

/* ---- Together ---------------------------------------------------------------------------- */

size_t fit__loops_census(struct fit__census_entry *entries, size_t most)
{
    size_t count = fit__uv_census(entries, most);
    count += fit__event_census(entries + count, most - count);
    count += fit__ev_census(entries + count, most - count);
    return count + fit__glib_census(entries + count, most - count);
}

bool fit__peek(void *out, const void *address, size_t size)
{
    struct iovec to = { out, size }, from = { (void *)(uintptr_t)address, size };
    return fit__raw(SYS_process_vm_readv, fit__raw(SYS_getpid), &to, 1, &from, 1, 0) ==
           (long)size;
}

void fit__loops_reset(void)
{
    running.depth = 0;
    turner = NULL;
    last_function = NULL;
    fit__uv_reset();
    fit__uv_pool_reset();
    fit__event_reset();
    fit__ev_reset();
    fit__ev_census_reset();
    fit__glib_reset();
    fit__glib_census_reset();
    fit__openssl_start();
}

bool fit__loops_wake(void)
{
    fit__event_wake();
    return fit__uv_wake();
}
