/* harness/command/start.c - starts a test binary in surroundings that are always the same. */
#include "harness/command/start.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/command/debugger.h"
#include "harness/command/session.h"

enum { STACK_BYTES = 8 << 20, DESCRIPTORS = 1024 + 256 /* ours above theirs */,
       ARGUMENTS_MAX = 24 };

/* Sorted, since the order of the environment is visible on the stack. */
static const char *const passed_on[] = {
    "GCOV_PREFIX", "GCOV_PREFIX_STRIP", "HOME", "LD_LIBRARY_PATH",
    "LSAN_OPTIONS", "PATH", "TMPDIR", "TSAN_OPTIONS", "UBSAN_OPTIONS", "VALGRIND_LIB",
    "abs_builddir", "abs_srcdir", "abs_top_builddir", "abs_top_srcdir", "builddir", "srcdir",
    "top_builddir", "top_srcdir",
};
enum { PASSED_ON = sizeof passed_on / sizeof passed_on[0] };

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Valgrind hands its environment on to the program, so its start script and its launcher get the
 * library, too: in a program without a group of tests it only passes through. */
static char **environment(const char *preload)
{
    char **list = fit__get((PASSED_ON + 7) * sizeof *list);
    size_t count = 0;
    list[count++] = fit__print("%s=%d", FIT_CONTROL_VARIABLE, FIT_CONTROL_FD);
    list[count++] = fit__copy("LANG=C");
    list[count++] = fit__copy("LC_ALL=C");
    list[count++] = fit__copy("TZ=UTC");
    if (preload)
        list[count++] = fit__print("LD_PRELOAD=%s", preload);
    /* Its symbolizer would read files in the world, and what is left in the process that cases
     * branch from is no leak of theirs. The user's own words come later, and win. */
    const char *asan = getenv("ASAN_OPTIONS");
    list[count++] = fit__print("ASAN_OPTIONS=symbolize=0:detect_leaks=0%s%s", asan ? ":" : "",
                               asan ? asan : "");
    for (size_t i = 0; i < PASSED_ON; i++)
        if (getenv(passed_on[i]))
            list[count++] = fit__print("%s=%s", passed_on[i], getenv(passed_on[i]));
    qsort(list, count, sizeof *list, by_text);
    return list;
}

static void free_list(char **list)
{
    for (size_t i = 0; list[i]; i++)
        free(list[i]);
    free(list);
}

static char **arguments(const struct fit__start *start, const char *real)
{
    static const char *const memcheck[] = {
        "valgrind", "-q", "--tool=memcheck", "--soname-synonyms=somalloc=nouserintercepts",
        "--num-callers=40", "--child-silent-after-fork=no", "--trace-children=no",
        "--error-limit=no", "--leak-check=no", "--run-libc-freeres=no", "--vgdb=no",
        /* Each case translates what only it runs: less text at once costs a tenth less. */
        "--vex-guest-chase=no",
    };
    char **list = fit__get(ARGUMENTS_MAX * sizeof *list);
    size_t count = 0;
    for (size_t i = 0; start->memcheck && i < sizeof memcheck / sizeof memcheck[0]; i++)
        list[count++] = fit__copy(memcheck[i]);
    if (start->memcheck)
        list[count++] = fit__print("--log-file=%s/%%p", start->log_folder);
    if (start->memcheck && start->thorough)
        list[count++] = fit__copy("--track-origins=yes");
    list[count++] = fit__copy(real);
    assert(count < ARGUMENTS_MAX);
    return list;
}

static void limit(int what, rlim_t wanted)
{
    struct rlimit now;
    if (getrlimit(what, &now) != 0)
        return;
    now.rlim_cur = wanted < now.rlim_max ? wanted : now.rlim_max;
    setrlimit(what, &now);
}

static bool redirect(const struct fit__start *start)
{
    int nothing = open("/dev/null", O_RDONLY);
    return nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(start->output, 1) >= 0
        && dup2(start->output, 2) >= 0;
}

/* In the child: the surroundings, then exec. Returns errno. */
static int become(const struct fit__start *start, char **arguments, char **environment)
{
    sigset_t none;
    if (!start->debugger)
        setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    limit(RLIMIT_STACK, STACK_BYTES);
    limit(RLIMIT_NOFILE, DESCRIPTORS);
    limit(RLIMIT_CORE, 0);
    /* Refused in some containers; names and not addresses carry the results then. */
    personality(personality(0xffffffff) | ADDR_NO_RANDOMIZE);
    if (!start->debugger && !redirect(start))
        return errno;
    if (dup2(start->control, FIT_CONTROL_FD) < 0 || dup2(start->results, FIT_RESULTS_FD) < 0)
        return errno;
    /* Not closed but marked: the descriptor that tells of a failing exec is among them. */
    close_range(3, FIT_CONTROL_FD - 1, CLOSE_RANGE_CLOEXEC);
    close_range(FIT_RESULTS_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execvpe(arguments[0], arguments, environment);
    return errno;
}

/* Waits until exec has succeeded (0) or failed (errno). */
static int exec_result(int tell)
{
    int error = 0;
    ssize_t size;
    do
        size = read(tell, &error, sizeof error);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof error ? error : 0;
}

static pid_t fork_and_exec(const struct fit__start *start, char **arguments, char **environment,
                           int *error)
{
    int tell[2];
    if (pipe2(tell, O_CLOEXEC) != 0) {
        *error = errno;
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        int failed = become(start, arguments, environment);
        ssize_t written = write(tell[1], &failed, sizeof failed);
        (void)written;
        _exit(127);
    }
    *error = child < 0 ? errno : 0;
    close(tell[1]);
    if (child > 0) {
        if (!start->debugger)
            setpgid(child, child); /* Both sides do it, so that it is done whoever is first. */
        *error = exec_result(tell[0]);
        if (*error) {
            waitpid(child, NULL, 0);
            child = -1;
        }
    }
    close(tell[0]);
    return child;
}

pid_t fit__start(const struct fit__start *start, char **failure)
{
    char *real = realpath(start->path, NULL);
    if (!real) {
        int error = errno;
        *failure = fit__print("%s: %s", start->path, strerror(error));
        return -error;
    }
    char **environment_list = environment(start->preload);
    char **argument_list = start->debugger
        ? fit__debugger_arguments(start->debugger, real, environment_list)
        : arguments(start, real);
    int error;
    pid_t child = fork_and_exec(start, argument_list,
                                start->debugger ? environ : environment_list, &error);
    if (child < 0)
        *failure = fit__print("%s could not be started: %s", argument_list[0], strerror(error));
    free_list(argument_list);
    free_list(environment_list);
    free(real);
    return child < 0 ? -error : child;
}
