/* harness/loops/openssl.c - OpenSSL draws its random numbers from the world.
 *
 * Its own generator mixes addresses and counters of the processor into what the system gives, so
 * that no two runs of a TLS handshake would be the same, nor one under Memcheck. With a RAND_METHOD
 * of ours (OpenSSL 3.0, include/openssl/types.h and rand.h) every byte comes from getentropy(),
 * which the world answers, and each run has the same handshake. */
#include <dlfcn.h>
#include <unistd.h>

#include "fi/guard.h"
#include "harness/loops/loops.h"

enum { MOST_AT_ONCE = 256 /* getentropy() refuses more */ };

struct rand_method {
    int (*seed)(const void *bytes, int count);
    int (*bytes)(unsigned char *bytes, int count);
    void (*cleanup)(void);
    int (*add)(const void *bytes, int count, double entropy);
    int (*pseudorand)(unsigned char *bytes, int count);
    int (*status)(void);
};

static int take_seed(const void *bytes, int count)
{
    (void)bytes; (void)count;
    return 1;
}

static int give_bytes(unsigned char *bytes, int count)
{
    for (int done = 0; done < count; done += MOST_AT_ONCE) {
        int part = count - done < MOST_AT_ONCE ? count - done : MOST_AT_ONCE;
        if (getentropy(bytes + done, (size_t)part)) return 0;
    }
    return 1;
}

static int take_entropy(const void *bytes, int count, double entropy)
{
    (void)bytes; (void)count; (void)entropy;
    return 1;
}

static int is_seeded(void) { return 1; }

static const struct rand_method method = {
    take_seed, give_bytes, NULL, take_entropy, give_bytes, is_seeded,
};

void fit__openssl_start(void)
{
    int (*set)(const struct rand_method *);
    fit__enter();
    *(void **)&set = dlsym(RTLD_DEFAULT, "RAND_set_rand_method");
    if (set) set(&method);
    fit__leave();
}
