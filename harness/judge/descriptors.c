/* The ledgers of descriptors and loop handles, against the run without faults. */
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/symbols.h"
#include "harness/judge/judge.h"
#include "harness/loops/loops.h"

/* Where a descriptor was opened, in names. */
static void place_of(const struct fit__slot *slot, char *out, size_t size)
{
    char chain[100];
    fit__chain_of(slot->opened_stack, slot->opened_depth, NULL, chain, sizeof chain);
    snprintf(out, size, "%s in %s", slot->opened_by ? slot->opened_by : "?", chain);
}

static bool is_counted(const struct fit__slot *slot)
{
    return slot->file && !slot->exempt;
}

static uint64_t bit_of(int fd)
{
    return fd < 64 ? UINT64_C(1) << fd : 0;
}

unsigned fit__fds_census(struct fit__left_fd *left, unsigned most)
{
    const struct fit__process *p = fit__service_process();
    unsigned count = 0, k;
    char place[120];
    for (int fd = 0; fd < p->slot_count; fd++) {
        if (!is_counted(&p->slots[fd])) continue;
        place_of(&p->slots[fd], place, sizeof place);
        for (k = 0; k < count && strcmp(left[k].place, place); k++) { }
        if (k == most) break;
        if (k == count) {
            left[count] = (struct fit__left_fd){ .count = 0 };
            memcpy(left[count++].place, place, sizeof place);
        }
        left[k].count++;
        left[k].numbers |= bit_of(fd);
    }
    return count;
}

static struct fit__left_fd allowed_there(const struct fit__reference *r, const char *place)
{
    for (unsigned i = 0; i < r->left_fd_count; i++)
        if (!strcmp(r->left_fds[i].place, place)) return r->left_fds[i];
    return (struct fit__left_fd){ .count = 0 };
}

static void describe_leak(int fd, const struct fit__slot *slot, const char *place,
                          struct fit__finding *f)
{
    struct fit__info info;
    memset(&info, 0, sizeof info);
    fit__kernel->describe(fd, &info);
    fit__finding_make(f, "leak-fd", place, "descriptor %d (%s), opened by {symptom}, still open",
                      fd, info.text[0] ? info.text : slot->file->ops->kind);
    f->fd = fd;
    f->depth = slot->opened_depth;
    memcpy(f->frames, slot->opened_stack, slot->opened_depth * sizeof slot->opened_stack[0]);
}

static unsigned count_open(const struct fit__process *p)
{
    unsigned n = 0;
    for (int fd = 0; fd < p->slot_count; fd++) n += is_counted(&p->slots[fd]);
    return n;
}

/* One of that place that the run without faults did not leave; `last` if their numbers do not tell.
 * A library opens its own and the user's at one place (GLib a wake-up for each context). */
static int too_many(int last, const char *place, uint64_t numbers)
{
    const struct fit__process *p = fit__service_process();
    char other[120];
    for (int fd = 0; fd < last; fd++) {
        if (!is_counted(&p->slots[fd]) || numbers & bit_of(fd)) continue;
        place_of(&p->slots[fd], other, sizeof other);
        if (!strcmp(place, other)) return fd;
    }
    return last;
}

bool fit__fds_left(const struct fit__reference *reference, struct fit__finding *finding)
{
    const struct fit__process *p = fit__service_process();
    /* No more than that: each page that a case writes costs it a microsecond or two. */
    struct fit__left_fd *seen = fit__alloc(count_open(p) * sizeof *seen);
    unsigned count = 0, k;
    char place[120];
    bool found = false;
    for (int fd = 0; fd < p->slot_count && !found; fd++) {
        if (!is_counted(&p->slots[fd])) continue;
        place_of(&p->slots[fd], place, sizeof place);
        for (k = 0; k < count && strcmp(seen[k].place, place); k++) { }
        if (k == FIT_LEFT_MAX) break;    /* nor could the reference remember more places */
        if (k == count) memcpy(seen[count++].place, place, sizeof place);
        struct fit__left_fd allowed = allowed_there(reference, place);
        found = ++seen[k].count > allowed.count;
        if (!found) continue;
        int which = too_many(fd, place, allowed.numbers);
        describe_leak(which, &p->slots[which], place, finding);
    }
    fit__free(seen);
    return found;
}

/* Opened by code of the user's own and open at the end even without any fault. What a library
 * keeps for the life of the process (libuv's signal pipe) is no finding. */
bool fit__fds_left_by_user(struct fit__finding *finding)
{
    const struct fit__process *p = fit__service_process();
    struct fit__symbol s;
    char place[120];
    for (int fd = 0; fd < p->slot_count; fd++) {
        const struct fit__slot *slot = &p->slots[fd];
        if (!is_counted(slot) || !slot->opened_depth) continue;
        if (!fit__symbol_of(slot->opened_stack[0], &s) || !s.users) continue;
        place_of(slot, place, sizeof place);
        describe_leak(fd, slot, place, finding);
        return true;
    }
    return false;
}

static unsigned count_in(struct fit__left_handle *left, unsigned n, unsigned most,
                         const char *type, unsigned count)
{
    unsigned k = 0;
    if (!count) return n;
    while (k < n && strcmp(left[k].type, type)) k++;
    if (k == most) return n;
    if (k == n) {
        snprintf(left[n].type, sizeof left[n].type, "%s", type);
        left[n++].count = 0;
    }
    left[k].count += count;
    return n;
}

/* Threads that nobody has joined, or that were detached and still run. Those that a library
 * started for itself (libuv's pool) are for the life of the process. */
static unsigned count_threads(struct fit__left_handle *left, unsigned n, unsigned most)
{
    char type[sizeof left->type];
    struct fit__symbol s;
    for (struct fit__thread *t = fit__thread_first(); t; t = TAILQ_NEXT(t, all)) {
        if (!t->service || t->guard.exempt || !t->handle || t->joined) continue;
        if (t->detached && t->state == FIT_T_ENDED) continue;
        if (!fit__symbol_of((const char *)(uintptr_t)t->start + 1, &s) || !s.users) continue;
        snprintf(type, sizeof type, "thread %s", s.function ? s.function : "?");
        n = count_in(left, n, most, type, 1);
    }
    return n;
}

unsigned fit__handles_census(struct fit__left_handle *left, unsigned most)
{
    struct fit__census_entry entries[FIT_CENSUS_MAX];
    unsigned count = (unsigned)fit__loops_census(entries, FIT_CENSUS_MAX), n = 0;
    for (unsigned i = 0; i < count; i++)
        n = count_in(left, n, most, entries[i].type, entries[i].count);
    n = count_in(left, n, most, "child process", fit__children_left());
    return count_threads(left, n, most);
}

bool fit__handles_left(const struct fit__reference *r, struct fit__finding *finding)
{
    struct fit__left_handle now[FIT_CENSUS_MAX];
    unsigned count = fit__handles_census(now, FIT_CENSUS_MAX), before;
    for (unsigned i = count; i-- > 0; ) {        /* the loop itself comes first: say it last */
        before = 0;
        for (unsigned k = 0; k < r->left_handle_count; k++)
            if (!strcmp(r->left_handles[k].type, now[i].type)) before = r->left_handles[k].count;
        if (now[i].count <= before) continue;
        fit__finding_make(finding, "leak-handle", now[i].type,
                          "%s: %u still there at the end of the test, %u without the fault",
                          now[i].type, now[i].count, before);
        return true;
    }
    return false;
}
