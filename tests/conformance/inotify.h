/* inotify.h - what the cases of inotify share: watching, and writing down what came. */
#ifndef TESTS_CONFORMANCE_INOTIFY_H
#define TESTS_CONFORMANCE_INOTIFY_H

#include <sys/inotify.h>

#include "tests/conformance/conformance.h"

#define IN_FOLDER(name) \
    static void name##_there(void) { enter_folder(); name(); leave_folder(); }
#define INOTIFY_ROW(name) { "inotify/" #name, name##_there },

enum { EVENTS_ROOM = 4096 };

static inline const char *mask_text(uint32_t mask, char *out, size_t size)
{
    static const struct { uint32_t bit; const char *name; } names[] = {
        { IN_ACCESS, "ACCESS" }, { IN_MODIFY, "MODIFY" }, { IN_ATTRIB, "ATTRIB" },
        { IN_CLOSE_WRITE, "CLOSE_WRITE" }, { IN_CLOSE_NOWRITE, "CLOSE_NOWRITE" },
        { IN_OPEN, "OPEN" }, { IN_MOVED_FROM, "MOVED_FROM" }, { IN_MOVED_TO, "MOVED_TO" },
        { IN_CREATE, "CREATE" }, { IN_DELETE, "DELETE" }, { IN_DELETE_SELF, "DELETE_SELF" },
        { IN_MOVE_SELF, "MOVE_SELF" }, { IN_Q_OVERFLOW, "Q_OVERFLOW" },
        { IN_IGNORED, "IGNORED" }, { IN_ISDIR, "ISDIR" },
    };
    *out = 0;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (mask & names[i].bit)
            snprintf(out + strlen(out), size - strlen(out), "%s%s", *out ? "|" : "",
                     names[i].name);
    return out;
}

/* Cookies are numbers of the whole machine: which one it is says nothing, only which are equal. */
static inline void note_event(const struct inotify_event *event, uint32_t *cookie)
{
    char text[128];
    const char *about = !event->cookie ? "" : event->cookie == *cookie ? " same" : " new";
    *cookie = event->cookie ? event->cookie : *cookie;
    note("  %d %s%s%s%s len %u", event->wd, mask_text(event->mask, text, sizeof text), about,
         event->len ? " " : "", event->len ? event->name : "", event->len);
}

static inline void note_events(const char *what, int fd)
{
    _Alignas(struct inotify_event) char buffer[EVENTS_ROOM];
    uint32_t cookie = 0;
    ssize_t size;
    note("%s:", what);
    while ((size = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const void *)(buffer + at);
            note_event(event, &cookie);
            at += (ssize_t)sizeof *event + event->len;
        }
    if (size < 0 && errno != EAGAIN)
        note("  %s", strerrorname_np(errno));
}

/* Whether what O_TRUNC does is told before the opening depends on the kernel's version. */
static inline void change_file(const char *name)
{
    int fd = open(name, O_WRONLY);
    write(fd, "x", 1);
    close(fd);
}

static inline int start(void)
{
    return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

#endif
