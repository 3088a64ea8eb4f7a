/* fi/case.h - the name of a case: parse and print are inverse.
 *
 *   case  = [group "."] test ":" fault {"," fault}
 *   fault = point {":in=" | ":on=" | ":at=" | ":op=" | ":after=" word} [":" what]
 *           [":when=" n | n+ | n..m] [":until=" close | free | N ms | N s]
 * Printing is canonical: point, in, on, at, op, after, what, when, until; `when=1` is left out.
 * Faults stand in order of time. The words of a further one are looked for among what is asked
 * after the fault before it, and its `when` counts from there what they fit; its `in` is as the run
 * without faults names the place, or else the innermost function.
 * Bytes outside [A-Za-z0-9_.-] (and '/' between frames and in objects) are "%" and two hex
 * digits; a host and port "origin.test:80" is the object "origin.test/80". Nothing here does
 * I/O or allocates outside the arena (fi/arena.h). */
#ifndef FI_CASE_H
#define FI_CASE_H

#include <stddef.h>

#include "fi/choice.h"

enum { FIT_FAULTS_MAX = 4, FIT_CASE_MAX = 1024 /* bytes of a printed case */ };

struct fit__fault {
    /* Not escaped; NULL: not given. `in`: frames innermost first, with '/' between. */
    const char *point, *in, *on, *at, *op, *after;
    unsigned when, when_last;            /* 1-based; equal: once; when_last 0: `when` onwards */
    struct fit__alternative what;        /* .mode is not part of a name */
};
struct fit__case {
    const char *test;                    /* "thumbnail.uploads" or "uploads" */
    unsigned count;
    struct fit__fault faults[FIT_FAULTS_MAX];
};

/* Return the length as snprintf does. */
size_t fit__what_print(char *out, size_t size, const struct fit__alternative *what); /* "short=1" */
size_t fit__fault_print(char *out, size_t size, const struct fit__fault *fault);
size_t fit__case_print(char *out, size_t size, const struct fit__case *c);

/* 0, or -EINVAL with one sentence in `error` that names the offending part and what may stand
 * there. Texts are in the arena. */
int fit__case_parse(const char *text, struct fit__case *c, char *error, size_t error_size);

/* FIT_W_ORDER has its numbers, 1 to 15, in `value`, four bits each, the first in the lowest. */

/* "ECONNRESET" <-> 104 in the given space; NULL / -1 if unknown (values are positive for errno,
 * negative for EAI_ and UV_, as their headers have them). The prefix tells the space. A code
 * without a name is printed as a number, and read as FIT_S_NUMBER. */
const char *fit__code_name(enum fit__space space, int64_t value);
int fit__code_of(const char *name, enum fit__space *space, int64_t *value);

#endif
