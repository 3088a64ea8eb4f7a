/* forks.c - what a case costs at least: a copy of a process that ends at once and is waited for.
 *
 * Usage: forks ANONYMOUS SHARED MAPPINGS COUNT. Prints the nanoseconds of processor time (user and
 * system, of parent and children) for one of COUNT copies of a process that has so many kilobytes
 * in use: of anonymous memory, whose page tables Linux copies, and of shared memory, where it does
 * not, as with files; and at least so many mappings, each of which Linux copies. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds_of(int who)
{
    struct rusage u;
    if (getrusage(who, &u)) return 0;
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
         + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double used(void)
{
    return seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN);
}

/* As a case begins and ends: no atfork handlers, no destructors. */
static void copy_once(void)
{
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    if (pid < 0 || waitpid((pid_t)pid, NULL, 0) != pid) {
        perror("forks");
        exit(1);
    }
}

static void fill(unsigned long kilobytes, int kind)
{
    size_t size = kilobytes * 1024;
    void *memory;
    if (!size) return;
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    madvise(memory, size, MADV_NOHUGEPAGE);      /* the swept process has small pages, too */
    memset(memory, 1, size);
}

/* Neighbours of different protection stay mappings of their own. */
static void map_more(unsigned long count)
{
    const size_t page = 4096;
    char *memory = mmap(NULL, (count + 1) * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    for (unsigned long i = 0; i < count; i += 2) mprotect(memory + i * page, page, PROT_NONE);
}

int main(int argc, char **argv)
{
    unsigned long count = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    double start;

    if (!count) {
        fprintf(stderr, "usage: forks ANONYMOUS SHARED MAPPINGS COUNT\n");
        return 2;
    }
    fill(strtoul(argv[1], NULL, 10), MAP_PRIVATE);
    fill(strtoul(argv[2], NULL, 10), MAP_SHARED);
    map_more(strtoul(argv[3], NULL, 10));
    start = used();
    for (unsigned long i = 0; i < count; i++) copy_once();
    printf("%.0f\n", (used() - start) * 1e9 / (double)count);
    return 0;
}
