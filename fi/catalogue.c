/* The table of faults. Each row was checked against what Linux does in that state. */
#include "fi/catalogue.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>

#define MS INT64_C(1000000)

#define ERRNO FIT_W_ERROR, FIT_S_ERRNO
#define EAI FIT_W_ERROR, FIT_S_EAI
#define CUT(n) FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONCE, n, FIT_E_CUT, 0, 0
#define NAMES(family, needs, code)                                                            \
    { family, needs, FIT_DNS, EAI, FIT_U_ONCE, code, FIT_E_SPECIAL, 0, 0 }
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
#define RARE FIT_N_EXTENDED
#define FAILS(family, needs, mode, error)                                                     \
    { family, needs, mode, ERRNO, FIT_U_ONCE, error, FIT_E_RESULT, 0, 0 }
#define FILES(family, needs, error) FAILS(family, needs, FIT_DISK, error)
/* No room on the disk: for this call alone, until something is removed, for good. */
#define DISK_FULL(family)                                                                     \
    { family, FIT_N_GROWS, FIT_DISK, ERRNO, FIT_U_ONCE, ENOSPC, FIT_E_RESULT, 0, 0 },         \
    { family, FIT_N_GROWS, FIT_DISK, ERRNO, FIT_U_FREE, ENOSPC, FIT_E_DISK, 0, 0 },           \
    { family, FIT_N_GROWS, FIT_DISK, ERRNO, FIT_U_ONWARDS, ENOSPC, FIT_E_DISK, 0, 0 },        \
    FILES(family, FIT_N_GROWS | RARE, EDQUOT)
/* The disk had an error and takes no more changes. */
#define READ_ONLY(family)                                                                     \
    { family, FIT_N_CHANGES, FIT_DISK, ERRNO, FIT_U_ONWARDS, EROFS, FIT_E_DISK, 0, 0 }
#define ENDS FIT_W_EOF, FIT_S_NUMBER, FIT_U_ONCE

#define LOOP(family, needs, mode, what, value)                                                \
    { family, needs, mode, what, FIT_S_NUMBER, FIT_U_ONCE, value, FIT_E_SPECIAL, 0, 0 }

/* Rows of one family stand together. */
static const struct fit__fact facts[] = {
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(1) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(0) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(-1) },
    /* Also where the other side has ended by now: it could have done so before it sent this. */
    { FIT_READ, FIT_N_DATA, FIT_PARTIAL, ENDS, 0, FIT_E_AFFLICT, FIT_A_EOF, 0 },
    { FIT_READ, FIT_N_DATA | FIT_N_NONBLOCKING, FIT_PARTIAL, ERRNO, FIT_U_ONCE, EAGAIN,
      FIT_E_AFFLICT, FIT_A_LATE, MS },
    { FIT_READ, FIT_N_READY, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNRESET,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },
    /* Of an earlier datagram; no short counts here, and silence is the world's own question. */
    { FIT_READ, FIT_N_REFUSABLE, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNREFUSED,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNREFUSED },
    { FIT_READ, FIT_N_REFUSABLE | RARE, FIT_RESET, ERRNO, FIT_U_ONCE, EHOSTUNREACH,
      FIT_E_AFFLICT, FIT_A_RESET, EHOSTUNREACH },

    { FIT_WRITE, WRITES, FIT_PARTIAL, CUT(1) },
    { FIT_WRITE, WRITES, FIT_PARTIAL, CUT(0) },
    { FIT_WRITE, WRITES, FIT_PARTIAL, CUT(-1) },
    { FIT_WRITE, WRITES, FIT_PARTIAL, ERRNO, FIT_U_ONCE, EAGAIN, FIT_E_AFFLICT, FIT_A_FULL, MS },
    /* A reset shows as EPIPE where the other side had closed before, else as ECONNRESET. */
    { FIT_WRITE, FIT_N_DATA | FIT_N_PEER_OPEN, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNRESET,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },
    { FIT_WRITE, FIT_N_DATA | FIT_N_PEER_CLOSED, FIT_RESET, ERRNO, FIT_U_ONCE, EPIPE,
      FIT_E_AFFLICT, FIT_A_RESET, EPIPE },
    /* The other side has just closed: this write still succeeds, the next one does not. Who waits
     * for no answer cannot know. */
    { FIT_WRITE, FIT_N_DATA | FIT_N_PEER_OPEN | FIT_N_INET | RARE, FIT_RESET, ENDS, 0,
      FIT_E_AFFLICT, FIT_A_EOF, 0 },
    { FIT_WRITE, FIT_N_REFUSABLE, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNREFUSED,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNREFUSED },
    /* A datagram is sent at once or not at all. */
    FAILS(FIT_WRITE, FIT_N_REFUSABLE, FIT_RESET, ENETUNREACH),
    FAILS(FIT_WRITE, FIT_N_REFUSABLE | FIT_N_NONBLOCKING | RARE, FIT_PARTIAL, EAGAIN),
    FAILS(FIT_WRITE, FIT_N_REFUSABLE | RARE, FIT_RESET, EPERM),

    TABLE_FULL(FIT_MAKE),
    FAILS(FIT_MAKE, 0, FIT_EMFILE, ENFILE),
    FAILS(FIT_MAKE, RARE, FIT_EMFILE, ENOMEM),

    TABLE_FULL(FIT_OPEN),
    FAILS(FIT_OPEN, 0, FIT_EMFILE, ENFILE),
    FILES(FIT_OPEN, FIT_N_THERE, EACCES),
    { FIT_OPEN, FIT_N_MORTAL, FIT_DISK, ERRNO, FIT_U_ONCE, ENOENT, FIT_E_GONE, 0, 0 },
    FILES(FIT_OPEN, FIT_N_NEW, ENOSPC),          /* no inode is left */
    FILES(FIT_OPEN, FIT_N_NEW | RARE, EACCES),
    FILES(FIT_OPEN, FIT_N_NEW | RARE, EDQUOT),
    READ_ONLY(FIT_OPEN),
    FILES(FIT_OPEN, FIT_N_THERE | RARE, EIO),
    FILES(FIT_OPEN, FIT_N_THERE | RARE, EPERM),

    TABLE_FULL(FIT_ACCEPT),
    FAILS(FIT_ACCEPT, 0, FIT_EMFILE, ENFILE),
    FAILS(FIT_ACCEPT, RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_ACCEPT, RARE, FIT_EMFILE, ENOBUFS),
    { FIT_ACCEPT, FIT_N_INET, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNABORTED, FIT_E_SPECIAL, 0, 0 },
    { FIT_ACCEPT, FIT_N_INET | RARE, FIT_RESET, ERRNO, FIT_U_ONCE, EPROTO, FIT_E_SPECIAL, 0, 0 },
    /* Taken, but the other side has reset it by then. */
    { FIT_ACCEPT, FIT_N_INET, FIT_RESET, ENDS, 0, FIT_E_SPECIAL, 0, 0 },

    /* Asked when the connection is under way. */
    { FIT_CONNECT, FIT_N_INET, FIT_TIMEOUT, FIT_W_NEVER, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_AFFLICT, FIT_A_SILENT, 0 },
    /* The first two packets are lost. */
    { FIT_CONNECT, FIT_N_INET, FIT_TIMEOUT, FIT_W_DELAY, FIT_S_NUMBER, FIT_U_ONCE, 3000,
      FIT_E_AFFLICT, FIT_A_LATE, 3000 * MS },
    { FIT_CONNECT, FIT_N_INET, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNREFUSED,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNREFUSED },
    { FIT_CONNECT, FIT_N_INET, FIT_RESET, ERRNO, FIT_U_ONCE, EHOSTUNREACH,
      FIT_E_AFFLICT, FIT_A_RESET, EHOSTUNREACH },
    { FIT_CONNECT, FIT_N_INET, FIT_RESET, ERRNO, FIT_U_ONCE, ENETUNREACH, FIT_E_UNDO, 0, 0 },
    { FIT_CONNECT, FIT_N_INET, FIT_EMFILE, ERRNO, FIT_U_ONCE, EADDRNOTAVAIL, FIT_E_UNDO, 0, 0 },
    { FIT_CONNECT, FIT_N_INET | RARE, FIT_RESET, ERRNO, FIT_U_ONCE, EPERM, FIT_E_UNDO, 0, 0 },
    /* Nobody listens there, or too many wait: a local connect knows at once. */
    FAILS(FIT_CONNECT, FIT_N_LOCAL, FIT_RESET, ECONNREFUSED),
    FAILS(FIT_CONNECT, FIT_N_LOCAL | FIT_N_NONBLOCKING, FIT_RESET, EAGAIN),
    FAILS(FIT_CONNECT, FIT_N_LOCAL | RARE, FIT_RESET, EACCES),

    { FIT_SHUTDOWN, FIT_N_PEER_OPEN, FIT_RESET, ERRNO, FIT_U_ONCE, ENOTCONN,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },

    FAILS(FIT_BIND, FIT_N_INET, FIT_EMFILE, EADDRINUSE),
    FAILS(FIT_BIND, FIT_N_INET | RARE, FIT_EMFILE, EADDRNOTAVAIL),
    FAILS(FIT_BIND, RARE, FIT_EMFILE, EACCES),
    FAILS(FIT_LISTEN, FIT_N_INET, FIT_EMFILE, EADDRINUSE),
    FAILS(FIT_OPTION, RARE, FIT_EMFILE, ENOBUFS),
    { FIT_PEER_NAME, FIT_N_INET | RARE, FIT_RESET, ERRNO, FIT_U_ONCE, ENOTCONN,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },
    /* fs.epoll.max_user_watches. The loop libraries have no way to tell it: libuv ends the program,
     * libevent and libev never call back. Who waits by epoll of his own asks for it. */
    FAILS(FIT_WATCH, RARE, FIT_EMFILE, ENOSPC),
    FAILS(FIT_WATCH, RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_NOTIFY, 0, FIT_EMFILE, ENOSPC),    /* fs.inotify.max_user_watches */
    FAILS(FIT_NOTIFY, RARE, FIT_EMFILE, ENOMEM),

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
    NAMES(FIT_RESOLVE, 0, EAI_NONAME),
    NAMES(FIT_RESOLVE, 0, EAI_AGAIN),
    NAMES(FIT_RESOLVE, 0, EAI_FAIL),
    NAMES(FIT_RESOLVE, 0, EAI_MEMORY),
    NAMES(FIT_RESOLVE, RARE, EAI_NODATA),
    /* The answer comes to the second attempt. */
    { FIT_RESOLVE, 0, FIT_DNS, FIT_W_DELAY, FIT_S_NUMBER, FIT_U_ONCE, 5000, FIT_E_SPECIAL, 0, 0 },
    /* So many addresses; nobody answers at any but the last. */
    { FIT_RESOLVE, 0, FIT_DNS, FIT_W_RETURN, FIT_S_NUMBER, FIT_U_ONCE, 2, FIT_E_SPECIAL, 0, 0 },
    { FIT_RESOLVE, RARE, FIT_DNS, FIT_W_RETURN, FIT_S_NUMBER, FIT_U_ONCE, 50, FIT_E_SPECIAL, 0, 0 },
    NAMES(FIT_RESOLVE_BACK, 0, EAI_AGAIN),
    NAMES(FIT_RESOLVE_BACK, RARE, EAI_FAIL),
    NAMES(FIT_RESOLVE_BACK, RARE, EAI_MEMORY),

    FILES(FIT_FILE_READ, FIT_N_DATA, EIO),
    DISK_FULL(FIT_FILE_WRITE),
    { FIT_FILE_WRITE, FIT_N_GROWS, FIT_DISK, FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    FILES(FIT_FILE_WRITE, FIT_N_DATA, EIO),
    DISK_FULL(FIT_FILE_SIZE),
    FILES(FIT_FILE_SIZE, 0, EIO),
    /* What was written since the last time is lost, and no later call says so. */
    { FIT_FLUSH, 0, FIT_DISK, ERRNO, FIT_U_ONCE, EIO, FIT_E_SPECIAL, 0, 0 },
    FILES(FIT_FLUSH, RARE, ENOSPC),
    FILES(FIT_FLUSH, RARE, EDQUOT),
    FILES(FIT_LOOK, FIT_N_THERE, EACCES),
    { FIT_LOOK, FIT_N_MORTAL, FIT_DISK, ERRNO, FIT_U_ONCE, ENOENT, FIT_E_GONE, 0, 0 },
    FILES(FIT_LOOK, FIT_N_THERE | RARE, EIO),
    FILES(FIT_NEW_NAME, FIT_N_NEW, ENOSPC),
    FILES(FIT_NEW_NAME, FIT_N_NEW, EACCES),
    READ_ONLY(FIT_NEW_NAME),
    { FIT_NEW_NAME, FIT_N_NEW | FIT_N_NAMED, FIT_DISK, ERRNO, FIT_U_ONCE, EEXIST,
      FIT_E_TWICE, 0, 0 },
    FILES(FIT_NEW_NAME, FIT_N_NEW | RARE, EIO),
    FILES(FIT_RENAME, FIT_N_THERE, EACCES),
    FILES(FIT_RENAME, FIT_N_THERE, ENOSPC),
    FILES(FIT_RENAME, FIT_N_THERE | FIT_N_APART, EXDEV),
    FILES(FIT_RENAME, FIT_N_THERE, EIO),
    READ_ONLY(FIT_RENAME),
    FILES(FIT_RENAME, FIT_N_THERE | RARE, EBUSY),
    FILES(FIT_REMOVE, FIT_N_THERE, EACCES),
    { FIT_REMOVE, FIT_N_THERE, FIT_DISK, ERRNO, FIT_U_ONCE, ENOENT, FIT_E_TWICE, 0, 0 },
    READ_ONLY(FIT_REMOVE),
    FILES(FIT_REMOVE, FIT_N_THERE | RARE, EBUSY),
    FILES(FIT_REMOVE, FIT_N_THERE | RARE, EIO),
    FILES(FIT_LIST, 0, EIO),
    /* Closed it is, whatever comes back. */
    { FIT_CLOSE, FIT_N_CHANGES | RARE, FIT_DISK, ERRNO, FIT_U_ONCE, EIO, FIT_E_SPECIAL, 0, 0 },
    { FIT_CLOSE, FIT_N_CHANGES | RARE, FIT_DISK, ERRNO, FIT_U_ONCE, ENOSPC, FIT_E_SPECIAL, 0, 0 },

    /* Where libc allocates for itself, its callers would have to be mended in glibc. */
    MEMORY(FIT_N_DIRECT),
    MEMORY(FIT_N_EXTENDED),

    /* The loop had something else to do: longer than most deadlines; a tick; longer than all. */
    LOOP(FIT_CALLED, 0, FIT_CALLBACK, FIT_W_DELAY, 10000),
    LOOP(FIT_CALLED, RARE, FIT_CALLBACK, FIT_W_DELAY, 1),
    LOOP(FIT_CALLED, RARE, FIT_CALLBACK, FIT_W_DELAY, 100000),
    /* All threads of the pool are at work for others. */
    LOOP(FIT_POOLED, 0, FIT_CALLBACK, FIT_W_DELAY, 10000),
    /* The loop looked at the clock a tick ago, and counts from there. */
    LOOP(FIT_TIMED, 0, FIT_CALLBACK, FIT_W_EARLY, 0),
    /* It comes to run at once, and not only when the sender has nothing left to do. */
    LOOP(FIT_SENT, 0, FIT_ORDER, FIT_W_THREAD, 1),
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
