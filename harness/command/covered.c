/* harness/command/covered.c - what may go past libfaulttest, and why. */
#include "harness/command/covered.h"

#include <fnmatch.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "harness/report/text.h"

/* The list is part of the command, as it stands: one text for people and for us. */
__asm__(".section .rodata\n"
        ".global fit__passes_list\n.global fit__passes_list_end\n"
        "fit__passes_list: .incbin \"fi/passes_through.txt\"\n"
        "fit__passes_list_end: .byte 0\n"
        ".previous\n");
extern const char fit__passes_list[], fit__passes_list_end[];

struct passing { char *pattern, *reason; bool real; };
static struct { struct passing *list; size_t count; bool read; } passing;

static void take_line(char *line, bool *real)
{
    size_t size = strcspn(line, " ");
    if (strncmp(line, "#: ", 3) == 0) *real = strcmp(line + 3, "real") == 0;
    if (*line == '#' || !*line) return;
    const char *reason = line + size + strspn(line + size, " ");
    passing.list = fit__grow(passing.list, passing.count, sizeof *passing.list);
    passing.list[passing.count++] = (struct passing){ fit__print("%.*s", (int)size, line),
                                                      fit__copy(reason), *real };
}

static void read_list(void)
{
    bool real = false;
    if (passing.read) return;
    passing.read = true;
    for (const char *at = fit__passes_list; at < fit__passes_list_end; ) {
        size_t size = strcspn(at, "\n");
        char *line = fit__print("%.*s", (int)size, at);
        take_line(line, &real);
        free(line);
        at += size + 1;
    }
}

const char *fit__passes_through(const char *function, bool *real)
{
    const char *reason = NULL;
    if (real) *real = false;
    read_list();
    for (size_t i = 0; i < passing.count && !(reason && (!real || *real)); i++) {
        if (fnmatch(passing.list[i].pattern, function, 0) != 0) continue;
        reason = passing.list[i].reason;
        if (real) *real = passing.list[i].real;
    }
    return reason;
}

/* ---- calls that glibc makes for itself --------------------------------------------------- */

enum condition { ALWAYS, STANDARD_STREAM, WAKES };

static const struct {
    long number;
    const char *entry;                   /* pattern */
    enum condition condition;
    const char *reason;
} excused[] = {
    { SYS_write, "*", STANDARD_STREAM, "stdio prints; what a case prints is its own" },
    { SYS_writev, "*", STANDARD_STREAM, "stdio prints; what a case prints is its own" },
    { SYS_read, "*", STANDARD_STREAM, "stdin is empty" },
    { SYS_newfstatat, "*", STANDARD_STREAM, "stdio looks what kind of file it prints to" },
    { SYS_fstat, "*", STANDARD_STREAM, "stdio looks what kind of file it prints to" },
    { SYS_ioctl, "*", STANDARD_STREAM, "stdio asks whether it prints to a terminal" },
    { SYS_lseek, "*", STANDARD_STREAM, "stdio gives back what it read ahead" },
    { SYS_futex, "*", WAKES, "wakes nobody: there is one kernel thread" },
    { SYS_getrandom, "*alloc*", ALWAYS, "the seed of malloc's own check" },
    { SYS_rt_sigprocmask, "*", ALWAYS, "the real mask, which each green thread has for itself" },
    { SYS_rt_sigaction, "*", ALWAYS, "real handlers" },
    { SYS_sysinfo, "qsort*", ALWAYS, "looks at the size of the memory" },
    { SYS_gettid, "raise", ALWAYS, "a signal to the program itself" },
    { SYS_tgkill, "raise", ALWAYS, "a signal to the program itself" },
};

static bool holds(enum condition condition, long first, long second)
{
    switch (condition) {
    case STANDARD_STREAM: return first >= 0 && first <= 2;
    case WAKES: return (second & FUTEX_CMD_MASK) == FUTEX_WAKE;
    case ALWAYS: break;
    }
    return true;
}

const char *fit__call_excused(long number, const char *entry, long first, long second)
{
    bool real;
    const char *reason;
    if (!entry) return NULL;
    for (size_t i = 0; i < sizeof excused / sizeof excused[0]; i++)
        if (excused[i].number == number && fnmatch(excused[i].entry, entry, 0) == 0
            && holds(excused[i].condition, first, second))
            return excused[i].reason;
    reason = fit__passes_through(entry, &real);
    return real ? reason : NULL;
}

/* ---- names ------------------------------------------------------------------------------- */

#define CALL(name) { SYS_##name, #name }
static const struct { long number; const char *name; } names[] = {
    CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64), CALL(pwrite64),
    CALL(close), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(lseek), CALL(ioctl),
    CALL(fcntl), CALL(dup), CALL(dup3), CALL(pipe2), CALL(openat), CALL(openat2), CALL(unlinkat),
    CALL(mkdirat), CALL(renameat), CALL(renameat2), CALL(readlinkat), CALL(faccessat),
    CALL(getdents64), CALL(getcwd), CALL(chdir), CALL(statfs), CALL(fsync), CALL(ftruncate),
    CALL(socket), CALL(socketpair), CALL(bind), CALL(listen), CALL(accept), CALL(accept4),
    CALL(connect), CALL(shutdown), CALL(sendto), CALL(recvfrom), CALL(sendmsg), CALL(recvmsg),
    CALL(sendmmsg), CALL(recvmmsg), CALL(getsockname), CALL(getpeername), CALL(getsockopt),
    CALL(setsockopt), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait),
    CALL(epoll_pwait2), CALL(ppoll), CALL(pselect6), CALL(eventfd2), CALL(signalfd4),
    CALL(timerfd_create), CALL(timerfd_settime), CALL(timerfd_gettime), CALL(inotify_init1),
    CALL(inotify_add_watch), CALL(clock_gettime), CALL(clock_getres), CALL(clock_nanosleep),
    CALL(nanosleep), CALL(gettimeofday), CALL(timer_create), CALL(timer_settime),
    CALL(setitimer), CALL(getrandom), CALL(futex), CALL(io_uring_setup), CALL(io_uring_enter),
    CALL(io_uring_register), CALL(io_setup), CALL(io_submit), CALL(clone), CALL(clone3),
    CALL(execve), CALL(wait4), CALL(waitid), CALL(kill), CALL(tgkill), CALL(rt_sigaction),
    CALL(rt_sigprocmask), CALL(rt_sigtimedwait), CALL(sigaltstack), CALL(getpid), CALL(gettid),
    CALL(getppid), CALL(getuid), CALL(geteuid), CALL(prlimit64), CALL(sysinfo), CALL(uname),
    CALL(sched_yield), CALL(sched_getaffinity), CALL(prctl), CALL(memfd_create), CALL(sendfile),
    CALL(splice), CALL(copy_file_range), CALL(mlock), CALL(getrusage), CALL(times),
    CALL(set_robust_list), CALL(rseq), CALL(getcpu), CALL(membarrier), CALL(msgget), CALL(semget),
    CALL(shmget), CALL(mq_open), CALL(fallocate), CALL(utimensat), CALL(fadvise64),
    CALL(process_vm_readv), CALL(setxattr), CALL(getxattr), CALL(mount),
#if defined(__x86_64__)
    CALL(open), CALL(stat), CALL(lstat), CALL(access), CALL(readlink), CALL(pipe), CALL(dup2),
    CALL(poll), CALL(select), CALL(epoll_wait), CALL(epoll_create), CALL(fork), CALL(vfork),
    CALL(unlink), CALL(mkdir), CALL(rename), CALL(time), CALL(eventfd), CALL(getpgrp),
    CALL(alarm), CALL(pause), CALL(utime), CALL(inotify_init), CALL(arch_prctl),
#endif
};

const char *fit__system_call_name(long number)
{
    static char text[40];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number) return names[i].name;
    snprintf(text, sizeof text, "system call %ld", number);
    return text;
}
