/* harness/command/minimise.h - the smallest case that still fails in the same way. */
#ifndef HARNESS_COMMAND_MINIMISE_H
#define HARNESS_COMMAND_MINIMISE_H

#include "harness/command/sweep.h"

struct fit__minimal {
    struct fit__record *result;     /* of the smallest case, with its name; the caller frees it */
    unsigned tries;                 /* runs that it took, the first included */
};

/* Runs the case of `orders` (a replay) again, and smaller ones as long as one of them has the same
 * verdict at the same site, in at most `most` runs. Each has one fault less, or a simpler one. If
 * the case does not fail, result->verdict says so. False: no result, and why in `replayed`, which
 * the caller frees. */
bool fit__minimise(const char *binary, const struct fit__orders *orders, unsigned most,
                   struct fit__minimal *minimal, struct fit__replayed *replayed);

#endif
