/* stream.c - how the two ends of a TCP connection talk: packets, windows, ends, resets. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "harness/world/link.h"
#include "harness/world/tcp.h"

#define TIME_WAIT_NS (60 * FIT_S)

FIT_HOT struct fit__tcps fit__tcps = TAILQ_HEAD_INITIALIZER(fit__tcps);

/* Ends that only kept their port taken have no event of their own, so that they never keep a
 * world going: they leave when the next end is made. */
static void free_expired(void)
{
    struct fit__tcp *next;
    for (struct fit__tcp *end = TAILQ_FIRST(&fit__tcps); end; end = next) {
        next = TAILQ_NEXT(end, all);
        if (end->time_wait && end->time_wait <= fit__now())
            fit__tcp_reap(end);
    }
}

struct fit__tcp *fit__tcp_make(struct fit__host *host, bool service)
{
    free_expired();
    struct fit__tcp *end = fit__alloc(sizeof *end);
    end->socket.domain = AF_INET;
    end->socket.type = SOCK_STREAM;
    end->socket.protocol = 6;
    end->host = host;
    end->service = service;
    end->arrival.slot = end->syn.slot = end->full.slot = end->patience.slot = -1;
    TAILQ_INIT(&end->wire);
    TAILQ_INIT(&end->unsent);
    TAILQ_INIT(&end->accept_queue);
    TAILQ_INSERT_TAIL(&fit__tcps, end, all);
    return end;
}

void fit__tcp_clear_packets(struct fit__packets *packets)
{
    struct fit__packet *packet;
    while ((packet = TAILQ_FIRST(packets))) {
        TAILQ_REMOVE(packets, packet, link);
        fit__free(packet);
    }
}

void fit__tcp_free(struct fit__tcp *end)
{
    assert(!end->file && !end->listener);
    fit__event_cancel(&end->arrival);
    fit__event_cancel(&end->syn);
    fit__event_cancel(&end->full);
    fit__event_cancel(&end->patience);
    fit__tcp_clear_packets(&end->wire);
    fit__tcp_clear_packets(&end->unsent);
    fit__bytes_clear(&end->unread);
    if (end->peer)
        end->peer->peer = NULL;
    TAILQ_REMOVE(&fit__tcps, end, all);
    fit__free(end);
}

void fit__tcp_reap(struct fit__tcp *end)
{
    if (end->file || end->listener || end->state != FIT_TCP_CLOSED || !TAILQ_EMPTY(&end->wire))
        return;
    /* The other end still needs somebody who answers its data with a reset. */
    if (end->peer && end->peer->state != FIT_TCP_CLOSED)
        return;
    if (end->time_wait <= fit__now())
        fit__tcp_free(end);
}

void fit__tcp_changed(struct fit__tcp *end, uint32_t events)
{
    if (end->service)
        fit__progressed();
    if (end->file)
        fit__file_changed(end->file, events);
}

/* ---- sending ----------------------------------------------------------------------------- */

static struct fit__packet *packet_new(enum fit__packet_kind kind, const void *bytes, size_t size)
{
    struct fit__packet *packet = fit__alloc(sizeof *packet + size);
    packet->kind = kind;
    packet->size = size;
    if (size)
        memcpy(packet->bytes, bytes, size);
    return packet;
}

static void put_on_wire(struct fit__tcp *to, struct fit__packet *packet, fit_ns latency)
{
    packet->due = fit__now() + latency;
    if (packet->due < to->last_due)
        packet->due = to->last_due;
    to->last_due = packet->due;
    to->wire_bytes += packet->size;
    TAILQ_INSERT_TAIL(&to->wire, packet, link);
    fit__tcp_rearm(to);
}

void fit__tcp_send_packet(struct fit__tcp *to, enum fit__packet_kind kind, const void *bytes,
                          size_t size, fit_ns latency)
{
    put_on_wire(to, packet_new(kind, bytes, size), latency);
}

static size_t receive_room(const struct fit__tcp *end)
{
    size_t used = end->unread.size + end->wire_bytes;
    size_t limit = (size_t)fit__option_stored(&end->socket, SOL_SOCKET, SO_RCVBUF);
    return used < limit ? limit - used : 0;
}

void fit__tcp_pump(struct fit__tcp *end)
{
    struct fit__packet *packet;
    struct fit__tcp *to = end->peer;
    while (to && end->state == FIT_TCP_OPEN && (packet = TAILQ_FIRST(&end->unsent))) {
        /* An end without a reader takes everything, to answer it with a reset. */
        if (packet->size > receive_room(to) && to->state == FIT_TCP_OPEN) {
            fit__tcp_patience(end);
            return;
        }
        fit__event_cancel(&end->patience);
        TAILQ_REMOVE(&end->unsent, packet, link);
        end->unsent_bytes -= packet->size;
        put_on_wire(to, packet,
                    fit__link_delay(end->host, to->host, packet->size + FIT_TCP_HEADERS));
    }
}

void fit__tcp_queue_end(struct fit__tcp *end)
{
    struct fit__packet *fin;
    if (end->end_sent)
        return;
    end->end_sent = true;
    if (fit__tcp_is_mute(end))
        return;
    fin = packet_new(FIT_PK_FIN, NULL, 0);
    TAILQ_INSERT_TAIL(&end->unsent, fin, link);
    fit__tcp_pump(end);
}

void fit__tcp_send_reset(struct fit__tcp *end)
{
    if (end->peer && end->peer->state != FIT_TCP_CLOSED)
        fit__tcp_send_packet(end->peer, FIT_PK_RST, NULL, 0,
                             fit__link_latency(end->host, end->peer->host));
}

/* ---- arriving ---------------------------------------------------------------------------- */

void fit__tcp_close_state(struct fit__tcp *end)
{
    end->state = FIT_TCP_CLOSED;
    if (!end->port_locked)
        end->has_port = false;
}

void fit__tcp_die(struct fit__tcp *end, int error)
{
    fit__event_cancel(&end->syn);
    fit__event_cancel(&end->patience);
    /* Its listener waits for the end of a handshake that never comes. */
    if (end->state == FIT_TCP_SYN_RECEIVED && end->listener)
        fit__tcp_forget_child(end);
    if (error)
        end->socket.error = error;
    fit__tcp_clear_packets(&end->unsent);
    end->unsent_bytes = 0;
    fit__tcp_close_state(end);
    end->socket.shut = FIT_SHUT_BOTH;
    fit__tcp_changed(end, FIT_ALL_EVENTS);
}

/* Both ends have sent and seen FIN: the connection is over for this end. */
static void settle(struct fit__tcp *end, bool closed_first)
{
    if (end->state != FIT_TCP_OPEN || !end->end_received || !end->end_arrived)
        return;
    if (closed_first && end->bound)
        end->time_wait = fit__now() + TIME_WAIT_NS;
    fit__tcp_close_state(end);
    end->socket.shut = FIT_SHUT_BOTH;
    fit__tcp_changed(end, FIT_ALL_EVENTS);
}

static void tell_room(struct fit__tcp *end)
{
    size_t room = fit__tcp_room(end);
    size_t limit = (size_t)fit__option_stored(&end->socket, SOL_SOCKET, SO_SNDBUF);
    if (!end->short_of_room || fit__tcp_is_full(end) || room < limit / 3)
        return;
    end->short_of_room = false;
    fit__tcp_changed(end, FIT_ROOM_EVENTS);
}

static void reset_arrived(struct fit__tcp *end)
{
    if (end->state == FIT_TCP_CLOSED)
        return;
    int error = ECONNRESET;
    if (end->state == FIT_TCP_SYN_SENT)
        error = ECONNREFUSED;
    else if (end->end_received && !end->end_sent)
        error = EPIPE;
    fit__tcp_die(end, error);
}

static void note_edge(struct fit__tcp *end)
{
    if (end->edge_count < FIT_EDGES)
        end->edges[end->edge_count++] = end->unread.size;
}

static void forget_edges(struct fit__tcp *end, size_t taken)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < end->edge_count; i++)
        if (end->edges[i] > taken)
            end->edges[kept++] = end->edges[i] - taken;
    end->edge_count = kept;
}

static void data_arrived(struct fit__tcp *end, const char *bytes, size_t size, bool last)
{
    bool over = end->state != FIT_TCP_OPEN;
    /* Whoever has shut both directions has no place for data: Linux resets the connection. */
    if (!over && end->socket.shut == FIT_SHUT_BOTH && end->end_sent) {
        fit__tcp_send_reset(end);
        fit__tcp_die(end, ECONNRESET);
        return;
    }
    if (over) {
        fit__tcp_send_reset(end);
        return;
    }
    if (!end->unread.size)
        end->edge_count = 0;
    end->unanswered = 0;
    fit__bytes_append(&end->unread, bytes, size);
    if (last)
        note_edge(end);
    fit__tcp_changed(end, FIT_DATA_EVENTS);
    if (end->peer)
        tell_room(end->peer);
}

/* The sender hears of it last: the answer has a way to go. */
static void end_arrived(struct fit__tcp *end)
{
    if (end->peer) {
        end->peer->end_arrived = true;
        if (end->peer->file)
            fit__wake_all(&end->peer->file->queue);      /* close() may wait for it */
    }
    if (end->state == FIT_TCP_OPEN) {
        end->end_received = true;
        end->socket.shut |= FIT_SHUT_RECEIVE;
        fit__tcp_changed(end, FIT_ALL_EVENTS);
        settle(end, true);
    }
    if (end->peer)
        settle(end->peer, false);
}

static void syn_ack_arrived(struct fit__tcp *end)
{
    if (end->state != FIT_TCP_SYN_SENT) {
        /* Given up meanwhile: the listener's side never sees the handshake's end. */
        if (end->peer) {
            fit__tcp_clear_packets(&end->peer->wire);
            end->peer->wire_bytes = 0;
        }
        fit__tcp_send_reset(end);
        return;
    }
    end->state = FIT_TCP_OPEN;
    if (end->reset_when_open) {
        fit__tcp_send_reset(end);
        fit__tcp_die(end, ECONNRESET);
        return;
    }
    fit__tcp_changed(end, FIT_ALL_EVENTS);
    fit__tcp_pump(end);
}

static void deliver(struct fit__tcp *end, struct fit__packet *packet, size_t size)
{
    switch (packet->kind) {
    case FIT_PK_SYN_ACK: syn_ack_arrived(end); break;
    case FIT_PK_ACK:
        if (end->state == FIT_TCP_SYN_RECEIVED)
            fit__tcp_accepted(end);
        break;
    case FIT_PK_DATA:
        data_arrived(end, packet->bytes, size, packet->last && size == packet->size);
        break;
    case FIT_PK_FIN: end_arrived(end); break;
    case FIT_PK_RST: reset_arrived(end); break;
    }
}

static struct fit__tcp *tcp_of_arrival(struct fit__event *event)
{
    return (struct fit__tcp *)((char *)event - offsetof(struct fit__tcp, arrival));
}

/* A byte arrives, the rest later; where much is under way, in bigger pieces, so that it ends. */
static bool drip(struct fit__tcp *end, struct fit__packet *packet)
{
    enum { PIECES = 256 };
    size_t piece = 1 + packet->size / PIECES;
    if (!end->drips || fit__faults_off || packet->kind != FIT_PK_DATA || packet->size <= piece)
        return false;
    deliver(end, packet, piece);
    packet->size -= piece;
    end->wire_bytes -= piece;
    memmove(packet->bytes, packet->bytes + piece, packet->size);
    fit__tcp_delay_wire(end, FIT_MS);
    return true;
}

static void take_from_wire(struct fit__tcp *end, struct fit__packet *packet, size_t size)
{
    TAILQ_REMOVE(&end->wire, packet, link);
    end->wire_bytes -= packet->size;
    deliver(end, packet, size);
    bool cut = size < packet->size;
    fit__free(packet);
    if (cut && end->peer)
        fit__tcp_mute(end->peer);
}

static void heard(struct fit__tcp *end)
{
    end->heard = fit__now();
    if (end->peer)
        end->peer->heard = fit__now();
}

/* The packet has come through. False: only a piece of it, and the rest is under way. */
static bool come_through(struct fit__tcp *end, struct fit__packet *packet)
{
    heard(end);
    if (drip(end, packet))
        return false;
    ssize_t size = fit__tcp_ask_arrival(end, packet);
    if (size >= 0) {
        if (!drip(end, packet))
            take_from_wire(end, packet, (size_t)size);
    } else if (size == FIT_ARRIVAL_THEN_RESET) {
        take_from_wire(end, packet, packet->size);
        fit__tcp_reset_both(end);
    } else if (size == FIT_ARRIVAL_SILENCE && end->peer) {
        fit__tcp_mute(end->peer);
    }
    return true;
}

static void packet_arrives(struct fit__event *event)
{
    struct fit__tcp *end = tcp_of_arrival(event);
    struct fit__packet *packet = TAILQ_FIRST(&end->wire);
    assert(packet);
    if (!fit__tcp_loses(end, packet) && !come_through(end, packet))
        return;
    fit__tcp_rearm(end);
    struct fit__tcp *peer = end->peer;
    fit__tcp_reap(end);
    if (peer)
        fit__tcp_reap(peer);
}

void fit__tcp_rearm(struct fit__tcp *end)
{
    struct fit__packet *first = TAILQ_FIRST(&end->wire);
    fit__event_cancel(&end->arrival);
    if (first)
        fit__event_set(&end->arrival, first->due, packet_arrives);
}

/* ---- reading, writing, readiness: in the order in which Linux looks ---------------------- */

size_t fit__tcp_room(const struct fit__tcp *end)
{
    if (fit__tcp_is_full(end))
        return 0;
    size_t limit = (size_t)fit__option_stored(&end->socket, SOL_SOCKET, SO_SNDBUF);
    size_t used = end->unsent_bytes + (end->peer ? end->peer->wire_bytes : 0);
    return used < limit ? limit - used : 0;
}

uint32_t fit__tcp_poll(struct fit__file *file)
{
    struct fit__tcp *end = fit__tcp_of(file);
    uint32_t bits = 0;
    if (end->state == FIT_TCP_LISTENING)
        return end->waiting && !fit__tcp_is_full(end) ? EPOLLIN | EPOLLRDNORM : 0;
    if (end->socket.shut == FIT_SHUT_BOTH || end->state == FIT_TCP_CLOSED)
        bits |= EPOLLHUP;
    if ((end->socket.shut & FIT_SHUT_RECEIVE) && !fit__tcp_is_deaf(end))
        bits |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
    if (end->state != FIT_TCP_SYN_SENT) {
        if (end->unread.size && !fit__tcp_is_mute(end))
            bits |= EPOLLIN | EPOLLRDNORM;
        size_t limit = (size_t)fit__option_stored(&end->socket, SOL_SOCKET, SO_SNDBUF);
        if ((end->socket.shut & FIT_SHUT_SEND) || fit__tcp_room(end) >= limit / 3)
            bits |= EPOLLOUT | EPOLLWRNORM;
        else
            end->short_of_room = true;
    }
    if (end->socket.error)
        bits |= EPOLLERR;
    return bits;
}

ssize_t fit__tcp_read(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct fit__tcp *end = fit__tcp_of(file);
    if (end->state == FIT_TCP_LISTENING)
        return -ENOTCONN;
    if (fit__tcp_is_deaf(end))
        return -EAGAIN;
    if (end->unread.size && !fit__tcp_is_mute(end)) {
        size_t taken = fit__bytes_take(&end->unread, iov, count, flags);
        if (!(flags & MSG_PEEK))
            forget_edges(end, taken);
        end->noticed = true;
        if (end->service)
            fit__progressed();
        if (end->peer)
            fit__tcp_pump(end->peer);
        return (ssize_t)taken;
    }
    if (end->end_received)
        return 0;
    int error = fit__socket_take_error(&end->socket);
    if (error)
        return error;
    if (end->socket.shut & FIT_SHUT_RECEIVE)
        return 0;
    return end->state == FIT_TCP_CLOSED ? -ENOTCONN : -EAGAIN;
}

static size_t queue_segments(struct fit__tcp *end, const struct iovec *iov, int count, size_t size)
{
    char segment[FIT_SEGMENT];
    size_t done = 0;
    while (done < size) {
        size_t part = size - done < FIT_SEGMENT ? size - done : FIT_SEGMENT;
        part = fit__iov_read(iov, count, done, segment, part);
        struct fit__packet *packet = packet_new(FIT_PK_DATA, segment, part);
        packet->last = done + part == size;
        TAILQ_INSERT_TAIL(&end->unsent, packet, link);
        end->unsent_bytes += part;
        done += part;
    }
    fit__tcp_pump(end);
    if (end->peer && fit__tcp_is_mute(end->peer) && !end->unheard) {
        end->unheard = true;
        fit__tcp_patience(end);
    }
    return done;
}

ssize_t fit__tcp_write(struct fit__file *file, const struct iovec *iov, int count, int flags)
{
    struct fit__tcp *end = fit__tcp_of(file);
    size_t size = fit__iov_size(iov, count);
    (void)flags;
    int error = fit__socket_take_error(&end->socket);
    if (error)
        return error;
    if (end->state == FIT_TCP_SYN_SENT)
        return -EAGAIN;
    if (end->state != FIT_TCP_OPEN || (end->socket.shut & FIT_SHUT_SEND))
        return -EPIPE;
    end->asked = true;
    if (fit__tcp_is_mute(end) || end->hushed || !size)
        return (ssize_t)size;
    size_t room = fit__tcp_room(end);
    if (room < size)
        end->short_of_room = true;
    if (!room)
        return -EAGAIN;
    end->noticed = true;
    if (end->service)
        fit__progressed();
    size = room < size ? room : size;
    end->unanswered += size;
    return (ssize_t)queue_segments(end, iov, count, size);
}
