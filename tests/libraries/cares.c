/* c-ares: names of the world, over UDP and over TCP, on a loop of poll.
 * packages: libc-ares-dev
 * libs: libcares
 */
#include "library.h"

#include <ares.h>
#include <netdb.h>
#include <poll.h>

struct query {
    struct asker asker;
    ares_channel channel;
    int nothing;                         /* the status that says that there is none */
};

static const struct fit_reply silent[] = { { .until = "bye", .hold = 1 }, { 0 } };

static void ends(struct query *q, int status)
{
    if (status != ARES_SUCCESS) tell_failed(&q->asker, status, ares_strerror(status));
    else                        tell_done(&q->asker);
}
static void cancel(struct query *q) { ares_cancel(q->channel); }

/* One round of the loop, or false: nothing is asked any more. */
static bool goes_round(ares_channel channel)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd fds[ARES_GETSOCK_MAXNUM];
    struct timeval wait, longest = { .tv_sec = PATIENCE_S };
    int bits = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM), count = 0;
    for (; count < ARES_GETSOCK_MAXNUM; count++) {
        if (!ARES_GETSOCK_READABLE(bits, count) && !ARES_GETSOCK_WRITABLE(bits, count)) break;
        fds[count] = (struct pollfd){ .fd = sockets[count] };
        if (ARES_GETSOCK_READABLE(bits, count)) fds[count].events |= POLLIN;
        if (ARES_GETSOCK_WRITABLE(bits, count)) fds[count].events |= POLLOUT;
    }
    if (!count) return false;
    const struct timeval *next = ares_timeout(channel, &longest, &wait);
    int ready = poll(fds, (nfds_t)count, (int)(next->tv_sec * 1000 + (next->tv_usec + 999) / 1000));
    if (ready <= 0) ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (int i = 0; ready > 0 && i < count; i++)
        if (fds[i].revents)
            ares_process_fd(channel,
                fds[i].revents & (POLLIN | POLLERR | POLLHUP) ? fds[i].fd : ARES_SOCKET_BAD,
                fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
    return true;
}

static void run(struct query *q, int flags, void (*ask)(struct query *))
{
    struct ares_options options = { .flags = flags, .timeout = 1000, .tries = 2 };
    int status = ares_init_options(&q->channel, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status != ARES_SUCCESS) {
        ends(q, status);
        return;
    }
    fit_on_cancel(q->asker.op, cancel, q);
    ask(q);
    do FAULT_CANCEL_POINT();
    while (goes_round(q->channel));
    ares_destroy(q->channel);
}

/* ---- A name ------------------------------------------------------------------------------ */

static void addressed(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    struct query *q = arg;
    char text[INET_ADDRSTRLEN];
    (void)timeouts;
    for (struct ares_addrinfo_node *n = found ? found->nodes : NULL; n; n = n->ai_next) {
        struct sockaddr_in *in = (struct sockaddr_in *)(void *)n->ai_addr;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        keep(&q->asker, text, strlen(text));
    }
    if (found) ares_freeaddrinfo(found);
    ends(q, status);
}
static void ask_name(struct query *q)
{
    const struct ares_addrinfo_hints hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    ares_getaddrinfo(q->channel, "origin.test", NULL, &hints, addressed, q);
}
static void finds_a_name(void **state)
{
    struct query q = { 0 };
    (void)state;
    fit_peer_replies("origin.test:80", silent);
    asks(&q.asker, "name");
    run(&q, 0, ask_name);
}
static void finds_a_name_over_tcp(void **state)
{
    struct query q = { 0 };
    (void)state;
    fit_peer_replies("origin.test:80", silent);
    asks(&q.asker, "name");
    run(&q, ARES_FLAG_USEVC, ask_name);
}

/* ---- What there is not ------------------------------------------------------------------- */

static void not_found(void *arg, int status, int timeouts, unsigned char *answer, int size)
{
    struct query *q = arg;
    (void)timeouts; (void)answer; (void)size;
    if (status == q->nothing) {
        keep(&q->asker, ares_strerror(status), strlen(ares_strerror(status)));
        status = ARES_SUCCESS;
    }
    ends(q, status);
}
static void ask_unknown(struct query *q)
{
    ares_query(q->channel, "nobody.test", 1 /* IN */, 1 /* A */, not_found, q);
}
static void ask_six(struct query *q)
{
    ares_query(q->channel, "origin.test", 1 /* IN */, 28 /* AAAA */, not_found, q);
}
static void finds_nothing(void **state)
{
    struct query unknown = { .nothing = ARES_ENOTFOUND }, six = { .nothing = ARES_ENODATA };
    (void)state;
    fit_peer_replies("origin.test:80", silent);
    asks(&unknown.asker, "unknown");
    asks(&six.asker, "six");
    run(&unknown, 0, ask_unknown);
    run(&six, 0, ask_six);
}

/* ---- An address -------------------------------------------------------------------------- */

static void named(void *arg, int status, int timeouts, struct hostent *host)
{
    struct query *q = arg;
    (void)timeouts;
    if (host) keep(&q->asker, host->h_name, strlen(host->h_name));
    ends(q, status);
}
static void ask_address(struct query *q)
{
    struct sockaddr_in in = ip4("10.0.0.3", 0);
    ares_gethostbyaddr(q->channel, &in.sin_addr, sizeof in.sin_addr, AF_INET, named, q);
}
static void finds_an_address(void **state)
{
    struct query q = { 0 };
    (void)state;
    fit_peer_replies("origin.test:80", silent);
    asks(&q.asker, "address");
    run(&q, 0, ask_address);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds_a_name),
        cmocka_unit_test(finds_a_name_over_tcp), cmocka_unit_test(finds_nothing),
        cmocka_unit_test(finds_an_address) };
    return fit_run_group_tests(tests, NULL, NULL);
}
