/* dns.c - the world's name server, for resolvers that ask by sockets of their own.
 *
 * It answers as the nearest name server of a network does, recursion included: one address for each
 * host under .test, none of IPv6, and names for the addresses of such hosts. To UDP it answers
 * where the query arrives, without a thread; to TCP by threads that the first connection starts. */
#include "harness/world/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/trace.h"

#define NOBODY 0x0afa0000                  /* 10.250.0.0: no host is there */

enum { ADDRESS = 0x0a000001, HEADER_SIZE = FIT_DNS_HEAD, LABEL_MOST = 63, NAME_MOST = 255,
       TTL_S = 60,
       QUESTION_AT = 0xc00c /* a pointer to the name in the question */, BACKLOG = 16 };

/* The bytes of a message. */
enum { FLAGS_HIGH = 2, FLAGS_LOW = 3, QUESTIONS = 4, ANSWERS = 6 };
enum { IS_RESPONSE = 0x80, OPCODE = 0x78, TRUNCATED = 0x02, WANTS_RECURSION = 0x01,
       RECURSES = 0x80 };

struct question { char name[NAME_MOST + 1]; unsigned type, class; size_t end; };
struct message { uint8_t *bytes; size_t size; };

static unsigned two(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* ---- the question ------------------------------------------------------------------------ */

/* The name in dots, lower case; where it ends, or 0: malformed, or compressed. */
static size_t read_name(const uint8_t *query, size_t size, size_t at, char *out)
{
    size_t used = 0;
    while (at < size && query[at]) {
        size_t length = query[at++];
        if (length > LABEL_MOST || at + length > size || used + length + 1 > NAME_MOST)
            return 0;
        if (used)
            out[used++] = '.';
        for (size_t i = 0; i < length; i++) {
            uint8_t c = query[at + i];
            /* What no host's name has in it must not be taken for a dot or an end. */
            out[used++] = (char)(c == '.' || !c ? '?' : c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        }
        at += length;
    }
    out[used] = 0;
    return at < size ? at + 1 : 0;
}

static bool read_question(const uint8_t *query, size_t size, struct question *q)
{
    size_t at = two(query + QUESTIONS) == 1 ? read_name(query, size, HEADER_SIZE, q->name) : 0;
    if (!at || at + 4 > size)
        return false;
    q->type = two(query + at);
    q->class = two(query + at + 2);
    q->end = at + 4;
    return true;
}

/* ---- the answer -------------------------------------------------------------------------- */

static void put(struct message *m, unsigned value)
{
    m->bytes[m->size++] = (uint8_t)(value >> 8);
    m->bytes[m->size++] = (uint8_t)value;
}

static void begin_record(struct message *m, unsigned type, size_t size)
{
    m->bytes[ANSWERS + 1]++;
    put(m, QUESTION_AT);
    put(m, type);
    put(m, ns_c_in);
    put(m, 0);
    put(m, TTL_S);
    put(m, (unsigned)size);
}

static void put_address(struct message *m, const void *address, size_t size)
{
    begin_record(m, ns_t_a, size);
    memcpy(m->bytes + m->size, address, size);
    m->size += size;
}

static void put_name(struct message *m, const char *name)
{
    begin_record(m, ns_t_ptr, strlen(name) + 2);
    while (*name) {
        size_t length = strcspn(name, ".");
        m->bytes[m->size++] = (uint8_t)length;
        memcpy(m->bytes + m->size, name, length);
        m->size += length;
        name += length + (name[length] == '.');
    }
    m->bytes[m->size++] = 0;
}

/* "3.0.0.10.in-addr.arpa" */
static const char *name_asked_backwards(const char *name)
{
    unsigned part[4];
    int end = 0;
    sscanf(name, "%3u.%3u.%3u.%3u.in-addr.arpa%n", &part[0], &part[1], &part[2], &part[3], &end);
    if (!end || name[end] || part[0] > 255 || part[1] > 255 || part[2] > 255 || part[3] > 255)
        return NULL;
    return fit__host_name_of(htonl(part[3] << 24 | part[2] << 16 | part[1] << 8 | part[0]));
}

/* The record that is asked for, or none; the response's code. */
static unsigned answer_question(const struct question *q, struct message *m)
{
    const char *name = name_asked_backwards(q->name);
    uint32_t address;
    if (name) {
        if (q->type == ns_t_ptr || q->type == ns_t_any)
            put_name(m, name);
        return ns_r_noerror;
    }
    if (!fit__address_of(q->name, &address))
        return ns_r_nxdomain;
    if (q->type == ns_t_a || q->type == ns_t_any)
        put_address(m, &address, sizeof address);
    return ns_r_noerror;
}

static void tell(const struct question *q, const struct message *m, unsigned code)
{
    const char *type = q->type == ns_t_a ? "A" : q->type == ns_t_aaaa ? "AAAA"
                       : q->type == ns_t_ptr ? "PTR" : "other";
    if (fit__tracing)
        fit__trace("pe", -1, "the name server is asked for %s of %s: %s", type, q->name,
                   m->bytes[ANSWERS + 1] ? "known" : code ? "no such name" : "no such record");
}

size_t fit__dns_answer(const void *bytes, size_t size, uint8_t *out)
{
    const uint8_t *query = bytes;
    struct question q;
    struct message m = { out, HEADER_SIZE };
    unsigned code = ns_r_formerr;
    if (size < HEADER_SIZE || (query[FLAGS_HIGH] & IS_RESPONSE))
        return 0;
    memset(out, 0, HEADER_SIZE);
    memcpy(out, query, 2);
    out[FLAGS_HIGH] = IS_RESPONSE | (query[FLAGS_HIGH] & (OPCODE | WANTS_RECURSION));
    if (query[FLAGS_HIGH] & OPCODE) {
        code = ns_r_notimpl;
    } else if (read_question(query, size, &q)) {
        /* With its letters as they were asked for: some resolvers compare them. */
        memcpy(out + HEADER_SIZE, query + HEADER_SIZE, q.end - HEADER_SIZE);
        m.size = q.end;
        out[QUESTIONS + 1] = 1;
        code = q.class == ns_c_in || q.class == ns_c_any ? answer_question(&q, &m) : ns_r_refused;
        tell(&q, &m, code);
    }
    out[FLAGS_LOW] = (uint8_t)(RECURSES | code);
    return m.size;
}

size_t fit__dns_cut(void *response, size_t size, bool truncated, unsigned code)
{
    uint8_t *bytes = response;
    struct question q;
    if (size < HEADER_SIZE || !read_question(bytes, size, &q))
        return size;
    memset(bytes + ANSWERS, 0, HEADER_SIZE - ANSWERS);
    if (truncated)
        bytes[FLAGS_HIGH] |= TRUNCATED;
    else
        bytes[FLAGS_LOW] = (uint8_t)(RECURSES | code);
    return q.end;
}

/* A name that points back, type, class, time, length, and the address. */
enum { ADDRESS_RECORD = 16 };

bool fit__dns_is_address(const void *response, size_t size)
{
    const uint8_t *bytes = response;
    struct question q;
    return size >= HEADER_SIZE && two(bytes + ANSWERS) == 1 && read_question(bytes, size, &q)
           && q.type == ns_t_a && size == q.end + ADDRESS_RECORD;
}

size_t fit__dns_multiply(void *response, size_t size, unsigned count)
{
    struct message m = { response, size - ADDRESS_RECORD };
    unsigned most = (unsigned)((FIT_DNS_ANSWER - m.size) / ADDRESS_RECORD);
    uint32_t address, nobody;
    memcpy(&address, m.bytes + size - sizeof address, sizeof address);
    m.bytes[ANSWERS + 1] = 0;
    for (unsigned i = 1; i < count && i < most; i++) {
        nobody = htonl(NOBODY + i);
        put_address(&m, &nobody, sizeof nobody);
    }
    if (count)
        put_address(&m, &address, sizeof address);
    return m.size;
}

bool fit__dns_is_cut(const void *response, size_t size)
{
    return size < HEADER_SIZE || (((const uint8_t *)response)[FLAGS_HIGH] & TRUNCATED);
}

/* ---- where it is ------------------------------------------------------------------------- */

struct fit__host *fit__host_for(uint32_t address)
{
    return address == htonl(ADDRESS) ? fit__host_named("10.0.0.1", true) : fit__host_at(address);
}

bool fit__dns_is_at(const struct fit__host *host, uint16_t port)
{
    return host->address == htonl(ADDRESS) && port == FIT_DNS_PORT;
}

/* ---- TCP --------------------------------------------------------------------------------- */

static enum { ABSENT, STARTING, LISTENING } listens;

static struct fit__thread *start_thread(struct fit__process *process, void *(*start)(void *),
                                        void *arg)
{
    struct fit__thread *thread = fit__thread_new("name server", process, start, arg, 0);
    if (!thread)
        return NULL;
    thread->service = false;
    thread->guard.exempt = true;
    thread->detached = true;
    return thread;
}

static bool read_all(int fd, uint8_t *out, size_t size)
{
    while (size) {
        struct iovec v = { out, size };
        ssize_t n = fit__kernel->readv(fd, &v, 1, -1);
        if (n <= 0)
            return false;
        out += n;
        size -= (size_t)n;
    }
    return true;
}

/* Each message has its length in front, and a connection carries many. */
static bool serve_one(int fd, uint8_t *query)
{
    uint8_t answer[2 + FIT_DNS_ANSWER];
    if (!read_all(fd, query, 2))
        return false;
    size_t size = two(query);
    if (!read_all(fd, query, size))
        return false;
    size = fit__dns_answer(query, size, answer + 2);
    answer[0] = (uint8_t)(size >> 8);
    answer[1] = (uint8_t)size;
    struct iovec v = { answer, size + 2 };
    return size && fit__kernel->writev(fd, &v, 1, -1) == (ssize_t)(size + 2);
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    fit__enter();
    uint8_t *query = fit__alloc(UINT16_MAX);
    while (serve_one(fd, query))
        continue;
    fit__free(query);
    fit__kernel->close(fd);
    fit__leave();
    return NULL;
}

static void *listen_for_all(void *arg)
{
    const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(FIT_DNS_PORT),
                                    .sin_addr.s_addr = htonl(ADDRESS) };
    (void)arg;
    fit__enter();
    int fd = fit__kernel->socket(AF_INET, SOCK_STREAM, 0), accepted;
    if (fd >= 0 && !fit__kernel->bind(fd, (const struct sockaddr *)&at, sizeof at)
        && !fit__kernel->listen(fd, BACKLOG)) {
        listens = LISTENING;
        while ((accepted = fit__kernel->accept(fd, NULL, NULL, 0)) >= 0)
            if (!start_thread(fit__current->process, serve, (void *)(intptr_t)accepted))
                fit__kernel->close(accepted);
    }
    listens = LISTENING;                 /* not any more: but nobody starts it again */
    fit__leave();
    return NULL;
}

bool fit__dns_starts_listening(struct fit__host *host, uint16_t port)
{
    if (!fit__dns_is_at(host, port))
        return false;
    if (listens == ABSENT && start_thread(fit__process_new(host, false), listen_for_all, NULL))
        listens = STARTING;
    return listens == STARTING;
}

void fit__dns_forget(void)
{
    listens = ABSENT;
}
