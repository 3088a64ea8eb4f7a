/* delivery.c - how a datagram finds its socket, or is refused, lost, or never answered. */
#include <arpa/nameser.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/datagram.h"
#include "harness/world/dns.h"
#include "harness/world/link.h"

/* How Linux counts buffers: a datagram costs the memory that it takes. */
enum { HEADERS = 64, SHARED = 320, DESCRIPTOR = 256, SMALL_HEAD = 576, SMALLEST = 1024,
       LARGEST_HEAD = 16384, PAGED = 1024, FIRST_EPHEMERAL = 40001, UDP_HEADERS = 42 };

/* Sides that have fallen silent. */
struct mute { struct mute *next; const struct fit__host *host; struct fit__endpoint where; };

static struct fit__udp_packets under_way = TAILQ_HEAD_INITIALIZER(under_way);
static struct mute *mutes;

static void packet_due(struct fit__event *event);

/* ---- silence ----------------------------------------------------------------------------- */

static bool same_ip(struct fit__ip a, struct fit__ip b)
{
    return a.six == b.six && a.v4 == b.v4;
}

static bool is_mute(const struct fit__host *host, struct fit__endpoint where)
{
    for (const struct mute *mute = mutes; mute && !fit__faults_off; mute = mute->next)
        if (mute->host == host && mute->where.port == where.port
            && same_ip(mute->where.ip, where.ip))
            return true;
    return false;
}

void fit__datagram_mute(const struct fit__host *host, struct fit__endpoint where)
{
    struct mute *mute = fit__alloc(sizeof *mute);
    *mute = (struct mute){ mutes, host, where };
    mutes = mute;
}

/* "origin.test/53"; a program that did not ask for its port is a client of ours. */
static void object_name(const struct fit__udp_packet *packet, char *out, size_t size)
{
    char name[64];
    if (packet->from.port >= FIRST_EPHEMERAL)
        snprintf(out, size, "client/%u", packet->to.port);
    else
        snprintf(out, size, "%s/%u", fit__ip_name(packet->from.ip, name, sizeof name),
                 packet->from.port);
}

/* What the network, or the name server, does to a packet. The late one is overtaken. */
enum { LATE_MS = 200, DNS_LATE_MS = 3000 };
static const unsigned codes[] = { ns_r_servfail, ns_r_nxdomain, ns_r_refused };
static const unsigned rare_codes[] = { ns_r_formerr, ns_r_notimpl };
/* Addresses that an answer may have: none, two, or as many as a packet holds. */
static const unsigned counts[] = { 0, 2 };
enum { ADDRESSES_MOST = 28 };

static bool is_from_name_server(const struct fit__udp_packet *packet)
{
    return fit__dns_is_at(packet->from_host, packet->from.port);
}

static void offer_arrivals(struct fit__question *q, const struct fit__udp_packet *packet)
{
    fit__offer(q, FIT_TIMEOUT, FIT_W_SILENT, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (packet->again)
        return;
    if (!is_from_name_server(packet)) {
        fit__offer(q, FIT_TIMEOUT, FIT_W_NEVER, FIT_S_NUMBER, 0, FIT_U_ONCE);
        fit__offer(q, FIT_TIMEOUT, FIT_W_DELAY, FIT_S_NUMBER, LATE_MS, FIT_U_ONCE);
        fit__offer(q, FIT_PARTIAL, FIT_W_TWICE, FIT_S_NUMBER, 0, FIT_U_ONCE);
        return;
    }
    fit__offer(q, FIT_DNS, FIT_W_NEVER, FIT_S_NUMBER, 0, FIT_U_ONCE);
    fit__offer(q, FIT_DNS, FIT_W_DELAY, FIT_S_NUMBER, DNS_LATE_MS, FIT_U_ONCE);
    fit__offer_extended(q, FIT_DNS, FIT_W_TWICE, FIT_S_NUMBER, 0, FIT_U_ONCE);
    fit__offer(q, FIT_DNS, FIT_W_SPURIOUS, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (fit__dns_is_cut(packet->bytes, packet->size))
        return;
    fit__offer(q, FIT_DNS, FIT_W_SHORT, FIT_S_NUMBER, FIT_DNS_HEAD, FIT_U_ONCE);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        fit__offer(q, FIT_DNS, FIT_W_ERROR, FIT_S_DNS, codes[i], FIT_U_ONCE);
    for (size_t i = 0; i < sizeof rare_codes / sizeof rare_codes[0]; i++)
        fit__offer_extended(q, FIT_DNS, FIT_W_ERROR, FIT_S_DNS, rare_codes[i], FIT_U_ONCE);
    if (!packet->roomy || !fit__dns_is_address(packet->bytes, packet->size))
        return;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        fit__offer(q, FIT_DNS, FIT_W_RETURN, FIT_S_NUMBER, counts[i], FIT_U_ONCE);
    fit__offer_extended(q, FIT_DNS, FIT_W_RETURN, FIT_S_NUMBER, ADDRESSES_MOST, FIT_U_ONCE);
}

static void come_again(const struct fit__udp_packet *packet, fit_ns later)
{
    struct fit__udp_packet *copy = fit__alloc(sizeof *copy + packet->size);
    memcpy(copy, packet, sizeof *copy + packet->size);
    copy->arrival.slot = -1;
    copy->again = true;
    copy->roomy = false;
    TAILQ_INSERT_TAIL(&under_way, copy, link);
    fit__event_set(&copy->arrival, fit__now() + later, packet_due);
}

/* True: it arrives all the same, changed or not. */
static bool suffer(struct fit__udp_packet *packet, const struct fit__alternative *what)
{
    switch ((enum fit__what)what->what) {
    case FIT_W_NEVER: return false;
    case FIT_W_DELAY: come_again(packet, what->value * FIT_MS); return false;
    case FIT_W_TWICE: come_again(packet, FIT_MS); return true;
    case FIT_W_SPURIOUS:                 /* a response to another query */
        packet->bytes[0] = (char)~packet->bytes[0];
        return true;
    case FIT_W_SHORT:
        packet->size = fit__dns_cut(packet->bytes, packet->size, true, 0);
        return true;
    case FIT_W_RETURN:
        packet->size = fit__dns_multiply(packet->bytes, packet->size, (unsigned)what->value);
        return true;
    case FIT_W_ERROR:
        packet->size = fit__dns_cut(packet->bytes, packet->size, false, (unsigned)what->value);
        return true;
    default:
        fit__datagram_mute(packet->from_host, packet->from);
        return false;
    }
}

/* Does the packet arrive, or has its sender fallen silent before it? */
static bool arrives(struct fit__udp_packet *packet, const struct fit__datagram *receiver)
{
    char object[120];
    if (is_mute(packet->from_host, packet->from) || is_mute(packet->to_host, packet->to))
        return false;
    if (packet->by_service || !receiver->service)
        return true;
    object_name(packet, object, sizeof object);
    struct fit__question q = { .point = "peer", .object = object, .world = true };
    offer_arrivals(&q, packet);
    const struct fit__alternative *answer = fit__choose(&q);
    return !answer || suffer(packet, answer);
}

/* ---- who is meant ------------------------------------------------------------------------ */

/* How well the socket fits, as Linux ranks them: an address of its own counts most, then to be
 * connected with the sender. 0: not at all. Of equals the youngest gets it. */
static int fitness(const struct fit__datagram *socket, const struct fit__udp_packet *packet)
{
    if (socket->host != packet->to_host || socket->local.port != packet->to.port
        || !fit__ips_overlap(fit__datagram_local(socket), packet->to.ip))
        return 0;
    if (socket->connected && (socket->remote.port != packet->from.port
                              || !same_ip(socket->remote.ip, packet->from.ip)))
        return 0;
    return 1 + 4 * (socket->local.ip.v4 != INADDR_ANY) + 2 * socket->connected;
}

static struct fit__datagram *receiver_of(const struct fit__udp_packet *packet)
{
    struct fit__datagram *socket, *best = NULL;
    int highest = 0;
    TAILQ_FOREACH(socket, &fit__datagrams, all) {
        int fits = fitness(socket, packet);
        if (fits > highest) {
            highest = fits;
            best = socket;
        }
    }
    return best;
}

/* ---- arriving ---------------------------------------------------------------------------- */

static size_t cost_of(const struct fit__udp_packet *packet)
{
    size_t need = packet->size + HEADERS + SHARED, head = SMALLEST;
    if (need <= SMALL_HEAD)
        return SMALL_HEAD + DESCRIPTOR;
    if (need > LARGEST_HEAD)
        return packet->size + PAGED;
    while (head < need)
        head *= 2;
    return head + DESCRIPTOR;
}

static void tell_refusal(const struct fit__udp_packet *packet)
{
    struct fit__datagram *socket = receiver_of(packet);
    if (!socket || !socket->connected)
        return;                          /* only a connected socket is told */
    socket->socket.error = ECONNREFUSED;
    fit__datagram_changed(socket, EPOLLERR);
}

/* A packet on its way back, with room for `size` bytes. */
static struct fit__udp_packet *new_reply(const struct fit__udp_packet *packet, size_t size)
{
    struct fit__udp_packet *reply = fit__alloc(sizeof *reply + size);
    reply->arrival.slot = -1;
    reply->from_host = packet->to_host;
    reply->to_host = packet->from_host;
    reply->from = packet->to;
    reply->to = packet->from;
    return reply;
}

static void refuse(const struct fit__udp_packet *packet)
{
    if (is_mute(packet->to_host, packet->to))
        return;
    struct fit__udp_packet *refusal = new_reply(packet, 0);
    refusal->refusal = true;
    fit__datagram_send(refusal);
}

/* The world's name server has no socket. */
static void answer(const struct fit__udp_packet *packet)
{
    uint8_t bytes[FIT_DNS_ANSWER];
    size_t size = fit__dns_answer(packet->bytes, packet->size, bytes);
    if (!size || is_mute(packet->to_host, packet->to))
        return;
    struct fit__udp_packet *reply = new_reply(packet, FIT_DNS_ANSWER);
    reply->roomy = true;
    memcpy(reply->bytes, bytes, size);
    reply->size = size;
    fit__datagram_send(reply);
}

/* True: the socket has it now. */
static bool deliver(struct fit__udp_packet *packet)
{
    if (packet->refusal) {
        tell_refusal(packet);
        return false;
    }
    struct fit__datagram *socket = receiver_of(packet);
    if (!socket) {
        if (fit__dns_is_at(packet->to_host, packet->to.port))
            answer(packet);
        else
            refuse(packet);
        return false;
    }
    if (!arrives(packet, socket))
        return false;
    size_t limit = (size_t)fit__option_stored(&socket->socket, SOL_SOCKET, SO_RCVBUF);
    if (socket->cost + cost_of(packet) > limit && socket->cost)
        return false;
    fit__datagram_give(socket, packet);
    return true;
}

void fit__datagram_give(struct fit__datagram *socket, struct fit__udp_packet *packet)
{
    socket->cost += cost_of(packet);
    packet->arrived = fit__now();
    TAILQ_INSERT_TAIL(&socket->unread, packet, link);
    fit__datagram_changed(socket, EPOLLIN | EPOLLRDNORM);
}

void fit__datagram_take(struct fit__datagram *socket, struct fit__udp_packet *packet)
{
    TAILQ_REMOVE(&socket->unread, packet, link);
    assert(socket->cost >= cost_of(packet));
    socket->cost -= cost_of(packet);
}

static void packet_due(struct fit__event *event)
{
    struct fit__udp_packet *packet = (struct fit__udp_packet *)
        (void *)((char *)event - offsetof(struct fit__udp_packet, arrival));
    TAILQ_REMOVE(&under_way, packet, link);
    if (fit__link_is_cut(packet->from_host, packet->to_host) || !deliver(packet))
        fit__free(packet);
}

void fit__datagram_send(struct fit__udp_packet *packet)
{
    if (packet->from_host == packet->to_host) {
        if (!deliver(packet))
            fit__free(packet);
        return;
    }
    if (fit__link_is_cut(packet->from_host, packet->to_host)) {
        fit__free(packet);
        return;
    }
    fit_ns delay = fit__link_delay(packet->from_host, packet->to_host, packet->size + UDP_HEADERS);
    TAILQ_INSERT_TAIL(&under_way, packet, link);
    fit__event_set(&packet->arrival, fit__now() + delay, packet_due);
}

void fit__datagrams_under_way_drop(void)
{
    struct fit__udp_packet *packet;
    while ((packet = TAILQ_FIRST(&under_way))) {
        TAILQ_REMOVE(&under_way, packet, link);
        fit__event_cancel(&packet->arrival);
        fit__free(packet);
    }
    for (struct mute *next; mutes; mutes = next) {
        next = mutes->next;
        fit__free(mutes);
    }
}
