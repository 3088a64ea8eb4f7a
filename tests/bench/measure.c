/* measure.c - runs a command and prints what it took, as one line of numbers:
 *   real seconds, seconds of processor time (user and system, with all children), and
 *   with -m, in kilobytes: the most that all its processes had in use together (PSS: shared pages
 *   counted once), the largest resident size of a process that has children and is not the
 *   command itself, how much of that is anonymous memory; and how many mappings that process
 *   has. Without -m these are 0.
 * Usage: measure [-m] COMMAND [ARGUMENT...]. The command's output goes to /dev/null; its exit
 * status is measure's. With -m its time is not to be trusted: looking costs time, too. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD_MS = 10, DEPTH_MAX = 8, FILE_MAX = 16384 };

struct memory { long together, resident, anonymous, mappings; };

static bool read_file(int pid, const char *name, char *text)
{
    char path[64];
    ssize_t n;
    int fd;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    n = read(fd, text, FILE_MAX - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return n > 0;
}

/* The number after `key` at the start of a line; 0: no such line. */
static long field(const char *text, const char *key)
{
    const char *found = strstr(text, key);
    return found ? strtol(found + strlen(key), NULL, 10) : 0;
}

static long count_lines(int pid, const char *name)
{
    char path[64], line[1024];
    long count = 0;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) count++;
    if (file) fclose(file);
    return count;
}

static void look(int pid, unsigned depth, struct memory *sum, struct memory *most)
{
    char text[FILE_MAX], children[64];
    char *at, *end;
    if (depth > DEPTH_MAX || !read_file(pid, "smaps_rollup", text)) return;
    sum->together += field(text, "\nPss:");
    snprintf(children, sizeof children, "task/%d/children", pid);
    if (!read_file(pid, children, text)) return;
    for (at = text; strtol(at, &end, 10) > 0; at = end)
        look((int)strtol(at, NULL, 10), depth + 1, sum, most);
    if (!depth || !read_file(pid, "status", text)) return;
    if (field(text, "\nVmRSS:") <= most->resident) return;
    most->resident = field(text, "\nVmRSS:");
    most->anonymous = field(text, "\nRssAnon:");
    most->mappings = count_lines(pid, "maps");
}

static void watch(int pid, struct memory *most)
{
    const struct timespec period = { .tv_nsec = PERIOD_MS * 1000000L };
    siginfo_t ended = { 0 };
    while (!waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) && !ended.si_pid) {
        struct memory sum = { 0 };
        look(pid, 0, &sum, most);
        if (sum.together > most->together) most->together = sum.together;
        nanosleep(&period, NULL);
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void become(char **command)
{
    int nothing = open("/dev/null", O_WRONLY);
    if (nothing < 0 || dup2(nothing, 1) < 0) _exit(127);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    bool memory = argc > 1 && !strcmp(argv[1], "-m");
    struct memory most = { 0 };
    struct rusage u;
    double start = now();
    int status, pid;

    if (argc < 2 + memory) {
        fprintf(stderr, "usage: measure [-m] COMMAND [ARGUMENT...]\n");
        return 2;
    }
    pid = fork();
    if (pid == 0) become(argv + 1 + memory);
    if (pid < 0) {
        perror("fork");
        return 1;
    }
    if (memory) watch(pid, &most);
    if (waitpid(pid, &status, 0) != pid || getrusage(RUSAGE_CHILDREN, &u)) {
        perror("measure");
        return 1;
    }
    printf("%.6f %.6f %ld %ld %ld %ld\n", now() - start,
           (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
           + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
           most.together, most.resident, most.anonymous, most.mappings);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
