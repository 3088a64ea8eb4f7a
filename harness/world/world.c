/* The world as a whole: made, entered, dropped. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>

#include "fi/fault.h"
#include "fi/process.h"
#include "fi/raw.h"
#include "fi/signal.h"
#include "fi/stack.h"
#include "fi/thread.h"
#include "harness/world/inner.h"

static bool exists, over_real, swept_there;

/* An entry of the kernel's directory listing, as getdents64 gives it. */
struct entry { uint64_t inode; int64_t offset; uint16_t size; uint8_t type; char name[]; };

static int kernel_threads(void)
{
    _Alignas(8) char entries[2048];
    int count = 0;
    long size, fd = fit__raw(SYS_openat, AT_FDCWD, "/proc/self/task",
                             O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return (int)fd;
    while ((size = fit__raw(SYS_getdents64, fd, entries, sizeof entries)) > 0)
        for (long at = 0; at < size; at += ((struct entry *)(void *)(entries + at))->size)
            count += ((struct entry *)(void *)(entries + at))->name[0] != '.';
    fit__raw(SYS_close, fd);
    return size < 0 ? (int)size : count;
}

int fit__world_new(void)
{
    int count = kernel_threads(), error;
    assert(!exists);
    if (count < 0) return count;
    if (count != 1) return -EBUSY;
    if (!fit__tls_known()) return -ENOSYS;
    if (!over_real) fit__bar_calls();
    fit__enter();
    fit__stack_warm_up();
    /* There is one kernel thread, so more arenas gain nothing: they only cost each snapshot. */
    mallopt(M_ARENA_MAX, 1);
    fit__clock_reset();
    fit__progress_reset();
    error = fit__desc_begin();
    fit__leave();
    exists = error == 0;
    return error;
}

void fit__world_over_real(bool swept)
{
    over_real = true;
    swept_there = swept;
}

bool fit__world_is_real(void)
{
    return over_real;
}

void fit__world_run(void (*body)(void *), void *arg)
{
    assert(exists && !fit__active);
    fit__kernel = over_real ? fit__kernel_over_real(swept_there) : &fit__kernel_sim;
    fit__threads = &fit__green_threads;
    fit__signals = &fit__world_signals;
    fit__processes = over_real && swept_there ? &fit__real_processes : NULL;
    fit__active = true;
    fit__sched_run(fit__service_process(), body, arg);
    fit__active = false;
    fit__processes = NULL;
    fit__kernel = &fit__kernel_real;
}

/* Files first: their going away may wake threads, which must still exist. */
void fit__world_drop(void)
{
    if (!exists) return;
    fit__enter();
    fit__desc_end();
    fit__signals_restart();
    fit__sched_end();
    fit__futex_restart();
    fit__faults_forget();
    fit__objects_reset();
    fit__clock_reset();
    fit__leave();
    exists = false;
}
