/* harness/world/tcp.h - the inside of simulated TCP (stream.c, port.c, tcp.c, affliction.c).
 *
 * One struct fit__tcp is one end of a connection, or a listener. Data moves as packets in
 * three steps: `unsent` at the sender, `wire` at the receiver while under way, `unread` there.
 * Nothing is lost and nothing overtakes; a packet leaves when the receiver's window has room.
 * Acknowledgements are not modelled: bytes free the send buffer when they arrive. */
#ifndef HARNESS_WORLD_TCP_H
#define HARNESS_WORLD_TCP_H

#include <netinet/in.h>

#include "fi/choice.h"
#include "harness/world/ip.h"

enum { FIT_SEGMENT = 1448, FIT_TCP_HEADERS = 66 /* of Ethernet, IP and TCP */,
       FIT_SEND_BUFFER = 65536, FIT_RECEIVE_BUFFER = 131072 };

enum fit__tcp_state {
    FIT_TCP_CLOSED, FIT_TCP_LISTENING, FIT_TCP_SYN_SENT, FIT_TCP_SYN_RECEIVED,
    FIT_TCP_OPEN              /* from ESTABLISHED until both ends are through or one was reset */
};
/* What connect() has been told so far: Linux keeps it apart from the connection's state. */
enum fit__tcp_phase { FIT_UNCONNECTED, FIT_CONNECTING, FIT_CONNECTED,
                      FIT_DISCONNECTING /* shut down after connect() had failed: of no use */ };

enum fit__packet_kind { FIT_PK_SYN_ACK, FIT_PK_ACK, FIT_PK_DATA, FIT_PK_FIN, FIT_PK_RST };

struct fit__packet {
    TAILQ_ENTRY(fit__packet) link;
    enum fit__packet_kind kind;
    fit_ns due;
    size_t size;
    bool last;                           /* of what one call has sent */
    char bytes[];
};
TAILQ_HEAD(fit__packets, fit__packet);
TAILQ_HEAD(fit__tcps, fit__tcp);

struct fit__tcp {
    struct fit__socket socket;           /* first: fit__socket_of */
    TAILQ_ENTRY(fit__tcp) all;           /* of the world */
    struct fit__file *file;              /* NULL: waits to be accepted, or its owner closed it */
    struct fit__host *host;
    bool service;                        /* belongs to the code under test */
    uint32_t local, remote;              /* as in struct fit__ip; as getsockname shows them */
    bool local_six, remote_six;
    uint16_t local_port, remote_port;    /* host order */
    bool bound;                          /* by bind(), not by connect() */
    bool has_port;                       /* local_port is ours; else it is only remembered */
    bool port_locked, address_locked;    /* asked for by bind(): they outlive a connection */
    bool accepted;                       /* the other side called us */
    enum fit__tcp_state state;
    enum fit__tcp_phase phase;

    struct fit__tcp *peer;               /* the other end, until it is freed */
    struct fit__packets wire;            /* under way to this end */
    size_t wire_bytes;
    fit_ns last_due;
    struct fit__event arrival;           /* of the first packet on the wire */
    struct fit__bytes unread;
    size_t edges[FIT_EDGES];             /* in it, where what one call has sent ends; as far as */
    unsigned edge_count;                 /* there is room for them */
    bool end_received, end_sent, end_arrived;    /* FIN: theirs here; ours queued; ours there */
    unsigned lost_tries;                 /* of the wire's first packet: loss.c */
    fit_ns lost_since, heard;            /* when anything of the other side arrived last */
    struct fit__event patience;          /* is over: with a closed window, or silence */
    bool unheard;                        /* something was sent to one that is silent */
    struct fit__packets unsent;
    size_t unsent_bytes;
    bool short_of_room;                  /* somebody waits for room to send */
    fit_ns time_wait;                    /* the port stays taken until then */

    struct fit__event syn;               /* our SYN arrives, or is sent again */
    fit_ns syn_began;
    unsigned syn_tries;
    bool syn_lost;                       /* nothing of it ever arrives */
    bool gives_up_early;                 /* as with net.ipv4.tcp_syn_retries = 1 */
    bool reset_when_open;                /* the other side's RST follows its SYN+ACK at once */

    int backlog;                         /* of a listener */
    unsigned handshakes, waiting;
    struct fit__tcps accept_queue;
    TAILQ_ENTRY(fit__tcp) queued;
    struct fit__tcp *listener;           /* of an end that was not accepted yet */

    bool noticed;                        /* its owner knows that it is connected */
    bool muted;                          /* its application says and hears nothing more */
    bool hushed;                         /* what it says goes nowhere: its end was sent for it */
    bool drips;                          /* data comes to it byte by byte */
    size_t unanswered;                   /* bytes sent since data came */
    bool asked;                          /* it has sent something since it heard something */
    fit_ns full_until;                   /* of a listener: nobody is there to be accepted */
    int gave_up;                         /* what it dies of when nothing is acknowledged */
    struct fit__event full;
};

static inline bool fit__tcp_is_full(const struct fit__tcp *end)
{
    return end->full_until > fit__now() && !fit__faults_off;
}

/* Silence is lifted while faults are off. */
static inline bool fit__tcp_is_mute(const struct fit__tcp *end)
{
    return end->muted && !fit__faults_off;
}

/* A silent application hears nothing but that the other side has given up: else a client that a
 * service has closed rightly would wait for ever. */
static inline bool fit__tcp_is_deaf(const struct fit__tcp *end)
{
    return fit__tcp_is_mute(end) && end->state == FIT_TCP_OPEN && end->peer && end->peer->file;
}

static inline struct fit__ip fit__tcp_local(const struct fit__tcp *end)
{
    return (struct fit__ip){ end->local, end->local_six, end->local_six
        && !fit__option_stored(&end->socket, IPPROTO_IPV6, IPV6_V6ONLY) };
}

static inline struct fit__ip fit__tcp_remote(const struct fit__tcp *end)
{
    return (struct fit__ip){ .v4 = end->remote, .six = end->remote_six };
}

extern struct fit__tcps fit__tcps;       /* all of them, in order of creation */

/* stream.c */
struct fit__tcp *fit__tcp_make(struct fit__host *host, bool service);
void fit__tcp_free(struct fit__tcp *end);               /* also unlinks it from its peer */
void fit__tcp_reap(struct fit__tcp *end);               /* frees what nobody can see any more */
void fit__tcp_send_packet(struct fit__tcp *to, enum fit__packet_kind kind, const void *bytes,
                          size_t size, fit_ns latency);
void fit__tcp_rearm(struct fit__tcp *end);              /* arrival of the wire's first packet */
void fit__tcp_pump(struct fit__tcp *end);               /* unsent to wire, as the window allows */
void fit__tcp_queue_end(struct fit__tcp *end);          /* sends our FIN behind our data */
void fit__tcp_clear_packets(struct fit__packets *packets);
/* The connection is over; a port that bind() was not asked for goes with it. */
void fit__tcp_close_state(struct fit__tcp *end);
/* This end is dead with `error` (0: none); nothing is sent. */
void fit__tcp_die(struct fit__tcp *end, int error);
/* Sends RST to the other end, if there is one. */
void fit__tcp_send_reset(struct fit__tcp *end);
void fit__tcp_changed(struct fit__tcp *end, uint32_t events);
size_t fit__tcp_room(const struct fit__tcp *end);       /* bytes that may be written now */
uint32_t fit__tcp_poll(struct fit__file *file);
ssize_t fit__tcp_read(struct fit__file *file, const struct iovec *iov, int count, int flags);
ssize_t fit__tcp_write(struct fit__file *file, const struct iovec *iov, int count, int flags);

/* port.c */
bool fit__tcp_port_taken(const struct fit__tcp *for_whom, struct fit__ip address, uint16_t port);
int fit__tcp_take_port(struct fit__tcp *end);           /* 0 or -EADDRNOTAVAIL */

/* tcp.c */
struct fit__tcp *fit__tcp_of(struct fit__file *file);
void fit__tcp_release(struct fit__file *file);
void fit__tcp_forget_child(struct fit__tcp *child);     /* takes it off its listener's books */
/* The handshake is over at the listener's side. */
void fit__tcp_accepted(struct fit__tcp *child);
void fit__tcp_start_syn(struct fit__tcp *end, fit_ns at);

/* Our SYN, or the answer to it, is lost: as if it had never arrived. */
void fit__tcp_lose_handshake(struct fit__tcp *end);

/* loss.c */
/* Is the first packet on the wire lost, and will be sent again, or never? `packet` may be gone. */
bool fit__tcp_loses(struct fit__tcp *end, struct fit__packet *packet);
/* How long the end waits for the other side may have changed. */
void fit__tcp_patience(struct fit__tcp *end);

/* affliction.c */
/* The first packet on the wire arrives: what of it? Returns the bytes that do (its size, or
 * fewer: then nothing more comes), or one of these. */
enum {
    FIT_ARRIVAL_SILENCE = -1,            /* this end's peer has fallen silent before it */
    FIT_ARRIVAL_GONE = -2,               /* the packet is gone; what comes instead is on the wire */
    FIT_ARRIVAL_THEN_RESET = -3          /* it arrives whole, and the connection is reset */
};
ssize_t fit__tcp_ask_arrival(struct fit__tcp *end, const struct fit__packet *packet);
void fit__tcp_mute(struct fit__tcp *end);               /* `end` says and hears nothing more */
void fit__tcp_delay_wire(struct fit__tcp *end, fit_ns ns);   /* what is under way to `end` */
void fit__tcp_reset_both(struct fit__tcp *end);         /* something between the two resets it */
int fit__tcp_describe(struct fit__file *file, struct fit__info *info);
int fit__tcp_afflict(struct fit__file *file, enum fit__affliction affliction, int64_t value);

#endif
