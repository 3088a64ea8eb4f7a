/* Names as sockets and calls find them: the world's name server, asked byte by byte, and what
 * getnameinfo knows of the world's hosts. Linked with the library's objects; all in a world. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fi/choice.h"
#include "harness/world/inner.h"

/* assert() must count in every build. */
#define check(condition)                                                                \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,       \
                                      #condition), abort()))

enum { A = 1, NS = 2, PTR = 12, AAAA = 28, ANY = 255 };
enum { NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NO_SUCH_NAME, NOT_IMPLEMENTED, REFUSED };
/* Behind the name, the type and the class of an answer: its time to live and its size. */
enum { HEAD = 12, BEFORE_DATA = 12 };

static uint8_t answer[512];

static void in_world(void (*body)(void *))
{
    check(fit__world_new() == 0);
    fit__enter();
    check(fit__host_named("origin.test", true)->address == inet_addr("10.0.0.3"));
    fit__leave();
    fit__world_run(body, NULL);
    fit__world_drop();
}

static int connected(int type)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53),
                              .sin_addr.s_addr = inet_addr("10.0.0.1") };
    int fd = socket(AF_INET, type, 0);
    check(fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof to));
    return fd;
}

/* A query for the name; its size. */
static size_t make_query(uint8_t *out, const char *name, int type)
{
    static const uint8_t head[HEAD] = { 0x12, 0x34, 1, 0, 0, 1 };
    size_t size = HEAD;
    memcpy(out, head, HEAD);
    while (*name) {
        size_t length = strcspn(name, ".");
        out[size++] = (uint8_t)length;
        memcpy(out + size, name, length);
        size += length;
        name += length + (name[length] == '.');
    }
    const uint8_t end[] = { 0, 0, (uint8_t)type, 0, 1 };
    memcpy(out + size, end, sizeof end);
    return size + sizeof end;
}

/* Sends it as it is; the size of the answer, or 0 if there is none. */
static size_t exchange(const uint8_t *query, size_t size)
{
    int fd = connected(SOCK_DGRAM);
    struct pollfd one = { .fd = fd, .events = POLLIN };
    check(send(fd, query, size, 0) == (ssize_t)size);
    ssize_t got = poll(&one, 1, 1000) ? recv(fd, answer, sizeof answer, 0) : 0;
    check(got >= 0);
    close(fd);
    return (size_t)got;
}

/* The code of the response; `records`: how many answers must be in it. */
static int ask(const char *name, int type, int records)
{
    uint8_t query[300];
    size_t size = make_query(query, name, type);
    size_t got = exchange(query, size);
    check(got >= size && !memcmp(answer, query, 2) && (answer[2] & 0x80) && (answer[2] & 1));
    check(answer[5] == 1 && answer[7] == records);
    check(!memcmp(answer + HEAD, query + HEAD, size - HEAD));
    check(records || got == size);
    return answer[3] & 15;
}

static void names(void *arg)
{
    (void)arg;
    const size_t at = HEAD + sizeof "\6origin\4test" + 4 + BEFORE_DATA;
    check(ask("origin.test", A, 1) == NO_ERROR);
    check(!memcmp(answer + at, "\12\0\0\3", 4));
    check(ask("OriGin.Test", A, 1) == NO_ERROR);
    check(ask("origin.test", ANY, 1) == NO_ERROR);
    check(ask("origin.test", AAAA, 0) == NO_ERROR);
    check(ask("origin.test", NS, 0) == NO_ERROR);
    check(ask("nobody.test", A, 0) == NO_SUCH_NAME);
    check(ask("origin.test.example", A, 0) == NO_SUCH_NAME);
    check(ask("10.0.0.2", A, 0) == NO_SUCH_NAME);
}

static void addresses(void *arg)
{
    (void)arg;
    const size_t at = HEAD + sizeof "\1" "3\1" "0\1" "0\2" "10\7in-addr\4arpa" + 4 + BEFORE_DATA;
    check(ask("3.0.0.10.in-addr.arpa", PTR, 1) == NO_ERROR);
    check(!memcmp(answer + at, "\6origin\4test", 13));
    check(ask("3.0.0.10.IN-ADDR.arpa", A, 0) == NO_ERROR);
    check(ask("2.0.0.10.in-addr.arpa", PTR, 0) == NO_SUCH_NAME);
    check(ask("3.0.0.10.in-addr.arpa.test", PTR, 0) == NO_SUCH_NAME);
    check(ask("300.0.0.10.in-addr.arpa", PTR, 0) == NO_SUCH_NAME);
}

static void malformed(void *arg)
{
    uint8_t query[300];
    size_t size = make_query(query, "origin.test", A);
    (void)arg;
    for (size_t part = 1; part < size; part++) {
        check((exchange(query, part) == HEAD) == (part >= HEAD));
        check(part < HEAD || (answer[3] & 15) == FORMAT_ERROR);
    }
    query[HEAD] = 0xc0;                      /* compressed: a pointer to itself */
    check(exchange(query, size) == HEAD && (answer[3] & 15) == FORMAT_ERROR);
    query[HEAD] = 6;
    query[5] = 2;                            /* two questions */
    check(exchange(query, size) == HEAD && (answer[3] & 15) == FORMAT_ERROR);
    query[5] = 1;
    query[2] = 0x28;                         /* an update */
    check(exchange(query, size) == HEAD && (answer[3] & 15) == NOT_IMPLEMENTED);
    query[2] = 0x80;                         /* a response */
    check(exchange(query, size) == 0);
    query[2] = 1;
    query[size - 1] = 3;                     /* the class of Chaosnet */
    check(exchange(query, size) == size && (answer[3] & 15) == REFUSED);
}

static void read_whole(int fd, uint8_t *out, size_t size)
{
    check(recv(fd, out, size, MSG_WAITALL) == (ssize_t)size);
}

/* Two queries on one connection, the first in two parts; and a second connection beside it. */
static void over_tcp(void *arg)
{
    uint8_t query[2 + 300] = { 0 }, size[2];
    (void)arg;
    query[1] = (uint8_t)make_query(query + 2, "origin.test", A);
    size_t whole = 2U + query[1];
    int fd = connected(SOCK_STREAM), other = connected(SOCK_STREAM);
    check(send(fd, query, 5, 0) == 5);
    check(send(other, query, whole, 0) == (ssize_t)whole);
    read_whole(other, size, 2);
    close(other);
    check(send(fd, query + 5, whole - 5, 0) == (ssize_t)whole - 5);
    check(send(fd, query, whole, 0) == (ssize_t)whole);
    for (int i = 0; i < 2; i++) {
        read_whole(fd, size, 2);
        check(size[0] == 0 && size[1] == whole - 2 + BEFORE_DATA + 4);
        read_whole(fd, answer, size[1]);
        check(answer[7] == 1 && !memcmp(answer + size[1] - 4, "\12\0\0\3", 4));
    }
    close(fd);
}

/* Somebody else at the address takes the server's place; at other ports there is nobody. */
static void own_server(void *arg)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53),
                              .sin_addr.s_addr = inet_addr("10.0.0.1") };
    uint8_t query[300];
    (void)arg;
    fit__enter();
    struct fit__process *own = fit__current->process;
    fit__current->process = fit__process_new(fit__host_named("10.0.0.1", true), false);
    int fd = fit__kernel->socket(AF_INET, SOCK_DGRAM, 0);
    check(!fit__kernel->bind(fd, (struct sockaddr *)&at, sizeof at));
    fit__current->process = own;
    fit__leave();
    check(exchange(query, make_query(query, "origin.test", A)) == 0);
    at.sin_port = htons(54);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check(connect(fd, (struct sockaddr *)&at, sizeof at) < 0 && errno == ECONNREFUSED);
    close(fd);
}

static void by_calls(void *arg)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr("10.0.0.3") };
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *rows;
    char host[100];
    (void)arg;
    check(!getnameinfo((struct sockaddr *)&in, sizeof in, host, sizeof host, NULL, 0, 0));
    check(!strcmp(host, "origin.test"));
    in.sin_addr.s_addr = inet_addr("10.0.0.2");
    check(!getnameinfo((struct sockaddr *)&in, sizeof in, host, sizeof host, NULL, 0, 0));
    check(!strcmp(host, "10.0.0.2"));
    check(getnameinfo((struct sockaddr *)&in, sizeof in, host, sizeof host, NULL, 0, NI_NAMEREQD)
          == EAI_NONAME);
    check(!getaddrinfo("origin.test.", "80", &hints, &rows) && !rows->ai_next);
    check(((struct sockaddr_in *)(void *)rows->ai_addr)->sin_addr.s_addr
          == inet_addr("10.0.0.3"));
    freeaddrinfo(rows);
    struct hostent *found = gethostbyname("Origin.test");
    check(found && found->h_length == 4 && !found->h_addr_list[1] && !found->h_aliases[0]);
    check(!memcmp(found->h_addr_list[0], "\12\0\0\3", 4));
    found = gethostbyaddr("\12\0\0\3", 4, AF_INET);
    check(found && !strcmp(found->h_name, "origin.test"));
    check(!gethostbyname("nobody.test") && h_errno == HOST_NOT_FOUND);
    check(!gethostbyname2("origin.test", AF_INET6) && h_errno == NO_DATA);
    check(!gethostbyaddr("\12\0\0\11", 4, AF_INET) && h_errno == HOST_NOT_FOUND);
    hints.ai_family = AF_INET6;
    check(getaddrinfo("origin.test", "80", &hints, &rows) == EAI_NODATA);
    check(getaddrinfo("nobody.test", "80", &hints, &rows) == EAI_NONAME);
}

/* ---- what can go wrong ------------------------------------------------------------------- */

/* The first question of mode dns that has it is answered with this. Volatile: compilers know that calls of libc
 * do not come back here. */
static volatile struct { enum fit__what what; int64_t value; bool open; } wish;

static int grant(struct fit__question *q)
{
    for (unsigned i = 0; wish.open && i < q->count; i++) {
        const struct fit__alternative *a = &q->alternatives[i];
        if (a->mode != FIT_DNS || a->what != wish.what || a->value != wish.value) continue;
        wish.open = false;
        return (int)i;
    }
    return -1;
}

static void wish_for(enum fit__what what, int64_t value)
{
    wish.what = what;
    wish.value = value;
    wish.open = true;
    fit__chooser = grant;
}

static void the_server_errs(void *arg)
{
    uint8_t query[300];
    size_t size = make_query(query, "origin.test", A);
    (void)arg;
    wish_for(FIT_W_ERROR, SERVER_FAILURE);
    check(ask("origin.test", A, 0) == SERVER_FAILURE);
    wish_for(FIT_W_ERROR, NO_SUCH_NAME);
    check(ask("origin.test", A, 0) == NO_SUCH_NAME);
    wish_for(FIT_W_SHORT, HEAD);
    check(ask("origin.test", A, 0) == NO_ERROR && (answer[2] & 2 /* truncated */));
    wish_for(FIT_W_SPURIOUS, 0);
    check(exchange(query, size) > size && answer[0] != query[0] && answer[1] == query[1]);
    wish_for(FIT_W_NEVER, 0);
    check(exchange(query, size) == 0);
    wish_for(FIT_W_DELAY, 3000);
    check(exchange(query, size) == 0 && ask("origin.test", A, 1) == NO_ERROR);
    wish_for(FIT_W_ERROR, FORMAT_ERROR);
    check(ask("origin.test", A, 0) == FORMAT_ERROR);
    wish_for(FIT_W_RETURN, 0);
    check(ask("origin.test", A, 0) == NO_ERROR);
    wish_for(FIT_W_RETURN, 2);
    check(ask("origin.test", A, 2) == NO_ERROR);
    check(!memcmp(answer + size + 12, "\12\372\0\1", 4));
    check(!memcmp(answer + size + 28, "\12\0\0\3", 4));
    wish_for(FIT_W_RETURN, 28);
    check(ask("origin.test", A, 28) == NO_ERROR && exchange(query, size) == size + 16);
}

static uint32_t address_of(const struct addrinfo *row)
{
    return ((const struct sockaddr_in *)(const void *)row->ai_addr)->sin_addr.s_addr;
}

static void other_addresses(void *arg)
{
    const uint32_t alive = inet_addr("10.0.0.3");
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_CANONNAME }, *rows;
    (void)arg;
    wish_for(FIT_W_ORDER, 0x321);
    check(!getaddrinfo("origin.test", "80", &hints, &rows) && address_of(rows) == alive);
    check(rows->ai_next->ai_next);
    check(address_of(rows->ai_next) != address_of(rows->ai_next->ai_next));
    check(!strcmp(rows->ai_canonname, "origin.test"));
    freeaddrinfo(rows);
    wish_for(FIT_W_ORDER, 0x312);
    check(!getaddrinfo("origin.test", "80", &hints, &rows) && address_of(rows->ai_next) == alive);
    check(rows->ai_next->ai_next && !rows->ai_next->ai_next->ai_next);
    check(!strcmp(rows->ai_canonname, "origin.test") && !rows->ai_next->ai_canonname);
    freeaddrinfo(rows);
    wish_for(FIT_W_RETURN, 0);
    check(!getaddrinfo("origin.test", "80", &hints, &rows) && address_of(rows) == alive);
    freeaddrinfo(rows);                  /* who wants IPv4 gets it, or an error */
    hints.ai_family = AF_UNSPEC;
    check(!getaddrinfo("origin.test", "80", &hints, &rows) && rows->ai_family == AF_INET6);
    check(!strcmp(rows->ai_canonname, "origin.test") && rows->ai_addrlen == 28);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    check(connect(fd, rows->ai_addr, rows->ai_addrlen) < 0 && errno == ENETUNREACH);
    close(fd);
    freeaddrinfo(rows);
    wish_for(FIT_W_ERROR, EAI_SERVICE);
    check(getaddrinfo("origin.test", "http", &hints, &rows) == EAI_SERVICE);
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = alive };
    char host[100];
    wish_for(FIT_W_ERROR, EAI_NONAME);
    check(!getnameinfo((struct sockaddr *)&in, sizeof in, host, sizeof host, NULL, 0, 0));
    check(getnameinfo((struct sockaddr *)&in, sizeof in, host, sizeof host, NULL, 0, NI_NAMEREQD)
          == EAI_NONAME);
    wish_for(FIT_W_ERROR, EAI_OVERFLOW);
    check(getnameinfo((struct sockaddr *)&in, sizeof in, host, sizeof host, NULL, 0, 0)
          == EAI_OVERFLOW);
}

static unsigned count(const struct addrinfo *rows)
{
    unsigned n = 0;
    for (; rows; rows = rows->ai_next) n++;
    return n;
}

static void several_addresses(void *arg)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_CANONNAME }, *rows;
    (void)arg;
    wish_for(FIT_W_RETURN, 2);
    check(!getaddrinfo("origin.test", "80", &hints, &rows) && count(rows) == 2);
    struct sockaddr_in *first = (void *)rows->ai_addr, *last = (void *)rows->ai_next->ai_addr;
    check(first->sin_addr.s_addr != last->sin_addr.s_addr && first->sin_port == htons(80));
    check(last->sin_addr.s_addr == inet_addr("10.0.0.3"));
    check(!strcmp(rows->ai_canonname, "origin.test") && !rows->ai_next->ai_canonname);
    freeaddrinfo(rows);
    wish_for(FIT_W_RETURN, 50);
    check(!getaddrinfo("origin.test", "80", &hints, &rows) && count(rows) == 50);
    freeaddrinfo(rows);
    wish_for(FIT_W_RETURN, 2);
    struct hostent *found = gethostbyname("origin.test");
    check(found && found->h_addr_list[1] && !found->h_addr_list[2]);
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr("10.0.0.3") };
    char host[100];
    wish_for(FIT_W_ERROR, EAI_AGAIN);
    check(getnameinfo((struct sockaddr *)&in, sizeof in, host, sizeof host, NULL, 0, 0)
          == EAI_AGAIN);
}

int main(void)
{
#define RUN(body) (in_world(body), puts("ok " #body))
    RUN(names);
    RUN(addresses);
    RUN(malformed);
    RUN(over_tcp);
    RUN(over_tcp);                           /* worlds know nothing of each other */
    RUN(own_server);
    RUN(by_calls);
    RUN(the_server_errs);
    RUN(several_addresses);
    RUN(other_addresses);
    return 0;
}
