/* affliction.c - what can go wrong with a TCP connection, as a change of the world itself. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/tcp.h"

/* ---- names for people and for cases ------------------------------------------------------ */

static void object_name(const struct fit__tcp *end, char *out, size_t size)
{
    char name[64];
    if (end->state == FIT_TCP_LISTENING)
        snprintf(out, size, "listener/%u", end->local_port);
    else if (end->accepted)
        snprintf(out, size, "client/%u", end->local_port);
    else if (end->remote_port)
        snprintf(out, size, "%s/%u", fit__ip_name(fit__tcp_remote(end), name, sizeof name),
                 end->remote_port);
    else
        snprintf(out, size, "socket");
}

static const char *state_text(const struct fit__tcp *end)
{
    switch (end->state) {
    case FIT_TCP_LISTENING: return "listening";
    case FIT_TCP_SYN_SENT: case FIT_TCP_SYN_RECEIVED: return "connecting";
    case FIT_TCP_OPEN:
        if (end->end_received)
            return end->end_sent ? "closing" : "ended by the other side";
        return end->end_sent ? "ended by this side" : "established";
    case FIT_TCP_CLOSED: break;
    }
    return end->phase == FIT_UNCONNECTED ? "not connected" : "closed";
}

static void tell(const struct fit__tcp *end, char *out, size_t size)
{
    char local[64], remote[64];
    fit__ip_text(fit__tcp_local(end), end->local_port, local, sizeof local);
    if (!end->remote_port)
        snprintf(out, size, "tcp %s, %s", local, state_text(end));
    else
        snprintf(out, size, "tcp %s -> %s:%u, %s", local,
                 fit__ip_name(fit__tcp_remote(end), remote, sizeof remote), end->remote_port,
                 state_text(end));
}

int fit__tcp_describe(struct fit__file *file, struct fit__info *info)
{
    struct fit__tcp *end = fit__tcp_of(file);
    info->class = end->state == FIT_TCP_LISTENING ? FIT_C_LISTENER
                  : end->phase == FIT_UNCONNECTED ? FIT_C_SOCKET : FIT_C_STREAM;
    info->connecting = end->state == FIT_TCP_SYN_SENT;
    info->peer_closed = end->end_received;
    info->broken = end->state == FIT_TCP_CLOSED && end->phase != FIT_UNCONNECTED;
    info->readable = end->state != FIT_TCP_LISTENING ? end->unread.size
                     : fit__tcp_is_full(end) ? 0 : end->waiting;
    info->unanswered = end->unanswered;
    for (unsigned i = 0; i < end->edge_count; i++)
        info->edges[i] = end->edges[i];
    if (end->state == FIT_TCP_OPEN && !(end->socket.shut & FIT_SHUT_SEND))
        info->writable = fit__tcp_room(end);
    object_name(end, info->object, sizeof info->object);
    if (!info->brief)
        tell(end, info->text, sizeof info->text);
    return 0;
}

/* ---- the world's own question ------------------------------------------------------------ */

/* What Linux needs to find out that nothing is acknowledged (net.ipv4.tcp_retries2). */
#define GIVES_UP_NS (924 * FIT_S + 600 * FIT_MS)

static void gives_up(struct fit__event *event)
{
    struct fit__tcp *end = (struct fit__tcp *)((char *)event - offsetof(struct fit__tcp, syn));
    fit__tcp_die(end, end->gave_up);
}

/* From here on the other side's packets are lost, acknowledgements included. What routers said
 * meanwhile is the error in the end. */
static void cut_off(struct fit__tcp *end, int error)
{
    end->gave_up = error;
    fit__tcp_mute(end->peer);
    fit__event_cancel(&end->syn);
    fit__event_set(&end->syn, fit__now() + GIVES_UP_NS, gives_up);
}

/* The other side says no more, in order, but hears on; its application does not know yet. */
static void half_close(struct fit__tcp *end)
{
    struct fit__tcp *peer = end->peer;
    fit__tcp_clear_packets(&peer->unsent);
    peer->unsent_bytes = 0;
    fit__tcp_clear_packets(&end->wire);
    end->wire_bytes = 0;
    peer->hushed = peer->end_sent = true;
    fit__tcp_send_packet(end, FIT_PK_FIN, NULL, 0, 0);
}

enum { DRIP = 1 /* bytes */ };

static void offer_arrivals(struct fit__question *q, const struct fit__tcp *end,
                           const struct fit__packet *packet)
{
    bool established = end->state == FIT_TCP_OPEN && end->peer->state == FIT_TCP_OPEN;
    fit__offer(q, FIT_TIMEOUT, FIT_W_SILENT, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (packet->size >= 2)
        fit__offer(q, FIT_TIMEOUT, FIT_W_SHORT, FIT_S_NUMBER, (int64_t)packet->size / 2,
                   FIT_U_ONCE);
    if (packet->kind != FIT_PK_DATA || !established)
        return;
    if (packet->size > DRIP && !end->drips)
        fit__offer(q, FIT_PARTIAL, FIT_W_SHORT, FIT_S_NUMBER, DRIP, FIT_U_ONWARDS);
    fit__offer(q, FIT_RESET, FIT_W_EOF, FIT_S_NUMBER, 0, FIT_U_ONCE);
    /* In the middle of what it sends. After the last of it nobody may look until the next time. */
    bool more = TAILQ_NEXT(packet, link) || !TAILQ_EMPTY(&end->peer->unsent);
    fit__offer(q, FIT_RESET, FIT_W_ERROR, FIT_S_ERRNO, ECONNRESET, FIT_U_ONCE);
    q->alternatives[q->count - 1].extended = !more;
    if (!end->asked)
        return;
    fit__offer(q, FIT_RESET, FIT_W_ERROR, FIT_S_ERRNO, ETIMEDOUT, FIT_U_ONCE);
    fit__offer_extended(q, FIT_RESET, FIT_W_ERROR, FIT_S_ERRNO, EHOSTUNREACH, FIT_U_ONCE);
    fit__offer_extended(q, FIT_RESET, FIT_W_ERROR, FIT_S_ERRNO, ENETUNREACH, FIT_U_ONCE);
}

/* The whole packet arrives, and what comes behind it. */
static ssize_t suffer(struct fit__tcp *end, const struct fit__packet *packet,
                      const struct fit__alternative *what)
{
    if (what->what == FIT_W_EOF) {
        half_close(end);
        return FIT_ARRIVAL_GONE;
    }
    if (what->what == FIT_W_SHORT) {
        end->drips = true;
        return (ssize_t)packet->size;
    }
    if (what->value != ECONNRESET) {
        cut_off(end, (int)what->value);
        return FIT_ARRIVAL_GONE;
    }
    return FIT_ARRIVAL_THEN_RESET;
}

ssize_t fit__tcp_ask_arrival(struct fit__tcp *end, const struct fit__packet *packet)
{
    bool speaks = packet->kind == FIT_PK_DATA || packet->kind == FIT_PK_FIN;
    if (!speaks || !end->service || !end->peer || end->peer->service
        || end->state == FIT_TCP_CLOSED)
        return (ssize_t)packet->size;
    char object[120];
    object_name(end, object, sizeof object);
    struct fit__question q = { .point = "peer", .object = object, .world = true };
    offer_arrivals(&q, end, packet);
    const struct fit__alternative *answer = fit__choose(&q);
    end->asked = false;
    if (!answer)
        return (ssize_t)packet->size;
    if (answer->mode != FIT_TIMEOUT)
        return suffer(end, packet, answer);
    /* A short one needs something left to cut off, or it would not be silence. */
    if (answer->what == FIT_W_SHORT && answer->value > 0
        && answer->value < (int64_t)packet->size)
        return (ssize_t)answer->value;
    return FIT_ARRIVAL_SILENCE;
}

/* ---- afflictions ------------------------------------------------------------------------- */

void fit__tcp_mute(struct fit__tcp *end)
{
    end->muted = true;
    fit__tcp_clear_packets(&end->unsent);
    end->unsent_bytes = 0;
    if (end->peer) {
        fit__tcp_clear_packets(&end->peer->wire);
        end->peer->wire_bytes = 0;
        fit__tcp_rearm(end->peer);
        fit__tcp_patience(end->peer);
    }
}

static int silence(struct fit__tcp *end)
{
    if (end->state == FIT_TCP_SYN_SENT) {
        end->syn_lost = true;
        fit__tcp_lose_handshake(end);
        return 0;
    }
    if (!end->peer || end->state != FIT_TCP_OPEN)
        return -ENOTCONN;
    fit__tcp_mute(end->peer);
    fit__bytes_clear(&end->unread);
    return 0;
}

static int reset(struct fit__tcp *end, int error)
{
    if (end->state == FIT_TCP_CLOSED || end->state == FIT_TCP_LISTENING)
        return -ENOTCONN;
    if (end->state == FIT_TCP_SYN_SENT && error == ECONNRESET) {
        end->reset_when_open = true;
        return 0;
    }
    if (end->state == FIT_TCP_SYN_SENT && error == ETIMEDOUT) {
        end->gives_up_early = true;
        return silence(end);
    }
    fit__tcp_send_reset(end);
    /* What has arrived and was not read yet is lost, as if the reset had come before it: else the
     * call at hand would succeed. */
    fit__bytes_clear(&end->unread);
    end->end_received = false;
    fit__tcp_clear_packets(&end->wire);
    end->wire_bytes = 0;
    fit__tcp_rearm(end);
    fit__tcp_die(end, error);
    return 0;
}

/* The other side has ended before it sent what we have not read yet. Whatever it, or we, say
 * from now on meets a connection that is gone. */
static int end_now(struct fit__tcp *end)
{
    struct fit__tcp *peer = end->peer;
    if (!peer || end->state != FIT_TCP_OPEN)
        return -ENOTCONN;
    fit__bytes_clear(&end->unread);
    fit__tcp_clear_packets(&end->wire);
    end->wire_bytes = 0;
    fit__tcp_rearm(end);
    if (!end->end_received) {
        end->end_received = true;
        end->socket.shut |= FIT_SHUT_RECEIVE;
    }
    /* The application over there finds its connection reset, as if its host had closed it. */
    fit__bytes_clear(&peer->unread);
    fit__tcp_die(peer, ECONNRESET);
    fit__tcp_changed(end, FIT_ALL_EVENTS);
    return 0;
}

static bool takes_part(const struct fit__packet *packet)
{
    return packet->kind != FIT_PK_ACK;
}

/* What has arrived and was not looked at goes back on the wire, in front of what is there. */
static void put_back(struct fit__tcp *end)
{
    struct fit__packet *first = TAILQ_FIRST(&end->wire);
    struct fit__packet *packet;
    size_t size = end->unread.size;
    if (size) {
        packet = fit__alloc(sizeof *packet + size);
        packet->kind = FIT_PK_DATA;
        packet->size = size;
        memcpy(packet->bytes, end->unread.data + end->unread.start, size);
        fit__bytes_clear(&end->unread);
        end->wire_bytes += size;
        if (first)
            TAILQ_INSERT_BEFORE(first, packet, link);
        else
            TAILQ_INSERT_TAIL(&end->wire, packet, link);
    }
    if (end->end_received && end->state == FIT_TCP_OPEN) {
        end->end_received = false;
        end->socket.shut &= ~(unsigned)FIT_SHUT_RECEIVE;
        packet = fit__alloc(sizeof *packet);
        packet->kind = FIT_PK_FIN;
        TAILQ_INSERT_TAIL(&end->wire, packet, link);
    }
    if (end->state == FIT_TCP_OPEN && end->phase == FIT_CONNECTING && !end->noticed) {
        packet = fit__alloc(sizeof *packet);
        packet->kind = FIT_PK_SYN_ACK;
        end->state = FIT_TCP_SYN_SENT;
        TAILQ_INSERT_HEAD(&end->wire, packet, link);
    }
}

void fit__tcp_delay_wire(struct fit__tcp *end, fit_ns ns)
{
    struct fit__packet *packet;
    fit_ns due = fit__now() + ns;
    TAILQ_FOREACH(packet, &end->wire, link)
        if (takes_part(packet) && packet->due < due)
            packet->due = due;
    if (end->last_due < due)
        end->last_due = due;
    fit__tcp_rearm(end);
}

static void delay(struct fit__tcp *end, fit_ns ns)
{
    fit_ns due = fit__now() + ns;
    put_back(end);
    fit__tcp_delay_wire(end, ns);
    if (end->syn.slot >= 0 && end->syn.due < due)
        fit__event_set(&end->syn, due, end->syn.fire);
}

void fit__tcp_reset_both(struct fit__tcp *end)
{
    struct fit__tcp *peer = end->peer;
    for (int i = 0; i < 2; i++) {
        struct fit__tcp *one = i ? peer : end;
        if (!one || one->state != FIT_TCP_OPEN)
            continue;
        fit__tcp_clear_packets(&one->wire);
        one->wire_bytes = 0;
        fit__tcp_rearm(one);
        fit__tcp_die(one, ECONNRESET);
    }
}

static void room_again(struct fit__event *event)
{
    struct fit__tcp *end = (struct fit__tcp *)((char *)event - offsetof(struct fit__tcp, full));
    end->full_until = 0;
    end->short_of_room = false;
    fit__tcp_changed(end, end->state == FIT_TCP_LISTENING ? FIT_DATA_EVENTS
                                                          : EPOLLOUT | EPOLLWRNORM);
}

/* No room to send, or nobody to accept, for so long. */
static void fill(struct fit__tcp *end, fit_ns ns)
{
    end->full_until = ns == FIT_NEVER ? FIT_NEVER : fit__now() + ns;
    end->short_of_room = true;
    fit__event_cancel(&end->full);
    if (ns != FIT_NEVER)
        fit__event_set(&end->full, end->full_until, room_again);
}

int fit__tcp_afflict(struct fit__file *file, enum fit__affliction affliction, int64_t value)
{
    struct fit__tcp *end = fit__tcp_of(file);
    switch (affliction) {
    case FIT_A_RESET: return reset(end, (int)value);
    case FIT_A_EOF: return end_now(end);
    case FIT_A_SILENT: return silence(end);
    case FIT_A_LATE:
        if (end->state == FIT_TCP_LISTENING)
            fill(end, value);
        else
            delay(end, value);
        return 0;
    case FIT_A_ERROR:
        end->socket.error = (int)value;
        fit__tcp_changed(end, EPOLLERR);
        return 0;
    case FIT_A_FULL:
        if (end->state != FIT_TCP_OPEN)
            return -ENOTCONN;
        fill(end, value);
        return 0;
    case FIT_A_LOST: case FIT_A_UNREADABLE: case FIT_A_CUT: case FIT_A_OVERFLOW: break;
    }
    return -EOPNOTSUPP;
}

void fit__tcp_hold(fit_ns ns)
{
    struct fit__tcp *end;
    TAILQ_FOREACH(end, &fit__tcps, all)
        if (end->service && end->file && end->state != FIT_TCP_LISTENING)
            delay(end, ns);
}
