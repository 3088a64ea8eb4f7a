/* Constants by name. A row with several bits stands before rows with one of them. */
#include "fi/flags.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#define NAME(value) { value, #value }

const struct fit__flag fit__open_flags[] = {
    NAME(O_TMPFILE), NAME(O_SYNC), NAME(O_WRONLY), NAME(O_RDWR), NAME(O_CREAT), NAME(O_EXCL),
    NAME(O_NOCTTY), NAME(O_TRUNC), NAME(O_APPEND), NAME(O_NONBLOCK), NAME(O_DSYNC), NAME(O_DIRECT),
    NAME(O_DIRECTORY), NAME(O_NOFOLLOW), NAME(O_NOATIME), NAME(O_CLOEXEC), NAME(O_PATH),
    NAME(O_RDONLY), { 0, NULL }
};
const struct fit__flag fit__pipe_flags[] = {
    NAME(O_NONBLOCK), NAME(O_CLOEXEC), NAME(O_DIRECT), { 0, NULL }
};
/* The types are numbers, not bits; in this order they cannot be mistaken. */
const struct fit__flag fit__socket_flags[] = {
    NAME(SOCK_SEQPACKET), NAME(SOCK_RAW), NAME(SOCK_STREAM), NAME(SOCK_DGRAM),
    NAME(SOCK_NONBLOCK), NAME(SOCK_CLOEXEC), { 0, NULL }
};
const struct fit__flag fit__event_flags[] = {
    NAME(EFD_NONBLOCK), NAME(EFD_CLOEXEC), NAME(EFD_SEMAPHORE), { 0, NULL }
};
const struct fit__flag fit__timer_flags[] = { NAME(TFD_NONBLOCK), NAME(TFD_CLOEXEC), { 0, NULL } };
const struct fit__flag fit__epoll_flags[] = { NAME(EPOLL_CLOEXEC), { 0, NULL } };
const struct fit__flag fit__signal_flags[] = { NAME(SFD_NONBLOCK), NAME(SFD_CLOEXEC), { 0, NULL } };
const struct fit__flag fit__domains[] = {
    NAME(AF_INET6), NAME(AF_INET), NAME(AF_UNIX), { 0, NULL }
};
const struct fit__flag fit__clocks[] = {
    NAME(CLOCK_BOOTTIME_ALARM), NAME(CLOCK_REALTIME_ALARM), NAME(CLOCK_BOOTTIME),
    NAME(CLOCK_MONOTONIC), NAME(CLOCK_REALTIME), { 0, NULL }
};

/* The name of 0 (O_RDONLY) is only said when no other access is. */
static bool is_left_out(const struct fit__flag *flag, unsigned long value)
{
    return !flag->value && (value & O_ACCMODE);
}

const char *fit__flags_text(char *out, size_t size, const struct fit__flag *table,
                            unsigned long value)
{
    unsigned long rest = value;
    size_t have = 0;
    out[0] = 0;
    for (; table->name && have < size; table++) {
        if (table->value ? (rest & table->value) != table->value : is_left_out(table, value))
            continue;
        have += (size_t)snprintf(out + have, size - have, "%s%s", have ? "|" : "", table->name);
        rest &= ~table->value;
    }
    if ((rest || !have) && have < size)
        snprintf(out + have, size - have, "%s%s%lx", have ? "|" : "", rest ? "0x" : "", rest);
    return out;
}
