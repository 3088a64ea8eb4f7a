/* harness/command/progress.h - what a run that lasts says on standard error. */
#ifndef HARNESS_COMMAND_PROGRESS_H
#define HARNESS_COMMAND_PROGRESS_H

#include <time.h>

#include "harness/command/results.h"

struct fit__progress {
    struct fit__results *results;
    bool memcheck;
    unsigned long cases;            /* of this session */
    unsigned long expected;         /* of this session; 0: what the test's plan says */
    size_t test;                    /* that is being swept */
    struct timespec begun;
    double shown_s;                 /* when it was last shown */
    bool shown;                     /* a line stands on the terminal */
};

void fit__progress_begin(struct fit__progress *progress);
/* Shows where the run stands, if it is time. */
void fit__progress_tick(struct fit__progress *progress);
/* Tells a finding that is new: at once on a terminal; in a log only of a run that takes long, for
 * others the screen at the end is soon there. */
void fit__progress_found(struct fit__progress *progress);
void fit__progress_end(struct fit__progress *progress);

#endif
