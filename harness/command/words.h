/* harness/command/words.h - the words users meet: verdicts and modes, and help for a typo. */
#ifndef HARNESS_COMMAND_WORDS_H
#define HARNESS_COMMAND_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum fit__family { FIT_FINDING, FIT_NO_RESULT, FIT_OUTCOME, FIT_FAMILIES };

struct fit__verdict {
    const char *name;
    enum fit__family family;
    unsigned rank;               /* the lower, the more serious */
    const char *meaning, *fix;   /* one paragraph each, for `faulttest explain` */
};

/* A verdict that this table does not know is a finding: what we do not understand is never a
 * pass. The result lives as long as the process. */
const struct fit__verdict *fit__verdict_of(const char *name);
/* NULL behind the last. */
const struct fit__verdict *fit__verdict_at(size_t index);

struct fit__mode_word { const char *name; bool usual; const char *meaning; };
const struct fit__mode_word *fit__mode_at(size_t index);       /* NULL behind the last */
/* A word for --mode that stands for some cases of some modes: harness/presets.h. */
struct fit__preset { const char *name, *selectors, *meaning; };
const struct fit__preset *fit__preset_at(size_t index);        /* NULL behind the last */

/* The names of all modes, or of those that are tried without --mode, with
 * `between` between them; the caller frees it. */
char *fit__mode_list(bool usual, const char *between);

/* The modes in a list of modes and presets: "timeout,partial"; the caller frees it. */
char *fit__modes_of(const char *list);

/* Checks "timeout,partial". NULL if all are modes that can be tried, otherwise a sentence for
 * the user, which the caller frees. */
char *fit__modes_refused(const char *modes);

/* The word among `words` (up to NULL) that the user probably meant, or NULL. */
const char *fit__suggestion(const char *word, const char *const *words);

#endif
