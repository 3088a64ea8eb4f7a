/* generate.c - from a number to a sequence of steps. */
#include <sys/epoll.h>

#include "tests/differential/differential.h"

/* How often a kind comes up when nothing else is said. */
static const unsigned char usual[STEP_KINDS] = {
    [STEP_SOCKET] = 3, [STEP_LISTENER] = 3, [STEP_LINK] = 5, [STEP_ACCEPT] = 5, [STEP_PIPE] = 4,
    [STEP_PAIR] = 4, [STEP_EVENTFD] = 2, [STEP_TIMERFD] = 2, [STEP_EPOLL] = 3, [STEP_DUP] = 3,
    [STEP_DUP2] = 1, [STEP_CONNECT] = 6, [STEP_BIND] = 1, [STEP_LISTEN] = 1, [STEP_CLOSE] = 5,
    [STEP_SHUTDOWN] = 4, [STEP_SEND] = 10, [STEP_RECV] = 10, [STEP_WRITE] = 8, [STEP_READ] = 8,
    [STEP_WRITEV] = 3, [STEP_READV] = 3, [STEP_SPLICE] = 4, [STEP_CONTROL] = 16, [STEP_WAIT] = 20,
    [STEP_POLL] = 10,
    [STEP_SELECT] = 2, [STEP_UNREAD] = 3, [STEP_ERROR] = 2, [STEP_LINGER] = 2, [STEP_OPTION] = 2,
    [STEP_FLAGS] = 1, [STEP_NAME] = 2, [STEP_SETTIME] = 2, [STEP_GETTIME] = 1,
};

struct random { uint64_t state; };

static uint32_t next(struct random *random)
{
    uint64_t x = random->state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((x ^ (x >> 31)) >> 16);
}

static uint32_t below(struct random *random, uint32_t limit)
{
    return next(random) % limit;
}

/* Each sequence has its own mixture: some kinds never, some often. Otherwise all sequences
 * would be the same soup, and what needs many steps of a few kinds would never come about. */
static void mix(struct random *random, unsigned weights[STEP_KINDS])
{
    static const unsigned char factors[] = { 0, 1, 1, 1, 2, 5 };
    unsigned total = 0;
    for (int kind = 0; kind < STEP_KINDS; kind++)
        total += weights[kind] = usual[kind] * factors[below(random, sizeof factors)];
    if (!total)
        weights[STEP_LINK] = 1;
}

static uint8_t choose_kind(struct random *random, const unsigned weights[STEP_KINDS])
{
    uint32_t total = 0, at;
    for (int kind = 0; kind < STEP_KINDS; kind++)
        total += weights[kind];
    at = below(random, total);
    for (unsigned kind = 0; kind < STEP_KINDS; kind++) {
        if (at < weights[kind])
            return (uint8_t)kind;
        at -= weights[kind];
    }
    return STEP_LINK;
}

static uint32_t some_size(struct random *random)
{
    switch (below(random, 12)) {
    case 0: return 0;
    case 1: return 4096;
    case 2: return 4000 + below(random, 200);
    case 3: return below(random, 70000);
    case 4: return below(random, 3000);
    default: return 1 + below(random, 12);
    }
}

static uint32_t some_events(struct random *random)
{
    static const uint32_t common[] = {
        EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLOUT | EPOLLRDHUP,
        EPOLLIN | EPOLLRDHUP, 0, EPOLLPRI, EPOLLRDNORM | EPOLLWRNORM,
    };
    uint32_t events = common[below(random, sizeof common / sizeof common[0])];
    if (below(random, 3) == 0)
        events |= EPOLLET;
    if (below(random, 6) == 0)
        events |= EPOLLONESHOT;
    if (below(random, 40) == 0)
        events |= EPOLLEXCLUSIVE;
    return events;
}

void generate(struct sequence *sequence, uint64_t seed)
{
    struct random random = { seed };
    unsigned weights[STEP_KINDS], slots = 2 + below(&random, SLOTS - 1);
    mix(&random, weights);
    sequence->seed = seed;
    sequence->count = 20 + below(&random, STEPS_MAX - 20 + 1);
    for (unsigned i = 0; i < sequence->count; i++) {
        struct step *step = &sequence->steps[i];
        step->kind = choose_kind(&random, weights);
        step->a = (uint8_t)below(&random, slots);
        step->b = (uint8_t)below(&random, slots);
        step->strict = below(&random, 16) == 0;
        step->number = step->kind >= STEP_SEND && step->kind <= STEP_SPLICE ? some_size(&random)
                                                                            : next(&random);
        step->bits = step->kind == STEP_CONTROL || step->kind == STEP_POLL ? some_events(&random)
                                                                            : next(&random);
    }
}
