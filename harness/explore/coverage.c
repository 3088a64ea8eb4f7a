/* gcov counters per failure mode. The functions live in libgcov.a and are in the program only if
 * it was linked with -Wl,-u,__gcov_dump -Wl,-u,__gcov_reset -rdynamic. */
#include "harness/explore/coverage.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "fi/guard.h"
#include "harness/explore/explore.h"

static void (*find(const char *name))(void)
{
    return (void (*)(void))dlsym(RTLD_DEFAULT, name);
}

const char *fit__coverage_missing(void)
{
    if (find("__gcov_dump") && find("__gcov_reset")) return NULL;
    return "this program has no coverage counters that can be written per case: compile it with "
           "--coverage and link it with the flags of "
           "`pkg-config --variable=libs_coverage faulttest`";
}

/* A name that is nowhere is looked for in every library, which is dear in each case: so the orders
 * are asked first. */
void fit__coverage_reset(void)
{
    void (*reset)(void) = fit__session.orders.coverage ? find("__gcov_reset") : NULL;
    if (reset) reset();
}

void fit__coverage_dump(const char *mode)
{
    static char prefix[600];
    void (*dump)(void) = fit__session.orders.coverage ? find("__gcov_dump") : NULL;
    if (!dump) return;
    snprintf(prefix, sizeof prefix, "GCOV_PREFIX=%s/%s", fit__session.orders.coverage, mode);
    putenv(prefix);
    fit__active = false;                 /* libgcov's files are real ones */
    dump();
    fit__active = true;
}
