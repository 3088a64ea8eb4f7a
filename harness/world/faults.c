/* faults.c - what the wrappers ask and change when something is to go wrong. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "harness/world/calls.h"

int fit__call_describe(int fd, struct fit__info *info)
{
    struct fit__file *file = fit__file_of(fd);
    bool brief = info->brief;
    memset(info, 0, sizeof *info);
    info->brief = brief;
    if (!file)
        return -EBADF;
    info->nonblocking = !!(file->status_flags & O_NONBLOCK);
    info->edge_triggered = fit__epoll_has_edge(file);
    return file->ops->describe(file, info);
}

int fit__call_afflict(int fd, enum fit__affliction affliction, int64_t value)
{
    struct fit__file *file = fit__file_of(fd);
    if (!file)
        return -EBADF;
    return file->ops->afflict ? file->ops->afflict(file, affliction, value) : -EOPNOTSUPP;
}

/* To a server that tries again: sooner or later something is closed elsewhere in the process. Else
 * it would rightly wait for ever, and so would its clients. */
#define FULL_FOR (60 * FIT_S)

void fit__call_limit_descriptors(bool until_close)
{
    struct fit__process *service = fit__service_process();
    service->budget = service->open_count;
    service->budget_until_close = until_close;
    service->budget_ends = fit__now() + FULL_FOR;
}

void fit__relieve_server(void)
{
    const struct fit__process *service = fit__service_process();
    if (fit__current->process == service && service->budget >= 0
        && fit__now() >= service->budget_ends)
        fit__call_unlimit_descriptors();
}

void fit__call_unlimit_descriptors(void)
{
    struct fit__process *service = fit__service_process();
    service->budget = -1;
    service->budget_until_close = false;
}
