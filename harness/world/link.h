/* harness/world/link.h - what lies between two hosts: how long, how fast, and whether at all.
 *
 * Each pair of hosts has a link; as long as nobody asks for it, it takes a millisecond and is as
 * fast as can be. On a link that is cut everything is lost that would arrive: TCP sends it again
 * until its patience is over (loss.c), UDP does not. A host's way to itself is no link. */
#ifndef HARNESS_WORLD_LINK_H
#define HARNESS_WORLD_LINK_H

#include "harness/world/world.h"

struct fit__link {
    struct fit__link *next;
    const struct fit__host *hosts[2];
    fit_ns latency;                      /* one way; may be set, for what is sent from then on */
    int64_t bytes_per_second;            /* each way; 0: no limit */
    bool cut;                            /* set by fit__link_cut only */
    fit_ns free_at[2];                   /* to hosts[0], to hosts[1]: what was sent has left */
};

/* The link's own, made when first asked for; the hosts must differ. */
struct fit__link *fit__link_between(const struct fit__host *a, const struct fit__host *b);
/* A partition begins (`cut`), or ends. */
void fit__link_cut(struct fit__link *link, bool cut);

bool fit__link_is_cut(const struct fit__host *a, const struct fit__host *b);
fit_ns fit__link_latency(const struct fit__host *a, const struct fit__host *b);
/* When bytes that are sent now arrive, from now on; behind those that were sent before. */
fit_ns fit__link_delay(const struct fit__host *from, const struct fit__host *to, size_t bytes);
void fit__links_forget(void);            /* a world ended */

#endif
