/* The other side of a test: servers and clients as plain blocking code on green threads of their
 * own, with their own host and descriptors. They are simulated, never faulted, never counted. */
#include "harness/peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "fi/arena.h"
#include "fi/export.h"
#include "fi/trace.h"
#include "harness/api.h"
#include "harness/explore/explore.h"
#include "harness/faulttest.h"
#include "harness/judge/judge.h"
#include "harness/loops/loops.h"

enum { BACKLOG = 128, SERVICE_STACK = 256 * 1024, LARGEST_DATAGRAM = 65536 };

/* Where somebody listens. */
struct address {
    int type;                            /* SOCK_STREAM, SOCK_DGRAM */
    socklen_t size;
    union { struct sockaddr any; struct sockaddr_in in; struct sockaddr_in6 in6;
            struct sockaddr_un un; };
    struct fit__host *host;
};

struct peer {
    char address[120];
    int type;
    struct fit__process *process;
    int listener;
    void (*session)(int fd, void *arg);
    void *arg;
};
struct session { struct peer *peer; int fd; };

struct script { const struct fit_reply *rows; };

struct client {
    void (*program)(void *);
    void *arg;
    const struct fit_reply *rows;        /* of fit_client_asks */
    struct address address;
    struct fit_op *op;
};

static struct {
    unsigned clients, returned;
    struct fit__waitq clients_done;
    bool told_to_stop;
    void (*stop)(void *); void *stop_arg;
} side;

/* ---- addresses --------------------------------------------------------------------------- */

static bool is_local_host(const char *name)
{
    return !strncmp(name, "127.", 4) || !strcmp(name, "localhost") || !strcmp(name, "::1")
        || !strcmp(name, "[::1]");
}

static void parse_path(const char *function, const char *path, struct address *a)
{
    a->un.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof a->un.sun_path)
        fit__fail(__FILE__, __LINE__, "%s: the path \"%s\" is too long for a socket", function,
                  path);
    strcpy(a->un.sun_path, path);
    a->size = sizeof a->un;
    a->type = SOCK_STREAM;
    a->host = fit__service_process()->host;
}

static void set_ip(struct address *a, const char *name, uint16_t port)
{
    bool six = !strcmp(name, "::1") || !strcmp(name, "[::1]");
    a->in.sin_family = AF_INET;
    a->in.sin_port = htons(port);
    a->in.sin_addr.s_addr = is_local_host(name) ? htonl(INADDR_LOOPBACK) : a->host->address;
    a->size = sizeof a->in;
    if (!six) return;
    a->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port),
                                    .sin6_addr = in6addr_loopback };
    a->size = sizeof a->in6;
}

/* "host:port", "host:port/udp" or "/path". `to_service`: a client's, who calls. */
static struct address parse_address(const char *function, const char *text, bool to_service)
{
    struct address a = { .type = SOCK_STREAM };
    char name[100];
    const char *colon = text ? strrchr(text, ':') : NULL;
    char *end;
    long port = colon ? strtol(colon + 1, &end, 10) : 0;
    if (text && text[0] == '/') {
        parse_path(function, text, &a);
        return a;
    }
    if (colon && !strcmp(end, "/udp")) {
        a.type = SOCK_DGRAM;
        end += strlen(end);
    }
    if (!colon || colon == text || *end || port < 1 || port > 65535
        || (size_t)(colon - text) >= sizeof name)
        fit__fail(__FILE__, __LINE__, "%s: \"%s\" is no address; write \"host:port\", "
                  "\"host:port/udp\" or \"/path\"", function, text ? text : "NULL");
    memcpy(name, text, (size_t)(colon - text));
    name[colon - text] = 0;
    a.host = is_local_host(name) ? fit__service_process()->host
                                 : fit__host_named(name, !to_service);
    if (!a.host)
        fit__fail(__FILE__, __LINE__, "%s: no host can be called \"%s\"; use names under .test, or "
                  "an IPv4 address", function, name);
    set_ip(&a, name, (uint16_t)port);
    return a;
}

/* Over the real kernel there are no hosts but this machine: the test is skipped where kernels are
 * compared, and in a sweep has no result. */
static void refuse_over_real(const char *function, const char *address)
{
    struct fit__finding f;
    if (!fit__world_is_real()) return;
    fit__finding_make(&f, fit__session.orders.real ? "unsupported" : "skipped", function,
                      "needs the simulated kernel: %s(\"%s\")", function,
                      address ? address : "NULL");
    fit__end_finding(&f);
}

static bool is_this_machine(const char *address)
{
    return !strncmp(address, "127.", 4) || !strncmp(address, "localhost:", 10);
}

/* Over the real kernel peers share the numbers of the code under test: theirs go out of the way. */
static int peers_own(int fd)
{
    return fit__world_is_real() ? fit__own_fd(fd) : fd;
}

static struct fit__thread *start_thread(const char *kind, const char *name,
                                        struct fit__process *process, void *(*start)(void *),
                                        void *arg)
{
    char full[160];
    struct fit__thread *t;
    snprintf(full, sizeof full, "%s %s", kind, name);
    t = fit__thread_new(full, process, start, arg, SERVICE_STACK);
    if (!t) fit__fail(__FILE__, __LINE__, "no memory for a thread of %s", full);
    t->service = false;
    t->guard.exempt = true;
    t->detached = true;
    return t;
}

/* ---- servers ----------------------------------------------------------------------------- */

static void *run_session(void *arg)
{
    struct session *s = arg;
    s->peer->session(s->fd, s->peer->arg);
    fit__enter();
    fit__kernel->close(s->fd);
    fit__free(s);
    fit__leave();
    return NULL;
}

/* Of datagrams, those of one sender are a session. */
static int next_session(const struct peer *p)
{
    return p->type == SOCK_DGRAM ? fit__datagram_accept(p->listener)
                                 : fit__kernel->accept(p->listener, NULL, NULL, 0);
}

static void *run_listener(void *arg)
{
    struct peer *p = arg;
    int fd;
    fit__enter();
    while ((fd = next_session(p)) >= 0) {
        struct session *s = fit__alloc(sizeof *s);
        *s = (struct session){ p, peers_own(fd) };
        start_thread("peer", p->address, p->process, run_session, s);
    }
    fit__leave();
    return NULL;
}

static int listen_at(struct fit__process *process, const struct address *address)
{
    struct fit__process *own = fit__current->process;
    int fd, rc, one = 1;
    fit__current->process = process;     /* none of these calls blocks */
    fd = fit__kernel->socket(address->any.sa_family, address->type, 0);
    if (fd >= 0) fit__kernel->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    rc = fd < 0 ? fd : fit__kernel->bind(fd, &address->any, address->size);
    if (rc >= 0 && address->type == SOCK_STREAM) rc = fit__kernel->listen(fd, BACKLOG);
    fit__current->process = own;
    return rc < 0 ? rc : peers_own(fd);
}

static void start_peer(const char *function, const char *address,
                       void (*session)(int, void *), void *arg)
{
    struct address a = parse_address(function, address, false);
    struct peer *p = fit__alloc(sizeof *p);
    if (!is_this_machine(address)) refuse_over_real(function, address);
    snprintf(p->address, sizeof p->address, "%s", address);
    p->type = a.type;
    p->process = fit__process_new(a.host, false);
    p->session = session;
    p->arg = arg;
    p->listener = listen_at(p->process, &a);
    if (p->listener < 0)
        fit__fail(__FILE__, __LINE__, "%s: cannot listen at %s: %s", function, address,
                  strerrordesc_np(-p->listener));
    start_thread("peer", address, p->process, run_listener, p);
}

FIT_EXPORT void fit_peer(const char *address, void (*session)(int fd, void *arg), void *arg)
{
    fit__api_enter("fit_peer", __builtin_return_address(0));
    if (!session) fit__fail(__FILE__, __LINE__, "fit_peer: the session is NULL");
    start_peer("fit_peer", address, session, arg);
    fit__api_leave();
}

/* ---- scripts ----------------------------------------------------------------------------- */

static bool is_end(const struct fit_reply *row)
{
    return !row->until && !row->send && !row->after_ms && !row->hold && !row->next;
}

struct reader { char *data; size_t have, capacity; };

static void grow(struct reader *r)
{
    char *old = r->data;
    r->capacity = r->capacity ? r->capacity * 2 : 2 * LARGEST_DATAGRAM;
    r->data = fit__alloc_unset(r->capacity);
    if (old) memcpy(r->data, old, r->have);
    fit__free(old);
}

/* Reads until `until` has come; what came behind it stays for the next row. False: the other side
 * has ended. */
static bool read_until(int fd, struct reader *r, const char *until, size_t size,
                       void (*taken)(void *, const char *, size_t), void *arg)
{
    for (;;) {
        char *at = r->have ? memmem(r->data, r->have, until, size) : NULL;
        struct iovec v;
        ssize_t n;
        if (at) {
            size_t used = (size_t)(at - r->data) + size;
            if (taken) taken(arg, r->data, used);
            memmove(r->data, r->data + used, r->have - used);
            r->have -= used;
            return true;
        }
        if (r->capacity - r->have < LARGEST_DATAGRAM) grow(r);
        v = (struct iovec){ r->data + r->have, r->capacity - r->have };
        n = fit__kernel->readv(fd, &v, 1, -1);
        if (n <= 0) return false;
        r->have += (size_t)n;
    }
}

static bool send_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        struct iovec v = { (char *)(uintptr_t)bytes, size };
        ssize_t n = fit__kernel->writev(fd, &v, 1, -1);
        if (n <= 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static void hold_open(int fd)
{
    struct fit__waitq never;
    (void)fd;
    fit__waitq_init(&never);
    for (;;) fit__block_on("connection held open", &never, FIT_NEVER);
}

static bool play_row(int fd, const struct fit_reply *row, struct reader *r)
{
    size_t until = row->until ? (row->until_size ? row->until_size : strlen(row->until)) : 0;
    size_t size = row->send ? (row->size ? row->size : strlen(row->send)) : 0;
    if (until && !read_until(fd, r, row->until, until, NULL, NULL)) return false;
    if (row->after_ms) fit__kernel->sleep((int64_t)row->after_ms * FIT_MS);
    return !size || send_all(fd, row->send, size);
}

static void play_script(int fd, void *arg)
{
    struct script *s = arg;
    const struct fit_reply *row = s->rows, *next;
    struct reader r = { 0 };
    bool hold = false;
    fit__enter();
    /* The connection after this one starts behind the row that says `next`. */
    for (next = row; !is_end(next) && !next->next; next++) { }
    if (!is_end(next)) s->rows = next + 1;
    for (; !is_end(row) && play_row(fd, row, &r); row++) {
        hold = row->hold;
        if (row->next) break;
    }
    fit__free(r.data);
    if (hold) hold_open(fd);
    fit__leave();
}

FIT_EXPORT void fit_peer_replies(const char *address, const struct fit_reply *rows)
{
    struct script *s;
    fit__api_enter("fit_peer_replies", __builtin_return_address(0));
    if (!rows) fit__fail(__FILE__, __LINE__, "fit_peer_replies: the rows are NULL");
    s = fit__alloc(sizeof *s);
    s->rows = rows;
    start_peer("fit_peer_replies", address, play_script, s);
    fit__api_leave();
}

/* ---- clients ----------------------------------------------------------------------------- */

/* The service is to be told to stop, on its loop's thread. A loop that waits without end must come
 * round for that: by a wake-up of its library's own, or with EINTR, as after a signal. */
void fit__service_wake(void)
{
    struct fit__process *own = fit__current->process;
    bool awake;
    fit__current->process = fit__service_process();
    awake = fit__loops_wake();
    fit__current->process = own;
    if (!awake)
        fit__interrupt(fit__session.loop_thread ? fit__session.loop_thread
                                                : fit__thread_first());
}

static void *run_client(void *arg)
{
    struct client *c = arg;
    c->program(c->arg);
    fit__enter();
    side.returned++;
    fit__wake_all(&side.clients_done);
    if (fit__shutdown_is_due()) fit__service_wake();
    fit__leave();
    return NULL;
}

/* Clients begin in the order in which the test names them; a test may well rely on that, so that
 * another order is only tried with --extended. */
static bool starts_first(const char *host, const void *caller)
{
    struct fit__question q = { .point = "client", .object = host, .caller = caller };
    if (!side.clients) return false;
    fit__offer_extended(&q, FIT_ORDER, FIT_W_EARLY, FIT_S_NUMBER, 0, FIT_U_ONCE);
    return fit__choose(&q) != NULL;
}

static void start_client(const char *function, const char *host_name, struct client *c,
                         const void *caller)
{
    struct fit__thread *t;
    bool first;
    struct fit__host *host = host_name ? fit__host_named(host_name, true)
                                       : fit__service_process()->host;
    if (!host)
        fit__fail(__FILE__, __LINE__, "%s: no host can be called \"%s\"; use names under .test",
                  function, host_name);
    refuse_over_real(function, host_name);
    first = starts_first(host_name ? host_name : "here", caller);
    side.clients++;
    t = start_thread("client", host_name ? host_name : "here", fit__process_new(host, false),
                     run_client, c);
    if (first) fit__thread_to_front(t);
}

FIT_EXPORT void fit_client(const char *host, void (*program)(void *arg), void *arg)
{
    struct client *c;
    fit__api_enter("fit_client", __builtin_return_address(0));
    if (!program) fit__fail(__FILE__, __LINE__, "fit_client: the program is NULL");
    c = fit__alloc(sizeof *c);
    c->program = program;
    c->arg = arg;
    start_client("fit_client", host, c, __builtin_return_address(0));
    fit__api_leave();
}

struct answer { char *bytes; size_t size; };

static void keep_answer(void *arg, const char *bytes, size_t size)
{
    struct answer *a = arg;
    a->bytes = fit__resize(a->bytes, a->size + size);
    memcpy(a->bytes + a->size, bytes, size);
    a->size += size;
}

static bool ask_row(int fd, const struct fit_reply *row, struct reader *r, struct answer *a)
{
    size_t until = row->until ? (row->until_size ? row->until_size : strlen(row->until)) : 0;
    size_t size = row->send ? (row->size ? row->size : strlen(row->send)) : 0;
    if (row->after_ms) fit__kernel->sleep((int64_t)row->after_ms * FIT_MS);
    if (size && !send_all(fd, row->send, size)) return false;
    return !until || read_until(fd, r, row->until, until, keep_answer, a);
}

static void ask(void *arg)
{
    struct client *c = arg;
    struct reader r = { 0 };
    struct answer a = { 0 };
    const struct fit_reply *row = c->rows;
    int fd, rc;
    fit__enter();
    fd = fit__kernel->socket(c->address.any.sa_family, c->address.type, 0);
    rc = fd < 0 ? fd : fit__kernel->connect(fd, &c->address.any, c->address.size);
    while (rc >= 0 && !is_end(row) && ask_row(fd, row, &r, &a)) row++;
    if (fd >= 0) fit__kernel->close(fd);
    fit__leave();
    if (rc < 0) fit_op_failed(c->op, -rc, strerrordesc_np(-rc), NULL);
    else if (is_end(row)) fit_op_succeeded(c->op, a.bytes, a.size);
    else fit_op_failed(c->op, ECONNRESET, "the connection was closed early", NULL);
}

FIT_EXPORT void fit_client_asks(const char *host, const char *address,
                                const struct fit_reply *rows)
{
    struct client *c;
    fit__api_enter("fit_client_asks", __builtin_return_address(0));
    if (!rows) fit__fail(__FILE__, __LINE__, "fit_client_asks: the rows are NULL");
    c = fit__alloc(sizeof *c);
    c->program = ask;
    c->arg = c;
    c->rows = rows;
    c->address = parse_address("fit_client_asks", address, true);
    if (host && address[0] == '/')
        fit__fail(__FILE__, __LINE__, "fit_client_asks: \"%s\" is a path: only a client on the "
                  "service's own host (NULL) can call there", address);
    c->op = fit_op(address);
    start_client("fit_client_asks", host, c, __builtin_return_address(0));
    fit__api_leave();
}

/* ---- begin and end ----------------------------------------------------------------------- */

void fit__side_start(void)
{
    memset(&side, 0, sizeof side);
    fit__waitq_init(&side.clients_done);
}

void fit__side_drop(void)
{
    struct fit__thread *t;
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        if (t->guard.exempt && t->state != FIT_T_ENDED) fit__thread_abandon(t);
    for (t = fit__thread_first(); t; t = TAILQ_NEXT(t, all))
        if (t->guard.exempt && !t->process->service) fit__process_empty(t->process);
}

void fit__clients_wait(void)
{
    while (side.returned < side.clients)
        fit__block_on("a client of the test", &side.clients_done, FIT_NEVER);
}

bool fit__shutdown_is_due(void)
{
    return side.stop && side.clients && side.returned == side.clients && !side.told_to_stop;
}

bool fit__shutdown_registered(void)
{
    return side.stop && !side.told_to_stop;
}

bool fit__shutdown_known(void)
{
    return side.stop;
}

void fit__shutdown_register(void (*stop)(void *), void *arg)
{
    side.stop = stop;
    side.stop_arg = arg;
}

void fit__shutdown_call(void)
{
    side.told_to_stop = true;
    fit__trace("op", -1, "the service is told to stop");
    fit__leave();
    side.stop(side.stop_arg);
    fit__enter();
}
