/* harness/report/limits.h - what a run was not to try, or had no time for: never said to be all. */
#ifndef HARNESS_REPORT_LIMITS_H
#define HARNESS_REPORT_LIMITS_H

#include "harness/command/run.h"

void fit__show_limits(const struct fit__run *run);

#endif
