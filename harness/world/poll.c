/* poll.c - poll() over simulated files; select() is made of it by its wrapper. */
#include <errno.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/world/objects.h"

enum { FDS_MAX = 4096 };

/* The standard streams are real. Whoever polls them does not wait for long: they are files
 * or somebody else's pipes, and always ready as far as the world is concerned. */
static bool is_standard(int fd)
{
    return fd >= 0 && fd <= 2 && fit__current->process->service
           && fit__raw(SYS_fcntl, fd, 1 /* F_GETFD */) >= 0;
}

static short look(const struct pollfd *entry)
{
    short wanted = entry->events | POLLERR | POLLHUP;
    if (entry->fd < 0)
        return 0;
    struct fit__file *file = fit__file_of(entry->fd);
    if (file)
        return (short)(fit__file_bits(file) & (uint32_t)(unsigned short)wanted);
    if (is_standard(entry->fd))
        return wanted & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
    return POLLNVAL;
}

static int look_at_all(struct pollfd *fds, nfds_t count)
{
    int ready = 0;
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = look(&fds[i]);
        ready += fds[i].revents != 0;
    }
    return ready;
}

static int first_ready(const struct pollfd *fds, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].revents)
            return fds[i].fd;
    return -1;
}

/* Files stay alive while somebody waits for them, even if they are closed meanwhile. */
static unsigned hold_files(const struct pollfd *fds, nfds_t count, struct fit__file **files,
                           struct fit__waitq **queues)
{
    unsigned held = 0;
    for (nfds_t i = 0; i < count; i++) {
        struct fit__file *file = fds[i].fd < 0 ? NULL : fit__file_of(fds[i].fd);
        bool twice = false;
        for (unsigned j = 0; j < held; j++)
            twice |= files[j] == file;
        if (!file || twice)
            continue;
        file->references++;
        files[held] = file;
        queues[held++] = &file->queue;
    }
    return held;
}

static bool phantom_of(const struct pollfd *fds, nfds_t count)
{
    struct fit__file *watched[FIT_PHANTOMS_MOST];
    unsigned known = 0;
    if (!fit__phantoms_asked())
        return false;
    for (nfds_t i = 0; i < count && known < FIT_PHANTOMS_MOST; i++)
        if (fds[i].fd >= 0 && (fds[i].events & POLLIN)
            && (watched[known] = fit__file_of(fds[i].fd)))
            known++;
    return fit__phantom(watched, known);
}

int fit__poll_sim(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
    fit_ns deadline = timeout_ns < 0 || timeout_ns >= FIT_NEVER - fit__now()
                      ? FIT_NEVER : fit__now() + timeout_ns;
    if (count > FDS_MAX)
        return -EINVAL;
    int ready = look_at_all(fds, count);
    if (!ready && !timeout_ns && fit__current->guard.signal
        && fit__block_open("poll", NULL, 0, 0, false) == -EINTR)
        return -EINTR;
    if (ready || !timeout_ns) {
        fit__idle_call("poll", first_ready(fds, count));
        return ready;
    }
    struct fit__file **files = fit__alloc((count + 1) * sizeof *files);
    struct fit__waitq **queues = fit__alloc((count + 1) * sizeof *queues);
    unsigned held = hold_files(fds, count, files, queues);
    int waited = 0;
    bool interrupted = false;
    while (!(ready = look_at_all(fds, count)) && !waited && !interrupted) {
        interrupted = fit__interrupted();
        if (!interrupted && phantom_of(fds, count))
            continue;
        if (!interrupted)
            waited = fit__block_open("poll", queues, held, deadline, false);
        if (waited == -EINTR)
            break;                           /* what the handler made ready is for the next call */
        interrupted |= fit__interrupted();
    }
    while (held)
        fit__file_release(files[--held]);
    fit__free(files);
    fit__free(queues);
    return waited == -EINTR || (interrupted && !ready) ? -EINTR : ready;
}
