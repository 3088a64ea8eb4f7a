/* The table of faults. Each row was checked against what Linux does in that state. */
#include "fi/catalogue.h"

#include <errno.h>
#include <netdb.h>

#define MS INT64_C(1000000)
#define HOUR (3600 * 1000)                   /* in ms */
/* 2^31 s, and a second before; a world begins on 2026-01-01. */
#define TO_2038 (((INT64_C(1) << 31) - 1 - 1767225600) * 1000)

#define ERRNO FIT_W_ERROR, FIT_S_ERRNO
#define EAI FIT_W_ERROR, FIT_S_EAI
#define CUT(n) FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONCE, n, FIT_E_CUT, 0, 0
#define NAMES(family, needs, code)                                                            \
    { family, needs, FIT_DNS, EAI, FIT_U_ONCE, code, FIT_E_SPECIAL, 0, 0 }
#define TABLE_FULL(family)                                                                    \
    { family, 0, FIT_EMFILE, ERRNO, FIT_U_ONCE, EMFILE, FIT_E_RESULT, 0, 0 },                 \
    { family, 0, FIT_EMFILE, ERRNO, FIT_U_CLOSE, EMFILE, FIT_E_LIMIT, 0, 0 },                 \
    { family, 0, FIT_EMFILE, ERRNO, FIT_U_ONWARDS, EMFILE, FIT_E_LIMIT, 0, 0 }

/* Until others have given some back: long enough for whoever tries again at once to fail. */
#define A_TIME (2000 * MS)
#define FULL_FOR_A_TIME(family, needs)                                                        \
    { family, needs, FIT_EMFILE, ERRNO, FIT_U_TIME, EMFILE, FIT_E_LIMIT, 0, A_TIME }

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
/* No room on the disk: for this call alone, until something is removed, for a time, for good. */
#define DISK_FULL(family)                                                                     \
    { family, FIT_N_GROWS, FIT_DISK, ERRNO, FIT_U_ONCE, ENOSPC, FIT_E_RESULT, 0, 0 },         \
    { family, FIT_N_GROWS, FIT_DISK, ERRNO, FIT_U_FREE, ENOSPC, FIT_E_DISK, 0, 0 },           \
    { family, FIT_N_GROWS, FIT_DISK, ERRNO, FIT_U_ONWARDS, ENOSPC, FIT_E_DISK, 0, 0 },        \
    { family, FIT_N_GROWS | RARE, FIT_DISK, ERRNO, FIT_U_TIME, ENOSPC, FIT_E_DISK, 0, A_TIME },\
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
#define ABSENT(family)                                                                        \
    { family, FIT_N_UNKNOWN | RARE, FIT_EMFILE, ERRNO, FIT_U_ONWARDS, ENOSYS, FIT_E_LACKING, 0, 0 }
#define LACKING(family, error)                                                                \
    { family, FIT_N_RECENT | RARE, FIT_DISK, ERRNO, FIT_U_ONWARDS, error, FIT_E_LACKING, 0, 0 }
/* accept() takes the connection, finds that it is broken, and gives its error. */
#define GONE_AGAIN(rare, error)                                                               \
    { FIT_ACCEPT, FIT_N_INET | (rare), FIT_RESET, ERRNO, FIT_U_ONCE, error, FIT_E_SPECIAL, 0, 0 }
#define ENDS FIT_W_EOF, FIT_S_NUMBER, FIT_U_ONCE

/* The other side may read slowly, or, where it has not answered for long enough to fill the
 * smallest of buffers, not at all any more. A reset shows as EPIPE where it had closed before, else
 * as ECONNRESET. */
#define STREAM_WRITES(family)                                                                 \
    { family, WRITES, FIT_PARTIAL, CUT(1) },                                                  \
    { family, WRITES, FIT_PARTIAL, CUT(0) },                                                  \
    { family, WRITES, FIT_PARTIAL, CUT(-1) },                                                 \
    { family, WRITES, FIT_PARTIAL, ERRNO, FIT_U_ONCE, EAGAIN, FIT_E_AFFLICT, FIT_A_FULL, MS },\
    { family, WRITES | FIT_N_MUCH, FIT_TIMEOUT, ERRNO, FIT_U_ONWARDS, EAGAIN,                 \
      FIT_E_AFFLICT, FIT_A_FULL, INT64_MAX },                                                 \
    { family, WRITES | FIT_N_MUCH | RARE, FIT_TIMEOUT, ERRNO, FIT_U_TIME, EAGAIN,             \
      FIT_E_AFFLICT, FIT_A_FULL, A_TIME },                                                    \
    { family, FIT_N_DATA | FIT_N_PEER_OPEN, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNRESET,         \
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },                                               \
    { family, FIT_N_DATA | FIT_N_PEER_CLOSED, FIT_RESET, ERRNO, FIT_U_ONCE, EPIPE,            \
      FIT_E_AFFLICT, FIT_A_RESET, EPIPE }

/* Another thread runs right after the call, or the n-th that waits is woken. */
#define TURN(family, needs, n)                                                                \
    { family, needs, FIT_ORDER, FIT_W_THREAD, FIT_S_NUMBER, FIT_U_ONCE, n, FIT_E_SPECIAL, 0, 0 }

/* Another thread runs right after the call or, where it takes something, right before it; or from
 * there on this one runs only when no other can. */
#define SWITCH(family)                                                                         \
    TURN(family, FIT_N_OTHERS, 1),                                                            \
    { family, FIT_N_OTHERS | RARE, FIT_ORDER, FIT_W_THREAD, FIT_S_NUMBER, FIT_U_ONWARDS, 1,    \
      FIT_E_SPECIAL, 0, 0 }

/* A clock goes on by so many milliseconds, while nobody looks. */
#define CLOCK(needs, ms)                                                                      \
    { FIT_CLOCKS, needs, FIT_CLOCK, FIT_W_DELAY, FIT_S_NUMBER, FIT_U_ONCE, ms,                \
      FIT_E_SPECIAL, 0, 0 }
#define COMES(family, needs, what)                                                            \
    { family, needs, FIT_SIGNAL, what, FIT_S_NUMBER, FIT_U_ONCE, 0, FIT_E_SPECIAL, 0, 0 }

#define LOOP(family, needs, mode, what, value)                                                \
    { family, needs, mode, what, FIT_S_NUMBER, FIT_U_ONCE, value, FIT_E_SPECIAL, 0, 0 }

/* The program that a new process is to become. */
#define PROGRAM(family)                                                                       \
    FAILS(family, 0, FIT_THREAD, ENOENT),                                                     \
    FAILS(family, 0, FIT_THREAD, EACCES),                                                     \
    FAILS(family, 0, FIT_THREAD, ENOEXEC),                                                    \
    FAILS(family, RARE, FIT_THREAD, E2BIG),                                                   \
    FAILS(family, RARE, FIT_THREAD, ETXTBSY),                                                 \
    FAILS(family, RARE, FIT_THREAD, EMFILE),                                                  \
    FAILS(family, RARE, FIT_THREAD, ENFILE),                                                  \
    FAILS(family, RARE, FIT_THREAD, ELOOP),                                                   \
    FAILS(family, RARE, FIT_THREAD, EIO)

/* Rows of one family stand together. */
const struct fit__fact fit__facts[] = {
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(1) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(0) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(-1) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(-2) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(-3) },
    { FIT_READ, MOVES, FIT_PARTIAL, CUT(-4) },
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

    /* A broken datagram made the socket readable and was dropped; the good one comes after it. */
    { FIT_READ, FIT_N_UDP | FIT_N_NONBLOCKING | RARE, FIT_PARTIAL, ERRNO, FIT_U_ONCE, EAGAIN,
      FIT_E_AFFLICT, FIT_A_LATE, MS },
    { FIT_READ, FIT_N_UDP | RARE, FIT_PARTIAL, ENDS, 0, FIT_E_AFFLICT, FIT_A_EOF, 0 },
    FAILS(FIT_READ, FIT_N_READY | RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_READ, FIT_N_UDP | RARE, FIT_EMFILE, ENOMEM),
    /* The bytes come, some of the descriptors do not: MSG_CTRUNC. */
    { FIT_READ, FIT_N_RIGHTS | RARE, FIT_EMFILE, ERRNO, FIT_U_CLOSE, EMFILE, FIT_E_LIMIT, 0, 0 },
    { FIT_READ, FIT_N_RIGHTS | RARE, FIT_EMFILE, ERRNO, FIT_U_ONWARDS, EMFILE, FIT_E_LIMIT, 0, 0 },
    FULL_FOR_A_TIME(FIT_READ, FIT_N_RIGHTS | RARE),

    STREAM_WRITES(FIT_WRITE),
    /* The other side has just closed: this write still succeeds, the next one does not. Who waits
     * for no answer cannot know. */
    { FIT_WRITE, FIT_N_DATA | FIT_N_PEER_OPEN | FIT_N_INET | RARE, FIT_RESET, ENDS, 0,
      FIT_E_AFFLICT, FIT_A_EOF, 0 },
    /* TCP waits for memory, and says EAGAIN meanwhile. */
    FAILS(FIT_WRITE, FIT_N_DATA | FIT_N_LOCAL, FIT_EMFILE, ENOBUFS),
    FAILS(FIT_WRITE, FIT_N_DATA | RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_WRITE, FIT_N_RIGHTS | RARE, FIT_EMFILE, ETOOMANYREFS),
    { FIT_WRITE, FIT_N_REFUSABLE, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNREFUSED,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNREFUSED },
    /* A datagram is sent at once or not at all. */
    FAILS(FIT_WRITE, FIT_N_UDP, FIT_RESET, ENETUNREACH),
    FAILS(FIT_WRITE, FIT_N_UDP, FIT_RESET, EHOSTUNREACH),
    FAILS(FIT_WRITE, FIT_N_UDP | FIT_N_NONBLOCKING, FIT_PARTIAL, EAGAIN),
    FAILS(FIT_WRITE, FIT_N_UDP, FIT_RESET, EPERM),
    FAILS(FIT_WRITE, FIT_N_UDP, FIT_EMFILE, ENOBUFS),
    FAILS(FIT_WRITE, FIT_N_UDP | FIT_N_WHOLE, FIT_PARTIAL, EMSGSIZE),
    FAILS(FIT_WRITE, FIT_N_UDP | RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_WRITE, FIT_N_UDP | RARE, FIT_RESET, EACCES),
    FAILS(FIT_WRITE, FIT_N_UDP | RARE, FIT_RESET, ENETDOWN),

    STREAM_WRITES(FIT_SENDFILE),
    FAILS(FIT_SENDFILE, FIT_N_SOURCE, FIT_DISK, EIO),
    FAILS(FIT_SENDFILE, FIT_N_SOURCE | RARE, FIT_DISK, EINVAL),
    FAILS(FIT_SENDFILE, FIT_N_DATA | RARE, FIT_EMFILE, ENOMEM),

    TABLE_FULL(FIT_MAKE),
    FULL_FOR_A_TIME(FIT_MAKE, RARE),
    FAILS(FIT_MAKE, 0, FIT_EMFILE, ENFILE),
    FAILS(FIT_MAKE, RARE, FIT_EMFILE, ENOMEM),
    ABSENT(FIT_MAKE),                            /* epoll_create: built without, or kept from it */

    TABLE_FULL(FIT_SOCKET),
    FULL_FOR_A_TIME(FIT_SOCKET, RARE),
    FAILS(FIT_SOCKET, 0, FIT_EMFILE, ENFILE),
    FAILS(FIT_SOCKET, 0, FIT_EMFILE, ENOMEM),
    FAILS(FIT_SOCKET, RARE, FIT_EMFILE, ENOBUFS),
    FAILS(FIT_SOCKET, RARE, FIT_EMFILE, EACCES),
    FAILS(FIT_SOCKET, RARE, FIT_EMFILE, EPERM),
    FAILS(FIT_SOCKET, FIT_N_SIX | RARE, FIT_EMFILE, EAFNOSUPPORT),

    TABLE_FULL(FIT_OPEN),
    FULL_FOR_A_TIME(FIT_OPEN, RARE),
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
    FULL_FOR_A_TIME(FIT_ACCEPT, 0),
    FAILS(FIT_ACCEPT, 0, FIT_EMFILE, ENFILE),
    FAILS(FIT_ACCEPT, 0, FIT_EMFILE, ENOMEM),
    FAILS(FIT_ACCEPT, 0, FIT_EMFILE, ENOBUFS),
    /* Who called has gone again, or another process took him; then somebody else calls. */
    { FIT_ACCEPT, FIT_N_INET | FIT_N_NONBLOCKING, FIT_PARTIAL, ERRNO, FIT_U_ONCE, EAGAIN,
      FIT_E_AFFLICT, FIT_A_LATE, MS },
    GONE_AGAIN(0, ECONNABORTED),
    GONE_AGAIN(0, EPROTO),
    /* What went wrong with the connection that is taken: the network, a firewall. */
    GONE_AGAIN(RARE, ENETDOWN),
    GONE_AGAIN(RARE, ENOPROTOOPT),
    GONE_AGAIN(RARE, EHOSTDOWN),
    GONE_AGAIN(RARE, ENONET),
    GONE_AGAIN(RARE, EHOSTUNREACH),
    GONE_AGAIN(RARE, ENETUNREACH),
    GONE_AGAIN(RARE, EOPNOTSUPP),
    GONE_AGAIN(RARE, ETIMEDOUT),
    GONE_AGAIN(RARE, EPERM),
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
    /* Nobody answers: after 3 s, as where net.ipv4.tcp_syn_retries is 1. */
    { FIT_CONNECT, FIT_N_INET, FIT_TIMEOUT, ERRNO, FIT_U_ONCE, ETIMEDOUT,
      FIT_E_AFFLICT, FIT_A_RESET, ETIMEDOUT },
    /* It was there, and was reset before anybody could look. */
    { FIT_CONNECT, FIT_N_INET, FIT_RESET, ERRNO, FIT_U_ONCE, ECONNRESET,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },
    { FIT_CONNECT, FIT_N_INET, FIT_RESET, ERRNO, FIT_U_ONCE, ENETUNREACH, FIT_E_UNDO, 0, 0 },
    { FIT_CONNECT, FIT_N_INET, FIT_EMFILE, ERRNO, FIT_U_ONCE, EADDRNOTAVAIL, FIT_E_UNDO, 0, 0 },
    { FIT_CONNECT, FIT_N_INET | RARE, FIT_EMFILE, ERRNO, FIT_U_TIME, EADDRNOTAVAIL,
      FIT_E_EXHAUST, FIT_R_PORTS, A_TIME },
    { FIT_CONNECT, FIT_N_INET | RARE, FIT_EMFILE, ERRNO, FIT_U_ONWARDS, EADDRNOTAVAIL,
      FIT_E_EXHAUST, FIT_R_PORTS, 0 },
    { FIT_CONNECT, FIT_N_ADDRESS | RARE, FIT_EMFILE, ERRNO, FIT_U_ONCE, EADDRINUSE,
      FIT_E_UNDO, 0, 0 },
    { FIT_CONNECT, FIT_N_INET | RARE, FIT_RESET, ERRNO, FIT_U_ONCE, EPERM, FIT_E_UNDO, 0, 0 },
    { FIT_CONNECT, FIT_N_INET | RARE, FIT_RESET, ERRNO, FIT_U_ONCE, EACCES, FIT_E_UNDO, 0, 0 },
    { FIT_CONNECT, FIT_N_INET | RARE, FIT_RESET, ERRNO, FIT_U_ONCE, ENETDOWN, FIT_E_UNDO, 0, 0 },
    /* Nobody listens there, or too many wait: a local connect knows at once. */
    FAILS(FIT_CONNECT, FIT_N_LOCAL, FIT_RESET, ECONNREFUSED),
    FAILS(FIT_CONNECT, FIT_N_LOCAL | FIT_N_NONBLOCKING, FIT_RESET, EAGAIN),
    FAILS(FIT_CONNECT, FIT_N_LOCAL | RARE, FIT_RESET, EACCES),
    FAILS(FIT_CONNECT, FIT_N_PATH | RARE, FIT_RESET, ENOENT),

    { FIT_SHUTDOWN, FIT_N_PEER_OPEN, FIT_RESET, ERRNO, FIT_U_ONCE, ENOTCONN,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },

    FAILS(FIT_BIND, FIT_N_INET, FIT_EMFILE, EADDRINUSE),
    FAILS(FIT_BIND, FIT_N_ADDRESS, FIT_EMFILE, EADDRNOTAVAIL),
    FAILS(FIT_BIND, FIT_N_PRIVILEGED, FIT_EMFILE, EACCES),
    FAILS(FIT_BIND, RARE, FIT_EMFILE, EACCES),
    FAILS(FIT_BIND, RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_BIND, FIT_N_LOCAL, FIT_EMFILE, EADDRINUSE),
    FILES(FIT_BIND, FIT_N_PATH | RARE, ENOENT),
    FILES(FIT_BIND, FIT_N_PATH | RARE, ENOTDIR),
    FILES(FIT_BIND, FIT_N_PATH | RARE, ELOOP),
    FILES(FIT_BIND, FIT_N_PATH | RARE, ENAMETOOLONG),
    FILES(FIT_BIND, FIT_N_PATH | RARE, EROFS),
    FAILS(FIT_LISTEN, FIT_N_INET, FIT_EMFILE, EADDRINUSE),
    FAILS(FIT_OPTION, RARE, FIT_EMFILE, ENOBUFS),
    FAILS(FIT_OPTION, RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_OPTION, RARE, FIT_EMFILE, ENOPROTOOPT),
    FAILS(FIT_OPTION, RARE, FIT_EMFILE, EPERM),
    FAILS(FIT_OPTION_OF, RARE, FIT_EMFILE, ENOMEM),     /* a program of the control group looks */
    { FIT_PEER_NAME, FIT_N_INET | RARE, FIT_RESET, ERRNO, FIT_U_ONCE, ENOTCONN,
      FIT_E_AFFLICT, FIT_A_RESET, ECONNRESET },
    /* fs.epoll.max_user_watches. The loop libraries have no way to tell it: libuv ends the program,
     * libevent and libev never call back. Who waits by epoll of his own asks for it. */
    FAILS(FIT_WATCH, RARE, FIT_EMFILE, ENOSPC),
    { FIT_WATCH, RARE, FIT_EMFILE, ERRNO, FIT_U_TIME, ENOSPC,
      FIT_E_EXHAUST, FIT_R_WATCHES, A_TIME },
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
    /* The data comes a tick before, or a tick after, the time that the wait has. */
    { FIT_WAIT, FIT_N_AHEAD, FIT_TIMEOUT, FIT_W_EARLY, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    { FIT_WAIT, FIT_N_TIMER, FIT_TIMEOUT, FIT_W_LATE, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    /* From here on things come one after the other, as if each woke the program alone; and: one of
     * them always before the others, which wait while it is ready. */
    { FIT_WAIT, FIT_N_PARTED, FIT_ORDER, FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONWARDS, 1,
      FIT_E_SPECIAL, 0, 0 },
    { FIT_WAIT, FIT_N_PARTED, FIT_ORDER, FIT_W_ORDER, FIT_S_NUMBER, FIT_U_ONWARDS, 0,
      FIT_E_SPECIAL, 0, 0 },
    /* Reported, and then there is nothing: a datagram with a bad checksum, a connection that
     * another process has taken. poll of a UDP socket that blocks looks at the checksum itself. */
    { FIT_WAIT, FIT_N_IDLE, FIT_ORDER, FIT_W_SPURIOUS, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    { FIT_WAIT, FIT_N_DOUBTFUL | RARE, FIT_ORDER, FIT_W_SPURIOUS, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    FAILS(FIT_WAIT, FIT_N_POLLS | RARE, FIT_EMFILE, ENOMEM),
    ABSENT(FIT_WAIT),                            /* epoll_pwait2 */

    /* The program comes to read it a period later. */
    { FIT_COUNTER, FIT_N_PERIODIC, FIT_CLOCK, FIT_W_TWICE, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    /* Another process that shares it was faster, and passes it on. */
    { FIT_COUNTER, FIT_N_NONBLOCKING | RARE, FIT_PARTIAL, ERRNO, FIT_U_ONCE, EAGAIN,
      FIT_E_AFFLICT, FIT_A_LATE, MS },

    /* glibc gives up after two attempts of five seconds. */
    { FIT_RESOLVE, 0, FIT_TIMEOUT, FIT_W_NEVER, FIT_S_NUMBER, FIT_U_ONCE, 0, FIT_E_SPECIAL, 0, 0 },
    /* As EAI_SYSTEM with this errno. */
    { FIT_RESOLVE, 0, FIT_EMFILE, ERRNO, FIT_U_ONCE, EMFILE, FIT_E_SPECIAL, 0, 0 },
    NAMES(FIT_RESOLVE, 0, EAI_NONAME),
    NAMES(FIT_RESOLVE, 0, EAI_AGAIN),
    NAMES(FIT_RESOLVE, 0, EAI_FAIL),
    NAMES(FIT_RESOLVE, 0, EAI_MEMORY),
    NAMES(FIT_RESOLVE, RARE, EAI_NODATA),
    NAMES(FIT_RESOLVE, FIT_N_SERVICE | RARE, EAI_SERVICE),
    { FIT_RESOLVE, RARE, FIT_EMFILE, ERRNO, FIT_U_ONCE, ENFILE, FIT_E_SPECIAL, 0, 0 },
    /* The answer comes to the second attempt. */
    { FIT_RESOLVE, 0, FIT_DNS, FIT_W_DELAY, FIT_S_NUMBER, FIT_U_ONCE, 5000, FIT_E_SPECIAL, 0, 0 },
    /* So many addresses; nobody answers at any but the last. */
    { FIT_RESOLVE, 0, FIT_DNS, FIT_W_RETURN, FIT_S_NUMBER, FIT_U_ONCE, 2, FIT_E_SPECIAL, 0, 0 },
    { FIT_RESOLVE, RARE, FIT_DNS, FIT_W_RETURN, FIT_S_NUMBER, FIT_U_ONCE, 50, FIT_E_SPECIAL, 0, 0 },
    /* None of IPv4: only one of IPv6, and this host has no way there. */
    { FIT_RESOLVE, FIT_N_EITHER, FIT_DNS, FIT_W_RETURN, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    /* Three addresses in another order each time: number 1 answers, the others do not. */
    { FIT_RESOLVE, FIT_N_SEVERAL | RARE, FIT_DNS, FIT_W_ORDER, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    NAMES(FIT_RESOLVE_BACK, 0, EAI_AGAIN),
    NAMES(FIT_RESOLVE_BACK, FIT_N_MUST, EAI_NONAME),
    NAMES(FIT_RESOLVE_BACK, FIT_N_CRAMPED | RARE, EAI_OVERFLOW),
    NAMES(FIT_RESOLVE_BACK, RARE, EAI_FAIL),
    NAMES(FIT_RESOLVE_BACK, RARE, EAI_MEMORY),

    FILES(FIT_FILE_READ, FIT_N_DATA, EIO),
    /* Up to a block that cannot be read: the next read says so. */
    { FIT_FILE_READ, FIT_N_READY, FIT_DISK, FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, FIT_A_UNREADABLE, 0 },
    /* Somebody has cut the file. Who reads to the end, whatever its length, cannot know. */
    { FIT_FILE_READ, FIT_N_READY | FIT_N_THERE | RARE, FIT_DISK, ENDS, 0, FIT_E_SPECIAL,
      FIT_A_CUT, 0 },
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
    /* Until another program gives some back. */
    { FIT_ALLOCATE, FIT_N_DIRECT | RARE, FIT_MEMORY, ERRNO, FIT_U_TIME, ENOMEM, FIT_E_SPECIAL, 0,
      A_TIME },
    /* There is memory, but in pieces: none is as big as this one, from here on. */
    { FIT_ALLOCATE, FIT_N_DIRECT | RARE, FIT_MEMORY, FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONWARDS, -1,
      FIT_E_SPECIAL, 0, 0 },

    /* RLIMIT_NPROC, or the limit of a container; glibc says EAGAIN for no memory, too. */
    FAILS(FIT_START, 0, FIT_THREAD, EAGAIN),
    { FIT_START, RARE, FIT_THREAD, ERRNO, FIT_U_ONWARDS, EAGAIN, FIT_E_SPECIAL, 0, 0 },
    FAILS(FIT_START, FIT_N_SCHEDULED | RARE, FIT_THREAD, EPERM),
    TURN(FIT_START, 0, 1),
    /* The new thread is not given the processor at once, as on any busy machine. */
    { FIT_START, RARE, FIT_ORDER, FIT_W_DELAY, FIT_S_NUMBER, FIT_U_ONCE, FIT_BUSY_MS,
      FIT_E_SPECIAL, 0, 0 },
    /* POSIX has them; glibc has nothing to run out of. */
    FAILS(FIT_INIT, RARE, FIT_THREAD, EAGAIN),
    FAILS(FIT_INIT, RARE, FIT_THREAD, ENOMEM),
    FAILS(FIT_KEY, 0, FIT_THREAD, EAGAIN),       /* there are 1024 in all */
    FAILS(FIT_KEY, RARE, FIT_THREAD, ENOMEM),
    { FIT_MUTEX, FIT_N_ROBUST, FIT_THREAD, ERRNO, FIT_U_ONCE, EOWNERDEAD, FIT_E_SPECIAL, 0, 0 },
    SWITCH(FIT_MUTEX),
    { FIT_MUTEX_TRY, FIT_N_ROBUST, FIT_THREAD, ERRNO, FIT_U_ONCE, EOWNERDEAD,
      FIT_E_SPECIAL, 0, 0 },
    FAILS(FIT_MUTEX_TRY, FIT_N_SHARED | RARE, FIT_ORDER, EBUSY),
    { FIT_MUTEX_TIMED, FIT_N_ROBUST, FIT_THREAD, ERRNO, FIT_U_ONCE, EOWNERDEAD,
      FIT_E_SPECIAL, 0, 0 },
    { FIT_MUTEX_TIMED, FIT_N_SHARED | RARE, FIT_TIMEOUT, ERRNO, FIT_U_ONCE, ETIMEDOUT,
      FIT_E_SPECIAL, 0, 0 },
    SWITCH(FIT_MUTEX_TIMED),
    SWITCH(FIT_TAKE),
    SWITCH(FIT_UNLOCK),
    { FIT_CONDITION, 0, FIT_ORDER, FIT_W_SPURIOUS, FIT_S_NUMBER, FIT_U_ONCE, 0,
      FIT_E_SPECIAL, 0, 0 },
    /* Whoever would wake it is not given the processor before the deadline: the time is over, and
     * what was waited for is there all the same. */
    { FIT_CONDITION, FIT_N_SOON, FIT_TIMEOUT, ERRNO, FIT_U_ONCE, ETIMEDOUT, FIT_E_SPECIAL, 0, 0 },
    { FIT_CONDITION, FIT_N_DEADLINE | RARE, FIT_TIMEOUT, ERRNO, FIT_U_ONCE, ETIMEDOUT,
      FIT_E_SPECIAL, 0, 0 },
    SWITCH(FIT_CONDITION),
    { FIT_SEMAPHORE, FIT_N_DEADLINE | RARE, FIT_TIMEOUT, ERRNO, FIT_U_ONCE, ETIMEDOUT,
      FIT_E_SPECIAL, 0, 0 },
    SWITCH(FIT_WAKE),
    TURN(FIT_WAKE, FIT_N_TWO, 2),
    TURN(FIT_WAKE, FIT_N_THREE, 3),
    TURN(FIT_WAKE, FIT_N_FOUR, 4),
    CLOCK(FIT_N_DATE, HOUR),
    CLOCK(FIT_N_DATE, -HOUR),
    CLOCK(FIT_N_DATE | RARE, TO_2038),
    CLOCK(FIT_N_UPTIME, HOUR),
    CLOCK(FIT_N_TICKS | RARE, FIT_TICK_MS),              /* from here on in steps of so much */
    { FIT_SLEEP, RARE, FIT_CLOCK, FIT_W_DELAY, FIT_S_NUMBER, FIT_U_ONCE, 1000,
      FIT_E_SPECIAL, 0, 0 },
    /* A signal ends it after the first piece, or before. */
    { FIT_RANDOM, FIT_N_PIECES | RARE, FIT_SIGNAL, FIT_W_SHORT, FIT_S_NUMBER, FIT_U_ONCE,
      FIT_CHANCE_PIECE, FIT_E_SPECIAL, 0, 0 },
    FAILS(FIT_RANDOM, FIT_N_UNREADY | RARE, FIT_CLOCK, EAGAIN),
    { FIT_RANDOM, RARE, FIT_CLOCK, ERRNO, FIT_U_ONWARDS, ENOSYS, FIT_E_SPECIAL, 0, 0 },
    FAILS(FIT_USERS, RARE, FIT_EMFILE, EMFILE),
    FAILS(FIT_USERS, RARE, FIT_EMFILE, ENFILE),
    FAILS(FIT_USERS, RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_USERS, RARE, FIT_DISK, EIO),
    FAILS(FIT_USERS, FIT_N_CRAMPED | RARE, FIT_DISK, ERANGE),    /* a member of many groups */
    FAILS(FIT_HOST_NAME, FIT_N_CRAMPED | RARE, FIT_DNS, ENAMETOOLONG),
    FAILS(FIT_INTERFACE, RARE, FIT_EMFILE, EMFILE),      /* libc asks by a socket */
    FAILS(FIT_INTERFACE, RARE, FIT_EMFILE, ENFILE),
    FAILS(FIT_INTERFACE, RARE, FIT_EMFILE, ENOMEM),
    FAILS(FIT_INTERFACE, FIT_N_BY_NAME | RARE, FIT_RESET, ENODEV),       /* it has just gone */
    FAILS(FIT_INTERFACE, FIT_N_BY_NUMBER | RARE, FIT_RESET, ENXIO),
    COMES(FIT_SIGNALLED, FIT_N_OFTEN_SENT, FIT_W_NONE),
    COMES(FIT_SIGNALLED, FIT_N_SELDOM_SENT | RARE, FIT_W_NONE),
    COMES(FIT_SIGNALLED, FIT_N_WITH_HANDLER | RARE, FIT_W_EARLY),
    COMES(FIT_HANDLED, RARE, FIT_W_NONE),

    FAILS(FIT_FORK, 0, FIT_THREAD, EAGAIN),
    FAILS(FIT_FORK, 0, FIT_THREAD, ENOMEM),
    FAILS(FIT_SPAWN, 0, FIT_THREAD, EAGAIN),
    FAILS(FIT_SPAWN, 0, FIT_THREAD, ENOMEM),
    PROGRAM(FIT_SPAWN),
    PROGRAM(FIT_BECOME),
    FAILS(FIT_BECOME, RARE, FIT_THREAD, ENOMEM),
    /* Somebody else in this process has just waited for it: a library that takes any child. */
    { FIT_REAP, RARE, FIT_THREAD, ERRNO, FIT_U_ONCE, ECHILD, FIT_E_SPECIAL, 0, 0 },
    FAILS(FIT_KILL, FIT_N_STRANGER, FIT_THREAD, ESRCH),
    FAILS(FIT_KILL, RARE, FIT_THREAD, EPERM),    /* it runs as another user */

    FAILS(FIT_AFFINITY, RARE, FIT_THREAD, EINVAL),       /* the container has other processors */

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

const unsigned fit__fact_count = sizeof fit__facts / sizeof fit__facts[0];
