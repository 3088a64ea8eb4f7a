/* harness/command/rules.h - what tests allow and demand, and nothing needs (fit_allow,
 * fit_must_recover). */
#ifndef HARNESS_COMMAND_RULES_H
#define HARNESS_COMMAND_RULES_H

#include "harness/command/results.h"

/* Shows allowances that selected a case and were needed by none, and selectors that select nothing.
 * Only for a run that left nothing out. */
void fit__rules_show(const struct fit__results *binaries, size_t count);

/* What tells the use of an allowance in the line of a case from that of any other. */
uint64_t fit__rule_key(const char *test, const char *verdict, const char *reason);

#endif
