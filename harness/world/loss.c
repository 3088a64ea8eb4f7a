/* loss.c - TCP's patience: with a link that is cut, with a window that stays closed, with somebody
 * who says nothing any more.
 *
 * What would arrive over a link that is cut is lost. Its sender tries again, in the rhythm of
 * Linux: after 0.2 s, then each time twice as long, at most 120 s. The packet stays on the wire
 * meanwhile, at the head of all that follow it. */
#include <errno.h>
#include <netinet/tcp.h>

#include "harness/world/link.h"
#include "harness/world/tcp.h"

#define FIRST_WAIT (200 * FIT_MS)
#define LONGEST_WAIT (120 * FIT_S)
enum { RETRIES = 15 /* 924.6 s */, ORPHAN_RETRIES = 8, DOUBLINGS = 10 };

static int64_t option(const struct fit__tcp *end, int name)
{
    return fit__option_stored(&end->socket, IPPROTO_TCP, name);
}

static fit_ns user_timeout(const struct fit__tcp *end)
{
    return option(end, TCP_USER_TIMEOUT) * FIT_MS;
}

/* ---- what is sent again ------------------------------------------------------------------ */

static fit_ns wait_after(unsigned tries)
{
    fit_ns wait = FIRST_WAIT << (tries < DOUBLINGS ? tries : DOUBLINGS);
    return wait < LONGEST_WAIT ? wait : LONGEST_WAIT;
}

static void clear_wire(struct fit__tcp *end)
{
    fit__tcp_clear_packets(&end->wire);
    end->wire_bytes = 0;
    end->lost_tries = 0;
}

static bool expects_answer(const struct fit__tcp *end)
{
    const struct fit__packet *packet;
    TAILQ_FOREACH(packet, &end->wire, link)
        if (packet->kind == FIT_PK_DATA || packet->kind == FIT_PK_FIN)
            return true;
    return false;
}

static void give_up(struct fit__tcp *end)
{
    struct fit__tcp *sender = end->peer;
    bool waits = expects_answer(end);
    clear_wire(end);
    if (waits)
        fit__tcp_die(sender, ETIMEDOUT);
    /* The handshake never ended here. */
    if (end->state == FIT_TCP_SYN_RECEIVED)
        fit__tcp_die(end, 0);
}

static bool is_over(const struct fit__tcp *end, const struct fit__tcp *sender)
{
    fit_ns limit = user_timeout(sender);
    if (limit && fit__now() - end->lost_since >= limit)
        return true;
    return !limit && end->lost_tries > (unsigned)(sender->file ? RETRIES : ORPHAN_RETRIES);
}

static void try_again(struct fit__tcp *end, struct fit__packet *packet)
{
    fit_ns due = fit__now() + wait_after(end->lost_tries), limit = user_timeout(end->peer);
    if (limit && due > end->lost_since + limit)
        due = end->lost_since + limit;
    end->lost_tries++;
    packet->due = due;
    if (end->last_due < due)
        end->last_due = due;
}

bool fit__tcp_loses(struct fit__tcp *end, struct fit__packet *packet)
{
    struct fit__tcp *sender = end->peer;
    bool sender_gone = !sender || sender->state == FIT_TCP_CLOSED;
    bool cut = sender && fit__link_is_cut(end->host, sender->host);
    if (end->lost_tries && sender_gone) {
        clear_wire(end);                     /* nobody sends it again */
        return true;
    }
    if (!cut) {
        end->lost_tries = 0;
        return false;
    }
    if (packet->kind == FIT_PK_SYN_ACK) {
        fit__tcp_lose_handshake(end);
        return true;
    }
    if (packet->kind == FIT_PK_RST || sender_gone) {
        clear_wire(end);
        return true;
    }
    if (!end->lost_tries)
        end->lost_since = fit__now();
    if (is_over(end, sender))
        give_up(end);
    else
        try_again(end, packet);
    return true;
}

/* ---- patience with what is not lost ------------------------------------------------------- */

/* A side that has fallen silent: who asks for signs of life finds its host gone, too. */
static bool is_cut_off(const struct fit__tcp *end)
{
    return fit__link_is_cut(end->host, end->peer->host) || fit__tcp_is_mute(end->peer);
}

/* Something was sent that nobody will acknowledge. */
static bool is_unheard(const struct fit__tcp *end)
{
    return fit__tcp_is_mute(end->peer) && end->unheard && user_timeout(end);
}

/* The window of the other side is closed, and stays so: an answer to each question, but no room.
 * Only who has set a limit gives up. */
static bool is_stuck(const struct fit__tcp *end)
{
    return !TAILQ_EMPTY(&end->unsent) && !is_cut_off(end) && user_timeout(end);
}

static bool asks_for_life(const struct fit__tcp *end)
{
    return is_cut_off(end) && fit__option_stored(&end->socket, SOL_SOCKET, SO_KEEPALIVE)
           && !expects_answer(end->peer);
}

/* Probes that are answered change nothing that anybody sees, so none is sent while they are. The
 * other side was heard last when it answered the last one before it was cut off. */
static fit_ns keepalive_ends(const struct fit__tcp *end)
{
    fit_ns idle = option(end, TCP_KEEPIDLE) * FIT_S, between = option(end, TCP_KEEPINTVL) * FIT_S;
    fit_ns heard = end->heard + (fit__now() - end->heard) / idle * idle;
    fit_ns limit = user_timeout(end);
    int64_t probes = option(end, TCP_KEEPCNT);
    if (limit) {
        fit_ns over = limit > idle ? limit - idle : 0;
        probes = over > between ? (over + between - 1) / between : 1;
    }
    return heard + idle + probes * between;
}

static void patience_over(struct fit__event *event)
{
    struct fit__tcp *end = (struct fit__tcp *)
        (void *)((char *)event - offsetof(struct fit__tcp, patience));
    struct fit__tcp *peer = end->peer;
    bool asked = peer && asks_for_life(end);
    if (end->state != FIT_TCP_OPEN || !peer || (!asked && !is_unheard(end) && !is_stuck(end)))
        return;                              /* silence was lifted meanwhile */
    if (asked)
        fit__tcp_send_reset(end);            /* as the last of the probes */
    fit__tcp_die(end, ETIMEDOUT);
    fit__tcp_reap(end);
    fit__tcp_reap(peer);
}

void fit__tcp_patience(struct fit__tcp *end)
{
    bool open = end->state == FIT_TCP_OPEN && end->peer;
    if (open && (is_stuck(end) || is_unheard(end))) {
        if (end->patience.slot < 0)
            fit__event_set(&end->patience, fit__now() + user_timeout(end), patience_over);
        return;
    }
    fit__event_cancel(&end->patience);
    if (open && asks_for_life(end))
        fit__event_set(&end->patience, keepalive_ends(end), patience_over);
}

void fit__tcp_options_changed(struct fit__file *file)
{
    if (file->ops == &fit__tcp_ops)
        fit__tcp_patience(fit__tcp_of(file));
}

void fit__tcp_link_changed(const struct fit__link *link)
{
    struct fit__tcp *end;
    TAILQ_FOREACH(end, &fit__tcps, all)
        if (end->peer && (end->host == link->hosts[0] || end->host == link->hosts[1]))
            fit__tcp_patience(end);
}
