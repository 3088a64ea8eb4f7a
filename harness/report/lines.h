/* harness/report/lines.h - the results file: JSON Lines, one case a line.
 *
 * Keys of a line:
 *   schema "faulttest/1"   test "group.name"   mode   case (full word)   verdict
 *   allowed (bool)   valgrind (bool: Memcheck ran it)   failed (bool: counts as a failure)
 *   binary   contract "strict"|"old"   finding (number of the run, or null)
 *   and where known: fault, symptom (texts), site, stacks {fault, symptom} (lists of
 *   {function, file, line, object}, innermost first), virtual_ms, turn, reason (of the
 *   allowance), text (of a test that was not swept), left_bytes, left_blocks
 * Findings of the run without faults, and tests that were not swept, are lines with mode "none"
 * and case "TEST:none"; all other lines are cases. */
#ifndef HARNESS_REPORT_LINES_H
#define HARNESS_REPORT_LINES_H

#include <jansson.h>
#include <stdio.h>

#include "harness/command/results.h"

/* Appends a line for each case, and for each test without a result, to the array `lines`. */
void fit__lines_add(json_t *lines, const struct fit__results *results);

/* A file that appears under its name only when it is complete. */
struct fit__lines_file { char *path, *temporary; FILE *file; };

/* Makes missing folders. 0, or -errno with a sentence that the caller frees. */
int fit__lines_open(struct fit__lines_file *file, const char *path, char **failure);
/* Writes, renames and frees; the same result. */
int fit__lines_close(struct fit__lines_file *file, const json_t *lines, char **failure);

/* Reads such a file as an array that the caller owns; lines that are not understood are
 * skipped. NULL with a sentence if there is no such file. */
json_t *fit__lines_read(const char *path, char **failure);

/* The text under `key`, or "". */
const char *fit__line_text(const json_t *line, const char *key);

#endif
