/* fi/case_words.h - what printing (fi/case.c) and parsing (fi/case_parse.c) share. */
#ifndef FI_CASE_WORDS_H
#define FI_CASE_WORDS_H

#include <stdbool.h>

#include "fi/choice.h"

struct fit__case_word {
    const char *text;
    enum fit__what what;
    bool takes_value;            /* "error=..." and not "eof" */
};
extern const struct fit__case_word fit__case_words[];    /* ended by a NULL text */

/* May stand in a word without being escaped, in any locale. */
static inline bool fit__case_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '-';
}

#endif
