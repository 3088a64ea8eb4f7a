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
    FILES(family, FIT_N_GROWS, EDQUOT)
#define BECOMES(family, needs, error, effect)                                                 \
    { family, needs, FIT_DISK, ERRNO, FIT_U_ONCE, error, effect, 0, 0 }
/* The disk had an error and takes no more changes. */
#define READ_ONLY(family, needs)                                                              \
    { family, FIT_N_CHANGES | (needs), FIT_DISK, ERRNO, FIT_U_ONWARDS, EROFS, FIT_E_DISK, 0, 0 }
/* On the way to a file: a folder was for a moment something else, a link that leads to itself, or
 * on another machine's disk; or the disk takes no names of that length. */
#define ON_THE_WAY(family)                                                                    \
    FILES(family, FIT_N_BELOW | RARE, ENOTDIR),                                               \
    FILES(family, FIT_N_BELOW | RARE, ELOOP),                                                 \
    FILES(family, FIT_N_BELOW | RARE, ESTALE),                                                \
    FILES(family, FIT_N_LONG | RARE, ENAMETOOLONG),                                           \
    FILES(family, RARE, ENOMEM)
/* Once a call is not there it never is: the program has to do without. */
#define LACKING(family, error)                                                                \
    { family, FIT_N_RECENT | RARE, FIT_DISK, ERRNO, FIT_U_ONWARDS, error, FIT_E_LACKING, 0, 0 }
#define ENDS FIT_W_EOF, FIT_S_NUMBER, FIT_U_ONCE

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
    BECOMES(FIT_OPEN, FIT_N_MORTAL, ENOENT, FIT_E_GONE),
    FILES(FIT_OPEN, FIT_N_NEW, ENOSPC),          /* no inode is left */
    FILES(FIT_OPEN, FIT_N_NEW, EACCES),
    FILES(FIT_OPEN, FIT_N_NEW | RARE, EDQUOT),
    READ_ONLY(FIT_OPEN, 0),
    FILES(FIT_OPEN, FIT_N_THERE | RARE, EIO),
    FILES(FIT_OPEN, FIT_N_THERE | RARE, EPERM),
    FILES(FIT_OPEN, FIT_N_REPLACES, EISDIR),     /* a folder, for a moment */
    FILES(FIT_OPEN, FIT_N_DRAWN, EEXIST),
    BECOMES(FIT_OPEN, FIT_N_NAMED | RARE, EEXIST, FIT_E_MADE),
    FILES(FIT_OPEN, FIT_N_PROGRAM | FIT_N_CHANGES | RARE, ETXTBSY),
    FILES(FIT_OPEN, FIT_N_THERE | FIT_N_NONBLOCKING | RARE, EAGAIN),     /* somebody's lease */
    FAILS(FIT_OPEN, FIT_N_BLOCK, FIT_MEMORY, ENOMEM),
    ON_THE_WAY(FIT_OPEN),

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
    BECOMES(FIT_NOTIFY, FIT_N_MORTAL | RARE, ENOENT, FIT_E_GONE),
    FILES(FIT_NOTIFY, FIT_N_THERE | RARE, EACCES),
    /* More happened than its queue takes: IN_Q_OVERFLOW stands for what came later. */
    { FIT_NOTICES, RARE, FIT_DISK, FIT_W_NEVER, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_AFFLICT, FIT_A_OVERFLOW, 0 },
    FAILS(FIT_RENUMBER, RARE, FIT_EMFILE, ENOMEM),

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
    /* Up to a block that cannot be read: the next read says so. */
    { FIT_FILE_READ, FIT_N_READY, FIT_DISK, FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, FIT_A_UNREADABLE, 0 },
    /* Somebody has cut the file. Who reads to the end, whatever its length, cannot know. */
    { FIT_FILE_READ, FIT_N_READY | FIT_N_THERE | RARE, FIT_DISK, ENDS, 0, FIT_E_SPECIAL, FIT_A_CUT, 0 },
    FILES(FIT_FILE_READ, FIT_N_DATA | RARE, ENOMEM),
    DISK_FULL(FIT_FILE_WRITE),
    { FIT_FILE_WRITE, FIT_N_GROWS, FIT_DISK, FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    FILES(FIT_FILE_WRITE, FIT_N_DATA, EIO),
    BECOMES(FIT_FILE_WRITE, FIT_N_LARGER, EFBIG, FIT_E_SIGNAL),
    READ_ONLY(FIT_FILE_WRITE, RARE),
    DISK_FULL(FIT_FILE_SIZE),
    FILES(FIT_FILE_SIZE, 0, EIO),
    BECOMES(FIT_FILE_SIZE, FIT_N_LARGER, EFBIG, FIT_E_SIGNAL),
    BECOMES(FIT_FILE_SIZE, FIT_N_INTERRUPTED, EINTR, FIT_E_INTERRUPTED),
    READ_ONLY(FIT_FILE_SIZE, RARE),
    FILES(FIT_FILE_SIZE, RARE, EPERM),
    FILES(FIT_FILE_SIZE, FIT_N_PROGRAM | RARE, ETXTBSY),
    LACKING(FIT_FILE_SIZE, EOPNOTSUPP),
    LACKING(FIT_FILE_SIZE, ENOSYS),
    /* What was written since the last time is lost, and no later call says so. */
    BECOMES(FIT_FLUSH, 0, EIO, FIT_E_SPECIAL),
    BECOMES(FIT_FLUSH, 0, ENOSPC, FIT_E_SPECIAL),
    BECOMES(FIT_FLUSH, 0, EDQUOT, FIT_E_SPECIAL),
    READ_ONLY(FIT_FLUSH, RARE),
    FILES(FIT_LOOK, FIT_N_THERE, EACCES),
    BECOMES(FIT_LOOK, FIT_N_MORTAL, ENOENT, FIT_E_GONE),
    FILES(FIT_LOOK, FIT_N_THERE, EIO),
    LACKING(FIT_LOOK, ENOSYS),
    ON_THE_WAY(FIT_LOOK),
    FILES(FIT_ASK, 0, EIO),
    FILES(FIT_ASK, RARE, ENOMEM),
    FILES(FIT_NEW_NAME, FIT_N_NEW, ENOSPC),
    FILES(FIT_NEW_NAME, FIT_N_NEW, EACCES),
    READ_ONLY(FIT_NEW_NAME, 0),
    BECOMES(FIT_NEW_NAME, FIT_N_NEW | FIT_N_NAMED, EEXIST, FIT_E_TWICE),
    FILES(FIT_NEW_NAME, FIT_N_DRAWN, EEXIST),
    FILES(FIT_NEW_NAME, FIT_N_NEW, EIO),
    FILES(FIT_NEW_NAME, FIT_N_NEW, EPERM),       /* a disk that does not have such things */
    FILES(FIT_NEW_NAME, FIT_N_NEW | FIT_N_BELOW, ENOENT),
    FILES(FIT_NEW_NAME, FIT_N_NEW | FIT_N_APART, EXDEV),
    FILES(FIT_NEW_NAME, FIT_N_NEW | RARE, EDQUOT),
    FILES(FIT_NEW_NAME, FIT_N_NEW | FIT_N_MANY | RARE, EMLINK),
    ON_THE_WAY(FIT_NEW_NAME),
    FILES(FIT_RENAME, FIT_N_THERE, EACCES),
    FILES(FIT_RENAME, FIT_N_THERE, ENOSPC),
    FILES(FIT_RENAME, FIT_N_THERE | FIT_N_APART, EXDEV),
    FILES(FIT_RENAME, FIT_N_THERE, EIO),
    READ_ONLY(FIT_RENAME, 0),
    FILES(FIT_RENAME, FIT_N_THERE, EBUSY),
    FILES(FIT_RENAME, FIT_N_THERE, EPERM),
    BECOMES(FIT_RENAME, FIT_N_MORTAL, ENOENT, FIT_E_GONE),
    FILES(FIT_RENAME, FIT_N_THERE | RARE, EDQUOT),
    ON_THE_WAY(FIT_RENAME),
    FILES(FIT_REMOVE, FIT_N_THERE, EACCES),
    BECOMES(FIT_REMOVE, FIT_N_THERE, ENOENT, FIT_E_TWICE),
    READ_ONLY(FIT_REMOVE, 0),
    FILES(FIT_REMOVE, FIT_N_THERE, EBUSY),
    FILES(FIT_REMOVE, FIT_N_THERE, EIO),
    FILES(FIT_REMOVE, FIT_N_THERE, EPERM),
    BECOMES(FIT_REMOVE, FIT_N_FOLDER, ENOTEMPTY, FIT_E_FILLED),
    ON_THE_WAY(FIT_REMOVE),
    FILES(FIT_CHANGE, FIT_N_THERE, EPERM),
    FILES(FIT_CHANGE, FIT_N_THERE, EIO),
    FILES(FIT_CHANGE, FIT_N_THERE | FIT_N_BELOW, EACCES),
    BECOMES(FIT_CHANGE, FIT_N_MORTAL, ENOENT, FIT_E_GONE),
    READ_ONLY(FIT_CHANGE, 0),
    ON_THE_WAY(FIT_CHANGE),
    FILES(FIT_LIST, 0, EIO),
    /* Closed it is, whatever comes back. */
    BECOMES(FIT_CLOSE, FIT_N_CHANGES | RARE, EIO, FIT_E_SPECIAL),
    BECOMES(FIT_CLOSE, FIT_N_CHANGES | RARE, ENOSPC, FIT_E_SPECIAL),
    BECOMES(FIT_CLOSE, FIT_N_CHANGES | RARE, EDQUOT, FIT_E_SPECIAL),
    /* Another program has it; or there is no memory for one more; or has it, and waits for ours. */
    FILES(FIT_LOCK, FIT_N_THERE | FIT_N_NONBLOCKING, EAGAIN),
    FILES(FIT_LOCK, 0, ENOLCK),
    BECOMES(FIT_LOCK, FIT_N_THERE | FIT_N_INTERRUPTED, EINTR, FIT_E_INTERRUPTED),
    FILES(FIT_LOCK, FIT_N_THERE | FIT_N_WAITS | RARE, EDEADLK),
    FILES(FIT_COPY, FIT_N_DATA, EIO),
    { FIT_COPY, FIT_N_DATA, FIT_DISK, CUT(1) },
    { FIT_COPY, FIT_N_DATA, FIT_DISK, CUT(0) },
    DISK_FULL(FIT_COPY),
    { FIT_COPY, FIT_N_DATA | FIT_N_THERE | RARE, FIT_DISK, ENDS, 0, FIT_E_SPECIAL, FIT_A_CUT, 0 },
    LACKING(FIT_COPY, ENOSYS),
    /* Between these two disks it cannot be done. */
    FILES(FIT_COPY, FIT_N_DATA | RARE, EXDEV),
    FILES(FIT_COPY, FIT_N_DATA | RARE, EINVAL),
    FILES(FIT_COPY, FIT_N_DATA | RARE, EOPNOTSUPP),
    FILES(FIT_COPY, FIT_N_DATA | RARE, ENOMEM),

    /* So many pieces are there already that no more can be told apart, or held fast. */
    FAILS(FIT_PROTECT, FIT_N_DIRECT, FIT_MEMORY, ENOMEM),
    FAILS(FIT_PIN, FIT_N_DIRECT, FIT_MEMORY, ENOMEM),
    FAILS(FIT_PIN, FIT_N_DIRECT | RARE, FIT_MEMORY, EAGAIN),
    FAILS(FIT_PIN, FIT_N_DIRECT | FIT_N_PRIVILEGE | RARE, FIT_MEMORY, EPERM),
    /* Where libc allocates for itself, its callers would have to be mended in glibc. */
    MEMORY(FIT_N_DIRECT),
    MEMORY(FIT_N_EXTENDED),
    /* There is memory, but in pieces: none is as big as this one, from here on. */
    { FIT_ALLOCATE, FIT_N_DIRECT | RARE, FIT_MEMORY, FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONWARDS, -1,
      FIT_E_SPECIAL, 0, 0 },
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
