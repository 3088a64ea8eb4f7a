/* Reading folders. A DIR of glibc's reads by system calls of its own. So in a world a folder is
 * read at once and told from memory; the DIR that the code under test holds is then ours, and is
 * known by a mark that none of glibc's can have. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <fts.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fi/allocate.h"
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
static long slurp(int fd, char **entries, size_t *size)
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
        fit__enter();
        long got = fit__kernel->getdents(fd, *entries + *size, ROUND);
        fit__leave();
        if (got <= 0) return got;
        *size += (size_t)got;
    }
}

static long open_folder(enum fit__call_id id, int dir, const char *path, const void *caller)
{
    struct fit__call c;
    char text[128];
    long result;
    fit__begin(&c, id, -1, caller);
    unsigned holds = fit__memory_asked_of(caller) ? FIT_N_BLOCK : 0;
    if (!fit__fault_path(&c, dir, path, holds, &result))
        result = fit__kernel->open(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fit__traces())
        fit__traced(&c, result, "%s", fit__quote(text, sizeof text, path, strlen(path)));
    return fit__end(&c, result);
}

static struct folder *folder_of(int fd)
{
    struct folder *folder = calloc(1, sizeof *folder);
    long result = folder ? slurp(fd, &folder->entries, &folder->size) : -ENOMEM;
    if (result < 0) {
        if (folder) free(folder->entries);
        free(folder);
        errno = (int)-result;
        return NULL;
    }
    folder->mark = MARK;
    folder->fd = fd;
    return folder;
}

static struct folder *open_simulated(enum fit__call_id id, int dir, const char *path,
                                     const void *caller)
{
    int fd = (int)open_folder(id, dir, path, caller);
    if (fd < 0) return NULL;
    struct folder *folder = folder_of(fd);
    if (folder) return folder;
    int saved = errno;
    close(fd);
    errno = saved;
    return NULL;
}

FIT_EXPORT DIR *opendir(const char *path)
{
    if (fit__passes()) return FIT_NEXT(opendir)(path);
    return (DIR *)open_simulated(FIT_CALL_opendir, AT_FDCWD, path, FIT_CALLER);
}

FIT_EXPORT DIR *fdopendir(int fd)
{
    if (fit__passes()) return FIT_NEXT(fdopendir)(fd);
    struct fit__call c;
    struct stat st;
    fit__begin(&c, FIT_CALL_fdopendir, fd, FIT_CALLER);
    long result = fit__kernel->fstat(fd, &st);
    if (!result && !S_ISDIR(st.st_mode)) result = -ENOTDIR;
    if (fit__traces()) fit__traced(&c, result, "%d", fd);
    return fit__end(&c, result) < 0 ? NULL : (DIR *)folder_of(fd);
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

/* NULL with errno, where the end would leave errno alone. */
static struct dirent64 *entry_or_fault(struct folder *folder, const void *caller)
{
    struct fit__call c;
    long result;
    if (folder->place >= folder->size) return NULL;
    fit__begin(&c, FIT_CALL_readdir, folder->fd, caller);
    if (fit__asks() && fit__described(&c) && fit__fault_simple(&c, 0, &result)) {
        fit__end(&c, result);
        return NULL;
    }
    fit__end(&c, 0);
    return next_entry(folder);
}

FIT_EXPORT struct dirent *readdir(DIR *dir)
{
    struct folder *folder = ours(dir);
    return folder ? (struct dirent *)entry_or_fault(folder, FIT_CALLER) : FIT_NEXT(readdir)(dir);
}

FIT_EXPORT struct dirent64 *readdir64(DIR *dir)
{
    struct folder *folder = ours(dir);
    return folder ? entry_or_fault(folder, FIT_CALLER) : FIT_NEXT(readdir64)(dir);
}

static int close_folder(struct folder *folder)
{
    int fd = folder->fd;
    folder->mark = 0;
    free(folder->entries);
    free(folder);
    return close(fd);
}

FIT_EXPORT int closedir(DIR *dir)
{
    struct folder *folder = ours(dir);
    return folder ? close_folder(folder) : FIT_NEXT(closedir)(dir);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
FIT_EXPORT int readdir_r(DIR *dir, struct dirent *entry, struct dirent **result)
{
    struct folder *folder = ours(dir);
    if (!folder) return FIT_NEXT(readdir_r)(dir, entry, result);
    struct dirent64 *next = next_entry(folder);
    *result = next ? memcpy(entry, next, next->d_reclen) : NULL;
    return 0;
}
#pragma GCC diagnostic pop

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

/* ---- at once ----------------------------------------------------------------------------- */

struct listing { struct dirent64 **entries; size_t count, room; };

static bool keep(struct listing *list, const struct dirent64 *entry)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 16;
        struct dirent64 **bigger = realloc(list->entries, room * sizeof *bigger);
        if (!bigger) return false;
        list->entries = bigger;
        list->room = room;
    }
    struct dirent64 *copy = malloc(entry->d_reclen);
    if (!copy) return false;
    memcpy(copy, entry, entry->d_reclen);
    list->entries[list->count++] = copy;
    return true;
}

static int scan(int dir, const char *path, struct dirent64 ***result,
                int (*wanted)(const struct dirent64 *),
                int (*order)(const struct dirent64 **, const struct dirent64 **),
                const void *caller)
{
    struct listing list = { 0 };
    struct folder *folder = open_simulated(FIT_CALL_scandir, dir, path, caller);
    bool complete = true;
    if (!folder) return -1;
    int saved = errno;
    for (struct dirent64 *entry; complete && (entry = next_entry(folder)); )
        if (!wanted || wanted(entry)) complete = keep(&list, entry);
    close_folder(folder);
    if (!complete) {
        while (list.count) free(list.entries[--list.count]);
        free(list.entries);
        errno = ENOMEM;
        return -1;
    }
    if (order && list.count)
        qsort(list.entries, list.count, sizeof *list.entries,
              (int (*)(const void *, const void *))(void *)order);
    errno = saved;
    *result = list.entries;
    return (int)list.count;
}

FIT_EXPORT int scandir64(const char *restrict path, struct dirent64 ***restrict result,
                         int (*wanted)(const struct dirent64 *),
                         int (*order)(const struct dirent64 **, const struct dirent64 **))
{
    if (fit__passes()) return FIT_NEXT(scandir64)(path, result, wanted, order);
    return scan(AT_FDCWD, path, result, wanted, order, FIT_CALLER);
}

FIT_EXPORT int scandirat64(int dir, const char *restrict path, struct dirent64 ***restrict result,
                           int (*wanted)(const struct dirent64 *),
                           int (*order)(const struct dirent64 **, const struct dirent64 **))
{
    if (fit__passes()) return FIT_NEXT(scandirat64)(dir, path, result, wanted, order);
    return scan(dir, path, result, wanted, order, FIT_CALLER);
}

/* Both kinds of dirent are one and the same: so are functions that take them. */
typedef int wants64(const struct dirent64 *);
typedef int orders64(const struct dirent64 **, const struct dirent64 **);

FIT_EXPORT int scandir(const char *restrict path, struct dirent ***restrict result,
                       int (*wanted)(const struct dirent *),
                       int (*order)(const struct dirent **, const struct dirent **))
{
    if (fit__passes()) return FIT_NEXT(scandir)(path, result, wanted, order);
    return scan(AT_FDCWD, path, (void *)result, (wants64 *)(void *)wanted,
                (orders64 *)(void *)order, FIT_CALLER);
}

FIT_EXPORT int scandirat(int dir, const char *restrict path, struct dirent ***restrict result,
                         int (*wanted)(const struct dirent *),
                         int (*order)(const struct dirent **, const struct dirent **))
{
    if (fit__passes()) return FIT_NEXT(scandirat)(dir, path, result, wanted, order);
    return scan(dir, path, (void *)result, (wants64 *)(void *)wanted,
                (orders64 *)(void *)order, FIT_CALLER);
}

/* glibc's glob() lets the caller say how folders are read. */
FIT_EXPORT int glob(const char *restrict pattern, int flags,
                    int (*failed)(const char *, int), glob_t *restrict result)
{
    if (!fit__passes() && !(flags & GLOB_ALTDIRFUNC)) {
        result->gl_opendir = (void *(*)(const char *))(void *)opendir;
        result->gl_readdir = (struct dirent *(*)(void *))(void *)readdir;
        result->gl_closedir = (void (*)(void *))(void *)closedir;
        result->gl_stat = stat;
        result->gl_lstat = lstat;
        flags |= GLOB_ALTDIRFUNC;
    }
    return FIT_NEXT(glob)(pattern, flags, failed, result);
}

_Static_assert(sizeof(glob_t) == sizeof(glob64_t), "two kinds of glob_t");

FIT_EXPORT int glob64(const char *restrict pattern, int flags,
                      int (*failed)(const char *, int), glob64_t *restrict result)
{
    return glob(pattern, flags, failed, (glob_t *)result);
}

static const char no_walks[] = "walks through folders are not simulated; use opendir";

FIT_EXPORT int nftw(const char *path, __nftw_func_t visit, int descriptors, int flags)
{
    if (!fit__passes()) fit__unsupported("nftw", FIT_CALLER, no_walks);
    return FIT_NEXT(nftw)(path, visit, descriptors, flags);
}

FIT_EXPORT int ftw(const char *path, __ftw_func_t visit, int descriptors)
{
    if (!fit__passes()) fit__unsupported("ftw", FIT_CALLER, no_walks);
    return FIT_NEXT(ftw)(path, visit, descriptors);
}

FIT_EXPORT FTS *fts_open(char *const *paths, int options,
                         int (*order)(const FTSENT **, const FTSENT **))
{
    if (!fit__passes()) fit__unsupported("fts_open", FIT_CALLER, no_walks);
    return FIT_NEXT(fts_open)(paths, options, order);
}
