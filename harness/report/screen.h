/* harness/report/screen.h - what `faulttest run` and `list` print. */
#ifndef HARNESS_REPORT_SCREEN_H
#define HARNESS_REPORT_SCREEN_H

#include "harness/command/results.h"

/* What all binaries of a run came to. */
struct fit__totals {
    unsigned long cases, several, failed, not_fired;       /* as in the last line */
    unsigned long unsupported, broken;            /* tests and cases without a result */
    unsigned long recovered, reported, cause_named, unaffected, noticed;
    unsigned long memcheck, memory_errors, only_native, only_memcheck, suspicious;
    unsigned findings;
    double seconds;
};

void fit__totals_add(struct fit__totals *totals, const struct fit__results *results);

/* One binary: what it is, its table, its findings (at most ten unless `verbose`, which also
 * names every case), what has no result. */
void fit__show_binary(const struct fit__results *results, bool verbose);


enum fit__valgrind { FIT_VALGRIND_NONE, FIT_VALGRIND_FAILED, FIT_VALGRIND_ALL };

/* The lines under all binaries; the last is the verdict. */
void fit__show_totals(const struct fit__totals *totals, const struct fit__results *binaries,
                      size_t count, const char *modes, enum fit__valgrind valgrind);

/* Tests that were not swept, and cases without a result. */
void fit__show_no_results(const struct fit__results *results, bool verbose);

/* `faulttest list`: a line for each test. Returns the number of cases. */
unsigned long fit__show_list(const struct fit__results *results);

#endif
