/* harness/command/calls.h - the calls of one run, compared with those of another.
 *
 * What may differ between two true kernels must not count: time, numbers of descriptors, which of
 * several objects is ready first, into how many pieces a stream falls, when a wait returns. So
 * calls are compared object by object, each by the how-manieth of its kind it is. */
#ifndef HARNESS_COMMAND_CALLS_H
#define HARNESS_COMMAND_CALLS_H

#include "harness/command/session.h"

struct fit__call {
    char *text;                    /* as the program made it, for people */
    char *object;                  /* "socket 1", "pipe2 1", "thread 0" */
    char *key;                     /* what is compared; NULL: nothing */
    unsigned long moved;           /* bytes of a read or write */
};

struct fit__calls {
    struct fit__call *list;
    size_t count;
    struct { char *object; } open[1024];       /* by descriptor */
    struct fit__words made;                    /* names of objects, each as often as made */
};

/* Takes nothing over. */
void fit__calls_add(struct fit__calls *calls, const struct fit__record *record);

struct fit__difference { const char *object; size_t position; };
bool fit__calls_differ(const struct fit__calls *one, const struct fit__calls *other,
                       struct fit__difference *difference);
/* The index of the call that is number `position` on `object`, or the count. */
size_t fit__calls_on(const struct fit__calls *calls, const char *object, size_t position);

/* A sentence from a record `test`, without its mark for a place. The caller frees it. */
char *fit__fill_place(const char *text);

#endif
