/* harness/world/dns.h - the world's name server (harness/world/ only).
 *
 * It is at 10.0.0.1:53, as the world's /etc/resolv.conf says, for UDP and TCP. Nothing of it exists
 * before the first packet to that address. A test's own peer at the address takes its place. */
#ifndef HARNESS_WORLD_DNS_H
#define HARNESS_WORLD_DNS_H

#include <netinet/in.h>

#include "harness/world/world.h"

/* The largest answer: a question's name and type, and one record about it. */
enum { FIT_DNS_PORT = 53, FIT_DNS_ANSWER = 512, FIT_DNS_HEAD = 12 };

/* As fit__host_at, but for the name server's address there always is a host. */
struct fit__host *fit__host_for(uint32_t address);
bool fit__dns_is_at(const struct fit__host *host, uint16_t port);
/* Answers the query of `size` bytes into `out`, of FIT_DNS_ANSWER bytes; the answer's size, or 0:
 * it is no query, and gets no answer. */
size_t fit__dns_answer(const void *query, size_t size, uint8_t *out);

/* Takes the records out of a response, which then says that it was truncated, or tells `code`: its
 * new size. */
size_t fit__dns_cut(void *response, size_t size, bool truncated, unsigned code);
/* Is the response one address of IPv4? It becomes one of `count`, of which the last is the true
 * one, and no hosts are at the others; 0: there is no address. What does not fit into
 * FIT_DNS_ANSWER bytes is left out. Its new size. */
bool fit__dns_is_address(const void *response, size_t size);
size_t fit__dns_multiply(void *response, size_t size, unsigned count);
bool fit__dns_is_cut(const void *response, size_t size);

/* A connection was asked for, and nobody listens: true if the server will, a moment later. */
bool fit__dns_starts_listening(struct fit__host *host, uint16_t port);
void fit__dns_forget(void);

/* name.c: what the world knows. The host's name by its address, or NULL. */
const char *fit__host_name_of(uint32_t address);
/* The address of a host under .test, with or without a dot behind. */
bool fit__address_of(const char *name, uint32_t *address);
/* The service at a port, or NULL. */
const char *fit__service_name(uint16_t port, bool udp);

#endif
