/* Users by name or number: glibc's own look into /etc/passwd, which may fail. */
#include <pwd.h>

#include "fi/wrap.h"

enum { ENTRY_MAX = 16384 };              /* larger entries there are hardly any */

/* 0, or the error that the look-up of `name` has. */
static int look_up_fails(enum fit__call_id id, const char *name, unsigned holds,
                         const void *caller)
{
    struct fit__call c;
    long result = 0;
    if (fit__passes() || !fit__extended_asked()) return 0;
    fit__begin(&c, id, -1, caller);
    c.object = name;
    if (!fit__fault_simple(&c, holds, &result)) result = 0;
    fit__end(&c, 0);
    return (int)-result;
}

/* The functions without a buffer say it in errno. */
static bool fails(enum fit__call_id id, const char *name, const void *caller)
{
    int error = look_up_fails(id, name, 0, caller);
    if (error) errno = error;
    return error != 0;
}

FIT_EXPORT struct passwd *getpwnam(const char *name)
{
    return fails(FIT_CALL_getpwnam, name, FIT_CALLER) ? NULL : FIT_NEXT(getpwnam)(name);
}

FIT_EXPORT struct passwd *getpwuid(uid_t uid)
{
    return fails(FIT_CALL_getpwuid, NULL, FIT_CALLER) ? NULL : FIT_NEXT(getpwuid)(uid);
}

static unsigned room(size_t size)
{
    return size < ENTRY_MAX ? FIT_N_CRAMPED : 0;
}

FIT_EXPORT int getpwnam_r(const char *restrict name, struct passwd *restrict entry,
                          char *restrict buffer, size_t size, struct passwd **restrict result)
{
    int error = look_up_fails(FIT_CALL_getpwnam_r, name, room(size), FIT_CALLER);
    if (!error) return FIT_NEXT(getpwnam_r)(name, entry, buffer, size, result);
    *result = NULL;
    return error;
}

FIT_EXPORT int getpwuid_r(uid_t uid, struct passwd *restrict entry, char *restrict buffer,
                          size_t size, struct passwd **restrict result)
{
    int error = look_up_fails(FIT_CALL_getpwuid_r, NULL, room(size), FIT_CALLER);
    if (!error) return FIT_NEXT(getpwuid_r)(uid, entry, buffer, size, result);
    *result = NULL;
    return error;
}
