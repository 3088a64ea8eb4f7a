/* library.h - what the programs of this folder share: headers, and how somebody is told. */
#ifndef TESTS_LIBRARIES_LIBRARY_H
#define TESTS_LIBRARIES_LIBRARY_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>
#include <faulttest/point.h>

#define SERVER "10.0.0.7"
enum { PATIENCE_S = 5, BYTES_MAX = 1024 };

/* Somebody who waits for bytes: each is told once. */
struct asker {
    struct fit_op *op;
    char bytes[BYTES_MAX];
    size_t have;
    bool told;
};

static inline void asks(struct asker *a, const char *name)
{
    memset(a, 0, sizeof *a);
    a->op = fit_op(name);
}

static inline void keep(struct asker *a, const void *bytes, size_t size)
{
    size_t part = size < BYTES_MAX - a->have ? size : BYTES_MAX - a->have;
    memcpy(a->bytes + a->have, bytes, part);
    a->have += part;
}

static inline void tell_failed(struct asker *a, int code, const char *text)
{
    if (a->told) return;
    a->told = true;
    fit_op_failed(a->op, code, text, NULL);
}

static inline void tell_done(struct asker *a)
{
    if (a->told) return;
    a->told = true;
    fit_op_succeeded(a->op, a->bytes, a->have);
}

static inline struct sockaddr_in ip4(const char *ip, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    inet_pton(AF_INET, ip, &a.sin_addr);
    return a;
}

/* A blocking client, for fit_client(): sends `request`, reads to the end of the stream. */
static inline int ask_once(const char *ip, int port, const char *request, struct asker *a)
{
    struct sockaddr_in to = ip4(ip, port);
    struct timeval patience = { .tv_sec = 60 };
    ssize_t n = -1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0
        && send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request))
        while (a->have < BYTES_MAX
               && (n = read(fd, a->bytes + a->have, BYTES_MAX - a->have)) > 0)
            a->have += (size_t)n;
    int err = n < 0 ? errno : 0;
    close(fd);
    return err;
}

#endif
