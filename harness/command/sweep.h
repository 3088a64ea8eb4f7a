/* harness/command/sweep.h - one session with a test binary, and what can go wrong with it. */
#ifndef HARNESS_COMMAND_SWEEP_H
#define HARNESS_COMMAND_SWEEP_H

#include "harness/command/results.h"

/* Runs `binary` with `orders` and adds what it sends to `results`. Says on standard error what
 * went wrong. Returns FIT_X_OK, or the status that this trouble alone would give. */
int fit__sweep(struct fit__results *results, const struct fit__orders *orders, bool verbose);

/* Runs the first case of each of the first ten findings again, for full call stacks, and puts
 * the evidence into its line. `of_a_part`: more of them, for the first ten of all parts will be
 * among these. Without `replay` only what earlier runs have gathered is used. */
void fit__gather_evidence(struct fit__results *results, bool of_a_part, bool replay);

/* What one replayed case has sent. All zero at the start. */
struct fit__replayed {
    struct fit__record *result;            /* of kind case; NULL: none came */
    struct fit__record **calls;
    size_t call_count;
    struct fit__words notes;
    char *error;
    int error_status;
    char *test_state, *test_text;
};
int fit__replay_case(const char *binary, const struct fit__orders *orders,
                     struct fit__replayed *replayed);
/* What a replay of this case is ordered with. */
struct fit__orders fit__replay_orders(const struct fit__results *results,
                                      const struct fit__result *result);
/* Says why there is no result; the status that this gives. */
int fit__without_result(const struct fit__replayed *replayed);
void fit__replayed_free(struct fit__replayed *replayed);

#endif
