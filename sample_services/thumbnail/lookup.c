/* lookup.c - names of hosts to addresses.
 *
 * Not left to curl: its threaded resolver tells neither the resolver's error nor a failed
 * socketpair(), and removing a transfer that it is working for waits for its thread, that is,
 * blocks the loop, possibly for many seconds (or abandons the thread, with
 * CURLOPT_QUICK_EXIT). A look-up in the loop's pool cannot be stopped either once it runs, but
 * whoever waits for it can leave: the request stays behind and cleans up after itself. */
#include <netdb.h>
#include <stdlib.h>

#include "fi/point.h"
#include "transfer.h"

struct lookup {
    uv_getaddrinfo_t request;
    struct thumbnail_service *service;
    void (*found)(void *arg, int status, const struct addrinfo *addresses);   /* NULL: dropped */
    void *arg;
};

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
    struct lookup *lookup = request->data;
    struct thumbnail_service *service = lookup->service;

    if (lookup->found) lookup->found(lookup->arg, status, addresses);
    else FAULT_MARK("lookup/dropped");
    uv_freeaddrinfo(addresses);
    free(lookup);
    service->lookups--;
    service_drained(service);
}

int lookup_start(struct thumbnail_service *service, const struct target *target,
                 void (*found)(void *arg, int status, const struct addrinfo *addresses),
                 void *arg, struct lookup **result)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct lookup *lookup = calloc(1, sizeof *lookup);

    if (!lookup) return UV_ENOMEM;
    lookup->service = service;
    lookup->found = found;
    lookup->arg = arg;
    lookup->request.data = lookup;
    int status = uv_getaddrinfo(service->loop, &lookup->request, on_found, target->host,
                                target->port, &hints);
    if (status) {
        free(lookup);
        return status;
    }
    service->lookups++;
    *result = lookup;
    return 0;
}

void lookup_drop(struct lookup *lookup)
{
    lookup->found = NULL;
    uv_cancel((uv_req_t *)&lookup->request);     /* refused if it runs already: it ends alone */
}
