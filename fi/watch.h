/* fi/watch.h - what the judges want to hear from the wrappers.
 *
 * The wrappers make things happen; whether that was right is for the judges in harness/judge/,
 * who plug in here. Called "inside" (fi/guard.h), only in an active world and only for the code
 * under test, not for peers unless said otherwise. Functions must not block. */
#ifndef FI_WATCH_H
#define FI_WATCH_H

#include <stddef.h>

struct fit__watcher {
    /* A block of the service's was allocated or is about to be freed (by a peer, too). `caller`
     * is the return address of the wrapper (inside libc for strdup and its like). realloc is a
     * release followed by an allocation, and only reported when it succeeded. `block` is not
     * NULL. */
    void (*allocated)(void *block, size_t size, const void *caller);
    void (*released)(void *block);
    /* close(fd) was called and answered -EBADF. `call` is how it was called: "close", "syscall". */
    void (*bad_close)(int fd, const char *call, const void *caller);
    /* The program ends itself: "abort", "exit", "_exit", "assert" with its text. Peers, too.
     * Need not return. */
    void (*ended)(const char *how, const char *text, int status);
};

/* NULL: nobody watches. */
extern const struct fit__watcher *fit__watcher;

#endif
