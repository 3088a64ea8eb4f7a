/* local_fault.c - AF_UNIX: what can go wrong with a connection, as a change of the world. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/world/local.h"

/* ---- names for people and for cases ------------------------------------------------------ */

/* "/run/x.sock", "abstract/x", or "". */
static const char *name_text(const struct fit__local_name *name, char *out, size_t size)
{
    int length = (int)name->size - (int)offsetof(struct sockaddr_un, sun_path);
    if (length <= 0)
        out[0] = 0;
    else if (name->un.sun_path[0])
        snprintf(out, size, "%.*s", length, name->un.sun_path);
    else
        snprintf(out, size, "abstract/%.*s", length - 1, name->un.sun_path + 1);
    return out;
}

static void object_name(const struct fit__local *end, char *out, size_t size)
{
    char text[128];
    const struct fit__local_name *far = end->peer ? &end->peer->name : &end->peer_name;
    const char *own = name_text(&end->name, text, sizeof text);
    const char *slash = *own && *own != '/' ? "/" : "";
    if (end->pair)
        snprintf(out, size, "pair");
    else if (end->state == FIT_L_LISTENING)
        snprintf(out, size, "listener%s%s", slash, own);
    else if (end->called)
        snprintf(out, size, "client%s%s", slash, own);
    else if (far->size)
        snprintf(out, size, "%s", name_text(far, text, sizeof text));
    else
        snprintf(out, size, "%s", *own ? own : "socket");
}

static const char *state_text(const struct fit__local *end)
{
    if (end->state == FIT_L_LISTENING)
        return "listening";
    if (end->peer_gone)
        return "other end closed";
    return end->state == FIT_L_CONNECTED ? "connected" : "not connected";
}

static void tell(const struct fit__local *end, char *out, size_t size)
{
    char own[128], far[128];
    name_text(&end->name, own, sizeof own);
    name_text(end->peer ? &end->peer->name : &end->peer_name, far, sizeof far);
    if (end->pair)
        snprintf(out, size, "pair, %s", state_text(end));
    else
        snprintf(out, size, "unix %s%s%s%s%s", own, *own && *far ? " " : "", *far ? "-> " : "",
                 far, *own || *far ? ", " : "");
    if (!end->pair)
        strncat(out, state_text(end), size - strlen(out) - 1);
}

static enum fit__class class_of(const struct fit__local *end)
{
    if (end->state == FIT_L_LISTENING)
        return FIT_C_LISTENER;
    if (end->socket.type != SOCK_STREAM)
        return FIT_C_DATAGRAM;
    if (end->pair)
        return FIT_C_PAIR;
    return end->state == FIT_L_CONNECTED ? FIT_C_STREAM : FIT_C_SOCKET;
}

static void count_unread(const struct fit__local *end, struct fit__info *info)
{
    const struct fit__message *message = fit__local_first(end);
    unsigned edges = 0;
    if (end->socket.type == SOCK_DGRAM) {
        info->readable = message ? message->size : 0;
        return;
    }
    for (; message; message = TAILQ_NEXT(message, link)) {
        info->readable += message->size - message->taken;
        if (edges < FIT_EDGES)
            info->edges[edges++] = info->readable;
    }
}

int fit__local_describe(struct fit__file *file, struct fit__info *info)
{
    struct fit__local *end = fit__local_of(file);
    size_t room = (size_t)fit__option_stored(&end->socket, SOL_SOCKET, SO_SNDBUF);
    info->class = class_of(end);
    info->local = true;
    if (end->state == FIT_L_LISTENING)
        info->readable = end->waiting;
    else
        count_unread(end, info);
    info->waiting = fit__local_first(end) != NULL;
    info->unanswered = end->unanswered;
    info->rights = info->waiting && fit__local_first(end)->file_count;
    if (!fit__local_is_full(end) && end->cost < room && end->state == FIT_L_CONNECTED)
        info->writable = room - end->cost;
    info->peer_closed = !!(end->socket.shut & FIT_SHUT_RECEIVE);
    info->broken = end->peer_gone && TAILQ_EMPTY(&end->unread);
    object_name(end, info->object, sizeof info->object);
    if (!info->brief)
        tell(end, info->text, sizeof info->text);
    return 0;
}

/* ---- the world's own question ------------------------------------------------------------ */

bool fit__local_arrives(struct fit__local *from, const struct fit__local *to)
{
    char object[120], text[120];
    if (fit__local_is_mute(from))
        return false;
    if (from->service || !to->service || fit__current->process->service)
        return true;
    object_name(to, object, sizeof object);
    if (fit__local_is_datagram(to) && !to->peer)
        snprintf(object, sizeof object, "%s", name_text(&from->name, text, sizeof text));
    struct fit__question q = { .point = "peer", .object = object, .world = true };
    fit__offer(&q, FIT_TIMEOUT, FIT_W_SILENT, FIT_S_NUMBER, 0, FIT_U_ONCE);
    if (!fit__choose(&q))
        return true;
    from->muted = true;
    return false;
}

/* ---- afflictions ------------------------------------------------------------------------- */

/* The program at the other side has ended, and this side is told `error` (0: the end). */
static int cut_off(struct fit__local *end, int error)
{
    struct fit__local *peer = end->peer;
    if (!peer || end->state != FIT_L_CONNECTED || end->socket.type != SOCK_STREAM)
        return -ENOTCONN;
    fit__event_cancel(&end->late);
    end->late_until = 0;
    fit__local_clear(end);
    fit__local_clear(peer);
    end->socket.shut = peer->socket.shut = FIT_SHUT_BOTH;
    end->socket.error = error == EPIPE ? 0 : error;
    peer->socket.error = ECONNRESET;
    fit__local_changed(end, FIT_ALL_EVENTS);
    fit__local_changed(peer, FIT_ALL_EVENTS);
    return 0;
}

static struct fit__local *local_at(struct fit__event *event, size_t offset)
{
    return (struct fit__local *)(void *)((char *)event - offset);
}

static void late_over(struct fit__event *event)
{
    struct fit__local *end = local_at(event, offsetof(struct fit__local, late));
    end->late_until = 0;
    if (!TAILQ_EMPTY(&end->unread) || (end->socket.shut & FIT_SHUT_RECEIVE))
        fit__local_changed(end, EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLHUP);
}

static void full_over(struct fit__event *event)
{
    struct fit__local *end = local_at(event, offsetof(struct fit__local, full));
    end->full_until = 0;
    fit__local_changed(end, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
}

static void delay(struct fit__local *end, fit_ns ns)
{
    end->late_until = fit__now() + ns;
    fit__event_cancel(&end->late);
    fit__event_set(&end->late, end->late_until, late_over);
}

static int silence(struct fit__local *end)
{
    if (!end->peer)
        return -ENOTCONN;
    end->peer->muted = true;
    fit__local_clear(end);
    return 0;
}

int fit__local_afflict(struct fit__file *file, enum fit__affliction affliction, int64_t value)
{
    struct fit__local *end = fit__local_of(file);
    switch (affliction) {
    case FIT_A_RESET: return cut_off(end, (int)value);
    case FIT_A_EOF: return cut_off(end, 0);
    case FIT_A_SILENT: return silence(end);
    case FIT_A_LATE: delay(end, value); return 0;
    case FIT_A_FULL:
        end->full_until = value == FIT_NEVER ? FIT_NEVER : fit__now() + value;
        fit__event_cancel(&end->full);
        if (value != FIT_NEVER)
            fit__event_set(&end->full, end->full_until, full_over);
        return 0;
    case FIT_A_ERROR:
        end->socket.error = (int)value;
        fit__local_changed(end, EPOLLERR);
        return 0;
    case FIT_A_LOST: case FIT_A_UNREADABLE: case FIT_A_CUT: case FIT_A_OVERFLOW: break;
    }
    return -EOPNOTSUPP;
}

bool fit__local_is_stream(struct fit__file *file)
{
    if (file->ops != &fit__local_ops)
        return false;
    struct fit__local *end = fit__local_of(file);
    return end->state == FIT_L_CONNECTED || !TAILQ_EMPTY(&end->unread);
}

void fit__local_hold(fit_ns ns)
{
    struct fit__local *end;
    TAILQ_FOREACH(end, &fit__locals, all)
        if (end->service && !end->pair && end->file
            && (!TAILQ_EMPTY(&end->unread) || (end->socket.shut & FIT_SHUT_RECEIVE)))
            delay(end, ns);
}
