/* harness/marks.h - rare paths of the product (FAULT_MARK): passed or not (private to harness/).
 *
 * Each FAULT_MARK leaves a note in its object file, so that a mark is known although nothing ever
 * comes by. All functions are called "inside". */
#ifndef HARNESS_MARKS_H
#define HARNESS_MARKS_H

#include "harness/explore/explore.h"

void fit__marks_reset(void);             /* a run begins */
/* In the parent, before the first run: the marks of all objects that are loaded. */
void fit__marks_know(struct fit__reference *r);
/* This run is over: what it passed is counted in the reference, once. */
void fit__marks_count(void);
/* The names of the marks that this run has passed, with blanks between; returns its length. `out`
 * is not touched if there are none. */
size_t fit__marks_text(char *out, size_t size);
/* A record `mark` for each. */
void fit__marks_send(const struct fit__test *test, const struct fit__reference *r);

#endif
