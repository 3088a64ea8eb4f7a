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

void fit__coverage_reset(void)
{
    void (*reset)(void) = find("__gcov_reset");
    if (fit__session.orders.coverage && reset) reset();
}

void fit__coverage_dump(const char *mode)
{
    static char prefix[600];
    void (*dump)(void) = find("__gcov_dump");
    if (!fit__session.orders.coverage || !dump) return;
    snprintf(prefix, sizeof prefix, "GCOV_PREFIX=%s/%s", fit__session.orders.coverage, mode);
    putenv(prefix);
    fit__active = false;                 /* libgcov's files are real ones */
    dump();
    fit__active = true;
}
