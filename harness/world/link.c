/* link.c - latency, speed and partitions between hosts. */
#include <assert.h>

#include "fi/arena.h"
#include "harness/world/link.h"
#include "harness/world/tcp.h"

#define LATENCY FIT_MS
#define LOOPBACK ((fit_ns)10000)

static struct fit__link *links;

static struct fit__link *find(const struct fit__host *a, const struct fit__host *b)
{
    struct fit__link *link;
    for (link = links; link; link = link->next)
        if ((link->hosts[0] == a && link->hosts[1] == b)
            || (link->hosts[0] == b && link->hosts[1] == a))
            break;
    return link;
}

struct fit__link *fit__link_between(const struct fit__host *a, const struct fit__host *b)
{
    assert(a != b);
    struct fit__link *link = find(a, b);
    if (link)
        return link;
    link = fit__alloc(sizeof *link);
    *link = (struct fit__link){ .next = links, .hosts = { a, b }, .latency = LATENCY };
    return links = link;
}

void fit__links_forget(void)
{
    for (struct fit__link *link; (link = links) != NULL; ) {
        links = link->next;
        fit__free(link);
    }
}

bool fit__link_is_cut(const struct fit__host *a, const struct fit__host *b)
{
    const struct fit__link *link = find(a, b);
    return link && link->cut;
}

fit_ns fit__link_latency(const struct fit__host *a, const struct fit__host *b)
{
    if (a == b)
        return LOOPBACK;
    const struct fit__link *link = find(a, b);
    return link ? link->latency : LATENCY;
}

static fit_ns time_of(size_t bytes, int64_t bytes_per_second)
{
    return (fit_ns)((__int128)bytes * FIT_S / bytes_per_second);
}

fit_ns fit__link_delay(const struct fit__host *from, const struct fit__host *to, size_t bytes)
{
    struct fit__link *link = from == to ? NULL : find(from, to);
    if (!link || !link->bytes_per_second)
        return fit__link_latency(from, to);
    fit_ns *free_at = &link->free_at[link->hosts[1] == to];
    fit_ns start = *free_at > fit__now() ? *free_at : fit__now();
    *free_at = start + time_of(bytes, link->bytes_per_second);
    return *free_at - fit__now() + link->latency;
}

void fit__link_cut(struct fit__link *link, bool cut)
{
    link->cut = cut;
    fit__tcp_link_changed(link);
}
