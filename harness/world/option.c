/* option.c - getsockopt and setsockopt, and what all sockets have in common. */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include "harness/world/tcp.h"

enum { SMALLEST_BUFFER = 2304 };

/* Options that are a number: kept, and reported as they were set. Those without `effect` have
 * none in the world either: no packet is lost there, no probe needed. */
enum whose { ALL, TCP, UDP, INET, SIX, LOCAL, OTHER /* than TCP */ };
static const struct { int level, option, initial; enum whose whose; } stored[] = {
    { SOL_SOCKET, SO_SNDBUF, FIT_SEND_BUFFER, TCP },
    { SOL_SOCKET, SO_RCVBUF, FIT_RECEIVE_BUFFER, TCP },
    { SOL_SOCKET, SO_SNDBUF, FIT_BUFFER, OTHER }, { SOL_SOCKET, SO_RCVBUF, FIT_BUFFER, OTHER },
    { SOL_SOCKET, SO_REUSEADDR, 0, ALL }, { SOL_SOCKET, SO_REUSEPORT, 0, ALL },
    { SOL_SOCKET, SO_KEEPALIVE, 0, ALL }, { SOL_SOCKET, SO_BROADCAST, 0, ALL },
    { SOL_SOCKET, SO_OOBINLINE, 0, ALL }, { SOL_SOCKET, SO_PRIORITY, 0, ALL },
    { IPPROTO_TCP, TCP_NODELAY, 0, TCP }, { IPPROTO_TCP, TCP_KEEPIDLE, 7200, TCP },
    { IPPROTO_TCP, TCP_KEEPINTVL, 75, TCP }, { IPPROTO_TCP, TCP_KEEPCNT, 9, TCP },
    { IPPROTO_TCP, TCP_QUICKACK, 1, TCP }, { IPPROTO_TCP, TCP_USER_TIMEOUT, 0, TCP },
    { IPPROTO_TCP, TCP_CORK, 0, TCP }, { IPPROTO_IP, IP_TOS, 0, INET },
    { IPPROTO_IP, IP_TTL, 64, INET }, { IPPROTO_TCP, TCP_SYNCNT, 6, TCP },
    { IPPROTO_IP, FIT_PORT_RANGE, 0, INET },
    { IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT, INET },
    { IPPROTO_IP, IP_MULTICAST_TTL, 1, INET }, { IPPROTO_IP, IP_MULTICAST_LOOP, 1, INET },
    { IPPROTO_IPV6, IPV6_V6ONLY, 0, SIX }, { IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64, SIX },
    { IPPROTO_IPV6, IPV6_TCLASS, 0, SIX }, { SOL_SOCKET, SO_PASSCRED, 0, LOCAL },
    { IPPROTO_IP, IP_PKTINFO, 0, INET }, { IPPROTO_IP, IP_RECVTTL, 0, INET },
    { IPPROTO_IP, IP_RECVTOS, 0, INET }, { IPPROTO_IPV6, IPV6_RECVPKTINFO, 0, SIX },
    { IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 0, SIX }, { IPPROTO_IPV6, IPV6_RECVTCLASS, 0, SIX },
    { SOL_SOCKET, SO_TIMESTAMP, 0, UDP }, { SOL_SOCKET, SO_TIMESTAMPNS, 0, UDP },
};
_Static_assert(sizeof stored / sizeof stored[0] <= FIT_STORED_OPTIONS, "enough room");

bool fit__is_socket(const struct fit__file *file)
{
    return file->ops->socket != NULL;
}

struct fit__socket *fit__socket_of(struct fit__file *file)
{
    return fit__is_socket(file) ? file->object : NULL;
}

int fit__socket_take_error(struct fit__socket *socket)
{
    int error = socket->error;
    socket->error = 0;
    return -error;
}

int fit__address_out(const void *address, socklen_t length, struct sockaddr *out, socklen_t *size)
{
    if (!out || !size)
        return out ? -EFAULT : 0;
    if ((int)*size < 0)
        return -EINVAL;
    memcpy(out, address, *size < length ? *size : length);
    *size = length;
    return 0;
}

static bool has(const struct fit__socket *socket, enum whose whose)
{
    bool local = socket->domain == AF_UNIX, tcp = !local && socket->type == SOCK_STREAM;
    switch (whose) {
    case ALL: return true;
    case TCP: return tcp;
    case UDP: return !local && !tcp;
    case OTHER: return !tcp;
    case INET: return !local;
    case SIX: return socket->domain == AF_INET6;
    case LOCAL: return local;
    }
    return false;
}

static int index_of(const struct fit__socket *socket, int level, int option)
{
    for (unsigned i = 0; i < sizeof stored / sizeof stored[0]; i++)
        if (stored[i].level == level && stored[i].option == option
            && has(socket, stored[i].whose))
            return (int)i;
    return -1;
}

int fit__option_stored(const struct fit__socket *socket, int level, int option)
{
    int i = index_of(socket, level, option);
    if (i < 0)
        return 0;
    return socket->changed[i] ? socket->stored[i] : stored[i].initial;
}

/* ---- reading ----------------------------------------------------------------------------- */

static int give(const void *what, size_t length, void *value, socklen_t *size)
{
    if ((int)*size < 0)
        return -EINVAL;
    if (*size > length)
        *size = (socklen_t)length;
    memcpy(value, what, *size);
    return 0;
}

static struct timeval timeval_of(fit_ns ns)
{
    return (struct timeval){ .tv_sec = ns / FIT_S, .tv_usec = ns % FIT_S / 1000 };
}

static int get_special(struct fit__file *file, int option, void *value, socklen_t *size)
{
    struct fit__socket *socket = fit__socket_of(file);
    struct linger linger = { socket->linger_on, socket->linger_seconds };
    struct timeval time;
    struct ucred who;
    int number;
    switch (option) {
    case SO_ERROR:
        fit__tcp_look(file);
        number = -fit__socket_take_error(socket);
        break;
    case SO_TYPE: number = socket->type; break;
    case SO_DOMAIN: number = socket->domain; break;
    case SO_PROTOCOL: number = socket->protocol; break;
    case SO_ACCEPTCONN: number = fit__tcp_listens(file) || fit__local_listens(file); break;
    case SO_PEERCRED:
        fit__local_peer(file, &who);
        return give(&who, sizeof who, value, size);
    case SO_RCVLOWAT: number = 1; break;
    case SO_LINGER: return give(&linger, sizeof linger, value, size);
    case SO_RCVTIMEO:
        time = timeval_of(socket->receive_timeout);
        return give(&time, sizeof time, value, size);
    case SO_SNDTIMEO:
        time = timeval_of(socket->send_timeout);
        return give(&time, sizeof time, value, size);
    default: return -ENOENT;
    }
    return give(&number, sizeof number, value, size);
}

static bool known_level(const struct fit__socket *socket, int level)
{
    return level == SOL_SOCKET
           || (level == IPPROTO_TCP && has(socket, TCP))
           || (level == IPPROTO_IP && has(socket, INET))
           || (level == IPPROTO_IPV6 && has(socket, SIX));
}

/* Linux would know this one: better no answer than a wrong one. */
static int not_modelled(const struct fit__socket *socket, int level, int option, bool set)
{
    enum { LAST_SOCKET_OPTION = 80, LAST_TCP_OPTION = 45, LAST_IP_OPTION = 80 };
    int last = level == SOL_SOCKET ? LAST_SOCKET_OPTION
               : level == IPPROTO_TCP ? LAST_TCP_OPTION : LAST_IP_OPTION;
    if (!known_level(socket, level))
        return socket->domain == AF_UNIX || !set ? -EOPNOTSUPP : -ENOPROTOOPT;
    if (option > 0 && option <= last)
        fit__unsupported(set ? "setsockopt" : "getsockopt", NULL,
                         "this socket option is not simulated; set it only where it is needed");
    return -ENOPROTOOPT;
}

int fit__option_get(struct fit__file *file, int level, int option, void *value, socklen_t *size)
{
    struct fit__socket *socket = fit__socket_of(file);
    int i = index_of(socket, level, option);
    if (!size || !value)
        return -EFAULT;
    if (i >= 0) {
        int number = fit__option_stored(socket, level, option);
        return give(&number, sizeof number, value, size);
    }
    if (level == SOL_SOCKET) {
        int result = get_special(file, option, value, size);
        if (result != -ENOENT)
            return result;
    }
    if (level == IPPROTO_TCP && option == TCP_INFO && has(socket, TCP)) {
        fit__tcp_info(file, value, size);
        return 0;
    }
    int segment = FIT_SEGMENT;
    if (level == IPPROTO_TCP && option == TCP_MAXSEG && has(socket, TCP))
        return give(&segment, sizeof segment, value, size);
    return not_modelled(socket, level, option, false);
}

/* ---- setting ----------------------------------------------------------------------------- */

static int set_timeout(fit_ns *timeout, const void *value, socklen_t size)
{
    struct timeval time;
    if (size < sizeof time)
        return -EINVAL;
    memcpy(&time, value, sizeof time);
    if (time.tv_usec < 0 || time.tv_usec >= 1000000)
        return -EDOM;
    if (time.tv_sec < 0 || time.tv_sec > FIT_NEVER / FIT_S - 1)
        *timeout = 0;
    else
        *timeout = time.tv_sec * FIT_S + time.tv_usec * 1000;
    return 0;
}

static int set_special(struct fit__socket *socket, int option, const void *value, socklen_t size)
{
    struct linger linger;
    switch (option) {
    case SO_RCVTIMEO: return set_timeout(&socket->receive_timeout, value, size);
    case SO_SNDTIMEO: return set_timeout(&socket->send_timeout, value, size);
    case SO_LINGER:
        if (size < sizeof linger)
            return -EINVAL;
        memcpy(&linger, value, sizeof linger);
        socket->linger_on = !!linger.l_onoff;
        socket->linger_seconds = linger.l_linger;
        return 0;
    case SO_ERROR: case SO_TYPE: case SO_DOMAIN: case SO_PROTOCOL: case SO_ACCEPTCONN:
        return -ENOPROTOOPT;
    default: return -ENOENT;
    }
}

/* Linux refuses numbers out of range for these. */
static const struct { int option, least, most; } ranges[] = {
    { TCP_KEEPIDLE, 1, 32767 }, { TCP_KEEPINTVL, 1, 32767 }, { TCP_KEEPCNT, 1, 127 },
    { TCP_SYNCNT, 1, 127 }, { TCP_USER_TIMEOUT, 0, INT_MAX },
};

static bool in_range(int level, int option, int number)
{
    unsigned low = (unsigned)number & 0xffff, high = (unsigned)number >> 16;
    if (level == IPPROTO_IP && option == FIT_PORT_RANGE)
        return !low || !high || low <= high;
    if (level == IPPROTO_IP && option == IP_TTL)
        return number == -1 || (number >= 1 && number <= 255);
    for (unsigned i = 0; level == IPPROTO_TCP && i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].option == option)
            return number >= ranges[i].least && number <= ranges[i].most;
    return true;
}

/* -1 is the usual one; what is on or off is 1 or 0. */
static int cooked_ip(int level, int option, int number)
{
    enum { USUAL_TTL = 64 };
    bool six = level == IPPROTO_IPV6;
    switch (option) {
    case IP_TTL: return six || number != -1 ? number : USUAL_TTL;
    case IPV6_UNICAST_HOPS: return six && number == -1 ? USUAL_TTL : number;
    case IPV6_TCLASS: return six && number == -1 ? 0 : number;
    case IP_PKTINFO: case IP_RECVTTL: case IP_RECVTOS: return six ? number : !!number;
    case IPV6_RECVPKTINFO: case IPV6_RECVTCLASS: return six ? !!number : number;
    case IPV6_RECVHOPLIMIT: return six ? !!number : number;
    default: return number;
    }
}

static int cooked(int level, int option, int number)
{
    if (level == IPPROTO_IP || level == IPPROTO_IPV6)
        return cooked_ip(level, option, number);
    if (level != SOL_SOCKET)
        return number;
    if (option == SO_SNDBUF || option == SO_RCVBUF) {
        if (number > 212992)
            number = 212992;
        return number < SMALLEST_BUFFER / 2 ? SMALLEST_BUFFER : 2 * number;
    }
    return option == SO_PRIORITY ? number : !!number;
}

static void store(struct fit__socket *socket, int i, int number)
{
    socket->stored[i] = number;
    socket->changed[i] = true;
}

/* There is one time only, in one of two units. */
static void forget_other_time(struct fit__socket *socket, int level, int option)
{
    if (level == SOL_SOCKET && (option == SO_TIMESTAMP || option == SO_TIMESTAMPNS)) {
        store(socket, index_of(socket, level, SO_TIMESTAMP), 0);
        store(socket, index_of(socket, level, SO_TIMESTAMPNS), 0);
    }
}

int fit__option_set(struct fit__file *file, int level, int option, const void *value,
                    socklen_t size)
{
    struct fit__socket *socket = fit__socket_of(file);
    int i = index_of(socket, level, option), number = 0;
    if (!value)
        return -EFAULT;
    if (level == SOL_SOCKET && i < 0) {
        int result = set_special(socket, option, value, size);
        return result == -ENOENT ? not_modelled(socket, level, option, true) : result;
    }
    if (i < 0)
        return not_modelled(socket, level, option, true);
    if (size < sizeof number)
        return -EINVAL;
    memcpy(&number, value, sizeof number);
    if (!in_range(level, option, number))
        return -EINVAL;
    forget_other_time(socket, level, option);
    store(socket, i, cooked(level, option, number));
    fit__tcp_options_changed(file);
    return 0;
}
