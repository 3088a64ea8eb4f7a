/* harness/world/local.h - the inside of AF_UNIX sockets (local*.c, rights.c).
 *
 * What is sent lies at once in the receiver's queue, as messages: a stream reads across them. As
 * in Linux a message fills the send buffer of its sender until it has been read. */
#ifndef HARNESS_WORLD_LOCAL_H
#define HARNESS_WORLD_LOCAL_H

#include <sys/un.h>

#include "fi/choice.h"
#include "harness/world/files.h"

enum { FIT_RIGHTS_MAX = 253 };           /* descriptors in one message */

struct fit__local_name {
    socklen_t size;                      /* 0: none */
    struct sockaddr_un un;
    char last;                           /* the NUL of a path that fills all of it */
};

struct fit__message {
    TAILQ_ENTRY(fit__message) link;
    struct fit__local *sender;           /* whose buffer it fills; NULL: it is gone */
    struct fit__local_name from;
    bool by_service;
    struct fit__file **files;            /* descriptors under way, each with a reference */
    unsigned file_count;
    size_t size, taken, cost;
    char bytes[];
};
TAILQ_HEAD(fit__messages, fit__message);

enum fit__local_state { FIT_L_CLOSED, FIT_L_LISTENING, FIT_L_CONNECTED };

struct fit__local {
    struct fit__socket socket;           /* first: fit__socket_of */
    TAILQ_ENTRY(fit__local) all;         /* of the world, in order of creation */
    struct fit__file *file;              /* NULL: waits to be accepted */
    struct fit__host *host;
    bool service;                        /* belongs to the code under test */
    bool pair;                           /* made by socketpair() */
    bool called;                         /* the other side connected to us */
    enum fit__local_state state;
    struct fit__node *node;              /* of its path, which may have been unlinked */
    struct fit__local_name name, peer_name /* of a peer that is gone */;
    struct fit__local *peer;
    bool peer_gone;                      /* there was one, and it was closed */
    struct fit__messages unread;
    unsigned unread_count;
    size_t cost;                         /* of its messages that wait at others */
    int backlog;                         /* of a listener */
    unsigned waiting;
    TAILQ_HEAD(, fit__local) accept_queue;
    TAILQ_ENTRY(fit__local) queued;
    struct fit__local *listener;         /* of an end that was not accepted yet */
    struct fit__local *wants;            /* whose queue is full for it */
    struct fit__local_name dials;        /* connect() waits for room there */
    size_t unanswered;                   /* bytes sent since anything came */
    bool muted;                          /* its program says and hears nothing more */
    fit_ns late_until, full_until;
    struct fit__event late, full;
};
TAILQ_HEAD(fit__locals, fit__local);
extern struct fit__locals fit__locals;

/* Silence is lifted while faults are off. */
static inline bool fit__local_is_mute(const struct fit__local *end)
{
    return end->muted && !fit__faults_off;
}

/* There is no room to send, whatever its buffer says. */
static inline bool fit__local_is_full(const struct fit__local *end)
{
    return end->full_until > fit__now() && !fit__faults_off;
}

static inline bool fit__local_is_datagram(const struct fit__local *end)
{
    return end->socket.type == SOCK_DGRAM;
}

/* local.c */
struct fit__local *fit__local_of(struct fit__file *file);
void fit__local_changed(struct fit__local *end, uint32_t events);
/* Its descriptor, or its listener, is gone. */
void fit__local_dropped(struct fit__local *end);
/* The queue of `end` has room again for those who wanted it. */
void fit__local_room(struct fit__local *end);
bool fit__local_full(const struct fit__local *end);      /* too many callers or datagrams */

/* local_data.c */
uint32_t fit__local_poll(struct fit__file *file);
ssize_t fit__local_send(struct fit__file *file, const struct msghdr *message, int flags);
ssize_t fit__local_receive(struct fit__file *file, struct msghdr *message, int flags);
void fit__local_free_message(struct fit__message *message);      /* gives its buffer back */
void fit__local_clear(struct fit__local *end);           /* throws away what is unread */
struct fit__message *fit__local_first(const struct fit__local *end);     /* that can be read */

/* local_name.c */
int fit__local_check(const struct sockaddr *address, socklen_t size, struct fit__local_name *name);
int fit__local_bind(struct fit__file *file, const struct sockaddr *address, socklen_t size);
/* The socket that has the name, for a socket of that type: 0 or -errno. */
int fit__local_find(const struct fit__local *whom, const struct fit__local_name *name,
                    struct fit__local **found);
void fit__local_unname(struct fit__local *end);          /* it is gone; a path stays */
void fit__local_names_restart(void);

/* local_fault.c */
int fit__local_describe(struct fit__file *file, struct fit__info *info);
int fit__local_afflict(struct fit__file *file, enum fit__affliction affliction, int64_t value);
/* Something for the code under test is about to arrive: false, its sender has fallen silent. */
bool fit__local_arrives(struct fit__local *from, const struct fit__local *to);

/* rights.c: 0 or -errno; the message gets the files. */
int fit__rights_gather(const struct msghdr *header, struct fit__message *message);
/* Gives them numbers in the running thread's process, and writes what came, the credentials
 * among it if `creds`. `peek`: they stay in the message, too. */
void fit__rights_deliver(struct fit__message *message, struct msghdr *header, int flags,
                         bool creds);
struct ucred fit__rights_who(bool service);

#endif
