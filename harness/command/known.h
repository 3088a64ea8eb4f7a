/* harness/command/known.h - findings that are known: they pass, new ones fail, and those that are
 * gone are named.
 *
 * A file of them has a line "VERDICT PROGRAM GROUP.TEST:FAULT" for each; # begins a comment. The
 * fault is the name of a case without what unrelated edits move: `when=`, and the number behind
 * short=, return= and delay=. The program is the file name of the test binary. */
#ifndef HARNESS_COMMAND_KNOWN_H
#define HARNESS_COMMAND_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

struct fit__results;
struct fit__result;

struct fit__known_one {
    char *text;                     /* "PROGRAM GROUP.TEST:FAULT VERDICT" */
    unsigned long cases;            /* that it let pass */
    bool accepted;                  /* it was in the file; otherwise found now */
    bool tried;                     /* a case of this place ran, and did not end so */
};

struct fit__known { struct fit__known_one *list; size_t count, sorted; const char *path; };

/* NULL with a sentence that the caller frees: the file cannot be read, or a line is none. */
struct fit__known *fit__known_read(const char *path, char **failure);

/* Is it a finding that is known? Counts. False if `known` is NULL. */
bool fit__known_has(struct fit__known *known, const struct fit__results *results,
                    const struct fit__result *result);
/* A result was looked at: what of the known ones was tried? NULL is fine. */
void fit__known_note(struct fit__known *known, const struct fit__results *results,
                     const struct fit__result *result);

/* Findings of now, for a file: each is added once. */
void fit__known_add(struct fit__known *known, const struct fit__results *results,
                    const struct fit__result *result);
/* 0, or -errno with a sentence that the caller frees. */
int fit__known_write(struct fit__known *known, const char *path, char **failure);

/* Lines of the summary; `complete`: everything was tried, so that what did not show is gone. */
void fit__known_show(const struct fit__known *known, bool complete, bool verbose);

#endif
