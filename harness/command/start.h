/* harness/command/start.h - starts a test binary in surroundings that are always the same. */
#ifndef HARNESS_COMMAND_START_H
#define HARNESS_COMMAND_START_H

#include <stdbool.h>
#include <sys/types.h>

/* What to start. The descriptors stay the caller's. */
struct fit__start {
    const char *path;
    bool memcheck, thorough;
    const char *debugger;          /* the script with which it runs inside gdb, at the terminal, or
                                    * NULL */
    const char *log_folder;        /* memcheck: where Memcheck writes, a file for each process */
    int control, results, output;
    const char *preload;           /* the library to load in front of it, or NULL */
};

/* The process id, which is also that of its process group, or -errno with a sentence in
 * `*failure`, which the caller frees. */
pid_t fit__start(const struct fit__start *start, char **failure);

#endif
