/* date.c - the wall clock, which somebody may set while the world runs. */
#include "fi/hot.h"
#include "harness/world/inner.h"
#include "harness/world/objects.h"

FIT_HOT static fit_ns set_by;                    /* how far it was moved in all */

fit_ns fit__realtime_start(void)
{
    return FIT_REALTIME_START_S * FIT_S + set_by;
}

void fit__realtime_reset(void)
{
    set_by = 0;
}

/* Waits of threads for a date are not moved: nobody may step it while there are any. */
void fit__realtime_step(fit_ns by)
{
    set_by += by;
    fit__timerfds_step(by);
    fit__signal_timers_step(by);
    fit__run_due_events();
}
