/* harness/command/objects.h - the files a program is made of, and what they import.
 *
 * Nothing of the program has to run. Texts and lists live as long as the process. */
#ifndef HARNESS_COMMAND_OBJECTS_H
#define HARNESS_COMMAND_OBJECTS_H

#include "harness/command/session.h"

struct fit__names { char **list; size_t count; };      /* sorted, each once */
bool fit__names_have(const struct fit__names *names, const char *name);

struct fit__object {
    char *path;
    const char *name;              /* file name of `path` */
    bool users;                    /* the program, or a library outside the system's folders */
    struct fit__names imports, defines;    /* functions; defines: global ones, static libraries'
                                              among them */
    struct fit__names exports;     /* what other files can find */
    struct fit__words calls;       /* of the user's: system call instructions, "OFFSET@PATH" */
};

struct fit__program {
    struct fit__object *objects;   /* the program first */
    size_t count;
    const struct fit__object *libc, *ours;     /* NULL: not there */
    struct fit__object unlinked;   /* our library, when the program does not have it */
};

/* False, with a sentence on standard error: the loader or the files could not be read. */
bool fit__program_read(const char *path, struct fit__program *program);

#endif
