/* harness/report/evidence.h - what `faulttest replay` prints about one case. */
#ifndef HARNESS_REPORT_EVIDENCE_H
#define HARNESS_REPORT_EVIDENCE_H

#include "harness/command/sweep.h"

/* One screen: fault, symptom, the calls between, and what was left. `name` is the full case. */
void fit__show_evidence(const struct fit__replayed *replayed, const char *name);

/* Every call in strace's notation, with virtual time, turn and mark. */
void fit__show_trace(const struct fit__replayed *replayed, const char *name);

#endif
