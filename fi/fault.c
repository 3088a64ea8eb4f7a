/* Between the wrappers and the question: what can go wrong now, and making it true. */
#include "fi/fault.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/time.h>

#include "fi/signal.h"
#include "fi/thread.h"

#define EDGE_NS INT64_C(1000000)     /* the rest of a short transfer comes a millisecond later */

bool fit__described(struct fit__call *c)
{
    c->info.brief = true;
    if (c->fd < 0 || fit__kernel->describe(c->fd, &c->info) < 0) return false;
    if (!c->object && c->info.object[0]) c->object = c->info.object;
    return true;
}

/* The number of bytes that a row of the table means, or 0 if it is no short count here. */
static int64_t cut_of(const struct fit__fact *fact, size_t amount)
{
    int64_t all = (int64_t)amount;
    int64_t bytes = fact->value > 0 ? fact->value : fact->value ? all + fact->value : all / 2;
    return bytes > 0 && bytes < all ? bytes : 0;
}

static bool offered(const struct fit__question *q, const struct fit__fact *fact, int64_t value)
{
    for (unsigned i = 0; i < q->count; i++)
        if (q->alternatives[i].what == fact->what && q->alternatives[i].value == value
            && q->alternatives[i].until == fact->until)
            return true;
    return false;
}

const struct fit__fact *fit__ask(struct fit__call *c, unsigned holds, size_t amount,
                                 int64_t *value)
{
    const struct fit__fact *offers[FIT_ALTERNATIVES_MAX];
    size_t count;
    const struct fit__fact *facts = fit__facts_of((enum fit__family)c->family, &count);
    struct fit__question q;
    q.point = fit__call_name(c->id);
    q.at = q.op = q.after = q.in = NULL;
    q.object = c->object;
    q.caller = c->caller;
    q.world = false;
    q.count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct fit__fact *fact = &facts[i];
        if (fact->needs & ~(holds | FIT_N_EXTENDED)) continue;
        if (fit__kernel->lacks && fit__kernel->lacks(c->fd, fact)) continue;
        for (unsigned o = 0; fact->what == FIT_W_ORDER && o < c->order_count; o++) {
            offers[q.count] = fact;
            fit__offer(&q, fact->mode, fact->what, fact->space, c->orders[o], fact->until);
        }
        if (fact->what == FIT_W_ORDER) continue;
        int64_t number = fact->what == FIT_W_SHORT ? cut_of(fact, amount) : fact->value;
        if (fact->what == FIT_W_SHORT && !number) continue;
        if (offered(&q, fact, number)) continue;
        offers[q.count] = fact;
        fit__offer(&q, fact->mode, fact->what, fact->space, number, fact->until);
        q.alternatives[q.count - 1].extended = fact->needs & FIT_N_EXTENDED;
    }
    const struct fit__alternative *answer = q.count ? fit__choose(&q) : NULL;
    if (!answer) return NULL;
    *value = answer->value;
    return offers[answer - q.alternatives];
}

bool fit__carry_out(struct fit__call *c, const struct fit__fact *fact, long *result)
{
    switch (fact->effect) {
    case FIT_E_AFFLICT:
        /* What has arrived, and the end, too, is told before an error: so nothing had arrived. */
        if (fact->family == FIT_READ && fact->affliction == FIT_A_RESET
            && c->info.class == FIT_C_STREAM)
            fit__kernel->afflict(c->fd, FIT_A_LATE, EDGE_NS);
        if (fit__kernel->afflict(c->fd, fact->affliction, fact->affliction_value) >= 0)
            return false;
        fit__not_fired("this kind of descriptor cannot suffer it");
        return false;
    case FIT_E_LIMIT:
        fit__kernel->limit_descriptors(fact->until == FIT_U_CLOSE);
        return false;
    case FIT_E_DISK:
        fit__kernel->spoil_disk((int)fact->value, fact->until == FIT_U_FREE);
        return false;
    case FIT_E_TWICE:
        c->twice = true;
        return false;
    case FIT_E_UNDO:
        fit__kernel->connect(c->fd, &(struct sockaddr){ .sa_family = AF_UNSPEC },
                             sizeof(struct sockaddr));
        *result = -(long)fact->value;
        return true;
    default:
        assert(fact->effect == FIT_E_RESULT);
        *result = -(long)fact->value;
        return true;
    }
}

void fit__faults_lift(void)
{
    fit__kernel->unlimit_descriptors();
    fit__kernel->spoil_disk(0, false);
}

bool fit__fault_simple(struct fit__call *c, unsigned holds, long *result)
{
    int64_t value;
    if (!fit__asks()) return false;
    const struct fit__fact *fact = fit__ask(c, holds, 0, &value);
    return fact && fit__carry_out(c, fact, result);
}

bool fit__fault_make(struct fit__call *c, long *result)
{
    return fit__fault_simple(c, 0, result);
}

/* ---- files ------------------------------------------------------------------------------- */

/* The root and the working directory cannot fail to be found. */
static bool is_on_disk(const char *path)
{
    return strcmp(path, "/") && strcmp(path, ".") && strncmp(path, "/proc/", 6)
        && strncmp(path, "/sys/", 5) && strncmp(path, "/dev/", 5);
}

/* A look of our own: it is none of the calls that get the program nowhere. */
static unsigned what_is_there(int dir, const char *path)
{
    struct stat st;
    bool exempt = fit__guard->exempt;
    fit__guard->exempt = true;
    bool there = fit__kernel->stat(dir, path, &st, AT_SYMLINK_NOFOLLOW) >= 0;
    fit__guard->exempt = exempt;
    return !there ? 0 : S_ISDIR(st.st_mode) ? FIT_N_THERE : FIT_N_THERE | FIT_N_MORTAL;
}

/* If the code under test may not remove it, somebody else may. */
static bool remove_it(const struct fit__fact *fact, int dir, const char *path, long *result)
{
    long error = fit__kernel->unlink(dir, path, 0);
    *result = -(long)fact->value;
    return error < 0;
}

bool fit__fault_path(struct fit__call *c, int dir, const char *path, unsigned holds, long *result)
{
    int64_t value;
    if (!fit__asks() || !path || !*path) return false;
    c->object = path;
    unsigned there = is_on_disk(path) ? what_is_there(dir, path) : 0;
    if (!is_on_disk(path)) holds = 0;
    else if (there && (holds & FIT_N_NEW))      /* if it were gone, it would be made anew */
        holds = (holds & ~(unsigned)FIT_N_NEW) | (there & ~(unsigned)FIT_N_MORTAL);
    else if (there) holds |= there;
    const struct fit__fact *fact = fit__ask(c, holds, 0, &value);
    if (!fact) return false;
    return fact->effect == FIT_E_GONE ? remove_it(fact, dir, path, result)
                                      : fit__carry_out(c, fact, result);
}

/* How many new pages a write needs of the disk; *short_of_half: the bytes that fit if it has half
 * of them. */
static off_t pages_needed(int fd, size_t size, off_t offset, size_t *short_of_half)
{
    struct stat st;
    off_t at = offset >= 0 ? offset : fit__kernel->lseek(fd, 0, SEEK_CUR);
    *short_of_half = 0;
    if (at < 0 || fit__kernel->fstat(fd, &st) < 0) return 0;
    if (fit__kernel->fcntl(fd, F_GETFL, 0) & O_APPEND) at = st.st_size;
    off_t have = (st.st_size + FIT_DISK_PAGE - 1) / FIT_DISK_PAGE;
    off_t first = at / FIT_DISK_PAGE > have ? at / FIT_DISK_PAGE : have;
    off_t need = (at + (off_t)size + FIT_DISK_PAGE - 1) / FIT_DISK_PAGE - first;
    if (need >= 2) *short_of_half = (size_t)((first + need / 2) * FIT_DISK_PAGE - at);
    return need > 0 ? need : 0;
}

bool fit__fault_file(struct fit__call *c, bool writes, size_t size, off_t offset, long *result)
{
    int64_t value;
    size_t half = 0;
    if (!size || c->fd < 0 || !fit__asks() || c->info.class != FIT_C_FILE) return false;
    if (!is_on_disk(c->info.object)) return false;
    off_t need = writes ? pages_needed(c->fd, size, offset, &half) : 0;
    c->family = writes ? FIT_FILE_WRITE : FIT_FILE_READ;
    /* The table cuts in the middle. */
    const struct fit__fact *fact = fit__ask(c, FIT_N_DATA | (need ? FIT_N_GROWS : 0), 2 * half,
                                            &value);
    if (!fact) return false;
    if (fact->effect != FIT_E_SPECIAL) return fit__carry_out(c, fact, result);
    fit__kernel->limit_disk(need / 2 * FIT_DISK_PAGE);
    return false;
}

/* ---- streams and datagrams --------------------------------------------------------------- */

static int64_t timeout_of(int fd, int option)
{
    struct timeval limit = { 0, 0 };
    socklen_t size = sizeof limit;
    if (fit__kernel->getsockopt(fd, SOL_SOCKET, option, &limit, &size) < 0) return -1;
    if (!limit.tv_sec && !limit.tv_usec) return -1;
    return limit.tv_sec * INT64_C(1000000000) + limit.tv_usec * INT64_C(1000);
}

int fit__wait_for(struct fit__call *c, short events, int option)
{
    struct pollfd one = { .fd = c->fd, .events = events };
    int64_t timeout = timeout_of(c->fd, option);
    int ready;
    do {
        fit__signal_restarts = false;
        ready = fit__kernel->poll(&one, 1, timeout);
    } while (ready == -EINTR && timeout < 0 && fit__signal_restarts);
    return ready < 0 ? ready : ready ? 0 : -EAGAIN;
}

/* What holds for a transfer of up to `size` bytes, of which `possible` can be moved. */
static unsigned conditions(const struct fit__info *info, int flags, size_t amount)
{
    assert(info->class == FIT_C_STREAM);
    unsigned holds = info->peer_closed ? FIT_N_PEER_CLOSED : FIT_N_PEER_OPEN;
    if (amount) holds |= FIT_N_DATA | FIT_N_READY;
    if (info->peer_closed) holds |= FIT_N_READY;
    if (info->nonblocking || (flags & MSG_DONTWAIT)) holds |= FIT_N_NONBLOCKING;
    if (!(flags & (MSG_WAITALL | MSG_PEEK))) holds |= FIT_N_DIVISIBLE;
    return holds | (info->local ? FIT_N_LOCAL : FIT_N_INET);
}

static bool transfer(struct fit__call *c, unsigned holds, size_t amount, size_t *size,
                     long *result)
{
    int64_t value;
    const struct fit__fact *fact = fit__ask(c, holds, amount, &value);
    if (!fact) return false;
    if (fact->effect != FIT_E_CUT) return fit__carry_out(c, fact, result);
    *size = (size_t)value;
    c->cut = true;
    return false;
}

/* Could anything go wrong with a transfer here? */
static bool may_fail(struct fit__call *c, int flags)
{
    if (!fit__asks() || (flags & (MSG_OOB | MSG_ERRQUEUE))) return false;
    if (!fit__described(c)) return false;
    return (c->info.class == FIT_C_STREAM && !c->info.broken)
        || (c->info.class == FIT_C_DATAGRAM && c->info.refusable);
}

static bool is_datagram(const struct fit__call *c)
{
    return c->info.class == FIT_C_DATAGRAM;
}

/* Waits until something can be read, as the call itself would, and takes nothing. */
static long await_data(int fd)
{
    char byte;
    struct iovec one = { &byte, 1 };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1 };
    return fit__kernel->recvmsg(fd, &message, MSG_PEEK);
}

bool fit__fault_read(struct fit__call *c, int flags, size_t *size, long *result)
{
    if (!*size || !may_fail(c, flags)) return false;
    bool waits = !c->info.nonblocking && !(flags & MSG_DONTWAIT);
    if (waits && !c->info.readable && !c->info.peer_closed && !c->info.waiting) {
        *result = await_data(c->fd);
        if (*result < 0) return true;
        if (!may_fail(c, flags)) return false;
    }
    if (is_datagram(c))
        return c->info.waiting && transfer(c, FIT_N_REFUSABLE, 0, size, result);
    size_t amount = c->info.readable < *size ? c->info.readable : *size;
    return transfer(c, conditions(&c->info, flags, amount), amount, size, result);
}

bool fit__fault_write(struct fit__call *c, int flags, size_t *size, long *result)
{
    if (!*size || !may_fail(c, flags)) return false;
    if (is_datagram(c)) {
        bool waits = !c->info.nonblocking && !(flags & MSG_DONTWAIT);
        return transfer(c, FIT_N_REFUSABLE | (waits ? 0 : FIT_N_NONBLOCKING), 0, size, result);
    }
    size_t amount = c->info.writable < *size ? c->info.writable : *size;
    unsigned holds = conditions(&c->info, flags, amount);
    /* A local connection that breaks is a broken pipe, whoever broke it. */
    if (c->info.local) holds = (holds & ~(unsigned)FIT_N_PEER_OPEN) | FIT_N_PEER_CLOSED;
    return transfer(c, holds, amount, size, result);
}

void fit__thread_woke(int fd, const void *caller)
{
    struct fit__info info;
    struct fit__question q = { .point = "wake", .caller = caller, .object = info.object };
    const struct fit__alternative *answer;
    if (!fit__threads || !fit__threads->competes() || !fit__asks()) return;
    memset(&info, 0, sizeof info);
    info.brief = true;
    if (fit__kernel->describe(fd, &info)) return;
    if (info.class != FIT_C_WAKEUP && info.class != FIT_C_PAIR) return;
    fit__offer_preempt(&q);
    answer = fit__choose(&q);
    if (answer) fit__make_preempt(answer);
}

void fit__after_transfer(struct fit__call *c, long result)
{
    if (!c->cut || result <= 0 || !c->info.edge_triggered) return;
    bool reading = c->family == FIT_READ;
    fit__kernel->afflict(c->fd, reading ? FIT_A_LATE : FIT_A_FULL, EDGE_NS);
}
