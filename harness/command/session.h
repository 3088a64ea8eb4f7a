/* harness/command/session.h - one run of a test binary: orders go in, records come out.
 *
 * The binary is started the same way every time, so that equal runs are equal in every byte
 * that matters: no address randomisation (where that is allowed), 8 MiB of stack, 1024
 * descriptors, no arguments, standard input /dev/null, and an environment that holds, sorted,
 * only LANG=C, LC_ALL=C, TZ=UTC, FAULTTEST_CONTROL, LD_PRELOAD with libfaulttest.so for a binary
 * that is not linked with it, and those of these that are set:
 *   ASAN_OPTIONS (behind symbolize=0:detect_leaks=0, which is always there) GCOV_PREFIX
 *   GCOV_PREFIX_STRIP HOME LD_LIBRARY_PATH LSAN_OPTIONS PATH TMPDIR
 *   TSAN_OPTIONS UBSAN_OPTIONS VALGRIND_LIB, and automake's abs_builddir abs_srcdir
 *   abs_top_builddir abs_top_srcdir builddir srcdir top_builddir top_srcdir
 * It runs in a process group of its own, which is killed when the session ends. */
#ifndef HARNESS_COMMAND_SESSION_H
#define HARNESS_COMMAND_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/command/stream.h"

/* The numbers of the two descriptors in the test binary: high enough to be in nobody's way. */
enum { FIT_CONTROL_FD = 510, FIT_RESULTS_FD = 511 };

struct fit__words { char **list; size_t count; };
void fit__words_add(struct fit__words *words, const char *word);

struct fit__orders {
    const char *job;                       /* run, list, replay */
    struct fit__words tests, cases;        /* cases: replay: without test prefix; run: with */
    struct fit__words peer_threads;        /* patterns of start routines */
    const char *memory;                    /* whose: "service,library"; NULL: everybody's */
    const char *modes, *coverage;          /* NULL: the binary's default; none */
    struct fit__words done;                /* "NUMBER CASE TEST": tried before, up to there */
    unsigned jobs, shard, shards;          /* shards 0: all cases */
    struct fit__words dead;                /* "NUMBER TEST": of these, what failed */
    unsigned budget;                       /* cases of each test; 0: all */
    bool fill;                             /* as many random runs as pairs leave of it */
    unsigned pairs;                        /* of each test at most; 0: none */
    unsigned seed;
    unsigned random, from;                 /* random runs of each test instead of other cases */
    unsigned random_later;                 /* so many in a session of their own, after this one */
    double case_seconds;                   /* limit of one case; 0: the default */
    bool own_random;                       /* random: only of tests that ask for them */
    bool pairs_given, random_given, seed_given;    /* by the user: tests cannot ask otherwise */
    bool memcheck, trace;
    bool extended;                         /* also what a default sweep leaves out */
    bool setup;                            /* faults in the setup of tests, too */
    bool real;                             /* over the real kernel */
    bool debugger;                         /* replay: inside gdb, at the terminal */
    bool thorough;                         /* memcheck: look for origins, too (slow) */
};

struct fit__session {
    const char *path;                      /* of the test binary */
    const struct fit__orders *orders;
    void (*record)(void *arg, struct fit__record *record);   /* takes the record over */
    void (*tick)(void *arg);               /* about ten times a second; may be NULL */
    void *arg;
    char *script;                          /* the debugger's, while it runs */
    /* What came of it: */
    bool preloaded;                        /* the binary is not linked with libfaulttest */
    bool hello, bye, stopped, silent;  /* silent: killed because nothing came for long */
    int wait_status;                       /* as from waitpid */
    unsigned long garbage;
    char *output;                          /* the last bytes that the binary itself printed */
    char *failure;                         /* NULL, or a sentence: it could not be started */
};

/* What decides which cases there are, as text; the caller frees it. */
char *fit__orders_identity(const struct fit__orders *orders);

/* Runs to the end. 0, or -errno with session->failure set. */
int fit__session_run(struct fit__session *session);
void fit__session_free(struct fit__session *session);

/* "ended by signal 11 (Segmentation fault)", "ended with status 1"; the caller frees it. */
char *fit__session_end_text(const struct fit__session *session);

/* From here on Ctrl-C (and SIGTERM) does not end the command but sets the flag. */
void fit__catch_interrupts(void);
bool fit__interrupted(void);
/* The same when so many seconds are over, or when there is nowhere to put results. */
void fit__stop_after(double seconds);
bool fit__time_is_up(void);
/* All that had to be done is done: the rest of the way has no limit. */
void fit__time_was_enough(void);
void fit__stop(void);
/* Is any of these the case? */
bool fit__stopping(void);

/* NULL if `path` can be started as a test binary, otherwise a sentence, which the caller
 * frees. */
char *fit__binary_refused(const char *path);

/* Is there a program of this name in PATH? */
bool fit__have_program(const char *name);

#endif
