/* Who is calling, and what cannot be simulated. */
#include "fi/guard.h"

#include <stdio.h>
#include <string.h>

#include "fi/hot.h"
#include "fi/kernel.h"
#include "fi/raw.h"

bool fit__active;

/* Outside a world everything passes through anyway; but our own code counts there, too. */
FIT_HOT static struct fit__guard no_thread;
FIT_HOT struct fit__guard *fit__guard = &no_thread;

void (*fit__on_unsupported)(const char *function, const void *caller, const char *advice);
const struct fit__kernel *fit__kernel = &fit__kernel_real;
const struct fit__threads *fit__threads;

void fit__unsupported(const char *function, const void *caller, const char *advice)
{
    char text[256];
    int size;
    fit__enter();
    if (fit__on_unsupported) fit__on_unsupported(function, caller, advice);
    size = snprintf(text, sizeof text, "faulttest: %s is not simulated%s%s\n", function,
                    advice ? ": " : "", advice ? advice : "");
    if (size >= (int)sizeof text) size = (int)sizeof text - 1;
    fit__raw(SYS_write, 2, text, size);
    fit__raw(SYS_exit_group, 70);
    __builtin_unreachable();
}
