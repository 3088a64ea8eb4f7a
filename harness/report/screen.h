/* harness/report/screen.h - what `faulttest run` and `list` print. */
#ifndef HARNESS_REPORT_SCREEN_H
#define HARNESS_REPORT_SCREEN_H

#include "harness/command/results.h"

void fit__totals_add(struct fit__totals *totals, const struct fit__totals *more);

/* One binary: what it is, its table, its findings (at most ten unless `verbose`, which also
 * names every case), what has no result. */
void fit__show_binary(struct fit__results *results, bool verbose);

enum fit__valgrind { FIT_VALGRIND_NONE, FIT_VALGRIND_FAILED, FIT_VALGRIND_ALL };

/* The lines under all binaries. */
void fit__show_totals(const struct fit__totals *totals, const struct fit__results *binaries,
                      size_t count, const char *modes, enum fit__valgrind valgrind);
/* The last line, the verdict. */
void fit__show_verdict(const struct fit__totals *totals);

/* Tests that were not swept, and cases without a result. */
void fit__show_no_results(const struct fit__results *results);

/* `faulttest list`: a line for each test. Returns the number of cases. */
unsigned long fit__show_list(const struct fit__results *results);

#endif
