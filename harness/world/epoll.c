/* epoll.c - interest lists and ready lists, with the order and the edges that Linux has.
 *
 * A registration belongs to a pair of open file description and number: it outlives close()
 * of that number while a duplicate lives, and goes with the last duplicate. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "fi/arena.h"
#include "fi/choice.h"
#include "harness/world/objects.h"

enum {
    NESTING_MAX = 4,
    PRIVATE_BITS = (int)(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE),
    EXCLUSIVE_ALLOWED = (int)(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET
                              | EPOLLEXCLUSIVE)
};

struct epoll;

struct fit__epitem {
    LIST_ENTRY(fit__epitem) of_file;
    TAILQ_ENTRY(fit__epitem) of_epoll, ready_link;
    struct epoll *epoll;
    struct fit__file *file;
    int fd;
    uint32_t events;                         /* with PRIVATE_BITS; without others: disabled */
    epoll_data_t data;
    bool ready;
    bool told;                               /* since it was last seen not to be ready */
};
TAILQ_HEAD(items, fit__epitem);

struct epoll {
    struct fit__file *file;
    struct items items, ready;
    bool sparing;                            /* it tells one new thing at a time */
    struct fit__epitem *favourite;           /* ... and this always first */
    unsigned starved;                        /* waits in which the others did not come */
};

static void make_ready(struct fit__epitem *item)
{
    if (item->ready)
        return;
    item->ready = true;
    TAILQ_INSERT_TAIL(&item->epoll->ready, item, ready_link);
}

static void unmake_ready(struct fit__epitem *item)
{
    if (item->ready)
        TAILQ_REMOVE(&item->epoll->ready, item, ready_link);
    item->ready = false;
}

static uint32_t ready_bits(const struct fit__epitem *item)
{
    return fit__file_bits(item->file) & item->events & ~(uint32_t)PRIVATE_BITS;
}

/* EPOLLEXCLUSIVE: one for whom somebody waits is enough. A change of all kinds is for all. */
static bool is_enough(const struct fit__epitem *item, uint32_t events)
{
    uint32_t way = events & (EPOLLIN | EPOLLOUT);
    return (item->events & EPOLLEXCLUSIVE) && !TAILQ_EMPTY(&item->epoll->file->queue.waiters)
           && (way == EPOLLIN || way == EPOLLOUT) && (item->events & way);
}

void fit__epoll_notify(struct fit__file *file, uint32_t events)
{
    struct fit__epitem *item;
    bool enough = false;
    LIST_FOREACH(item, &file->watchers, of_file) {
        if (!(item->events & ~(uint32_t)PRIVATE_BITS) || !(item->events & events)
            || (enough && (item->events & EPOLLEXCLUSIVE)))
            continue;
        enough |= is_enough(item, events);
        if (item->events & EPOLLET)
            item->told = false;
        make_ready(item);
        fit__file_changed(item->epoll->file, EPOLLIN);
    }
}

/* The youngest first, and behind them those that are exclusive, the oldest first. */
static void insert(struct fit__file *file, struct fit__epitem *item)
{
    struct fit__epitem *last = LIST_FIRST(&file->watchers);
    if (!last || !(item->events & EPOLLEXCLUSIVE)) {
        LIST_INSERT_HEAD(&file->watchers, item, of_file);
        return;
    }
    while (LIST_NEXT(last, of_file))
        last = LIST_NEXT(last, of_file);
    LIST_INSERT_AFTER(last, item, of_file);
}

static void spare_no_more(struct epoll *epoll)
{
    epoll->sparing = false;
    epoll->favourite = NULL;
}

static void remove_item(struct fit__epitem *item)
{
    if (item->epoll->favourite == item)
        spare_no_more(item->epoll);
    unmake_ready(item);
    LIST_REMOVE(item, of_file);
    TAILQ_REMOVE(&item->epoll->items, item, of_epoll);
    fit__free(item);
}

void fit__epoll_forget(struct fit__file *file)
{
    struct fit__epitem *item;
    while ((item = LIST_FIRST(&file->watchers)))
        remove_item(item);
}

/* ---- control ----------------------------------------------------------------------------- */

static struct fit__epitem *find(struct epoll *epoll, int fd, const struct fit__file *file)
{
    struct fit__epitem *item;
    TAILQ_FOREACH(item, &epoll->items, of_epoll)
        if (item->fd == fd && item->file == file)
            return item;
    return NULL;
}

/* How deep epolls nest below `epoll`; more than NESTING_MAX if `top` is among them. */
static int depth_below(const struct epoll *epoll, const struct epoll *top, int depth)
{
    const struct fit__epitem *item;
    int deepest = depth;
    if (epoll == top || depth > NESTING_MAX)
        return NESTING_MAX + 1;
    TAILQ_FOREACH(item, &epoll->items, of_epoll) {
        if (item->file->ops != &fit__epoll_ops)
            continue;
        int below = depth_below(item->file->object, top, depth + 1);
        if (below > deepest)
            deepest = below;
    }
    return deepest;
}

static int depth_above(const struct epoll *epoll, int depth)
{
    const struct fit__epitem *item;
    int highest = depth;
    LIST_FOREACH(item, &epoll->file->watchers, of_file) {
        int above = depth > NESTING_MAX ? depth : depth_above(item->epoll, depth + 1);
        if (above > highest)
            highest = above;
    }
    return highest;
}

/* A new edge is due at once if what is asked for already holds. */
static void look_now(struct fit__epitem *item)
{
    if (!ready_bits(item) || item->ready)
        return;
    make_ready(item);
    fit__file_changed(item->epoll->file, EPOLLIN);
}

static int add(struct epoll *epoll, int fd, struct fit__file *file, struct epoll_event *event)
{
    if (file->ops == &fit__epoll_ops
        && depth_below(file->object, epoll, 1) + depth_above(epoll, 0) > NESTING_MAX)
        return -ELOOP;
    if (fit__used_up(FIT_R_WATCHES))
        return -ENOSPC;
    struct fit__epitem *item = fit__alloc(sizeof *item);
    item->epoll = epoll;
    item->file = file;
    item->fd = fd;
    item->events = event->events | EPOLLERR | EPOLLHUP;
    item->data = event->data;
    insert(file, item);
    TAILQ_INSERT_TAIL(&epoll->items, item, of_epoll);
    look_now(item);
    return 0;
}

static int modify(struct fit__epitem *item, const struct epoll_event *event)
{
    if (item->events & EPOLLEXCLUSIVE)
        return -EINVAL;
    item->events = event->events | EPOLLERR | EPOLLHUP;
    item->data = event->data;
    look_now(item);
    return 0;
}

static bool exclusive_is_wrong(int operation, const struct fit__file *file, uint32_t events)
{
    if (!(events & EPOLLEXCLUSIVE) || operation == EPOLL_CTL_DEL)
        return false;
    return operation == EPOLL_CTL_MOD || file->ops == &fit__epoll_ops
           || (events & ~(uint32_t)EXCLUSIVE_ALLOWED);
}

int fit__epoll_control(struct fit__file *ep, int operation, int fd, struct fit__file *file,
                       struct epoll_event *event)
{
    if (file->ops == &fit__regular_ops)
        return -EPERM;
    if (ep == file || ep->ops != &fit__epoll_ops)
        return -EINVAL;
    if (operation != EPOLL_CTL_DEL && !event)
        return -EFAULT;
    if (event && exclusive_is_wrong(operation, file, event->events))
        return -EINVAL;
    struct fit__epitem *item = find(ep->object, fd, file);
    switch (operation) {
    case EPOLL_CTL_ADD: return item ? -EEXIST : add(ep->object, fd, file, event);
    case EPOLL_CTL_MOD: return item ? modify(item, event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (item)
            remove_item(item);
        return item ? 0 : -ENOENT;
    default: return -EINVAL;
    }
}

/* ---- waiting ----------------------------------------------------------------------------- */

/* One item was looked at: what becomes of it, and its event if there is one. */
static bool take(struct fit__epitem *item, struct epoll_event *out)
{
    uint32_t bits = ready_bits(item);
    item->told = bits;
    if (!bits)
        return false;
    out->events = bits;
    out->data = item->data;
    if (item->events & EPOLLONESHOT)
        item->events &= (uint32_t)PRIVATE_BITS;
    else if (!(item->events & EPOLLET))
        make_ready(item);
    return true;
}

/* ---- one by one: as if what is ready, and from outside, had come so ---------------------- */

static bool is_from_outside(struct fit__file *file)
{
    struct fit__info info = { .brief = true };
    return file->ops->describe && file->ops->describe(file, &info) >= 0
           && fit__from_outside(&info);
}

/* What the program was told and did not see to is still there, and so is what it did itself. */
static bool could_come_later(const struct fit__epitem *item)
{
    return !item->told && ready_bits(item) && is_from_outside(item->file);
}

enum { STARVED_MOST = 100 /* waits: nobody is hungry for ever */ };

static bool takes_all(struct epoll *epoll)
{
    const struct fit__epitem *item = epoll->favourite;
    bool takes = item && item->ready && ready_bits(item) && epoll->starved < STARVED_MOST;
    epoll->starved = takes ? epoll->starved + 1 : 0;
    return takes;
}

/* Those that come after this wait are put into `later`. */
static void spare(struct epoll *epoll, struct items *later)
{
    struct fit__epitem *item, *next;
    bool taken = takes_all(epoll);
    for (item = TAILQ_FIRST(&epoll->ready); item; item = next) {
        next = TAILQ_NEXT(item, ready_link);
        if (item == epoll->favourite || !could_come_later(item))
            continue;
        if (taken) {
            TAILQ_REMOVE(&epoll->ready, item, ready_link);
            TAILQ_INSERT_TAIL(later, item, ready_link);
        }
        taken = true;
    }
}

/* They come right now: whoever else waits here is told. */
static void come_later(struct epoll *epoll, struct items *later)
{
    if (TAILQ_EMPTY(later))
        return;
    TAILQ_CONCAT(&epoll->ready, later, ready_link);
    fit__file_changed(epoll->file, EPOLLIN);
}

void fit__epoll_sparing(struct fit__file *ep, unsigned first)
{
    struct epoll *epoll = ep->object;
    struct fit__epitem *item;
    unsigned number = 0;
    epoll->sparing = true;
    TAILQ_FOREACH(item, &epoll->ready, ready_link)
        if (ready_bits(item) && ++number == first)
            epoll->favourite = item;
}

int fit__epoll_harvest(struct fit__file *ep, struct epoll_event *events, int most, int *first)
{
    struct epoll *epoll = ep->object;
    struct items looked = TAILQ_HEAD_INITIALIZER(looked), later = TAILQ_HEAD_INITIALIZER(later);
    struct fit__epitem *item;
    int count = 0;
    if (epoll->sparing && !fit__faults_off)
        spare(epoll, &later);
    TAILQ_CONCAT(&looked, &epoll->ready, ready_link);
    while (count < most && (item = TAILQ_FIRST(&looked))) {
        TAILQ_REMOVE(&looked, item, ready_link);
        item->ready = false;
        if (take(item, &events[count]) && !count++)
            *first = item->fd;
    }
    /* Those that found no room stay in front of those that were reported. */
    TAILQ_CONCAT(&looked, &epoll->ready, ready_link);
    TAILQ_CONCAT(&epoll->ready, &looked, ready_link);
    come_later(epoll, &later);
    return count;
}

int fit__epoll_ready(struct fit__file *ep)
{
    struct epoll *epoll = ep->object;
    struct fit__epitem *item;
    int result = 0, count = 0;
    TAILQ_FOREACH(item, &epoll->ready, ready_link) {
        if (!ready_bits(item))
            continue;
        result |= FIT_READY | (fit__can_be_held(item->file) ? FIT_READY_STREAM : 0);
        if (count < FIT_ORDERED_MOST && is_from_outside(item->file))
            result |= 1 << (8 + count);
        if (count < FIT_ORDERED_MOST)
            count++;
    }
    return result | count << 4;
}

void fit__epoll_order(struct fit__file *ep, int64_t order)
{
    struct epoll *epoll = ep->object;
    struct fit__epitem *item, *ready[FIT_ORDERED_MOST];
    int count = 0, named = 0;
    TAILQ_FOREACH(item, &epoll->ready, ready_link)
        if (count < FIT_ORDERED_MOST && ready_bits(item))
            ready[count++] = item;
    while (order >> (4 * named))
        named++;
    while (named--) {
        int number = (int)(order >> (4 * named) & 15);
        assert(number >= 1 && number <= count);
        TAILQ_REMOVE(&epoll->ready, ready[number - 1], ready_link);
        TAILQ_INSERT_HEAD(&epoll->ready, ready[number - 1], ready_link);
    }
}

/* Whoever looks at an epoll strikes off, up to the first that is ready, what is not any more:
 * those go to the end when they become ready again. */
static uint32_t epoll_poll(struct fit__file *file)
{
    struct epoll *epoll = file->object;
    struct fit__epitem *item;
    while ((item = TAILQ_FIRST(&epoll->ready))) {
        if (ready_bits(item))
            return EPOLLIN | EPOLLRDNORM;
        unmake_ready(item);
    }
    return 0;
}

static void epoll_release(struct fit__file *file)
{
    struct epoll *epoll = file->object;
    struct fit__epitem *item;
    while ((item = TAILQ_FIRST(&epoll->items)))
        remove_item(item);
    fit__free(epoll);
}

static int epoll_describe(struct fit__file *file, struct fit__info *info)
{
    struct epoll *epoll = file->object;
    struct fit__epitem *item;
    unsigned watched = 0, ready = 0;
    TAILQ_FOREACH(item, &epoll->items, of_epoll)
        watched++;
    TAILQ_FOREACH(item, &epoll->ready, ready_link)
        ready++;
    info->class = FIT_C_EPOLL;
    snprintf(info->object, sizeof info->object, "epoll");
    snprintf(info->text, sizeof info->text, "epoll, %u watched, %u of them ready", watched,
             ready);
    return 0;
}

const struct fit__file_ops fit__epoll_ops = {
    .kind = "epoll", .poll = epoll_poll, .release = epoll_release, .describe = epoll_describe,
};

struct fit__file *fit__epoll_new(void)
{
    struct epoll *epoll = fit__alloc(sizeof *epoll);
    TAILQ_INIT(&epoll->items);
    TAILQ_INIT(&epoll->ready);
    epoll->file = fit__file_new(&fit__epoll_ops, epoll, O_RDWR);
    return epoll->file;
}

bool fit__epoll_has_edge(const struct fit__file *file)
{
    const struct fit__epitem *item;
    LIST_FOREACH(item, &file->watchers, of_file)
        if (item->events & EPOLLET)
            return true;
    return false;
}

unsigned fit__epoll_watched(struct fit__file *ep, struct fit__file **files)
{
    struct epoll *epoll = ep->object;
    struct fit__epitem *item;
    unsigned count = 0;
    TAILQ_FOREACH(item, &epoll->items, of_epoll)
        if ((item->events & EPOLLIN) && count < FIT_PHANTOMS_MOST)
            files[count++] = item->file;
    return count;
}
