/* harness/command/options.h - the command line of run, list and replay. */
#ifndef HARNESS_COMMAND_OPTIONS_H
#define HARNESS_COMMAND_OPTIONS_H

#include "harness/command/session.h"
#include "harness/report/screen.h"

struct fit__options {
    const char *output, *modes, *coverage;      /* NULL: not given */
    const char *memory;                         /* whose allocations fail; NULL: everybody's */
    unsigned jobs, finding;                     /* finding: 0 is not given */
    unsigned random, seed;                      /* random runs of each test; 0: not given */
    bool random_off;                            /* --random no */
    bool pairs_given, seed_given;
    bool failed;                                /* only what failed in the last run */
    unsigned pairs;                             /* at most so many of each test; 0: none */
    struct fit__words tests, only, words;       /* words: what is no option */
    struct fit__words peer_threads;
    bool extended;                              /* also the rare faults */
    bool setup;                                 /* --include-setup */
    bool gdb;
    bool verbose, trace, valgrind_given;
    bool real;                                  /* --world=real */
    enum fit__valgrind valgrind;
    unsigned budget, shard, shards;             /* 0: not given */
    double time, case_time;                     /* seconds; 0: not given */
    bool resume, unreached_mark;
    const char *accept, *write_known;           /* NULL: not given */
};

/* `command` is the subcommand, arguments[0] its name. Options that the subcommand does not
 * know are refused. 0, or a sentence on standard error and FIT_X_USAGE. */
int fit__options_read(struct fit__options *options, const char *command, int count,
                      char **arguments);

/* Prints "faulttest: SENTENCE" on standard error, frees it and returns `status`. */
int fit__fail_with(int status, char *sentence);

/* "TEST:FAULT" taken apart; false if there is no colon. The caller frees both. */
bool fit__case_split(const char *text, char **test, char **name);

/* Do both paths lead to one file? */
bool fit__same_file(const char *one, const char *two);

/* Modes that are tried when none are named: "timeout,partial,...". Lives for ever. */
const char *fit__usual_modes(void);

#define FIT_LAST_RUN ".faulttest/last.jsonl"

#endif
