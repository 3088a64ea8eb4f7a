/* inotify. */
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>

#include "fi/wrap.h"

FIT_EXPORT int inotify_init1(int flags)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_inotify_init1, flags));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_inotify_init1, -1, FIT_CALLER);
    long result;
    if (!fit__fault_make(&c, &result)) result = fit__kernel->inotify_init(flags);
    if (fit__traces()) fit__traced(&c, result, "%#x", (unsigned)flags);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int inotify_init(void)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_inotify_init1, 0));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_inotify_init, -1, FIT_CALLER);
    long result;
    if (!fit__fault_make(&c, &result)) result = fit__kernel->inotify_init(0);
    if (fit__traces()) fit__traced(&c, result, "%s", "");
    return (int)fit__end(&c, result);
}

FIT_EXPORT int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_inotify_add_watch, fd, path, mask));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_inotify_add_watch, fd, FIT_CALLER);
    fit__check_defined(path, strlen(path) + 1);
    long result;
    if (!fit__fault_path(&c, AT_FDCWD, path, 0, &result))
        result = fit__kernel->inotify_add(fd, path, mask);
    if (fit__traces()) fit__traced(&c, result, "%d, \"%s\", %#x", fd, path, mask);
    return (int)fit__end(&c, result);
}

FIT_EXPORT int inotify_rm_watch(int fd, int watch)
{
    if (fit__passes()) return (int)fit__result(fit__raw(SYS_inotify_rm_watch, fd, watch));
    struct fit__call c;
    fit__begin(&c, FIT_CALL_inotify_rm_watch, fd, FIT_CALLER);
    long result = fit__kernel->inotify_remove(fd, watch);
    if (fit__traces()) fit__traced(&c, result, "%d, %d", fd, watch);
    return (int)fit__end(&c, result);
}
