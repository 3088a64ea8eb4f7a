/* harness/group.h - running a group of tests in a world (private). */
#ifndef HARNESS_GROUP_H
#define HARNESS_GROUP_H

/* Runs `body(NULL)` in the process's world as green thread 0. There is one world for all groups:
 * libraries keep threads (libuv's pool) from one test to the next. A process that has more
 * than one kernel thread is told so, and ends with status 2. */
void fit__in_world(void (*body)(void *));

#endif
