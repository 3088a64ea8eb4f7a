/* harness/report/told.h - fault and symptom of a case as sentences for people. */
#ifndef HARNESS_REPORT_TOLD_H
#define HARNESS_REPORT_TOLD_H

#include "harness/command/stream.h"

/* `what` is "fault" or "symptom". NULL if the record says nothing; the caller frees it. Without
 * a stack the place is taken from the case's name. */
char *fit__told(const struct fit__record *record, const char *what);

/* All faults of the case, "A; then B". */
char *fit__told_faults(const struct fit__record *record);

#endif
