/* inotify.c - watches on files of the world, and the descriptors that tell of them. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "fi/arena.h"
#include "harness/world/calls.h"
#include "harness/world/files.h"

enum {
    FLAGS = (int)(IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD
                  | IN_ONESHOT),
    TOLD = IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT | IN_ISDIR    /* never asked for, but legal */
};

struct instance;
struct fit__watch {
    LIST_ENTRY(fit__watch) of_node, of_instance;
    struct instance *instance;
    struct fit__node *node;
    int number;
    uint32_t mask;
};

struct waiting {
    TAILQ_ENTRY(waiting) link;
    int number;
    uint32_t mask, cookie;
    char name[];                             /* "": of the watched file itself */
};

TAILQ_HEAD(queue, waiting);

struct instance {
    struct fit__file *file;
    LIST_HEAD(, fit__watch) watches;
    struct queue queue;
    unsigned count;
    bool overflown;                          /* and that stands in the queue */
    int last_number;
};

/* As Linux counts them, for one user. */
static struct { int instances, watches; uint32_t moves; } used;

void fit__inotify_restart(void)
{
    used.instances = used.watches = 0;
    used.moves = 0;
}

uint32_t fit__inotify_cookie(void)
{
    return ++used.moves;
}

/* ---- the queue --------------------------------------------------------------------------- */

/* A name has an end, and room up to a whole number of events. */
static size_t size_of(const struct waiting *event)
{
    const size_t unit = sizeof(struct inotify_event);
    size_t length = strlen(event->name);
    return unit + (length ? (length + unit) / unit * unit : 0);
}

/* Two equal events in a row are one. */
static bool is_repeated(const struct instance *instance, int number, uint32_t mask,
                        const char *name)
{
    const struct waiting *last = TAILQ_LAST(&instance->queue, queue);
    return last && !(last->mask & IN_IGNORED) && last->number == number && last->mask == mask
           && !strcmp(last->name, name);
}

static void add_last(struct instance *instance, int number, uint32_t mask, uint32_t cookie,
                     const char *name)
{
    struct waiting *event = fit__alloc(sizeof *event + strlen(name) + 1);
    event->number = number;
    event->mask = mask;
    event->cookie = cookie;
    strcpy(event->name, name);
    TAILQ_INSERT_TAIL(&instance->queue, event, link);
    instance->count++;
    fit__file_changed(instance->file, EPOLLIN | EPOLLRDNORM);
}

static void put(struct instance *instance, int number, uint32_t mask, uint32_t cookie,
                const char *name)
{
    bool full = instance->count >= FIT_INOTIFY_QUEUE;
    if (instance->overflown || is_repeated(instance, number, mask, name))
        return;
    if (full)
        add_last(instance, -1, IN_Q_OVERFLOW, 0, "");
    else
        add_last(instance, number, mask, cookie, name);
    instance->overflown = full;
}

static void drop(struct instance *instance, struct waiting *event)
{
    if (event->mask == IN_Q_OVERFLOW)
        instance->overflown = false;
    TAILQ_REMOVE(&instance->queue, event, link);
    instance->count--;
    fit__free(event);
}

/* One event into `out`: its size, or -EINVAL where it does not fit. */
static ssize_t take(struct instance *instance, char *out, size_t room)
{
    const struct waiting *event = TAILQ_FIRST(&instance->queue);
    size_t size = size_of(event);
    if (size > room)
        return -EINVAL;
    struct inotify_event head = { .wd = event->number, .mask = event->mask,
        .cookie = event->cookie, .len = (uint32_t)(size - sizeof head) };
    memset(out, 0, size);
    memcpy(out, &head, sizeof head);
    strcpy(out + sizeof head, event->name);
    drop(instance, TAILQ_FIRST(&instance->queue));
    return (ssize_t)size;
}

static ssize_t take_all(struct instance *instance, const struct iovec *part)
{
    size_t done = 0;
    ssize_t size = -EAGAIN;
    while (!TAILQ_EMPTY(&instance->queue)
           && (size = take(instance, (char *)part->iov_base + done, part->iov_len - done)) > 0)
        done += (size_t)size;
    return done ? (ssize_t)done : size;
}

/* Linux reads each part of the vector for itself, and stops at one that is not filled. */
static ssize_t instance_read(struct fit__file *file, const struct iovec *iov, int count,
                             int flags)
{
    ssize_t done = 0, size = 0;
    (void)flags;
    for (int i = 0; i < count; i++) {
        size = take_all(file->object, &iov[i]);
        if (size > 0)
            done += size;
        if (size < 0 || (size_t)size < iov[i].iov_len)
            break;
    }
    if (done)
        fit__progressed();
    return done ? done : size;
}

/* ---- watches ----------------------------------------------------------------------------- */

static void remove_watch(struct fit__watch *watch)
{
    LIST_REMOVE(watch, of_node);
    LIST_REMOVE(watch, of_instance);
    used.watches--;
    fit__free(watch);
}

static void end_watch(struct fit__watch *watch)
{
    struct instance *instance = watch->instance;
    int number = watch->number;
    remove_watch(watch);
    put(instance, number, IN_IGNORED, 0, "");
}

void fit__inotify_tell(struct fit__node *node, const struct fit__change *change)
{
    struct fit__watch *watch, *next;
    for (watch = LIST_FIRST(&node->watches); watch; watch = next) {
        next = LIST_NEXT(watch, of_node);
        if (!(watch->mask & change->mask & IN_ALL_EVENTS)
            || (change->unlinked && (watch->mask & IN_EXCL_UNLINK)))
            continue;
        put(watch->instance, watch->number, change->mask, change->cookie,
            change->name ? change->name : "");
        if (watch->mask & IN_ONESHOT)
            end_watch(watch);
    }
}

void fit__inotify_end(struct fit__node *node)
{
    struct fit__watch *watch;
    while ((watch = LIST_FIRST(&node->watches)))
        end_watch(watch);
}

static struct fit__watch *watch_on(const struct instance *instance, const struct fit__node *node)
{
    struct fit__watch *watch;
    LIST_FOREACH(watch, &node->watches, of_node)
        if (watch->instance == instance)
            return watch;
    return NULL;
}

static int change_watch(struct fit__watch *watch, uint32_t mask)
{
    const uint32_t kept = IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK;
    if (mask & IN_MASK_CREATE)
        return -EEXIST;
    watch->mask = (mask & IN_MASK_ADD ? watch->mask : 0) | (mask & kept);
    return watch->number;
}

static int add_watch(struct instance *instance, struct fit__node *node, uint32_t mask)
{
    if (used.watches >= FIT_INOTIFY_WATCHES)
        return -ENOSPC;
    struct fit__watch *watch = fit__alloc(sizeof *watch);
    watch->instance = instance;
    watch->node = node;
    watch->number = ++instance->last_number;
    used.watches++;
    LIST_INSERT_HEAD(&node->watches, watch, of_node);
    LIST_INSERT_HEAD(&instance->watches, watch, of_instance);
    return change_watch(watch, mask & ~(uint32_t)IN_MASK_CREATE);
}

/* ---- the calls --------------------------------------------------------------------------- */

static int instance_at(int fd, struct instance **instance)
{
    const struct fit__file *file = fit__file_of(fd);
    if (!file)
        return fit__is_standard(fd) ? -EINVAL : -EBADF;
    *instance = file->object;
    return file->ops == &fit__inotify_ops ? 0 : -EINVAL;
}

int fit__call_inotify_add(int fd, const char *path, uint32_t mask)
{
    const uint32_t known = IN_ALL_EVENTS | (uint32_t)FLAGS | TOLD;
    struct instance *instance;
    struct fit__spot spot;
    fit__call_begins();
    if (!(mask & known) || (mask & ~known))
        return -EINVAL;
    int error = instance_at(fd, &instance);
    if (error == -EBADF)
        return error;
    if ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE))
        return -EINVAL;
    if (!error)
        error = fit__spot_find(AT_FDCWD, path, mask & IN_DONT_FOLLOW ? 0 : FIT_FOLLOW, &spot);
    if (error)
        return error;
    if (spot.foreign)
        fit__path_unsupported("inotify_add_watch");
    if ((mask & IN_ONLYDIR) && !S_ISDIR(spot.node->st.st_mode))
        return -ENOTDIR;
    error = fit__node_may(spot.node, R_OK);
    if (error)
        return error;
    struct fit__watch *watch = watch_on(instance, spot.node);
    return watch ? change_watch(watch, mask) : add_watch(instance, spot.node, mask);
}

int fit__call_inotify_remove(int fd, int number)
{
    struct instance *instance;
    struct fit__watch *watch;
    fit__call_begins();
    int error = instance_at(fd, &instance);
    if (error)
        return error;
    LIST_FOREACH(watch, &instance->watches, of_instance)
        if (watch->number == number)
            break;
    if (!watch)
        return -EINVAL;
    end_watch(watch);
    return 0;
}

int fit__call_inotify_init(int flags)
{
    fit__call_begins();
    if (flags & ~(IN_CLOEXEC | IN_NONBLOCK))
        return -EINVAL;
    int error = used.instances >= FIT_INOTIFY_INSTANCES ? -EMFILE : fit__room_for(1);
    if (error)
        return error;
    struct instance *instance = fit__alloc(sizeof *instance);
    LIST_INIT(&instance->watches);
    TAILQ_INIT(&instance->queue);
    instance->file = fit__file_new(&fit__inotify_ops, instance, O_RDONLY | (flags & O_NONBLOCK));
    used.instances++;
    return fit__number(instance->file, !!(flags & IN_CLOEXEC));
}

/* ---- as a file of the world -------------------------------------------------------------- */

static uint32_t instance_poll(struct fit__file *file)
{
    const struct instance *instance = file->object;
    return TAILQ_EMPTY(&instance->queue) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static void instance_release(struct fit__file *file)
{
    struct instance *instance = file->object;
    struct fit__watch *watch;
    while ((watch = LIST_FIRST(&instance->watches)))
        remove_watch(watch);
    while (!TAILQ_EMPTY(&instance->queue))
        drop(instance, TAILQ_FIRST(&instance->queue));
    assert(used.instances > 0 && !instance->count);
    used.instances--;
    fit__free(instance);
}

static int instance_describe(struct fit__file *file, struct fit__info *info)
{
    const struct instance *instance = file->object;
    const struct fit__watch *watch;
    const struct waiting *event;
    unsigned watches = 0;
    LIST_FOREACH(watch, &instance->watches, of_instance)
        watches++;
    TAILQ_FOREACH(event, &instance->queue, link)
        info->readable += size_of(event);
    info->class = FIT_C_NOTICES;
    snprintf(info->object, sizeof info->object, "inotify");
    snprintf(info->text, sizeof info->text, "inotify, %u watches, %u events wait", watches,
             instance->count);
    return 0;
}

/* There was room for one event. */
static int instance_afflict(struct fit__file *file, enum fit__affliction affliction, int64_t value)
{
    struct instance *instance = file->object;
    (void)value;
    if (affliction != FIT_A_OVERFLOW || TAILQ_EMPTY(&instance->queue))
        return -EOPNOTSUPP;
    while (instance->count > 1)
        drop(instance, TAILQ_LAST(&instance->queue, queue));
    if (!instance->overflown)
        add_last(instance, -1, IN_Q_OVERFLOW, 0, "");
    instance->overflown = true;
    return 0;
}

const struct fit__file_ops fit__inotify_ops = {
    .kind = "inotify", .read = instance_read, .poll = instance_poll,
    .release = instance_release, .describe = instance_describe, .afflict = instance_afflict,
};
