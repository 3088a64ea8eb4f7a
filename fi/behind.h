/* fi/behind.h - functions of glibc and of other libraries behind those that we define.
 *
 * Each is looked up where it is first needed, and that is often in a case: in the tail of the
 * test, which the run that cases branch from has not come to. There a look-up is dear: besides its
 * time, it touches pages of every library. So all variables that hold such an address lie
 * together, and those that the run without faults has filled are filled in the process that all
 * further runs are copies of. */
#ifndef FI_BEHIND_H
#define FI_BEHIND_H

#include <stdint.h>

struct fit__behind {
    const char *name;
    void *library;                       /* whose; NULL: glibc's (FIT_NEXT) */
    void *address;                       /* NULL: not looked up yet */
};

/* A static variable of the function that this stands in. */
#define FIT_BEHIND(variable, name, library)                                                    \
    static struct fit__behind variable __attribute__((section("fit_behind"), aligned(8))) =     \
        { name, library, 0 }

struct fit__behind_set { uint64_t bits[16]; };            /* by place; what is beyond is left out */

/* Which are filled. */
void fit__behind_note(struct fit__behind_set *set);
/* Fills those; `look` does it, and must be quiet if there is none. */
void fit__behind_fill(const struct fit__behind_set *set, void *(*look)(const struct fit__behind *));

#endif
