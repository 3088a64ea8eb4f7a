/* fi/flags.h - constants by name, for the trace: as strace prints them. */
#ifndef FI_FLAGS_H
#define FI_FLAGS_H

#include <stddef.h>

struct fit__flag { unsigned long value; const char *name; };     /* ended by name NULL */

extern const struct fit__flag fit__open_flags[], fit__pipe_flags[], fit__socket_flags[],
                              fit__event_flags[],
                              fit__timer_flags[], fit__epoll_flags[], fit__signal_flags[],
                              fit__domains[], fit__clocks[];

/* "O_RDWR|O_CLOEXEC", what has no name in hexadecimal; 0 is the table's name for 0, or "0". Into
 * `out`, which is returned. */
const char *fit__flags_text(char *out, size_t size, const struct fit__flag *table,
                            unsigned long value);

enum { FIT_FLAGS_TEXT = 160 };
/* The same as an argument of fit__traced(): the text lives as long as the block around it. */
#define FIT_FLAGS(table, value)                                                               \
    fit__flags_text((char[FIT_FLAGS_TEXT]){ 0 }, FIT_FLAGS_TEXT, fit__##table,                \
                    (unsigned long)(value))

#endif
