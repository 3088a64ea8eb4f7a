/* harness/command/takeover.h - what an object file tells about itself before it is started. All
 * texts belong to the caller. */
#ifndef HARNESS_COMMAND_TAKEOVER_H
#define HARNESS_COMMAND_TAKEOVER_H

#include "harness/command/session.h"

/* NULL, or the sentence that says why this dynamic program cannot be swept as it is. */
char *fit__takeover_refused(const char *path);

/* *preload: the library to load in front of the program, or NULL if it is linked with it. 0, or
 * -errno and a sentence. */
int fit__preload_for(const char *path, char **preload, char **failure);

/* Built with AddressSanitizer as a library: it is swept, but never under Memcheck. */
bool fit__has_asan(const char *path);
/* NULL, or the sentence that says why its threads cannot be told apart (--peer-thread). */
char *fit__peer_threads_refused(const char *path, const struct fit__words *patterns);

/* NULL, or a sentence about calls of libc's functions that -Wl,--wrap leads elsewhere. */
char *fit__wrapped_note(const char *path);
/* NULL, or a sentence about io_uring, which the program uses and the simulated kernel has not. */
char *fit__rings_note(const char *path);

#endif
