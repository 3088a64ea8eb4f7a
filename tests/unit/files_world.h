/* A world for the tests of the file system: whatever is asked in it, one wish is granted. Linked
 * with the library's objects. */
#ifndef TESTS_UNIT_FILES_WORLD_H
#define TESTS_UNIT_FILES_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fi/choice.h"
#include "fi/raw.h"
#include "harness/world/inner.h"

/* assert() must count in every build. */
#define check(condition)                                                                \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,       \
                                      #condition), abort()))

static void in_world(void (*body)(void *))
{
    check(fit__world_new() == 0);
    fit__world_run(body, NULL);
    fit__world_drop();
}

/* The first question that has it is answered with this. Volatile: compilers know that calls of libc
 * do not come back here. */
static volatile struct {
    enum fit__what what;
    int64_t value;
    enum fit__until until;
    bool open;
} wish;

static int grant(struct fit__question *q)
{
    for (unsigned i = 0; wish.open && i < q->count; i++)
        if (q->alternatives[i].what == wish.what && q->alternatives[i].until == wish.until
            && (!wish.value || q->alternatives[i].value == wish.value)) {
            wish.open = false;
            return (int)i;
        }
    return -1;
}

static void wish_for(enum fit__what what, int64_t value, enum fit__until until)
{
    wish.what = what;
    wish.value = value;
    wish.until = until;
    wish.open = true;
    fit__chooser = grant;
}

static int put(const char *path, size_t size)
{
    static char bytes[20000];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    memset(bytes, 'x', sizeof bytes);
    if (fd < 0) return -errno;
    ssize_t n = write(fd, bytes, size);
    int result = n < 0 ? -errno : (int)n;
    close(fd);
    return result;
}

#endif
