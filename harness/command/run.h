/* harness/command/run.h - what `run` and `merge` have in common: the header of a run, how it is
 * brought to its end, and the files of its results.
 *
 * The header is an object, under the key "run" in the first line of a results file:
 *   version   of Faulttest, and protocol
 *   orders    what decides which cases there are, and valgrind none|failed|all
 *   modes     that were tried
 *   shard "1/3"                   absent: all cases
 *   complete (bool)   stopped (why it is not: interrupted, time, error)   seconds
 *   binaries  a list of {path, build, records}; records: all that is no case, as received
 * Files can be put together, or gone on with, only if the first three and the builds agree. */
#ifndef HARNESS_COMMAND_RUN_H
#define HARNESS_COMMAND_RUN_H

#include "harness/command/options.h"
#include "harness/command/results.h"
#include "harness/report/lines.h"

struct fit__run {
    struct fit__options options;
    struct fit__results *binaries;
    size_t count, room;               /* of the binaries begun, and of all */
    struct fit__totals totals;
    int trouble;                      /* the gravest status that is not about findings */
    struct fit__journal journal;
    bool journal_named;               /* it lies beside the results, for --resume */
    json_t *header;                   /* without what is known only at the end */
    struct fit__known *accepted, *found;     /* of --accept and --write-known, or NULL */
    unsigned long unreached;          /* marks that no case passed */
    const char *stopped;              /* why it did not go to its end, or NULL */
};

/* Interrupted before broken before wrongly used before nothing ran. */
int fit__graver(int one, int two);

/* Reads the file of --accept. FIT_X_OK, or a sentence on standard error and FIT_X_USAGE. */
int fit__run_accept(struct fit__run *run);

/* Opens the journal: beside `output` if that is to be a file. The same result. */
int fit__run_journal(struct fit__run *run, const char *output, bool keep);
char *fit__run_journal_path(const char *output);      /* NULL: no file; the caller frees it */

/* `binary` is begun: its part of the journal is. */
struct fit__results *fit__run_begin(struct fit__run *run, const char *path, const char *build);

/* All of a binary is in the journal: counts it and shows it. `replay`: findings are run again for
 * evidence. */
void fit__run_settle(struct fit__run *run, struct fit__results *results, bool replay);

/* Shows the summary, writes all files. Returns the exit status. */
int fit__run_finish(struct fit__run *run, double seconds);

/* What is left when a results file was written, or a line of one is read again: the journal's. */
void fit__run_strip(json_t *line);

/* Goes on from what an earlier run has left. FIT_X_OK, or a sentence and a status. */
int fit__run_resume(struct fit__run *run);

/* NULL if results of both can be put together, otherwise what differs; the caller frees it. */
char *fit__headers_differ(const json_t *one, const json_t *two);

#endif
