/* The table of faults. Each row was checked against what Linux does in that state. */
#include "fi/catalogue.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>

#define MS INT64_C(1000000)

#define ERRNO FIT_W_ERROR, FIT_S_ERRNO
#define EAI FIT_W_ERROR, FIT_S_EAI
#define CUT(n) FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONCE, n, FIT_E_CUT, 0, 0
#define TABLE_FULL(family)                                                                    \
    { family, 0, FIT_EMFILE, ERRNO, FIT_U_ONCE, EMFILE, FIT_E_RESULT, 0, 0 },                 \
    { family, 0, FIT_EMFILE, ERRNO, FIT_U_CLOSE, EMFILE, FIT_E_LIMIT, 0, 0 },                 \
    { family, 0, FIT_EMFILE, ERRNO, FIT_U_ONWARDS, EMFILE, FIT_E_LIMIT, 0, 0 }

/* Memory that is used up is so for the whole program: from here on, or until something is freed. */
#define MEMORY(needs)                                                                         \
    { FIT_ALLOCATE, needs, FIT_MEMORY, ERRNO, FIT_U_ONCE, ENOMEM, FIT_E_SPECIAL, 0, 0 },      \
    { FIT_ALLOCATE, needs, FIT_MEMORY, ERRNO, FIT_U_FREE, ENOMEM, FIT_E_SPECIAL, 0, 0 },      \
    { FIT_ALLOCATE, needs, FIT_MEMORY, ERRNO, FIT_U_ONWARDS, ENOMEM, FIT_E_SPECIAL, 0, 0 }

/* A transfer on a stream to somebody else; what both directions have in common in needs. */
#define MOVES (FIT_N_DATA | FIT_N_DIVISIBLE)
#define WRITES (FIT_N_DATA | FIT_N_NONBLOCKING)

static const struct fit__fact facts[] = {
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(1) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(0) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(-1) },
    /* Also where the other side has ended by now: it could have done so before it sent this. */
    { FIT_READ, FIT_N_DATA, FIT_PARTIAL, FIT_W_EOF, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_AFFLICT, FIT_A_EOF, 0 },
    { FIT_READ, FIT_N_DATA | FIT_N_NONBLOCKING, FIT_PARTIAL, ERRNO, FIT_U_ONCE, EAGAIN,
      FIT_E_AFFLICT, FIT_A_LATE, MS },
    { FIT_READ, FIT_N_READY, FIT_CALLBACK, ERRNO, FIT_U_ONCE, ECONNRESET,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },
    /* Of an earlier datagram; no short counts here, and silence is the world's own question. */
    { FIT_READ, FIT_N_REFUSABLE, FIT_CALLBACK, ERRNO, FIT_U_ONCE, ECONNREFUSED,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNREFUSED },

    { FIT_WRITE, WRITES, FIT_PARTIAL, CUT(1) },
    { FIT_WRITE, WRITES, FIT_PARTIAL, CUT(0) },
    { FIT_WRITE, WRITES, FIT_PARTIAL, CUT(-1) },
    { FIT_WRITE, WRITES, FIT_PARTIAL, ERRNO, FIT_U_ONCE, EAGAIN, FIT_E_AFFLICT, FIT_A_FULL, MS },
    /* A reset shows as EPIPE where the other side had closed before, else as ECONNRESET. */
    { FIT_WRITE, FIT_N_DATA | FIT_N_PEER_OPEN, FIT_CALLBACK, ERRNO, FIT_U_ONCE, ECONNRESET,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },
    { FIT_WRITE, FIT_N_DATA | FIT_N_PEER_CLOSED, FIT_CALLBACK, ERRNO, FIT_U_ONCE, EPIPE,
      FIT_E_AFFLICT, FIT_A_RESET, EPIPE },
    { FIT_WRITE, FIT_N_REFUSABLE, FIT_CALLBACK, ERRNO, FIT_U_ONCE, ECONNREFUSED,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNREFUSED },

    TABLE_FULL(FIT_MAKE),
    TABLE_FULL(FIT_MAKE_FILE),
    TABLE_FULL(FIT_ACCEPT),
    { FIT_ACCEPT, FIT_N_INET, FIT_CALLBACK, ERRNO, FIT_U_ONCE, ECONNABORTED, FIT_E_SPECIAL, 0, 0 },

    /* Asked when the connection is under way. */
    { FIT_CONNECT, FIT_N_INET, FIT_TIMEOUT, FIT_W_NEVER, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_AFFLICT, FIT_A_SILENT, 0 },
    { FIT_CONNECT, FIT_N_INET, FIT_CALLBACK, ERRNO, FIT_U_ONCE, ECONNREFUSED,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNREFUSED },

    /* Nobody listens there: a local connect knows at once. */
    { FIT_CONNECT, FIT_N_LOCAL, FIT_CALLBACK, ERRNO, FIT_U_ONCE, ECONNREFUSED,
      FIT_E_RESULT, 0, 0 },

    { FIT_SHUTDOWN, FIT_N_PEER_OPEN, FIT_CALLBACK, ERRNO, FIT_U_ONCE, ENOTCONN,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },

    { FIT_WAIT, FIT_N_TIMER, FIT_TIMEOUT, FIT_W_TIMERS_FIRST, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    /* The program is not given the processor at once, as on any busy machine: milliseconds. */
    { FIT_WAIT, FIT_N_MORE, FIT_ORDER, FIT_W_DELAY, FIT_S_NUMBER, FIT_U_ONCE, FIT_LATE_MS,
      FIT_E_SPECIAL, 0, 0 },
    { FIT_WAIT, FIT_N_SEVERAL, FIT_ORDER, FIT_W_ORDER, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },

    /* glibc gives up after two attempts of five seconds. */
    { FIT_RESOLVE, 0, FIT_TIMEOUT, FIT_W_NEVER, FIT_S_NUMBER, FIT_U_ONCE, 0, FIT_E_SPECIAL, 0, 0 },
    /* As EAI_SYSTEM with this errno. */
    { FIT_RESOLVE, 0, FIT_EMFILE, ERRNO, FIT_U_ONCE, EMFILE, FIT_E_SPECIAL, 0, 0 },
    { FIT_RESOLVE, 0, FIT_CALLBACK, EAI, FIT_U_ONCE, EAI_NONAME, FIT_E_SPECIAL, 0, 0 },
    { FIT_RESOLVE, 0, FIT_CALLBACK, EAI, FIT_U_ONCE, EAI_AGAIN, FIT_E_SPECIAL, 0, 0 },

    /* Where libc allocates for itself, its callers would have to be mended in glibc. */
    MEMORY(FIT_N_DIRECT),
    MEMORY(FIT_N_EXTENDED),
};

enum { FACTS = sizeof facts / sizeof facts[0] };

static struct range { uint16_t first, count; } ranges[FIT_FAMILIES];

/* Once: a question must not cost the length of the table. */
static void index_facts(void)
{
    for (size_t i = 0; i < FACTS; i++) {
        struct range *r = &ranges[facts[i].family];
        if (!r->count) r->first = (uint16_t)i;
        assert(r->first + r->count == i && "the facts of a family stand together");
        r->count++;
    }
}

const struct fit__fact *fit__facts_of(enum fit__family family, size_t *count)
{
    static bool indexed;
    assert(family < FIT_FAMILIES);
    if (!indexed) index_facts();
    indexed = true;
    *count = ranges[family].count;
    return &facts[ranges[family].first];
}

static const struct { const char *name; enum fit__family family; } calls[] = {
#define ROW(family, name) { #name, family },
    FIT_CALLS(ROW)
#undef ROW
};

const char *fit__call_name(enum fit__call_id id)
{
    assert(id < FIT_CALL_COUNT);
    return calls[id].name;
}

enum fit__family fit__call_family(enum fit__call_id id)
{
    assert(id < FIT_CALL_COUNT);
    return calls[id].family;
}
