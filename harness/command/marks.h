/* harness/command/marks.h - places that some case should pass: FAULT_MARK in faulttest/point.h. */
#ifndef HARNESS_COMMAND_MARKS_H
#define HARNESS_COMMAND_MARKS_H

#include "harness/command/results.h"

/* Shows which marks of these binaries no case has passed. Returns how many those are. */
unsigned long fit__marks_show(const struct fit__results *binaries, size_t count);

#endif
