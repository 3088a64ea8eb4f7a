/* Between the wrappers and the question: what can go wrong now, and making it true. */
#include "fi/fault.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#include "fi/signal.h"
#include "fi/thread.h"

#define MS_NS INT64_C(1000000)
enum {
    SMALLEST_DATAGRAM = 508,         /* what every network takes */
    SMALLEST_BUFFER = 4096           /* what net.ipv4.tcp_wmem leaves to everybody */
};
#define EDGE_NS MS_NS                /* the rest of a short transfer comes a millisecond later */

bool fit__described(struct fit__call *c)
{
    c->info.brief = true;
    if (c->fd < 0 || fit__kernel->describe(c->fd, &c->info) < 0) return false;
    if (!c->object && c->info.object[0]) c->object = c->info.object;
    return true;
}

/* The number of bytes that a row of the table means, or 0 if it is no short count here. */
static int64_t cut_of(const struct fit__call *c, const struct fit__fact *fact, size_t amount)
{
    int64_t all = (int64_t)amount;
    int64_t bytes = fact->value < -1 ? (int64_t)c->info.edges[-2 - fact->value]
                    : fact->value > 0 ? fact->value : fact->value ? all + fact->value : all / 2;
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

static void offer(struct fit__question *q, const struct fit__fact *fact, int64_t value)
{
    fit__offer(q, fact->mode, fact->what, fact->space, value, fact->until);
    struct fit__alternative *a = &q->alternatives[q->count - 1];
    a->extended = fact->needs & FIT_N_EXTENDED;
    if (fact->until == FIT_U_TIME) a->until_ms = fact->affliction_value / MS_NS;
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
            if (fact->until == FIT_U_ONWARDS && c->orders[o] >> 4) continue;     /* not alone */
            offers[q.count] = fact;
            offer(&q, fact, c->orders[o]);
        }
        if (fact->what == FIT_W_ORDER) continue;
        int64_t number = fact->what == FIT_W_SHORT ? cut_of(c, fact, amount) : fact->value;
        if (fact->what == FIT_W_SHORT && !number) continue;
        if (offered(&q, fact, number)) continue;
        offers[q.count] = fact;
        offer(&q, fact, number);
    }
    const struct fit__alternative *answer = q.count ? fit__choose(&q) : NULL;
    if (!answer) return NULL;
    *value = answer->value;
    c->lasts_ns = answer->until_ms * MS_NS;
    return offers[answer - q.alternatives];
}

/* What was used up is there again when the time of the fact is over. */
static void last_for_a_time(const struct fit__call *c, const struct fit__fact *fact,
                            enum fit__resource what)
{
    if (fact->until == FIT_U_TIME) fit__kernel->relieve_after(what, c->lasts_ns);
}

/* A connection that has begun never did. */
static bool undo(const struct fit__call *c, const struct fit__fact *fact, long *result)
{
    fit__kernel->connect(c->fd, &(struct sockaddr){ .sa_family = AF_UNSPEC },
                         sizeof(struct sockaddr));
    *result = -(long)fact->value;
    return true;
}

const struct fit__fact *fit__ask_at(enum fit__call_id id, const void *caller, const char *object,
                                    unsigned holds, int64_t *value)
{
    struct fit__call c;
    if (!fit__asks()) return NULL;
    c.id = id;
    c.caller = caller;
    c.fd = -1;
    c.family = (uint8_t)fit__call_family(id);
    c.object = object;
    c.order_count = 0;
    return fit__ask(&c, holds, 0, value);
}

int fit__error_at(enum fit__call_id id, const void *caller, unsigned holds)
{
    int64_t value;
    return fit__ask_at(id, caller, NULL, holds, &value) ? (int)value : 0;
}

bool fit__carry_out(struct fit__call *c, const struct fit__fact *fact, long *result)
{
    switch (fact->effect) {
    case FIT_E_AFFLICT:
        /* What has arrived, and the end, too, is told before an error: so nothing had arrived. */
        if (fact->family == FIT_READ && fact->affliction == FIT_A_RESET
            && c->info.class == FIT_C_STREAM)
            fit__kernel->afflict(c->fd, FIT_A_LATE, EDGE_NS);
        if (fit__kernel->afflict(c->fd, fact->affliction, fact->until == FIT_U_TIME
                                 ? c->lasts_ns : fact->affliction_value) >= 0)
            return false;
        fit__not_fired("this kind of descriptor cannot suffer it");
        return false;
    case FIT_E_LIMIT:
        fit__kernel->limit_descriptors(fact->until == FIT_U_CLOSE);
        last_for_a_time(c, fact, FIT_R_DESCRIPTORS);
        return false;
    case FIT_E_EXHAUST:
        fit__kernel->exhaust((enum fit__resource)fact->affliction);
        last_for_a_time(c, fact, (enum fit__resource)fact->affliction);
        if (fact->family != FIT_CONNECT) return false;
        return undo(c, fact, result);            /* it has taken a port by now */
    case FIT_E_DISK:
        fit__kernel->spoil_disk((int)fact->value, fact->until == FIT_U_FREE);
        last_for_a_time(c, fact, FIT_R_DISK);
        return false;
    case FIT_E_TWICE:
        c->twice = true;
        return false;
    case FIT_E_LACKING: case FIT_E_SIGNAL: case FIT_E_INTERRUPTED:
        fit__carry_out_file(c, fact);
        *result = -(long)fact->value;
        return true;
    case FIT_E_UNDO:
        return undo(c, fact, result);
    default:
        assert(fact->effect == FIT_E_RESULT);
        *result = -(long)fact->value;
        return true;
    }
}

bool fit__no_threads, fit__no_getrandom;

void fit__faults_lift(void)
{
    fit__nothing_lacks();
    fit__kernel->unlimit_descriptors();
    fit__kernel->spoil_disk(0, false);
    fit__kernel->relieve_after(FIT_R_PORTS, 0);
    fit__kernel->relieve_after(FIT_R_WATCHES, 0);
    fit__no_threads = fit__no_getrandom = false;
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

/* ---- eventfd and timerfd ----------------------------------------------------------------- */

#define SECOND INT64_C(1000000000)
#define TICK INT64_C(1000)           /* by so much a timer that is due comes first */

/* How long a periodic timer takes to expire once more; -1: it does not, or not within a second. */
static int64_t next_expiry(int fd)
{
    struct itimerspec timer;
    if (fit__kernel->timerfd_gettime(fd, &timer) < 0) return -1;
    bool again = timer.it_interval.tv_sec || timer.it_interval.tv_nsec;
    return again && !timer.it_value.tv_sec ? timer.it_value.tv_nsec : -1;
}

bool fit__fault_counter(struct fit__call *c, size_t size, long *result)
{
    int64_t value, left = -1;
    bool timer = c->info.class == FIT_C_TIMER;
    if (c->fd < 0 || !fit__asks() || size < sizeof(uint64_t) || !c->info.readable) return false;
    if (!timer && c->info.class != FIT_C_WAKEUP) return false;
    if (timer) left = next_expiry(c->fd);
    c->family = FIT_COUNTER;
    const struct fit__fact *fact = fit__ask(c, (left >= 0 ? FIT_N_PERIODIC : 0)
                                            | (c->info.nonblocking ? FIT_N_NONBLOCKING : 0), 0,
                                            &value);
    if (!fact) return false;
    if (fact->effect != FIT_E_SPECIAL) return fit__carry_out(c, fact, result);
    fit__kernel->sleep(left + TICK);
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
    int ready = 0;
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
    if (info->unanswered >= SMALLEST_BUFFER) holds |= FIT_N_MUCH;
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
        || (c->info.class == FIT_C_DATAGRAM && (c->info.refusable || c->info.unconnected));
}

static bool is_datagram(const struct fit__call *c)
{
    return c->info.class == FIT_C_DATAGRAM;
}

/* What holds for a datagram of UDP of `size` bytes, of those that could go wrong at all. */
static unsigned datagram_conditions(const struct fit__call *c, int flags)
{
    bool waits = !c->info.nonblocking && !(flags & MSG_DONTWAIT);
    return FIT_N_UDP | (c->info.refusable ? FIT_N_REFUSABLE : 0)
        | (waits ? 0 : FIT_N_NONBLOCKING);
}

/* Some network on the way may not take it, and nobody may cut it into pieces. */
static bool is_whole(const struct fit__call *c, size_t size)
{
    int how = IP_PMTUDISC_WANT;
    socklen_t length = sizeof how;
    if (size <= SMALLEST_DATAGRAM) return false;
    fit__kernel->getsockopt(c->fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, &length);
    return how == IP_PMTUDISC_DO || how == IP_PMTUDISC_PROBE;
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
        return c->info.waiting && transfer(c, datagram_conditions(c, flags), 0, size, result);
    size_t amount = c->info.readable < *size ? c->info.readable : *size;
    unsigned holds = conditions(&c->info, flags, amount);
    if (c->info.rights && c->passes_files && !(flags & MSG_PEEK)) holds |= FIT_N_RIGHTS;
    return transfer(c, holds, amount, size, result);
}

bool fit__fault_write(struct fit__call *c, int flags, size_t *size, long *result)
{
    if (!*size || !may_fail(c, flags)) return false;
    if (is_datagram(c))
        return transfer(c, datagram_conditions(c, flags) | (is_whole(c, *size) ? FIT_N_WHOLE : 0),
                        0, size, result);
    size_t amount = c->info.writable < *size ? c->info.writable : *size;
    unsigned holds = conditions(&c->info, flags, amount);
    /* A local connection that breaks is a broken pipe, whoever broke it. */
    if (c->info.local) holds = (holds & ~(unsigned)FIT_N_PEER_OPEN) | FIT_N_PEER_CLOSED;
    if (c->info.local && c->passes_files) holds |= FIT_N_RIGHTS;
    if (c->from_file) holds |= FIT_N_SOURCE;
    return transfer(c, holds, amount, size, result);
}

void fit__thread_switch(const struct fit__fact *fact)
{
    if (fact->until == FIT_U_ONWARDS) fit__threads->demote();
    else fit__threads->yield();
}

void fit__thread_woke(int fd, const void *caller)
{
    struct fit__call c = { .id = FIT_CALL_wake, .caller = caller, .fd = fd,
                           .family = (uint8_t)fit__call_family(FIT_CALL_wake) };
    const struct fit__fact *fact;
    int64_t value;
    if (!fit__threads || !fit__threads->competes() || !fit__asks() || !fit__described(&c)) return;
    if (c.info.class != FIT_C_WAKEUP && c.info.class != FIT_C_PAIR) return;
    fact = fit__ask(&c, FIT_N_OTHERS, 0, &value);
    if (fact) fit__thread_switch(fact);
}

void fit__after_transfer(struct fit__call *c, long result)
{
    if (!c->cut || result <= 0 || !c->info.edge_triggered) return;
    bool reading = c->family == FIT_READ;
    fit__kernel->afflict(c->fd, reading ? FIT_A_LATE : FIT_A_FULL, EDGE_NS);
}
