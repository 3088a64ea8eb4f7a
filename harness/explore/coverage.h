/* harness/explore/coverage.h - gcov counters, kept per failure mode (private). */
#ifndef HARNESS_EXPLORE_COVERAGE_H
#define HARNESS_EXPLORE_COVERAGE_H

/* A case begins: counts from zero. Nothing without an order "coverage". */
void fit__coverage_reset(void);
/* Adds this process's counts to the folder of `mode`. libgcov locks and merges, so cases that
 * end at the same time do not lose counts. Works after a crash, too. */
void fit__coverage_dump(const char *mode);
/* NULL, or one sentence: why this program has no counters. */
const char *fit__coverage_missing(void);

#endif
