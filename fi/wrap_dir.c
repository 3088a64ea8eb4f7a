/* Reading folders. A DIR of glibc's reads by system calls of its own, at an offset that every
 * snapshot shares. So in a world a folder is read at once and told from memory; the DIR that the
 * code under test holds is then ours, and is known by a mark that none of glibc's can have. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fi/wrap.h"

_Static_assert(sizeof(struct dirent) == sizeof(struct dirent64), "two kinds of dirent");

/* glibc's DIR begins with its descriptor and a lock, which never spell this. */
#define MARK UINT64_C(0x7249445f54494687)
enum { ROUND = 32768 };

struct folder {
    uint64_t mark;
    int fd;                          /* simulated: it counts, and dirfd() tells it */
    size_t size, place;              /* bytes of `entries`, and where reading is */
    struct dirent64 current;
    char *entries;                   /* as the kernel gave them */
};

static struct folder *ours(DIR *dir)
{
    struct folder *folder = (struct folder *)dir;
    return dir && folder->mark == MARK ? folder : NULL;
}

/* All entries, by malloc: they are the code under test's until closedir. */
static long slurp(int real, char **entries, size_t *size)
{
    size_t room = 0;
    *entries = NULL;
    *size = 0;
    for (;;) {
        if (room - *size < ROUND) {
            char *bigger = realloc(*entries, room += 2 * ROUND);
            if (!bigger) return -ENOMEM;
            *entries = bigger;
        }
        long got = fit__raw(SYS_getdents64, real, *entries + *size, ROUND);
        if (got <= 0) return got;
        *size += (size_t)got;
    }
}

static long open_folder(const char *path, const void *caller)
{
    struct fit__call c;
    char text[128];
    long result;
    fit__begin(&c, FIT_CALL_opendir, -1, caller);
    c.object = path;
    if (!fit__fault_make(&c, &result))
        result = fit__kernel->open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fit__traces())
        fit__traced(&c, result, "%s", fit__quote(text, sizeof text, path, strlen(path)));
    return fit__end(&c, result);
}

static DIR *opendir_simulated(const char *path, const void *caller)
{
    int fd = (int)open_folder(path, caller);
    if (fd < 0) return NULL;
    struct folder *folder = calloc(1, sizeof *folder);
    long result = folder ? 0 : -ENOMEM;
    if (folder) {
        long real = fit__raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        result = real < 0 ? real : slurp((int)real, &folder->entries, &folder->size);
        if (real >= 0) fit__raw(SYS_close, real);
    }
    if (result < 0) {
        if (folder) free(folder->entries);
        free(folder);
        close(fd);
        errno = (int)-result;
        return NULL;
    }
    folder->mark = MARK;
    folder->fd = fd;
    return (DIR *)folder;
}

FIT_EXPORT DIR *opendir(const char *path)
{
    if (fit__passes()) return FIT_NEXT(opendir)(path);
    return opendir_simulated(path, FIT_CALLER);
}

FIT_EXPORT DIR *fdopendir(int fd)
{
    if (!fit__passes()) fit__unsupported("fdopendir", FIT_CALLER, "use opendir");
    return FIT_NEXT(fdopendir)(fd);
}

static struct dirent64 *next_entry(struct folder *folder)
{
    if (folder->place >= folder->size) return NULL;
    struct dirent64 *entry = (void *)(folder->entries + folder->place);
    size_t length = entry->d_reclen;
    if (length > sizeof folder->current) length = sizeof folder->current;
    memcpy(&folder->current, entry, length);
    folder->place += entry->d_reclen;
    return &folder->current;
}

FIT_EXPORT struct dirent *readdir(DIR *dir)
{
    struct folder *folder = ours(dir);
    return folder ? (struct dirent *)next_entry(folder) : FIT_NEXT(readdir)(dir);
}

FIT_EXPORT struct dirent64 *readdir64(DIR *dir)
{
    struct folder *folder = ours(dir);
    return folder ? next_entry(folder) : FIT_NEXT(readdir64)(dir);
}

FIT_EXPORT int closedir(DIR *dir)
{
    struct folder *folder = ours(dir);
    if (!folder) return FIT_NEXT(closedir)(dir);
    int fd = folder->fd;
    folder->mark = 0;
    free(folder->entries);
    free(folder);
    return close(fd);
}

FIT_EXPORT void rewinddir(DIR *dir)
{
    struct folder *folder = ours(dir);
    if (folder) folder->place = 0;
    else FIT_NEXT(rewinddir)(dir);
}

FIT_EXPORT long telldir(DIR *dir)
{
    struct folder *folder = ours(dir);
    return folder ? (long)folder->place : FIT_NEXT(telldir)(dir);
}

FIT_EXPORT void seekdir(DIR *dir, long place)
{
    struct folder *folder = ours(dir);
    if (folder) folder->place = (size_t)place;
    else FIT_NEXT(seekdir)(dir, place);
}

FIT_EXPORT int dirfd(DIR *dir)
{
    struct folder *folder = ours(dir);
    return folder ? folder->fd : FIT_NEXT(dirfd)(dir);
}
