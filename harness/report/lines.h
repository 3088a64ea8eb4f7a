/* harness/report/lines.h - the results file: JSON Lines, one case a line.
 *
 * Keys of a line:
 *   schema "faulttest/1"   test "group.name"   mode   case (full word)   verdict
 *   allowed (bool)   valgrind (bool: Memcheck ran it)   failed (bool: counts as a failure)
 *   binary   contract "strict"|"old"   finding (number of the run, or null)
 *   seq (number of the case in its test; 0: of the run without faults)
 *   and where known: fault, symptom (texts), site, stacks {fault, symptom} (lists of
 *   {function, file, line, object}, innermost first), virtual_ms, turn, reason (of the
 *   allowance), text (of a test that was not swept), left_bytes, left_blocks, cause_named, detail,
 *   marks (names of the FAULT_MARKs that were passed, with blanks between),
 *   smallest (of the first case of a finding of several faults: the case that evidence is of),
 *   again (true: several faults find what one finds, which is no failure),
 *   known (true: it is in the file of --accept), native (false: only Memcheck met it), replayed_as
 *   (what a second run of the finding's first case came to, if something else)
 * Findings of the run without faults, and tests that were not swept, are lines with mode "none"
 * and case "TEST:none"; all other lines are cases.
 *
 * What is true of the whole run is in the first line, under the key "run" (see run.h). A run
 * without any line has one with `schema` and `run` only. */
#ifndef HARNESS_REPORT_LINES_H
#define HARNESS_REPORT_LINES_H

#include <jansson.h>
#include <stdio.h>

#include "harness/command/results.h"

/* The line for a record of kind case or named, as it stands in a journal: with the test's full
 * name in the case, without the number of a finding, and with "pass" if it is of the run under
 * Memcheck. */
json_t *fit__line_of(const struct fit__results *results, const struct fit__test *test,
                     const struct fit__record *record, bool memcheck);

/* The line for a test that was not swept, or a strict test without a case. */
json_t *fit__line_of_test(const struct fit__results *results, const struct fit__test *test);

/* A copy of `line` in which fault and symptom are those of the record of a second run. */
json_t *fit__line_with_evidence(const json_t *line, const struct fit__record *record);
/* Adds, under "before", what `plain` has that `line` with its evidence has not: other results may
 * come, and then another case may be the first of its finding. */
void fit__line_remember(json_t *line, const json_t *plain);
/* Undoes that, in place. Returns what the line was with its evidence, or NULL. */
json_t *fit__line_plain(json_t *line);

/* A file that appears under its name only when it is complete. All zero: none. */
struct fit__lines_file { char *path, *temporary; FILE *file; int error; };

/* Makes missing folders. 0, or -errno with a sentence that the caller frees. */
int fit__lines_open(struct fit__lines_file *file, const char *path, char **failure);
/* A line as it stands in files, without its end; the caller frees it. */
char *fit__line_dump(const json_t *line);
void fit__lines_put(struct fit__lines_file *file, const char *line);    /* NULL is an error */
/* Renames and frees; the same result. */
int fit__lines_close(struct fit__lines_file *file, char **failure);

/* Reads such a file; lines that are not understood are skipped. Goes on while `each` says true.
 * 0 or -errno. */
int fit__lines_each(const char *path, bool (*each)(void *arg, json_t *line), void *arg);
/* The sentence for such an error with the last run's file. */
char *fit__lines_unread(const char *path, int error);

/* Makes the folders above `path`. 0 or -errno. */
int fit__make_folders(const char *path);

/* The text under `key`, or "". */
const char *fit__line_text(const json_t *line, const char *key);

#endif
