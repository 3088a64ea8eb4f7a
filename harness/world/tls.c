/* Memory of green threads: a stack at an address that is the same in every run, and at its
 * top the block of thread-local storage that glibc would have made for a thread of its own.
 *
 * glibc has no public way to do that. What is needed of its private layout is taken from the
 * tables it exports for debuggers and from the main thread; it is checked, not assumed. */
#include <assert.h>
#include <dlfcn.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <valgrind/memcheck.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "fi/raw.h"
#include "fi/thread.h"
#include "harness/world/inner.h"

void __asan_unpoison_memory_region(const volatile void *, size_t) __attribute__((weak));

enum { PAGE = 4096, STACK_UNIT = 64 * 1024, KEY_BLOCKS = 32, KEYS_A_BLOCK = 32 };

static struct {
    bool asked, known, fast_switch;
    size_t size, align, of_pthread;          /* TLS and TCB, its alignment, struct pthread */
    size_t tid, keys, robust, futex_offset;  /* offsets in struct pthread; robust 0: none */
    size_t list;                             /* there, too: glibc's list of threads ... */
    struct links { struct links *next, *prev; } *users;      /* ... with stacks of their own */
    void *(*allocate)(void *);
    void (*release)(void *, bool);
    void (*ctype_init)(void);
} glibc;

#if defined(__x86_64__)
enum { ARCH_SET_FS_BASE = 0x1002, HWCAP2_FSGSBASE = 2 };
static char *pthread_at(void *tp) { return tp; }
static char *place_tp(char *end)             /* TLS lies below the thread pointer */
{
    return (char *)((uintptr_t)(end - glibc.of_pthread) & -glibc.align);
}
char *fit__tls_lowest(void *tp)
{
    return (char *)((uintptr_t)((char *)tp - glibc.size) & -(uintptr_t)64);
}
static void set_guards(void *tp)
{
    void **new = tp, **mine = __builtin_thread_pointer();
    new[0] = new[2] = tp;
    new[5] = mine[5];                        /* stack protector */
    new[6] = mine[6];                        /* pointer mangling */
}
/* An instruction where kernel and processor allow it; Valgrind does not know it. */
static bool fast_switch(void)
{
    return getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE && !RUNNING_ON_VALGRIND;
}
void fit__tls_switch(void *tp)
{
    if (glibc.fast_switch) __asm__ volatile("wrfsbase %0" : : "r"(tp) : "memory");
    else fit__raw(SYS_arch_prctl, ARCH_SET_FS_BASE, tp);
}
#elif defined(__aarch64__)
static char *pthread_at(void *tp) { return (char *)tp - glibc.of_pthread; }
static char *place_tp(char *end)             /* TLS lies above it, struct pthread below */
{
    return (char *)((uintptr_t)(end - glibc.size) & -glibc.align);
}
char *fit__tls_lowest(void *tp)
{
    return (char *)((uintptr_t)pthread_at(tp) & -(uintptr_t)64);
}
static void set_guards(void *tp) { (void)tp; }           /* they are globals there */
static bool fast_switch(void) { return true; }
void fit__tls_switch(void *tp)
{
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(tp) : "memory");
}
#endif

pthread_t fit__tls_handle(void *tp)
{
    return (pthread_t)pthread_at(tp);
}

/* The list of robust locks has no entry in the debuggers' tables, but the kernel knows it. */
static void find_robust_list(void)
{
    char *main_thread = pthread_at(__builtin_thread_pointer());
    char *head = NULL;
    size_t size = 0;
    if (fit__raw(SYS_get_robust_list, 0, &head, &size) || !head) return;
    if (head < main_thread || head >= main_thread + glibc.of_pthread) return;
    glibc.robust = (size_t)(head - main_thread);
    memcpy(&glibc.futex_offset, head + sizeof(void *), sizeof glibc.futex_offset);
}

/* A library that is loaded later, and whose thread-local storage has its place in every thread's
 * block (initial-exec), gets it initialised by glibc in the threads that are in its lists. */
static void find_list(void)
{
    enum { THREADS_MOST = 1000 };
    const uint32_t *list = dlsym(RTLD_DEFAULT, "_thread_db_pthread_list");
    const uint32_t *users = dlsym(RTLD_DEFAULT, "_thread_db_rtld_global__dl_stack_user");
    char *rtld = dlsym(RTLD_DEFAULT, "_rtld_global"), *main_thread;
    struct links *head, *link;
    if (!list || !users || !rtld) return;
    main_thread = pthread_at(__builtin_thread_pointer());
    head = (struct links *)(void *)(rtld + users[2]);
    link = head->next;
    for (int i = 0; i < THREADS_MOST && link && link != head; i++, link = link->next)
        if ((char *)link == main_thread + list[2]) {
            glibc.list = list[2];
            glibc.users = head;
            return;
        }
}

static struct links *links_of(void *tp)
{
    return (struct links *)(void *)(pthread_at(tp) + glibc.list);
}

static void enlist(void *tp)
{
    struct links *self = links_of(tp);
    if (!glibc.users) return;
    self->next = glibc.users->next;
    self->prev = glibc.users;
    self->next->prev = self;
    glibc.users->next = self;
}

static void delist(void *tp)
{
    const struct links *self = links_of(tp);
    if (!glibc.users) return;
    self->next->prev = self->prev;
    self->prev->next = self->next;
}

static bool find_layout(void)
{
    void (*static_info)(size_t *, size_t *);
    const uint32_t *of_pthread = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
    const uint32_t *tid = dlsym(RTLD_DEFAULT, "_thread_db_pthread_tid");
    const uint32_t *keys = dlsym(RTLD_DEFAULT, "_thread_db_pthread_specific");
    static_info = (void (*)(size_t *, size_t *))dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info");
    glibc.allocate = (void *(*)(void *))dlsym(RTLD_DEFAULT, "_dl_allocate_tls");
    glibc.release = (void (*)(void *, bool))dlsym(RTLD_DEFAULT, "_dl_deallocate_tls");
    glibc.ctype_init = (void (*)(void))dlsym(RTLD_DEFAULT, "__ctype_init");
    if (!of_pthread || !tid || !keys || !static_info || !glibc.allocate || !glibc.release ||
        !glibc.ctype_init)
        return false;
    static_info(&glibc.size, &glibc.align);
    if (glibc.align < 64) glibc.align = 64;
    glibc.of_pthread = *of_pthread;
    glibc.tid = tid[2];                      /* size in bits, number, offset */
    glibc.keys = keys[2];
    find_robust_list();
    find_list();
    glibc.fast_switch = fast_switch();
    return *(int *)(void *)(pthread_at(__builtin_thread_pointer()) + glibc.tid) > 0;
}

bool fit__tls_known(void)
{
    if (!glibc.asked) glibc.known = find_layout();
    glibc.asked = true;
    return glibc.known;
}

struct key_value { uintptr_t sequence; void *data; };

/* The first block of a thread's key values lies inside struct pthread, before the pointers. */
static void **key_blocks(char *thread)
{
    return (void **)(void *)(thread + glibc.keys);
}

static void set_robust_list(char *thread)
{
    void **head = (void **)(void *)(thread + glibc.robust);
    if (!glibc.robust) return;
    head[0] = head;                          /* empty: it points to itself */
    memcpy(&head[1], &glibc.futex_offset, sizeof glibc.futex_offset);
    if (glibc.robust >= glibc.tid + 2 * sizeof(void *)) head[-1] = head;
}

void *fit__tls_make(char *stack_end, unsigned id)
{
    char *tp = place_tp(stack_end), *thread = pthread_at(tp);
    int tid = FIT_TID_FIRST + (int)id;
    assert(glibc.known);
    memset(thread, 0, glibc.of_pthread);
    if (!glibc.allocate(tp)) return NULL;
    set_guards(tp);
    memcpy(thread + glibc.tid, &tid, sizeof tid);
    set_robust_list(thread);
    key_blocks(thread)[0] =
        (char *)key_blocks(thread) - KEYS_A_BLOCK * sizeof(struct key_value);
    enlist(tp);
    return tp;
}

void fit__tls_drop(void *tp)
{
    delist(tp);
    glibc.release(tp, false);
}

void fit__tls_begin(void)
{
    glibc.ctype_init();
}

/* What the kernel does when a thread of its own ends: the next one to lock is told. */
static void abandon_robust_locks(char *thread)
{
    enum { LOCKS_MAX = 1000 };
    char *head = thread + glibc.robust, *entry = *(char **)(void *)head;
    if (!glibc.robust) return;
    for (int i = 0; entry != head && i < LOCKS_MAX; i++) {
        uint32_t *lock = (uint32_t *)(void *)(entry + (ptrdiff_t)glibc.futex_offset);
        entry = *(char **)(void *)entry;
        *lock = (*lock & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        fit__threads->unpark(lock, 1);       /* the first member of a mutex, hence its key */
    }
}

void fit__tls_end(void)
{
    void **blocks = key_blocks((char *)pthread_self());
    abandon_robust_locks((char *)pthread_self());
    for (int i = 1; i < KEY_BLOCKS; i++) {
        free(blocks[i]);
        blocks[i] = NULL;
    }
}

/* ---- Stacks: each size has its list of used ones, the last given back is taken first. ---- */

struct spare { struct fit__stack_memory memory; struct spare *next; };
FIT_HOT static struct {
    char *next;
    struct spare *spares;
} stacks;

static bool map(struct fit__stack_memory *stack, char *at, size_t size)
{
    long got = fit__raw(SYS_mmap, at, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
                        MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != (long)at) return false;
    if (fit__raw(SYS_mprotect, at, PAGE, PROT_NONE)) return false;
    stack->lowest = at + PAGE;
    stack->size = size;
    stack->valgrind_id = VALGRIND_STACK_REGISTER(stack->lowest, stack->lowest + size);
    return true;
}

bool fit__stack_take(struct fit__stack_memory *stack, size_t size)
{
    size = (size + STACK_UNIT - 1) & -(size_t)STACK_UNIT;
    for (struct spare **at = &stacks.spares; *at; at = &(*at)->next) {
        struct spare *found = *at;
        if (found->memory.size != size) continue;
        *stack = found->memory;
        *at = found->next;
        fit__free(found);
        VALGRIND_MAKE_MEM_UNDEFINED(stack->lowest, stack->size);
        if (__asan_unpoison_memory_region)
            __asan_unpoison_memory_region(stack->lowest, stack->size);
        return true;
    }
    if (!stacks.next) stacks.next = FIT_AT_STACKS;
    if (size + PAGE > (size_t)(FIT_STACKS_END - stacks.next)) return false;
    if (!map(stack, stacks.next, size)) return false;
    stacks.next += size + PAGE;
    return true;
}

void fit__stack_give(const struct fit__stack_memory *stack)
{
    struct spare *spare = fit__alloc(sizeof *spare);
    VALGRIND_MAKE_MEM_NOACCESS(stack->lowest, stack->size);
    spare->memory = *stack;
    spare->next = stacks.spares;
    stacks.spares = spare;
}

bool fit__stack_take_test(struct fit__stack_memory *stack)
{
    return map(stack, FIT_AT_TEST_STACK, FIT_STACK_MOST);
}

bool fit__is_stack_address(uintptr_t address)
{
    return address >= (uintptr_t)FIT_AT_STACKS && address < (uintptr_t)FIT_STACKS_END;
}

void fit__stacks_drop(bool any_in_use)
{
    for (struct spare *spare; (spare = stacks.spares) != NULL; ) {
        VALGRIND_STACK_DEREGISTER(spare->memory.valgrind_id);
        fit__raw(SYS_munmap, spare->memory.lowest - PAGE, spare->memory.size + PAGE);
        stacks.spares = spare->next;
        fit__free(spare);
    }
    if (!any_in_use) stacks.next = NULL;
}

/* ---- For the leak check ------------------------------------------------------------------ */

#if defined(__x86_64__)
#define SAVED_SP(context) ((char *)(context)->uc_mcontext.gregs[REG_RSP])
#else
#define SAVED_SP(context) ((char *)(context)->uc_mcontext.sp)
#endif
enum { RED_ZONE = 128 };

void fit__sched_hide_dead_stacks(void)
{
    struct fit__thread *t;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all)) {
        char *low = t->stack, *sp = SAVED_SP(&t->context) - RED_ZONE;
        if (!low || t == fit__current || t->state == FIT_T_ENDED) continue;
        assert(sp > low && sp <= low + t->stack_size);
        VALGRIND_MAKE_MEM_NOACCESS(low, sp - low);
    }
}
