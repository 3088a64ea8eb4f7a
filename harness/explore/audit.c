/* System calls that do not come through us. A filter traps every one whose instruction lies
 * outside libfaulttest; the handler says who issued it, and issues it again from here, which the
 * filter lets pass. The filter stays with the snapshot that installed it. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "fi/guard.h"
#include "fi/raw.h"
#include "fi/symbols.h"
#include "harness/explore/audit.h"
#include "harness/explore/explore.h"
#include "harness/explore/record.h"

enum { FRAMES = 48, KNOWN_MOST = 512, ARGUMENTS = 6 };

/* These neither look at the world nor change it: the program's memory, and its end. */
static const unsigned harmless[] = {
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise,
    SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_restart_syscall,
};
enum { HARMLESS = sizeof harmless / sizeof harmless[0] };

static struct {
    bool looking;
    unsigned known_count;
    struct { long number; const void *from, *caller; } known[KNOWN_MOST];
} audit;

/* ---- who issued it ----------------------------------------------------------------------- */

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
static void take_arguments(const ucontext_t *u, long a[ARGUMENTS])
{
    static const int registers[ARGUMENTS] = { REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9 };
    for (int i = 0; i < ARGUMENTS; i++) a[i] = u->uc_mcontext.gregs[registers[i]];
}
static void give_result(ucontext_t *u, long result) { u->uc_mcontext.gregs[REG_RAX] = result; }
#else
#define MACHINE AUDIT_ARCH_AARCH64
static void take_arguments(const ucontext_t *u, long a[ARGUMENTS])
{
    for (int i = 0; i < ARGUMENTS; i++) a[i] = (long)u->uc_mcontext.regs[i];
}
static void give_result(ucontext_t *u, long result)
{
    u->uc_mcontext.regs[0] = (unsigned long)result;
}
#endif

static bool is_libc(const struct fit__symbol *s)
{
    return s->glibc || !strcmp(s->library, "linux-vdso");
}

static bool seen_before(long number, const void *from, const void *caller)
{
    for (unsigned i = 0; i < audit.known_count; i++)
        if (audit.known[i].number == number && audit.known[i].from == from &&
            audit.known[i].caller == caller)
            return true;
    if (audit.known_count == KNOWN_MOST) return true;
    audit.known[audit.known_count].number = number;
    audit.known[audit.known_count].from = from;
    audit.known[audit.known_count++].caller = caller;
    return false;
}

static void send_escape(long number, const long a[ARGUMENTS], const char *entry,
                        const struct fit__symbol *by, void *const *frames, unsigned depth)
{
    char memory[8192];
    struct fit__record r;
    fit__record_begin(&r, memory, sizeof memory, "escape");
    fit__record_add(&r, "test", "%s.%s", fit__session.test->group, fit__session.test->name);
    fit__record_add(&r, "number", "%ld", number);
    fit__record_add(&r, "first", "%ld", a[0]);
    fit__record_add(&r, "second", "%ld", a[1]);
    if (entry) fit__record_add(&r, "entry", "%s", entry);
    fit__record_add(&r, "function", "%s", by && by->function ? by->function : "?");
    fit__record_add(&r, "object", "%s", by && by->object ? by->object : "?");
    fit__record_add(&r, "users", "%d", by && by->users);
    fit__record_stack(&r, "stack", frames, depth);
    fit__record_send(&r);
}

/* `from`: the instruction behind the system call. Frames of libc at the top are its own affair:
 * what counts is which of its functions was called (the last such frame), and by whom. When that
 * was one of our wrappers, it did so on purpose. */
static void look(long number, const long a[ARGUMENTS], const void *from)
{
    void *frames[FRAMES];
    struct fit__symbol s, entry = { 0 };
    int count = backtrace(frames, FRAMES), i = 0;
    while (i < count && frames[i] != from) i++;
    if (i == count) {                        /* the stack could not be followed */
        frames[i = 0] = (void *)(uintptr_t)from;
        count = 1;
    }
    while (i < count && fit__symbol_of(frames[i], &s) && is_libc(&s)) {
        entry = s;
        i++;
    }
    /* A sanitizer's own business: its shadow, its report. */
    if (i < count && fit__symbol_of(frames[i], &s) && s.sanitizer) return;
    if (i < count && fit__symbol_of(frames[i], &s) && s.ours) return;
    if (seen_before(number, from, i < count ? frames[i] : NULL)) return;
    send_escape(number, a, entry.object ? entry.function ? entry.function : "?" : NULL,
                i < count ? &s : NULL, frames + i, count - i > FIT_STACK_MAX ? FIT_STACK_MAX
                                                                         : (unsigned)(count - i));
}

/* ---- and on with it ---------------------------------------------------------------------- */

/* The return from the handler restores the mask: so it is changed in what is restored. SIGSYS
 * must stay free, or the next trap would kill. */
static long change_mask(ucontext_t *u, const long a[ARGUMENTS])
{
    uint64_t *now = (uint64_t *)(void *)&u->uc_sigmask, before = *now;
    const uint64_t *set = (const uint64_t *)a[1];
    if (set) {
        if (a[0] == SIG_BLOCK) *now |= *set;
        else if (a[0] == SIG_UNBLOCK) *now &= ~*set;
        else if (a[0] == SIG_SETMASK) *now = *set;
        else return -EINVAL;
        *now &= ~(UINT64_C(1) << (SIGSYS - 1));
    }
    if (a[2]) *(uint64_t *)a[2] = before;
    return 0;
}

static bool starts_on_other_stack(long number, const long a[ARGUMENTS])
{
#ifdef SYS_vfork
    if (number == SYS_vfork) return true;
#endif
    return number == SYS_clone3 || (number == SYS_clone && (a[1] || a[0] & CLONE_VM));
}

static long issue(long number, const long a[ARGUMENTS], ucontext_t *u)
{
    long result;
    if (number == SYS_rt_sigprocmask) return change_mask(u, a);
    /* Its child would return into our handler on a stack where that never ran. */
    if (starts_on_other_stack(number, a)) return -ENOSYS;
    result = fit__raw6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number == SYS_sigaltstack && result == 0 && a[0]) u->uc_stack = *(const stack_t *)a[0];
    return result;
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    long a[ARGUMENTS], number = info->si_syscall;
    int error = errno;
    (void)signal;
    take_arguments(u, a);
    if (!audit.looking && !fit__guard->inside) {
        audit.looking = true;
        fit__enter();
        look(number, a, info->si_call_addr);
        fit__leave();
        audit.looking = false;
    }
    give_result(u, issue(number, a, u));
    errno = error;
}

/* ---- the filter -------------------------------------------------------------------------- */

static unsigned build(struct sock_filter *f, uintptr_t start, uintptr_t end)
{
    const uint32_t low = offsetof(struct seccomp_data, instruction_pointer);
    unsigned n = 0;
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                          offsetof(struct seccomp_data, arch));
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low + 4);
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(start >> 32), 0, 4);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low);
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)start, 0, 2);
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)end, 1, 0);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                          offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < HARMLESS; i++)
        f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, harmless[i],
                                              HARMLESS - i, 0);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return n;
}

static int install(void)
{
    struct sock_filter filter[HARMLESS + 16];
    struct sock_fprog program = { .filter = filter };
    uintptr_t start, end;
    long rc;
    fit__symbols_self(&start, &end);
    if (!end || start >> 32 != (end - 1) >> 32) return -ENOTSUP;
    program.len = (unsigned short)build(filter, start, end);
    rc = fit__raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return rc ? (int)rc : (int)fit__raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

void fit__audit_start(void)
{
    int (*real)(int, const struct sigaction *, struct sigaction *) =
        (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
    struct sigaction act;
    int rc;
    memset(&act, 0, sizeof act);
    act.sa_sigaction = on_trap;
    act.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
    real(SIGSYS, &act, NULL);
    rc = install();
    if (!rc) return;
    fit__send_error(FIT_X_INTERNAL, "system calls cannot be trapped here: error %d from seccomp "
                    "(a container may forbid it)", -rc);
    fit__die();
}
