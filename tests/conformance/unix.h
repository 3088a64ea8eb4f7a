/* What the cases of AF_UNIX sockets share. */
#ifndef TESTS_CONFORMANCE_UNIX_H
#define TESTS_CONFORMANCE_UNIX_H

#include "tests/conformance/conformance.h"

#define ADDRESS(name) (struct sockaddr *)&(name), sizeof (name)

static const char path[] = "/tmp/faulttest-conformance.sock";
static const char other_path[] = "/tmp/faulttest-conformance-2.sock";

static inline int local(int type)
{
    return socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static inline struct sockaddr_un named(const char *text)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    strcpy(name.sun_path, text);
    return name;
}

static inline int bound(int type, const char *text)
{
    struct sockaddr_un name = named(text);
    int fd = local(type);
    RUN(bind(fd, ADDRESS(name)));
    return fd;
}

static inline void note_name(const char *what, int fd, bool of_peer)
{
    struct sockaddr_un name = { 0 };
    socklen_t size = sizeof name;
    int result = of_peer ? getpeername(fd, (struct sockaddr *)&name, &size)
                         : getsockname(fd, (struct sockaddr *)&name, &size);
    if (result < 0)
        note("%s: %s", what, strerrorname_np(errno));
    else
        note("%s: %u \"%s\"", what, size, name.sun_path);
}

#endif
