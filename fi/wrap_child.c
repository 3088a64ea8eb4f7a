/* Other processes: refused in the simulated kernel, made and waited for over the real one. */
#include <alloca.h>
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fi/arena.h"
#include "fi/process.h"
#include "fi/thread.h"
#include "fi/wrap.h"

static const char no_process[] = "start the server as a peer (fit_peer), or run this test over "
                                 "the real kernel (faulttest run --world=real)";
static const char no_exec[] = "the process of the test would be gone: call it in a child (fork)";
static const char no_daemon[] = "it would end the process of the test: start the service in the "
                                "foreground";

enum { ARGUMENTS_MAX = 4096, SHELL_MISSING = 127 };

const struct fit__processes *fit__processes;
bool fit__forked;

extern char **environ;

/* ---- made -------------------------------------------------------------------------------- */

/* True if the code under test makes a process. Does not return where there are none. */
static bool makes_one(const char *function, const void *caller)
{
    if (fit__passes()) return false;
    if (!fit__processes) fit__unsupported(function, caller, no_process);
    fit__enter();
    fit__processes->prepare();
    fit__leave();
    return true;
}

/* `error`: errno's value that says there is none, or 0. */
static int made(bool counts, int error, pid_t pid)
{
    if (!counts || error || pid <= 0) return error;
    fit__enter();
    fit__processes->made(pid);
    fit__leave();
    return 0;
}

/* A child's first handler of fork(): those of libraries, which come after it, are the child's and
 * not the test's. */
static bool forking;

static void in_child(void)
{
    if (!forking) return;
    forking = false;
    fit__processes->child();
}

static __attribute__((constructor)) void be_first(void)
{
    pthread_atfork(NULL, NULL, in_child);
}

/* 0, or the error of the table that a call of the code under test has. */
static int fails(bool counts, enum fit__call_id id, const void *caller)
{
    if (!counts) return 0;
    fit__enter();
    int error = fit__error_at(id, caller, 0);
    if (fit__traces() && error) fit__trace("  ", -1, "%s() = %s", fit__call_name(id),
                                           strerrorname_np(error));
    fit__leave();
    return error;
}

/* In a child: the first program that it is to become is none, with this error. */
static int cannot_become;

/* What becomes of the child is asked before there is one: nobody asks anything in it. */
static pid_t fork_really(bool counts, pid_t (*real)(void), const void *caller)
{
    int error = fails(counts, FIT_CALL_fork, caller);
    if (error) return (pid_t)fit__result(-error);
    int later = fails(counts, FIT_CALL_execve, caller);
    forking = counts;
    pid_t pid = real();
    if (pid == 0) in_child();
    if (pid == 0) cannot_become = later;
    forking = false;
    made(counts, 0, pid);
    return pid;
}

FIT_EXPORT pid_t fork(void)
{
    bool counts = makes_one("fork", FIT_CALLER);
    return fork_really(counts, FIT_NEXT(fork), FIT_CALLER);
}
FIT_ALIAS(__fork, fork);

FIT_EXPORT pid_t _Fork(void)
{
    bool counts = makes_one("_Fork", FIT_CALLER);
    return fork_really(counts, FIT_NEXT(_Fork), FIT_CALLER);
}

/* The child of a real vfork borrows its parent's stack, which a C function cannot hand on: the
 * child gets a copy instead, as POSIX allows. */
FIT_EXPORT pid_t vfork(void)
{
    bool counts = makes_one("vfork", FIT_CALLER);
    return fork_really(counts, FIT_NEXT(fork), FIT_CALLER);
}
FIT_ALIAS(__vfork, vfork);

FIT_EXPORT int daemon(int stay, int keep)
{
    if (!fit__passes()) fit__unsupported("daemon", FIT_CALLER, no_daemon);
    return FIT_NEXT(daemon)(stay, keep);
}

FIT_EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
                           const posix_spawn_file_actions_t *restrict actions,
                           const posix_spawnattr_t *restrict attr,
                           char *const argv[restrict], char *const envp[restrict])
{
    pid_t child;
    bool counts = makes_one("posix_spawn", FIT_CALLER);
    int error = fails(counts, FIT_CALL_posix_spawn, FIT_CALLER);
    if (!error) error = FIT_NEXT(posix_spawn)(&child, path, actions, attr, argv, envp);
    if (!error && pid) *pid = child;
    return made(counts, error, child);
}

FIT_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                            const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
    pid_t child;
    bool counts = makes_one("posix_spawnp", FIT_CALLER);
    int error = fails(counts, FIT_CALL_posix_spawnp, FIT_CALLER);
    if (!error) error = FIT_NEXT(posix_spawnp)(&child, file, actions, attr, argv, envp);
    if (!error && pid) *pid = child;
    return made(counts, error, child);
}

/* ---- a shell ----------------------------------------------------------------------------- */

/* glibc's own wait for the shell by a system call that nobody sees, and all green threads would
 * stand still. */
static int start_shell(pid_t *pid, const char *command, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attr)
{
    const char *const argv[] = { "sh", "-c", command, NULL };
    int error = FIT_NEXT(posix_spawn)(pid, "/bin/sh", actions, attr, (char *const *)argv, environ);
    return made(true, error, *pid);
}

/* The shell starts with the handling of these as it was before. */
static void keep_interrupts(posix_spawnattr_t *attr, const struct sigaction before[2],
                            const sigset_t *mask)
{
    sigset_t reset;
    sigemptyset(&reset);
    if (before[0].sa_handler != SIG_IGN) sigaddset(&reset, SIGINT);
    if (before[1].sa_handler != SIG_IGN) sigaddset(&reset, SIGQUIT);
    posix_spawnattr_init(attr);
    posix_spawnattr_setsigmask(attr, mask);
    posix_spawnattr_setsigdefault(attr, &reset);
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static pid_t wait_for_shell(pid_t pid, int *status)
{
    pid_t got;
    do got = waitpid(pid, status, 0); while (got < 0 && errno == EINTR);
    return got;
}

FIT_EXPORT int system(const char *command)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction before[2];
    posix_spawnattr_t attr;
    sigset_t block, mask;
    int status = -1;
    pid_t pid;
    if (!makes_one("system", FIT_CALLER)) return FIT_NEXT(system)(command);
    if (!command) return system("exit 0") == 0;
    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigaction(SIGINT, &ignore, &before[0]);
    sigaction(SIGQUIT, &ignore, &before[1]);
    sigprocmask(SIG_BLOCK, &block, &mask);
    keep_interrupts(&attr, before, &mask);
    int error = fails(true, FIT_CALL_system, FIT_CALLER);
    if (!error) error = start_shell(&pid, command, NULL, &attr);
    if (error) status = SHELL_MISSING << 8;
    else if (wait_for_shell(pid, &status) != pid) status = -1;
    posix_spawnattr_destroy(&attr);
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGQUIT, &before[1], NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (error) errno = error;
    return status;
}

/* Streams of popen() and their shells. */
struct shell { FILE *file; pid_t pid; struct shell *next; };
static struct shell *shells;

/* "r", "w", either with "e": POSIX and glibc. */
static int read_mode(const char *mode, bool *reads, int *cloexec)
{
    *reads = *mode == 'r';
    *cloexec = 0;
    if (*mode != 'r' && *mode != 'w') return -EINVAL;
    for (mode++; *mode; mode++) {
        if (*mode != 'e') return -EINVAL;
        *cloexec = O_CLOEXEC;
    }
    return 0;
}

static int spawn_at(pid_t *pid, const char *command, int theirs, bool reads)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int error = posix_spawn_file_actions_adddup2(&actions, theirs, reads ? 1 : 0);
    /* A shell has none of the streams that were opened before. */
    for (struct shell *s = shells; s && !error; s = s->next)
        error = posix_spawn_file_actions_addclose(&actions, fileno(s->file));
    if (!error) error = start_shell(pid, command, &actions, NULL);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

FIT_EXPORT FILE *popen(const char *command, const char *mode)
{
    int ends[2], cloexec, error;
    bool reads;
    FILE *file;
    pid_t pid;
    if (!makes_one("popen", FIT_CALLER)) return FIT_NEXT(popen)(command, mode);
    error = read_mode(mode, &reads, &cloexec);
    if (error < 0) {
        errno = -error;
        return NULL;
    }
    if (pipe2(ends, O_CLOEXEC) < 0) return NULL;
    int ours = ends[reads ? 0 : 1], theirs = ends[reads ? 1 : 0];
    file = fdopen(ours, reads ? "r" : "w");
    error = file ? fails(true, FIT_CALL_popen, FIT_CALLER) : errno;
    if (!error) error = spawn_at(&pid, command, theirs, reads);
    close(theirs);
    if (error) {
        if (file) fclose(file);
        else close(ours);
        errno = error;
        return NULL;
    }
    if (!cloexec) fcntl(ours, F_SETFD, 0);
    struct shell *shell = fit__alloc(sizeof *shell);
    *shell = (struct shell){ file, pid, shells };
    shells = shell;
    return file;
}

FIT_EXPORT int pclose(FILE *file)
{
    struct shell **at = &shells, *shell;
    int status;
    while (*at && (*at)->file != file) at = &(*at)->next;
    if (!*at) return FIT_NEXT(pclose)(file);
    shell = *at;
    *at = shell->next;
    pid_t pid = shell->pid;
    fit__free(shell);
    fclose(file);
    return wait_for_shell(pid, &status) == pid ? status : -1;
}

/* ---- become another program -------------------------------------------------------------- */

#define VECTOR char *const argv[]
#define ENVIRONMENT char *const envp[]

/* The code under test may not itself become another program: its case would be gone. */
#define BECOMES(name, parameters, ...)                                                        \
    FIT_EXPORT int name parameters                                                            \
    {                                                                                         \
        int error = cannot_become;                                                            \
        if (!fit__passes()) fit__unsupported(#name, FIT_CALLER, fit__processes ? no_exec      \
                                                                               : no_process); \
        cannot_become = 0;                                                                    \
        if (error) return (int)fit__result(-error);                                           \
        return FIT_NEXT(name)(__VA_ARGS__);                                                   \
    }
BECOMES(execv, (const char *path, VECTOR), path, argv)
BECOMES(execve, (const char *path, VECTOR, ENVIRONMENT), path, argv, envp)
BECOMES(execvp, (const char *file, VECTOR), file, argv)
BECOMES(execvpe, (const char *file, VECTOR, ENVIRONMENT), file, argv, envp)
BECOMES(fexecve, (int fd, VECTOR, ENVIRONMENT), fd, argv, envp)

/* The arguments of execl and its like as a vector on the stack of the caller. */
#define COUNT_ARGUMENTS(first, list)                                                          \
    size_t count = 1;                                                                         \
    va_start(list, first);                                                                    \
    while (va_arg(list, char *)) count++;                                                     \
    va_end(list);                                                                             \
    assert(count < ARGUMENTS_MAX);                                                            \
    char **argv = alloca((count + 1) * sizeof *argv);                                         \
    argv[0] = (char *)first;                                                                  \
    va_start(list, first);                                                                    \
    for (size_t i = 1; i <= count; i++) argv[i] = va_arg(list, char *);

FIT_EXPORT int execl(const char *path, const char *first, ...)
{
    va_list list;
    COUNT_ARGUMENTS(first, list)
    va_end(list);
    return execv(path, argv);
}

FIT_EXPORT int execlp(const char *file, const char *first, ...)
{
    va_list list;
    COUNT_ARGUMENTS(first, list)
    va_end(list);
    return execvp(file, argv);
}

FIT_EXPORT int execle(const char *path, const char *first, ...)
{
    va_list list;
    COUNT_ARGUMENTS(first, list)
    char **envp = va_arg(list, char **);
    va_end(list);
    return execve(path, argv, envp);
}

/* ---- waited for -------------------------------------------------------------------------- */

/* In the simulated kernel there are no children. (The copies of a sweep are not the program's.) */
FIT_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    struct fit__call c;
    if (fit__passes())
        return (pid_t)fit__result(fit__raw(SYS_wait4, pid, status, options, usage));
    fit__begin(&c, FIT_CALL_waitpid, -1, FIT_CALLER);
    /* How often a program asks without waiting is chance. */
    int64_t value;
    const struct fit__fact *fact =
        fit__processes && !(options & WNOHANG) && fit__asks() ? fit__ask(&c, 0, 0, &value) : NULL;
    long result = fit__processes ? fit__processes->wait4(pid, status, options, usage) : -ECHILD;
    if (fact && result > 0) result = -(long)value;
    if (fit__traces()) fit__traced(&c, result, "%d", pid);
    return (pid_t)fit__end(&c, result);
}

FIT_EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

FIT_EXPORT pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

FIT_EXPORT pid_t wait3(int *status, int options, struct rusage *usage)
{
    return wait4(-1, status, options, usage);
}

FIT_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    struct fit__call c;
    if (fit__passes())
        return (int)fit__result(fit__raw(SYS_waitid, type, id, info, options, NULL));
    fit__begin(&c, FIT_CALL_waitid, -1, FIT_CALLER);
    long result = fit__processes ? fit__processes->waitid(type, id, info, options) : -ECHILD;
    if (fit__traces()) fit__traced(&c, result, "%d, %d", type, (int)id);
    return (int)fit__end(&c, result);
}
