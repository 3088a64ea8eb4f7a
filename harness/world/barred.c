/* barred.c - system calls that the simulated kernel does not have, and that libraries make by
 * instructions of their own, where nobody can define a function in front (liburing, libaio). A ring
 * of the real kernel would carry the program's calls past the world; so the real kernel is told to
 * answer as one that was built without them: ENOSYS, as syscall() does here. From the first world
 * on that holds for the process, for it cannot be taken back. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "fi/raw.h"
#include "harness/world/inner.h"

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#else
#define MACHINE AUDIT_ARCH_AARCH64
#endif

static const unsigned barred[] = {
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_io_setup, SYS_io_submit,
    SYS_io_getevents,
};
enum { BARRED = sizeof barred / sizeof barred[0] };

/* Where filters are forbidden nothing is barred; `faulttest doctor` shows such calls all the same.
 * (Valgrind does not know the system call seccomp; prctl it lets through.) */
void fit__bar_calls(void)
{
    static bool done;
    struct sock_filter f[BARRED + 8];
    struct sock_fprog program = { .filter = f };
    unsigned n = 0;
    if (done) return;
    done = true;
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                          offsetof(struct seccomp_data, arch));
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 0, BARRED + 1);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                          offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < BARRED; i++)
        f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, barred[i], BARRED - i,
                                              0);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    program.len = (unsigned short)n;
    if (!fit__raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        fit__raw(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
