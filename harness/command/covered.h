/* harness/command/covered.h - what may go past libfaulttest, and why. */
#ifndef HARNESS_COMMAND_COVERED_H
#define HARNESS_COMMAND_COVERED_H

#include <stdbool.h>

/* The reason why a function of libc that we do not define is harmless, or NULL: it is not known to
 * be. `real`, if not NULL: whether it makes system calls of its own. Lives for ever. */
const char *fit__passes_through(const char *function, bool *real);

/* A system call that was trapped: `entry` is the function of libc that was called, NULL for an
 * instruction outside libc. The reason why it is harmless, or NULL. */
const char *fit__call_excused(long number, const char *entry, long first, long second);

/* "openat"; "system call 435" if there is no name. Valid until the next call. */
const char *fit__system_call_name(long number);

#endif
