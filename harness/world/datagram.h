/* harness/world/datagram.h - the inside of simulated UDP (datagram.c, delivery.c).
 *
 * A datagram to a socket on the same host arrives at once, as over Linux's loopback; one to
 * another host after the latency. It finds its socket when it arrives. Nothing is lost on the way,
 * but a socket whose buffer is full drops what comes. */
#ifndef HARNESS_WORLD_DATAGRAM_H
#define HARNESS_WORLD_DATAGRAM_H

#include <netinet/in.h>

#include "fi/choice.h"
#include "harness/world/ip.h"

struct fit__endpoint { struct fit__ip ip; uint16_t port; };

struct fit__udp_packet {
    TAILQ_ENTRY(fit__udp_packet) link;       /* of those under way, or of a socket's unread ones */
    struct fit__event arrival;
    struct fit__host *from_host, *to_host;
    struct fit__endpoint from, to;
    bool by_service;                     /* sent by the code under test */
    bool again;                          /* it was late, or is there twice */
    bool refusal;                        /* ICMP: there is nobody at `from` */
    int ttl, tos;
    fit_ns arrived;                      /* at its socket */
    bool roomy;                          /* of FIT_DNS_ANSWER bytes, whatever its size */
    size_t size;
    char bytes[];
};
TAILQ_HEAD(fit__udp_packets, fit__udp_packet);

struct fit__datagram {
    struct fit__socket socket;           /* first: fit__socket_of */
    TAILQ_ENTRY(fit__datagram) all;      /* of the world, the youngest first */
    struct fit__file *file;
    struct fit__host *host;
    bool service;                        /* belongs to the code under test */
    struct fit__endpoint local, remote;
    bool address_asked, port_asked;      /* by bind(): a disconnect leaves them */
    bool connected;
    bool has_sent;                       /* since it was connected: a refusal may come */
    struct fit__udp_packets unread;
    size_t cost;                         /* of its unread packets, as Linux counts buffers */
    fit_ns late_until;
    struct fit__event late;
};
TAILQ_HEAD(fit__datagrams, fit__datagram);
extern struct fit__datagrams fit__datagrams;

struct fit__datagram *fit__datagram_of(struct fit__file *file);
void fit__datagram_changed(struct fit__datagram *socket, uint32_t events);
/* "::" of a socket that takes IPv4, too, is dual. */
struct fit__ip fit__datagram_local(const struct fit__datagram *socket);
/* What can be read now: the first packet, or NULL. */
struct fit__udp_packet *fit__datagram_first(const struct fit__datagram *socket);
void fit__datagram_take(struct fit__datagram *socket, struct fit__udp_packet *packet);
void fit__datagram_give(struct fit__datagram *socket, struct fit__udp_packet *packet);

/* ancillary.c. What goes with a datagram: the socket's own, if the message does not say. */
struct fit__udp_control { struct fit__ip source /* INADDR_ANY: the usual one */; int ttl, tos; };
/* `six`: it goes to an IPv6 address. 0 or -errno. */
int fit__udp_control_read(const struct fit__datagram *socket, const struct msghdr *message,
                          bool six, struct fit__udp_control *control);
/* What the socket wants to be told of the packet, as far as there is room; adds to msg_flags. */
void fit__udp_control_write(const struct fit__datagram *socket,
                            const struct fit__udp_packet *packet, struct msghdr *message);

/* delivery.c: sends a packet on its way; it belongs to the network from here. */
void fit__datagram_send(struct fit__udp_packet *packet);
void fit__datagrams_under_way_drop(void);
/* Whoever is at `where` on `host` says and hears nothing more. */
void fit__datagram_mute(const struct fit__host *host, struct fit__endpoint where);

#endif
