/* harness/command/results.h - what a run has brought: tests, cases, findings.
 *
 * Records of the native sweep and of the one under Memcheck become one result for each case:
 * the more serious verdict wins. Equal findings (same test, verdict and site) share a number. */
#ifndef HARNESS_COMMAND_RESULTS_H
#define HARNESS_COMMAND_RESULTS_H

#include "harness/command/session.h"
#include "harness/command/words.h"

enum { FIT_MODES_MAX = 16 };

struct fit__test {
    char *name;                     /* "group.name" */
    char *prefix;                   /* of its cases: "name", or "group.name" where that is needed */
    bool strict, announced;         /* announced: a record `test` has come */
    char *state, *text, *stack;     /* as in the record; state is never NULL */
    unsigned long long virtual_ns;
    unsigned long cancel_places, setup_points;
    bool places_known;              /* cancel_places was in the record */
    unsigned long modes[FIT_MODES_MAX], cases, failed;    /* modes: by fit__mode_at() */
    unsigned long several;          /* cases of several faults, which are of no one mode */
    unsigned long random_runs, seed;
    unsigned long pairs_tried, pairs_possible, pair_firsts, pair_singles;
};

struct fit__result {
    struct fit__record *record;     /* of the more serious verdict */
    size_t test;                    /* index into the tests */
    char *name, *full;              /* without and with the test's prefix */
    const struct fit__verdict *verdict;
    const char *mode;               /* "none": the run without faults */
    const char *allowed;            /* the reason, or NULL */
    bool failed, native, memcheck, suspicious;
    bool again;                     /* several faults find what one fault finds: not failed */
    unsigned long seq;
    unsigned finding;               /* 0: none */
};

struct fit__finding {
    unsigned number;
    struct fit__result *first;      /* its record carries the evidence */
    unsigned long cases, modes[FIT_MODES_MAX], several, without_fault;
    unsigned tries;                 /* runs that its case was made smaller with; 0: it was not */
    char *replayed_as;              /* NULL, or the verdict the replay came to instead */
};

struct fit__results {
    const char *binary;             /* as the user wrote it */
    struct fit__test *tests;
    size_t test_count;
    struct fit__result *list;
    size_t count;
    struct fit__finding *findings;
    size_t finding_count;
    struct fit__words notes, errors;
    struct fit__words peer_threads; /* as given; a replay needs them, too. The caller's */
    bool real;                      /* swept over the real kernel */
    int error_status;               /* the first status that the binary asked for; 0: none */
    unsigned long only_native, only_memcheck, again;
};

/* Takes the record of kind test, case, named, pairs, note or error over. */
void fit__results_add(struct fit__results *results, struct fit__record *record, bool memcheck);

/* After the last record: merges, sorts and groups; numbers findings from `first_number`. */
void fit__results_settle(struct fit__results *results, unsigned first_number);

/* After the native sweep: cases that Memcheck should look at again. */
void fit__results_doubtful(const struct fit__results *results, struct fit__orders *orders);

/* The index of a mode as in fit__mode_at(), or FIT_MODES_MAX. */
size_t fit__mode_index(const char *name);

/* Has this case more than one fault? */
bool fit__of_several(const struct fit__result *result);

/* Is this a case, and not a line about the run without faults? */
bool fit__is_case(const struct fit__result *result);

/* Name of a test as it stands in a case: other bytes than letters, digits and _.- become %XX. */
char *fit__prefix_escape(const char *name);
char *fit__prefix_unescape(const char *prefix, size_t size);

#endif
