/* lock.c - flock(), and files as memory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/calls.h"
#include "harness/world/files.h"

/* ---- locks ------------------------------------------------------------------------------- */

void fit__lock_drop(struct fit__node *node, const struct fit__file *owner)
{
    for (size_t i = 0; i < node->lock_count; i++)
        if (node->locks[i].owner == owner) {
            node->locks[i] = node->locks[--node->lock_count];
            fit__wake_all(&node->unlocked);
            return;
        }
}

static bool is_held_by_others(const struct fit__node *node, const struct fit__file *file,
                              bool exclusive)
{
    for (size_t i = 0; i < node->lock_count; i++)
        if (node->locks[i].owner != file && (exclusive || node->locks[i].exclusive))
            return true;
    return false;
}

static void take(struct fit__node *node, struct fit__file *file, bool exclusive)
{
    node->locks = fit__resize(node->locks, (node->lock_count + 1) * sizeof *node->locks);
    node->locks[node->lock_count++] = (struct fit__lock){ file, exclusive };
}

int fit__call_flock(int fd, int operation)
{
    struct fit__file *file = fit__file_of(fd);
    const int what = operation & ~LOCK_NB;
    fit__call_begins();
    if (!file && !fit__is_standard(fd))
        return -EBADF;
    if (what != LOCK_SH && what != LOCK_EX && what != LOCK_UN)
        return -EINVAL;
    struct fit__node *node = file ? fit__regular_node(file) : NULL;
    if (!node)
        fit__unsupported("flock", NULL, "only files are locked");
    fit__lock_drop(node, file);          /* Linux, too, gives the old lock up first */
    if (what == LOCK_UN)
        return 0;
    int result = 0;
    file->references++;
    while (!result && is_held_by_others(node, file, what == LOCK_EX)) {
        if (operation & LOCK_NB)
            result = -EWOULDBLOCK;
        else
            result = fit__block_open("flock", &(struct fit__waitq *){ &node->unlocked }, 1,
                                     FIT_NEVER, true);
    }
    if (!result)
        take(node, file, what == LOCK_EX);
    fit__file_release(file);
    return result;
}

int fit__call_record_lock(struct fit__file *file, int command, struct flock *lock)
{
    int way = file->status_flags & O_ACCMODE;
    if (!fit__current->process->service)
        fit__unsupported("fcntl", NULL, "locks of peers are not simulated");
    if (lock->l_type != F_RDLCK && lock->l_type != F_WRLCK && lock->l_type != F_UNLCK)
        return -EINVAL;
    if (command == F_GETLK) {
        lock->l_type = F_UNLCK;
        return 0;
    }
    bool suits = lock->l_type == F_UNLCK || way == O_RDWR
                 || way == (lock->l_type == F_RDLCK ? O_RDONLY : O_WRONLY);
    return suits ? 0 : -EBADF;
}

/* ---- memory ------------------------------------------------------------------------------ */

static int may_map(struct fit__file *file, int protection, int flags, off_t offset)
{
    if (offset % FIT_PAGE)
        return -EINVAL;
    if (!file)
        return -EBADF;
    struct fit__node *node = fit__regular_node(file);
    if (!node || S_ISDIR(node->st.st_mode))
        return -ENODEV;
    if ((file->status_flags & O_ACCMODE) == O_WRONLY)
        return -EACCES;
    if (!S_ISREG(node->st.st_mode))
        fit__unsupported("mmap of a device", NULL, "use MAP_ANONYMOUS");
    if ((flags & MAP_TYPE) != MAP_PRIVATE && (protection & PROT_WRITE))
        fit__unsupported("mmap with MAP_SHARED for writing", NULL, "use write()");
    return 0;
}

/* A copy: so far as nobody writes to the file afterwards (content.c sees to that for MAP_SHARED;
 * for MAP_PRIVATE Linux leaves it open) nobody can tell. Past the end there is nothing. */
long fit__call_mmap(void *start, size_t size, int protection, int flags, int fd, off_t offset)
{
    struct fit__file *file = fit__file_of(fd);
    fit__call_begins();
    if (!size)
        return -EINVAL;
    int error = may_map(file, protection, flags, offset);
    if (error)
        return error;
    struct fit__node *node = fit__regular_node(file);
    int kept = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT | MAP_POPULATE);
    long at = fit__raw(SYS_mmap, start, size, PROT_READ | PROT_WRITE,
                       kept | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0 && at > -4096)
        return at;
    struct iovec all = { (void *)at, size };
    size_t have = (size_t)fit__content_read(node, &all, 1, offset);
    size_t whole = (have + FIT_PAGE - 1) / FIT_PAGE * FIT_PAGE;
    fit__raw(SYS_mprotect, at, size, protection);
    if (whole < size)
        fit__raw(SYS_mprotect, at + (long)whole, size - whole, PROT_NONE);
    if ((flags & MAP_TYPE) != MAP_PRIVATE)
        node->mapped = true;
    return at;
}
