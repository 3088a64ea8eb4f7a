/* fi/process.h - other processes, where there can be some: over the real kernel.
 *
 * A process that the code under test makes is none of the sweep: it runs on the real kernel, every
 * wrapper passes through in it, and nothing that it does is recorded or judged. */
#ifndef FI_PROCESS_H
#define FI_PROCESS_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

struct fit__processes {
    /* One is about to be made, or what SIGCHLD does has changed. Called "inside" (fi/guard.h). */
    void (*prepare)(void);
    /* It was made. Called "inside". */
    void (*made)(pid_t pid);
    /* In a child that was forked, and runs on: it takes leave of the world. */
    void (*child)(void);
    /* As the system calls of the same names; they let other green threads run while they wait. */
    pid_t (*wait4)(pid_t pid, int *status, int options, struct rusage *usage);
    int (*waitid)(idtype_t type, id_t id, siginfo_t *info, int options);
};
/* NULL: there are no other processes. Valid while fit__active. */
extern const struct fit__processes *fit__processes;

/* This process was forked by the code under test. */
extern bool fit__forked;

#endif
