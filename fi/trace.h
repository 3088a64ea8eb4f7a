/* fi/trace.h - what happened, call by call, as strace prints it.
 *
 * Wrappers report each simulated call of the code under test; loop adapters report
 * callbacks, the world what peers do, the judge outcomes. Lines hold no addresses: two runs
 * without faults must give the same text. Costs one branch while nobody listens. */
#ifndef FI_TRACE_H
#define FI_TRACE_H

#include <stdbool.h>
#include <stddef.h>

extern bool fit__tracing;

/* One line, without virtual time, turn and newline, which the listener adds. `kind`: two
 * columns: "  " call, "--" callback, "op" outcome, ">>" fault, "pe" what a peer does.
 * `fd`: the descriptor it is about, or -1. */
void fit__trace(const char *kind, int fd, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
extern void (*fit__trace_listener)(const char *kind, int fd, const char *text);

/* Bytes as strace quotes them, at most 32 of them, then "..."; into `out`, which is returned. */
const char *fit__quote(char *out, size_t out_size, const void *bytes, size_t size);

#endif
