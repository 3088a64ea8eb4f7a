/* faults.c - what the wrappers ask and change when something is to go wrong. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "harness/world/calls.h"
#include "harness/world/files.h"

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
    service->budget = service->open_count - service->exempt_count;
    service->budget_until_close = until_close;
    service->budget_ends = FIT_NEVER;
    service->server_relieved = fit__now() + FULL_FOR;
}

void fit__relieve_server(void)
{
    const struct fit__process *service = fit__service_process();
    if (fit__current->process == service && service->budget >= 0
        && fit__now() >= service->server_relieved)
        fit__call_unlimit_descriptors();
}

void fit__call_unlimit_descriptors(void)
{
    struct fit__process *service = fit__service_process();
    service->budget = -1;
    service->budget_until_close = false;
}

/* ---- what is used up for a while --------------------------------------------------------- */

static struct { bool used_up; fit_ns ends; } shortages[FIT_RESOURCES];

void fit__call_exhaust(enum fit__resource what)
{
    shortages[what].used_up = true;
    shortages[what].ends = FIT_NEVER;
}

/* Nothing happens then: who looks later finds that the time is over. */
void fit__call_relieve_after(enum fit__resource what, int64_t ns)
{
    fit_ns ends = fit__now() + ns;
    if (what == FIT_R_DESCRIPTORS) fit__service_process()->budget_ends = ends;
    else if (what == FIT_R_DISK) fit__disk_relieve(ends);
    else shortages[what].ends = ends;
    if (!ns) shortages[what].used_up = false;
}

bool fit__used_up(enum fit__resource what)
{
    return shortages[what].used_up && fit__now() < shortages[what].ends && fit__current
        && fit__current->process == fit__service_process() && !fit__guard->exempt;
}
