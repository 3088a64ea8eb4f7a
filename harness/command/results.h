/* harness/command/results.h - what a run has brought: tests, cases, findings.
 *
 * Cases go to the journal as they come; in memory stays what does not grow with their number.
 * When a binary is through, the journal is read again: lines of the native sweep and of the one
 * under Memcheck become one result for each case, the more serious verdict wins, and equal
 * findings (same test, verdict and site) share a number. */
#ifndef HARNESS_COMMAND_RESULTS_H
#define HARNESS_COMMAND_RESULTS_H

#include <jansson.h>
#include <stdint.h>

#include "harness/command/journal.h"
#include "harness/command/session.h"
#include "harness/command/words.h"

enum { FIT_MODES_MAX = 16 };

struct fit__known;

struct fit__test {
    char *name;                     /* "group.name" */
    char *prefix;                   /* of its cases: "name", or "group.name" where that is needed */
    bool strict, announced;         /* announced: a record `test` has come */
    char *state, *text, *stack;     /* as in the record; state is never NULL */
    unsigned long long virtual_ns;
    unsigned long cancel_places, setup_points;
    bool wants_random;              /* fit_options("--random ...") */
    bool places_known;              /* cancel_places was in the record */
    bool planned;
    unsigned long total, kept, mine;    /* cases: of the modes, by budget, of this shard */
    unsigned long tried;            /* cases of one fault so far */
    unsigned long done, done_memcheck;             /* highest number of all cases so far */
    char *done_case;                               /* the one with number `done` */
    unsigned long modes[FIT_MODES_MAX], cases, failed;    /* modes: by fit__mode_at() */
    unsigned long several;          /* cases of several faults, which are of no one mode */
    unsigned long random_runs, random_cases, seed;      /* cases: those that are new */
    char *strategies;               /* of the random runs: their names; NULL: none */
    unsigned long pairs_tried, pairs_possible, pair_firsts, pair_singles;
};

/* One case, or a finding of the run without faults. Texts are those of the line. */
struct fit__result {
    json_t *line, *evidence;        /* evidence: the line with that of an earlier run, or NULL */
    off_t at;                       /* of the line, in the journal */
    size_t test;                    /* index into the tests */
    const char *full, *name;        /* with and without the test's prefix */
    const struct fit__verdict *verdict;
    const char *mode;               /* "none": the run without faults */
    const char *site;
    const char *allowed;            /* the reason, or NULL */
    bool failed, known, native, memcheck, suspicious;
    bool again;                     /* several faults find what one fault finds: not failed */
    unsigned long seq;
};

struct fit__finding {
    unsigned number;
    struct fit__result first;       /* its line carries the evidence; ours */
    unsigned long cases, modes[FIT_MODES_MAX], several, without_fault;
    json_t *plain;                  /* the first line before there was evidence, or NULL */
    json_t *evidence;               /* what an earlier run has gathered, or NULL */
    uint64_t key;
    unsigned order;                 /* of appearance */
};

/* Cases that are allowed, for one reason. */
struct fit__allowed { const struct fit__verdict *verdict; char *reason; unsigned long cases; };

/* What all results of a binary, or of a run, came to. */
struct fit__totals {
    unsigned long cases, failed, not_fired;       /* as in the last line */
    unsigned long several, again;                 /* of several faults; those that say no more */
    unsigned long unsupported, broken;            /* tests and cases without a result */
    unsigned long recovered, reported, cause_named, unaffected, noticed, known;
    unsigned long memcheck, memory_errors, only_native, only_memcheck, suspicious;
    unsigned findings;
    double seconds;
};

/* Keys with a place or number each: open addressing; all zero is empty. */
struct fit__index { struct fit__slot { uint64_t key; off_t at; bool used; } *slots;
                    size_t room, count; };
struct fit__slot *fit__index_find(const struct fit__index *index, uint64_t key);    /* or NULL */
struct fit__slot *fit__index_add(struct fit__index *index, uint64_t key);

struct fit__results {
    const char *binary;             /* as the user wrote it */
    char *build;                    /* what it was built from, as a word */
    struct fit__journal *journal;
    off_t from, to;                 /* its part of the journal; to: 0 as long as it grows */
    json_t *records;                /* all records that are no case */
    bool ended, ended_memcheck, ended_random;      /* the sweep is through */
    unsigned rounds;                /* random runs that are through in what --time has left over */
    struct fit__test *tests;
    size_t test_count;
    struct fit__index said, told;   /* records; lines of the run without faults: each once */
    struct fit__index memcheck;     /* lines of the run under Memcheck */
    struct fit__index numbers;      /* of findings */
    struct fit__index seen;         /* findings so far, while they come */
    struct fit__index alone;        /* findings of one fault or of none */
    struct fit__index left;         /* amounts of memory left behind so far */
    struct fit__index cases;        /* all so far, as soon as a random run has come */
    struct fit__words dead;         /* "NUMBER TEST": cases of one fault that failed */
    unsigned long doubtful_several;
    unsigned long tried, failing;   /* cases so far, of a run that lasts */
    char *found;                    /* "VERDICT  CASE" of the newest finding, until it is told */
    struct fit__words marks;        /* names of all marks */
    struct fit__index passed;       /* and those that a case has passed */
    struct fit__index needed;       /* allowances that a case needed: fit__rule_key() */
    struct fit__words doubtful;     /* ":CASE TEST": for Memcheck to look at */
    struct fit__finding *findings;
    size_t finding_count;
    struct fit__result *without;    /* cases without a result, to be shown; ours */
    size_t without_count;
    unsigned long without_more;     /* and so many that are not */
    struct fit__allowed *allowed;
    size_t allowed_count;
    struct fit__totals totals;
    struct fit__words notes, errors;
    struct fit__words peer_threads; /* as given; a replay needs them, too. The caller's */
    bool setup;                     /* --include-setup: as with these */
    bool real;                      /* swept over the real kernel */
    bool verbose;                   /* all cases without a result are to be shown */
    struct fit__known *accepted;    /* findings that are known, or NULL. The caller's */
    int error_status;               /* the first status that the binary asked for; 0: none */
};

void fit__results_begin(struct fit__results *results, const char *binary,
                        struct fit__journal *journal);

/* Takes the record of kind test, plan, case, named, pairs, random, note or error over. */
void fit__results_add(struct fit__results *results, struct fit__record *record, bool memcheck);
void fit__results_note(struct fit__results *results, const char *text);
/* Says in the journal that a sweep has "begun", or is "ended". */
void fit__results_mark(struct fit__results *results, const char *kind, bool memcheck);
/* The same of a round of random runs, up to `to`. */
void fit__results_round(struct fit__results *results, unsigned to);
/* The same from a line of a journal that was there before. */
void fit__results_load(struct fit__results *results, json_t *line, off_t at);

/* Every result in order, natively and under Memcheck folded into one. It lives for the call. */
void fit__results_each(struct fit__results *results,
                       void (*each)(void *arg, struct fit__result *result), void *arg);

/* After the last record: counts and groups; numbers findings from `first_number`. */
void fit__results_settle(struct fit__results *results, unsigned first_number);

/* The number of the finding that a result belongs to; 0: none. */
unsigned fit__finding_of(const struct fit__results *results, const struct fit__result *result);

/* The next line of this program at `*at` or behind it, which moves; `*from`: where it begins. NULL:
 * there are no more. The caller's. Flush the journal before. */
json_t *fit__results_next(struct fit__results *results, off_t *at, off_t *from);
/* Is this a case that a random run has met again? */
bool fit__results_repeats(struct fit__results *results, const json_t *line);

/* After the native sweep: cases that Memcheck should look at again, and has not yet. */
void fit__results_doubtful(const struct fit__results *results, struct fit__orders *orders);
/* What was tried before needs no second try. */
void fit__results_done(const struct fit__results *results, struct fit__orders *orders);

/* The index of a mode as in fit__mode_at(), or FIT_MODES_MAX. */
size_t fit__mode_index(const char *name);

/* Has this case more than one fault? */
bool fit__of_several(const struct fit__result *result);

/* Has this case more than one fault? */
bool fit__of_several(const struct fit__result *result);

/* Is this a case, and not a line about the run without faults? */
bool fit__is_case(const struct fit__result *result);

/* Name of a test as it stands in a case: other bytes than letters, digits and _.- become %XX. */
char *fit__prefix_escape(const char *name);
char *fit__prefix_unescape(const char *prefix, size_t size);

/* What makes two lines one result, and two results one finding. */
uint64_t fit__line_key(const json_t *line);
uint64_t fit__finding_key(const char *test, const char *verdict, const char *site);
uint64_t fit__hash_text(uint64_t hash, const char *text);   /* 0 to begin with */

#endif
