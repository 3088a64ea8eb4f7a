/* harness/presets.h - words for --mode that stand for some cases of some modes.
 *
 * P(word, selectors, meaning): a case is tried if one of the selectors, with blanks between, fits
 * it. Each is one of fit_allow()'s and names its mode. Both halves of harness/ read this table. */
#ifndef HARNESS_PRESETS_H
#define HARNESS_PRESETS_H

#define FIT_EACH_PRESET(P)                                                                    \
    P("slow-network", "mode=timeout:delay=* mode=dns:delay=* mode=partial:peer:short=1",      \
      "everything comes, but late or by and by")                                              \
    P("flaky-network", "mode=reset mode=timeout mode=partial mode=dns",                       \
      "whatever a network does to its users")                                                 \
    P("peer-gone", "mode=reset mode=timeout:silent mode=timeout:never mode=timeout:short=* "  \
      "mode=partial:eof", "the other side dies, hangs up, falls silent, or is never there")   \
    P("fd-exhaustion", "mode=emfile", "no descriptor is left")                                \
    P("oom", "mode=memory", "no memory is left")                                              \
    P("disk-full", "mode=disk:error=ENOSPC mode=disk:error=EDQUOT", "no room on the disk")    \
    P("dns-down", "mode=dns:error=* mode=dns:never", "no name resolves")                      \
    P("clock-jump", "mode=clock", "the clock is set, or the program did not run for long")    \
    P("signal-storm", "mode=signal", "signals wherever the program waits")                    \
    P("byte-at-a-time", "mode=partial:short=1", "transfers of a single byte")                 \
    P("shutdown-anywhere", "mode=cancel:shutdown", "the service is told to stop at every turn")

#endif
