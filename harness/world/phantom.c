/* phantom.c - a wait that is about to sleep is told of something to read where there is nothing: a
 * datagram whose checksum is found to be bad when it is read, a connection that another process has
 * taken, or, by what select(2) says, whatever has come and gone. */
#include <fcntl.h>
#include <string.h>

#include "fi/fault.h"
#include "harness/world/inner.h"
#include "harness/world/objects.h"

/* What can be said of it, FIT_N_*; 0: nothing. A UDP socket that blocks is only told to be ready
 * when the checksum is right. */
static unsigned holds_of(struct fit__file *file, struct fit__info *info)
{
    bool blocks = !(file->status_flags & O_NONBLOCK);
    memset(info, 0, sizeof *info);
    info->brief = true;
    if (!file->ops->describe || file->phantom || file->ops->describe(file, info) < 0) return 0;
    if (info->class == FIT_C_DATAGRAM) return blocks || info->local ? 0 : FIT_N_IDLE;
    if (info->class == FIT_C_LISTENER) return blocks ? FIT_N_DOUBTFUL : FIT_N_IDLE;
    return info->class == FIT_C_STREAM && !info->broken ? FIT_N_DOUBTFUL : 0;
}

static bool asks_of(unsigned call, struct fit__file *file)
{
    struct fit__info info;
    int64_t value;
    unsigned holds = holds_of(file, &info);
    if (!holds || (holds == FIT_N_DOUBTFUL && !fit__extended_asked())) return false;
    struct fit__call c = { .id = (enum fit__call_id)call, .fd = -1, .family = FIT_WAIT,
                           .object = info.object };
    return fit__ask(&c, holds, 0, &value) != NULL;
}

bool fit__phantoms_asked(void)
{
    return fit__current->guard.wait && fit__asks() && fit__guard->inside == 1
        && fit__mode_asked(FIT_ORDER) && fit__current->process == fit__service_process();
}

bool fit__phantom(struct fit__file *const *files, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!asks_of(fit__current->guard.wait, files[i])) continue;
        files[i]->phantom = true;
        fit__file_changed(files[i], EPOLLIN | EPOLLRDNORM);
        return true;
    }
    return false;
}
