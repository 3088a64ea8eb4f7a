/* harness/command/build.h - which build of a program a file is. */
#ifndef HARNESS_COMMAND_BUILD_H
#define HARNESS_COMMAND_BUILD_H

/* The linker's build id, or a hash of the file's bytes if it has none; the caller frees it. */
char *fit__build_of(const char *path);

#endif
