/* fi/wrap_host.h - looking names up (private to fi/wrap_*.c). */
#ifndef FI_WRAP_HOST_H
#define FI_WRAP_HOST_H

#include <netdb.h>

#include "fi/wrap.h"

/* Inside, for call `c`: asks what goes wrong, else the kernel. 0 or EAI_*; EAI_SYSTEM: with an
 * error for errno in c->saved_errno. The rows as getaddrinfo() gives them. */
int fit__look_up(struct fit__call *c, const char *node, const char *service,
                 const struct addrinfo *hints, struct addrinfo **list);

#endif
